package no.portvakt.interop;

import static no.portvakt.interop.Platform.READ;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.MalformedURLException;
import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import no.nav.security.token.support.core.configuration.IssuerProperties;
import no.nav.security.token.support.core.configuration.IssuerProperties.Validation;
import no.nav.security.token.support.core.configuration.MultiIssuerConfiguration;
import no.nav.security.token.support.core.context.TokenValidationContext;
import no.nav.security.token.support.core.exceptions.JwtTokenValidatorException;
import no.nav.security.token.support.core.validation.JwtTokenValidationHandler;
import no.nav.security.token.support.core.validation.JwtTokenValidator;
import no.portvakt.interop.Platform.Client;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** NAV's resource-server library ({@code no.nav.security:token-validation-core}). */
@ExtendWith(SharedPlatform.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenValidationTest {
  private static final String RESOURCE = "https://api.example/orders";

  private final Platform platform;
  private final Client client;

  TokenValidationTest(Platform platform) {
    this.platform = platform;
    this.client = platform.newClient(READ);
  }

  @Test
  void acceptsAMaskinportenTokenForItsResource() throws Exception {
    maskinporten(platform, RESOURCE).assertValidToken(proof(platform, client));
  }

  @Test
  void acceptsAPlatformToken() throws Exception {
    String token = platform.exchange(proof(platform, client));
    platformTokens(platform).assertValidToken(token);
  }

  @Test
  void findsTheIssuerOfARequestsToken() throws Exception {
    TokenValidationContext context =
        validate(
            Map.of("maskinporten", maskinportenOf(platform, RESOURCE)), proof(platform, client));
    assertThat(context.getIssuers()).containsExactly("maskinporten");
    assertThat(context.getClaims("maskinporten").getStringClaim("client_id"))
        .isEqualTo(client.id());
  }

  @Test
  void refusesARequestWithATokenOfAnIssuerThatItDoesNotKnow() throws Exception {
    String token = platform.exchange(proof(platform, client));
    TokenValidationContext context =
        validate(Map.of("maskinporten", maskinportenOf(platform, RESOURCE)), token);
    assertThat(context.hasValidToken()).isFalse();
  }

  @Test
  void refusesAMaskinportenTokenForAnotherAudience() throws Exception {
    refuses(maskinporten(platform, "https://other.example"), proof(platform, client), "aud claim");
    String unrestricted = platform.token(client, READ, Map.of());
    refuses(maskinporten(platform, RESOURCE), unrestricted, "aud claim");
  }

  @Test
  void refusesAnExpiredToken() throws Exception {
    InstantSource past = InstantSource.offset(InstantSource.system(), Duration.ofHours(-3));
    try (Platform yesterday = Platform.start(past)) {
      String proof = proof(yesterday, yesterday.newClient(READ));
      refuses(maskinporten(yesterday, RESOURCE), proof, "Expired JWT");
      refuses(platformTokens(yesterday), yesterday.exchange(proof), "Expired JWT");
    }
  }

  @Test
  void refusesATokenOfAForeignIssuer() throws Exception {
    try (Platform foreign = Platform.start()) {
      String proof = proof(foreign, foreign.newClient(READ));
      maskinporten(foreign, RESOURCE).assertValidToken(proof);
      refuses(maskinporten(platform, RESOURCE), proof, "");
      refuses(platformTokens(platform), foreign.exchange(proof), "");
    }
  }

  private static String proof(Platform of, Client client) {
    return of.token(client, READ, Map.of("resource", RESOURCE));
  }

  private static void refuses(JwtTokenValidator validator, String token, String why) {
    assertThatThrownBy(() -> validator.assertValidToken(token))
        .isInstanceOf(JwtTokenValidatorException.class)
        .hasMessageContaining(why);
  }

  private static TokenValidationContext validate(
      Map<String, IssuerProperties> issuers, String token) {
    return new JwtTokenValidationHandler(new MultiIssuerConfiguration(issuers))
        .getValidatedTokens(
            name -> name.equalsIgnoreCase("Authorization") ? "Bearer " + token : null);
  }

  private static JwtTokenValidator maskinporten(Platform of, String audience)
      throws MalformedURLException {
    return validator(maskinportenOf(of, audience));
  }

  private static JwtTokenValidator platformTokens(Platform of) throws MalformedURLException {
    String metadata = of.issuer() + ".well-known/openid-configuration";
    return validator(properties(metadata, List.of(), "sub", "aud"));
  }

  private static JwtTokenValidator validator(IssuerProperties properties) {
    return new MultiIssuerConfiguration(Map.of("one", properties))
        .getIssuers()
        .values()
        .iterator()
        .next()
        .getTokenValidator();
  }

  private static IssuerProperties maskinportenOf(Platform of, String audience)
      throws MalformedURLException {
    String metadata = of.maskinporten() + ".well-known/oauth-authorization-server";
    return properties(metadata, List.of(audience), "sub");
  }

  /** Tokens of machines have no subject, and platform tokens no audience. */
  private static IssuerProperties properties(
      String metadata, List<String> audiences, String... optional) throws MalformedURLException {
    return new IssuerProperties(
        URI.create(metadata).toURL(),
        audiences,
        null,
        "Authorization",
        new Validation(List.of(optional)));
  }
}

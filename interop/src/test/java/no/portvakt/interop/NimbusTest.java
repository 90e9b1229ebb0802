package no.portvakt.interop;

import static no.portvakt.interop.Platform.READ;
import static no.portvakt.interop.Platform.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.BadJWTException;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import com.nimbusds.oauth2.sdk.AccessTokenResponse;
import com.nimbusds.oauth2.sdk.GeneralException;
import com.nimbusds.oauth2.sdk.JWTBearerGrant;
import com.nimbusds.oauth2.sdk.ParseException;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import java.io.IOException;
import java.net.MalformedURLException;
import java.net.URI;
import java.util.Map;
import java.util.Set;
import no.portvakt.interop.Platform.Client;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** The OAuth 2.0 SDK of Connect2id ({@code com.nimbusds:oauth2-oidc-sdk}). */
@ExtendWith(SharedPlatform.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NimbusTest {
  private static final String RESOURCE = "https://api.example/orders";

  private final Platform platform;
  private final Client client;

  NimbusTest(Platform platform) {
    this.platform = platform;
    this.client = platform.newClient(READ, WRITE);
  }

  @Test
  void findsMaskinportenByItsIdentifier() throws Exception {
    AuthorizationServerMetadata found =
        AuthorizationServerMetadata.resolve(new Issuer(platform.maskinporten()));
    assertThat(found.getTokenEndpointURI()).isEqualTo(platform.tokenEndpoint());
    assertThat(found.getTokenEndpointJWSAlgs()).contains(JWSAlgorithm.RS256);
  }

  @Test
  void findsThePlatformAsAnOpenIdProvider() throws Exception {
    OIDCProviderMetadata found = OIDCProviderMetadata.resolve(new Issuer(platform.issuer()));
    assertThat(found.getIssuer().getValue()).isEqualTo(platform.issuer());
    assertThat(found.getIDTokenJWSAlgs()).contains(JWSAlgorithm.RS256);
  }

  // The slash at the end is a part of the identifier.
  @Test
  void refusesMetadataOfAnotherIdentifier() {
    String slashless = platform.maskinporten().replaceFirst("/$", "");
    assertThatThrownBy(() -> AuthorizationServerMetadata.resolve(new Issuer(slashless)))
        .isInstanceOf(GeneralException.class)
        .hasMessageContaining("issuer");
    Issuer otherHost = new Issuer(platform.maskinporten().replace("localhost", "127.0.0.1"));
    assertThatThrownBy(() -> AuthorizationServerMetadata.resolve(otherHost))
        .isInstanceOf(GeneralException.class)
        .hasMessageContaining("issuer");
  }

  @Test
  void getsATokenForAGrant() throws Exception {
    TokenResponse answer = ask(client, READ + " " + WRITE, Map.of());
    AccessTokenResponse granted = answer.toSuccessResponse();
    assertThat(granted.getTokens().getBearerAccessToken().getLifetime()).isBetween(115L, 120L);
    assertThat(granted.getTokens().getAccessToken().getScope().toStringList())
        .containsExactly(READ, WRITE);
    assertThat(granted.getTokens().getRefreshToken()).isNull();
  }

  @Test
  void readsWhyAScopeIsRefused() throws Exception {
    assertError(ask(client, "altinn:other", Map.of()), 400, "invalid_scope", "MP-200");
    String scope = "altinn:interop/nimbus";
    Client without = platform.newClientWithoutAccess(scope);
    assertError(ask(without, scope, Map.of()), 403, "forbidden", "MP-250");
  }

  @Test
  void readsWhyAGrantIsRefused() throws Exception {
    TokenResponse answer = ask(client, READ, Map.of("aud", "https://maskinporten.no/"));
    assertError(answer, 400, "invalid_grant", "MP-110");
    assertError(ask(client, READ, Map.of("foo", "bar")), 400, "invalid_request", "MP-011");
    assertError(ask(client, READ, Map.of("resource", "urn:a#b")), 400, "invalid_target", null);
  }

  @Test
  void refusesToUseAGrantTwice() throws Exception {
    Map<String, String> once = Map.of("jti", "nimbus-once");
    assertThat(ask(client, READ, once).indicatesSuccess()).isTrue();
    assertError(ask(client, READ, once), 400, "invalid_grant", "MP-012");
    assertError(ask(client, READ, once), 400, "invalid_grant", "MP-012");
  }

  @Test
  void verifiesAMaskinportenTokenByThePublishedKeys() throws Exception {
    String token = platform.token(client, READ, Map.of("resource", RESOURCE));
    JWTClaimsSet claims = maskinportenVerifier(RESOURCE).process(token, null);
    assertThat(claims.getStringClaim("client_id")).isEqualTo(client.id());
  }

  @Test
  void verifiesAPlatformTokenByThePublishedKeys() throws Exception {
    String token = platform.exchange(platform.token(client, READ, Map.of()));
    JWTClaimsSet claims = platformVerifier().process(token, null);
    assertThat(claims.getStringClaim("org")).isEqualTo("digdir");
  }

  @Test
  void refusesATokenThatWasChanged() throws Exception {
    String one = platform.token(client, READ, Map.of("resource", RESOURCE));
    String two = platform.token(client, WRITE, Map.of("resource", RESOURCE));
    String mixed = one.substring(0, one.lastIndexOf('.')) + two.substring(two.lastIndexOf('.'));
    assertThatThrownBy(() -> maskinportenVerifier(RESOURCE).process(mixed, null))
        .isInstanceOf(BadJOSEException.class)
        .hasMessageContaining("Invalid signature");
  }

  @Test
  void refusesATokenForAnotherAudience() {
    String token = platform.token(client, READ, Map.of("resource", RESOURCE));
    String none = platform.token(client, READ, Map.of());
    for (String wrong : new String[] {token, none}) {
      assertThatThrownBy(() -> maskinportenVerifier("https://other.example").process(wrong, null))
          .isInstanceOf(BadJWTException.class)
          .hasMessageContaining("aud");
    }
  }

  // A proof is no platform token, nor the other way round, though one server issued both.
  @Test
  void refusesATokenOfTheOtherIssuer() {
    String proof = platform.token(client, READ, Map.of("resource", RESOURCE));
    String token = platform.exchange(proof);
    assertThatThrownBy(() -> platformVerifier().process(proof, null))
        .isInstanceOf(BadJOSEException.class);
    assertThatThrownBy(() -> maskinportenVerifier(null).process(token, null))
        .isInstanceOf(BadJOSEException.class);
  }

  private TokenResponse ask(Client own, String scope, Map<String, ?> claims)
      throws IOException, ParseException {
    SignedJWT grant = platform.grant(own, scope, claims);
    TokenRequest request =
        new TokenRequest(platform.tokenEndpoint(), new JWTBearerGrant(grant), null);
    return TokenResponse.parse(request.toHTTPRequest().send());
  }

  private void assertError(TokenResponse answer, int status, String error, @Nullable String code) {
    var refused = answer.toErrorResponse().getErrorObject();
    assertThat(refused.getHTTPStatusCode()).isEqualTo(status);
    assertThat(refused.getCode()).isEqualTo(error);
    assertThat(refused.getDescription()).contains("(trace_id: ");
    assertThat(refused.getURI())
        .isEqualTo(code == null ? null : URI.create(platform.maskinporten() + "errors/" + code));
  }

  private DefaultJWTProcessor<SecurityContext> maskinportenVerifier(@Nullable String audience)
      throws MalformedURLException {
    return verifier(platform.maskinporten(), platform.maskinporten() + "jwk", audience);
  }

  private DefaultJWTProcessor<SecurityContext> platformVerifier()
      throws GeneralException, IOException {
    OIDCProviderMetadata found = OIDCProviderMetadata.resolve(new Issuer(platform.issuer()));
    return verifier(platform.issuer(), found.getJWKSetURI().toString(), null);
  }

  private static DefaultJWTProcessor<SecurityContext> verifier(
      String issuer, String keys, @Nullable String audience) throws MalformedURLException {
    DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
    processor.setJWSKeySelector(
        new JWSVerificationKeySelector<>(
            JWSAlgorithm.RS256,
            JWKSourceBuilder.create(
                    URI.create(keys).toURL(), new DefaultResourceRetriever(10_000, 10_000))
                .retrying(true)
                .build()));
    processor.setJWTClaimsSetVerifier(
        new DefaultJWTClaimsVerifier<>(
            audience,
            new JWTClaimsSet.Builder().issuer(issuer).build(),
            Set.of("exp", "iat", "jti")));
    return processor;
  }
}

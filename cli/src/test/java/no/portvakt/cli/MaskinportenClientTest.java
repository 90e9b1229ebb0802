package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.SignedJWT;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import no.portvakt.maskinporten.AccessToken;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.MaskinportenClient;
import no.portvakt.maskinporten.MaskinportenClientBuilder;
import no.portvakt.maskinporten.TokenRefused;
import no.portvakt.maskinporten.TokenRequest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The client library against the platform's own Maskinporten. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenClientTest {
  private static final String READ = "altinn:serviceowner/instances.read";

  private final DevMaskinporten maskinporten;
  private final RSAKey key = newKey("library");
  private final String clientId;
  private final MaskinportenClient client;

  MaskinportenClientTest(@TempDir Path folder) throws Exception {
    maskinporten = DevMaskinporten.start(folder);
    clientId = maskinporten.newClient(READ);
    maskinporten.post(
        "clients/" + clientId + "/jwks", Map.of("keys", List.of(key.toPublicJWK().toJSONObject())));
    client = builder().build();
  }

  @AfterAll
  void stop() {
    client.close();
    maskinporten.close();
  }

  @Test
  void getsATokenAndKeepsIt() throws ParseException {
    AccessToken token = client.token(READ);
    assertThat(client.token(READ)).isSameAs(token);
    assertThat(SignedJWT.parse(token.value()).getJWTClaimsSet().getClaims())
        .containsEntry("iss", maskinporten.issuer())
        .containsEntry("client_id", clientId)
        .containsEntry("scope", READ)
        .containsEntry("client_amr", "private_key_jwt");
    assertThat(Duration.between(Instant.now(), token.expiresAt()))
        .isBetween(Duration.ofMinutes(1), Duration.ofMinutes(2));
  }

  @Test
  void getsATokenForAnApi() throws ParseException {
    TokenRequest request =
        TokenRequest.builder().scopes(READ).resource("https://tt02.altinn.no").build();
    assertThat(SignedJWT.parse(client.token(request).value()).getJWTClaimsSet().getAudience())
        .containsExactly("https://tt02.altinn.no");
  }

  @Test
  void exchangesForAPlatformTokenInTheSameCall() throws ParseException {
    TokenRequest request = TokenRequest.builder().scopes(READ).altinn().build();
    AccessToken token = client.token(request);
    assertThat(client.token(request)).isSameAs(token);
    assertThat(SignedJWT.parse(token.value()).getJWTClaimsSet().getClaims())
        .containsEntry("urn:altinn:org", "digdir")
        .containsEntry("urn:altinn:orgNumber", DevMaskinporten.DIGDIR);
    assertThat(Duration.between(Instant.now(), token.expiresAt()))
        .isGreaterThan(Duration.ofMinutes(20));
    TokenRequest test = TokenRequest.builder().scopes(READ).altinnTest().build();
    assertThat(SignedJWT.parse(client.token(test).value()).getJWTClaimsSet().getClaims())
        .containsEntry("urn:altinn:org", "ttd");
  }

  @Test
  void getsAndExchangesATokenForAScopeWithNorwegianLetters() throws Exception {
    String scope = "altinn:serviceowner/målinger.les";
    RSAKey own = newKey("letters");
    maskinporten.grant("serviceowner/målinger.les", DevMaskinporten.DIGDIR);
    String id = maskinporten.newClient(scope);
    maskinporten.post(
        "clients/" + id + "/jwks", Map.of("keys", List.of(own.toPublicJWK().toJSONObject())));
    MaskinportenClientBuilder builder =
        builder().clientId(id).key(GrantKey.ofJwk(own.toJSONString()));
    try (MaskinportenClient letters = builder.build()) {
      AccessToken token = letters.token(scope);
      assertThat(token.scopes()).containsExactly(scope);
      assertThat(SignedJWT.parse(token.value()).getJWTClaimsSet().getClaims())
          .containsEntry("scope", scope);
      TokenRequest exchanged = TokenRequest.builder().scopes(scope).altinn().build();
      assertThat(SignedJWT.parse(letters.token(exchanged).value()).getJWTClaimsSet().getClaims())
          .containsEntry("scope", scope)
          .containsEntry("urn:altinn:org", "digdir");
    }
    assertThat(refused(builder, "altinn:serviceowner/målinger.skriv").code()).isEqualTo("MP-200");
    assertThat(refused(builder(), scope).code()).isEqualTo("MP-200");
  }

  @Test
  void saysWhichScopeTheClientLacks() {
    assertThat(refused(builder(), "altinn:serviceowner/instances.write"))
        .satisfies(refused -> {
          assertThat(refused.code()).isEqualTo("MP-200");
          assertThat(refused.traceId()).matches("[0-9a-f]{32}");
          assertThat(refused.description()).contains("altinn:serviceowner/instances.write");
          assertThat(refused.advice()).contains("Add the scope to the client " + clientId);
        });
  }

  @Test
  void saysThatTheClientOrItsKeyIsNotKnown() throws Exception {
    RSAKey other = newKey("other");
    RSAKey impostor = newKey("library");
    assertThat(refused(builder().clientId("nobody"), READ).code()).isEqualTo("MP-100");
    assertThat(refused(builder().key(GrantKey.ofJwk(other.toJSONString())), READ).advice())
        .contains("The key other is not registered on the client " + clientId);
    assertThat(refused(builder().key(GrantKey.ofJwk(impostor.toJSONString())), READ).code())
        .isEqualTo("MP-124");
  }

  @Test
  void saysThatTheAudienceIsWrong() {
    assertThat(
            refused(
                    builder()
                        .issuer(maskinporten.base() + "/maskinporten")
                        .tokenEndpoint(maskinporten.issuer() + "token"),
                    READ)
                .advice())
        .contains("the slash at the end is wrong");
  }

  @Test
  void saysByHowMuchTheClockIsWrong() {
    InstantSource ahead = () -> Instant.now().plusSeconds(100);
    InstantSource behind = () -> Instant.now().minusSeconds(1000);
    assertThat(refused(builder().clock(ahead), READ).advice())
        .containsPattern("clock is (99|100|101) s ahead of the server's");
    assertThat(refused(builder().clock(behind), READ).advice())
        .containsPattern("clock is (999|1000|1001) s behind the server's");
  }

  @Test
  void readsItsSettingsFromTheEnvironment() {
    Map<String, String> environment =
        Map.of(
            "MASKINPORTEN_CLIENT_ID",
            clientId,
            "MASKINPORTEN_CLIENT_JWK",
            key.toJSONString(),
            "MASKINPORTEN_WELL_KNOWN_URL",
            maskinporten.wellKnownUrl() + "/",
            "MASKINPORTEN_SCOPES",
            READ);
    try (MaskinportenClient own = MaskinportenClient.builder().environment(environment).build()) {
      assertThat(own.token().scopes()).containsExactly(READ);
    }
  }

  private static RSAKey newKey(String id) throws JOSEException {
    return new RSAKeyGenerator(2048)
        .keyUse(KeyUse.SIGNATURE)
        .algorithm(JWSAlgorithm.RS256)
        .keyID(id)
        .generate();
  }

  private MaskinportenClientBuilder builder() {
    return MaskinportenClient.builder()
        .clientId(clientId)
        .key(GrantKey.ofJwk(key.toJSONString()))
        .wellKnownUrl(maskinporten.wellKnownUrl())
        .platformUrl(maskinporten.base());
  }

  private static TokenRefused refused(MaskinportenClientBuilder builder, String scope) {
    try (MaskinportenClient other = builder.build()) {
      return assertThatExceptionOfType(TokenRefused.class)
          .isThrownBy(() -> other.token(scope))
          .actual();
    }
  }
}

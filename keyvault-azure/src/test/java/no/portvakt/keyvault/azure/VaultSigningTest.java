package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.Date;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import no.portvakt.server.Addresses;
import no.portvakt.server.AdminClient;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.tokens.Digests;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A platform whose signing key is in the vault: it signs with this key or not at all. */
final class VaultSigningTest extends VaultFixture {
  private static final String EXCHANGE = "/authentication/api/v1/exchange/maskinporten";
  private static final String KEYS =
      "/authentication/api/v1/openid/.well-known/openid-configuration/jwks";

  private final HttpClient http = HttpClient.newHttpClient();

  @Test
  void signsPlatformTokensWithTheKeyInTheVault() throws Exception {
    Issued issued = put(1);
    String kid =
        HexFormat.of().withUpperCase().formatHex(Digests.sha1(issued.certificate().getEncoded()));
    try (Server server = platform()) {
      HttpResponse<String> answer = exchange(server);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      SignedJWT token = SignedJWT.parse(answer.body());
      assertThat(token.getHeader().getKeyID()).isEqualTo(kid);
      assertThat(token.verify(new RSASSAVerifier(rsa(issued)))).isTrue();
      assertThat(token.verify(new RSASSAVerifier(rsa(Issued.otherRsa())))).isFalse();
      assertThat(JWKSet.parse(get(server, KEYS, null).body()).getKeys())
          .singleElement()
          .matches(key -> kid.equals(key.getKeyID()));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {403, 404})
  void signsNothingWhileTheVaultGivesNoKey(int status) throws Exception {
    put(1);
    vault.answer(path -> true, StandInVault.Answer.error(status, "No", null));
    try (Server server = platform()) {
      HttpResponse<String> answer = exchange(server);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
      assertThat(get(server, "/health/ready", null).statusCode()).isEqualTo(503);
    }
  }

  private Server platform() {
    Settings it = Settings.development(null, 0);
    Settings.Signing signing = it.signing();
    Settings.Source source =
        new Settings.Source(
            StandInProvider.TYPE,
            List.of(),
            null,
            null,
            Map.of("vault", vault.address().toString()),
            REFRESH,
            Duration.ofDays(1));
    Settings settings =
        new Settings(
            it.roles(),
            it.listen(),
            it.baseUrl(),
            null,
            null,
            it.masterKey(),
            new Settings.Signing(
                signing.algorithms(),
                signing.keysMaxAge(),
                signing.skew(),
                signing.together(),
                signing.rotateAfter(),
                signing.standby(),
                source),
            it.audit(),
            it.exchange(),
            it.maskinporten(),
            it.development());
    return Server.start(Addresses.withPort(settings), clock);
  }

  /** Exchanges a token that the platform's own Maskinporten gave its first client. */
  private HttpResponse<String> exchange(Server server) throws Exception {
    AdminClient client = Objects.requireNonNull(server.adminClient());
    SignedJWT grant =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(client.key().getKeyID()).build(),
            new JWTClaimsSet.Builder()
                .audience(server.addresses().maskinportenIssuer())
                .issuer(client.clientId())
                .claim("scope", "idporten:scopes.read")
                .issueTime(Date.from(clock.instant()))
                .expirationTime(Date.from(clock.instant().plusSeconds(100)))
                .jwtID(UUID.randomUUID().toString())
                .build());
    grant.sign(new RSASSASigner(client.key()));
    HttpRequest request =
        HttpRequest.newBuilder(at(server, "/maskinporten/token"))
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(
                BodyPublishers.ofString(
                    "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="
                        + grant.serialize()))
            .build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    Object token = Json.readObject(answer.body()).get("access_token");
    return get(server, EXCHANGE, String.valueOf(token));
  }

  private HttpResponse<String> get(Server server, String path, @Nullable String bearer)
      throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(at(server, path)).timeout(Duration.ofSeconds(30));
    if (bearer != null) {
      request.header("Authorization", "Bearer " + bearer);
    }
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private static URI at(Server server, String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  private static RSAPublicKey rsa(Issued issued) {
    return (RSAPublicKey) issued.certificate().getPublicKey();
  }
}

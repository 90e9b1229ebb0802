package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.oauth2.sdk.as.AuthorizationServerMetadata;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract §1.2: what Maskinporten says about itself. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenMetadataTest {
  private static final String METADATA = "/maskinporten/.well-known/oauth-authorization-server";
  private static final String STANDARD = "/.well-known/oauth-authorization-server/maskinporten";
  private static final String KEYS = "/maskinporten/jwk";

  private final TestStack stack = TestStack.start();

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void hasTheMembersOfTheRealOneAndNoOthers() {
    String issuer = stack.addresses().maskinportenIssuer();
    assertThat(issuer).endsWith("/maskinporten/");
    HttpResponse<String> answer = stack.get(METADATA);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
    Map<String, Object> expected =
        Map.of(
            "authorization_details_types_supported",
            List.of("urn:altinn:systemuser", "urn:altinn:consent"),
            "grant_types_supported",
            List.of(MaskinportenClientFixture.JWT_BEARER),
            "issuer",
            issuer,
            "jwks_uri",
            issuer + "jwk",
            "token_endpoint",
            issuer + "token",
            "token_endpoint_auth_methods_supported",
            List.of("private_key_jwt"),
            "token_endpoint_auth_signing_alg_values_supported",
            List.of("RS256", "RS384", "RS512"));
    assertThat(TestStack.json(answer)).containsExactlyInAnyOrderEntriesOf(expected);
    assertThat(List.copyOf(TestStack.json(answer).keySet())).isSorted();
  }

  @Test
  void isReadByTheNimbusLibrary() throws Exception {
    AuthorizationServerMetadata metadata =
        AuthorizationServerMetadata.parse(stack.get(METADATA).body());
    assertThat(metadata.getIssuer().getValue()).isEqualTo(stack.addresses().maskinportenIssuer());
    assertThat(metadata.getTokenEndpointURI().getPath()).isEqualTo("/maskinporten/token");
    assertThat(metadata.getJWKSetURI().getPath()).isEqualTo(KEYS);
  }

  @Test
  void namesAddressesThatAnswer() throws IOException {
    Map<String, @Nullable Object> metadata = TestStack.json(stack.get(METADATA));
    String keys = String.valueOf(metadata.get("jwks_uri"));
    String path = keys.substring(stack.addresses().base().length());
    assertThat(stack.get(path).statusCode()).isEqualTo(200);
    String token = String.valueOf(metadata.get("token_endpoint"));
    assertThat(stack.form(token.substring(stack.addresses().base().length())).statusCode())
        .isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(strings = {METADATA, STANDARD, KEYS})
  void answersWithASlashAtTheEndToo(String path) {
    assertThat(stack.get(path + "/").body()).isEqualTo(stack.get(path).body());
  }

  // RFC 8414 §3.1 puts the well-known part before the issuer's path; most clients append it.
  @Test
  void saysTheSameWhereTheStandardLooks() {
    HttpResponse<String> answer = stack.get(STANDARD);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(stack.get(METADATA).body());
    for (String other : List.of("", "/", "/x", "/maskinporten/x", "/authentication")) {
      assertThat(stack.get("/.well-known/oauth-authorization-server" + other).statusCode())
          .as(other)
          .isEqualTo(404);
    }
  }

  // An old sample in the field reads the keys there.
  @Test
  void publishesTheKeysAsAJsonFileToo() {
    assertThat(stack.get(KEYS + ".json").body()).isEqualTo(stack.get(KEYS).body());
    assertThat(stack.send("POST", KEYS + ".json", "{}").statusCode()).isEqualTo(405);
    assertThat(stack.get(KEYS + ".xml").statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @ValueSource(strings = {METADATA, STANDARD, KEYS})
  void mayBeKeptByCachesForAWhile(String path) {
    assertThat(stack.get(path).headers().firstValue("Cache-Control").orElse(""))
        .matches("public, max-age=[1-9][0-9]*");
  }

  @ParameterizedTest
  @ValueSource(strings = {METADATA, STANDARD, KEYS})
  void answersToReadingOnly(String path) {
    for (String method : List.of("POST", "PUT", "DELETE")) {
      assertThat(stack.send(method, path, "{}").statusCode()).isEqualTo(405);
    }
    HttpResponse<String> head = stack.send("HEAD", path, null);
    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
  }

  @Test
  void takesItsAddressFromSettingsAndNeverFromTheRequest() throws IOException {
    String request =
        "GET "
            + METADATA
            + " HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n"
            + "Forwarded: host=evil.example\r\nConnection: close\r\n\r\n";
    assertThat(stack.raw(request).body()).doesNotContain("evil");
    try (TestStack named =
        TestStack.start(settings -> settings.withBaseUrl("https://platform.example/x"))) {
      assertThat(TestStack.json(named.get(METADATA)))
          .containsEntry("issuer", "https://platform.example/x/maskinporten/")
          .containsEntry("token_endpoint", "https://platform.example/x/maskinporten/token");
    }
  }

  @Test
  void publishesKeysWithEverythingThatVerifiersLookFor() throws Exception {
    HttpResponse<String> answer = stack.get(KEYS);
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
    Object list = TestStack.json(answer).get("keys");
    assertThat(list).isInstanceOf(List.class);
    for (Object key : (List<?>) Objects.requireNonNull(list)) {
      assertThat(((Map<?, ?>) key).keySet())
          .as("members of a public key")
          .isEqualTo(Set.of("kty", "use", "alg", "kid", "n", "e", "x5c", "x5t", "x5t#S256"));
    }
    List<JWK> keys = JWKSet.parse(answer.body()).getKeys();
    assertThat(keys).isNotEmpty().noneMatch(JWK::isPrivate);
    JWK key = keys.get(0);
    assertThat(key.getAlgorithm().getName()).isEqualTo("RS256");
    assertThat(key.getKeyUse().getValue()).isEqualTo("sig");
    assertThat(key.getParsedX509CertChain()).hasSize(1);
    assertThat(key.getParsedX509CertChain().get(0).getPublicKey())
        .isEqualTo(key.toRSAKey().toPublicKey());
  }

  @Test
  void answersNotModifiedToWhoeverHasTheKeysAlready() {
    String etag = stack.get(KEYS).headers().firstValue("ETag").orElseThrow();
    assertThat(etag).matches("\"[^\"]+\"");
    for (String known : List.of(etag, "W/" + etag, "\"x\", " + etag, "*")) {
      HttpResponse<String> answer = stack.get(KEYS, "If-None-Match", known);
      assertThat(answer.statusCode()).as(known).isEqualTo(304);
      assertThat(answer.body()).isEmpty();
      assertThat(answer.headers().firstValue("ETag")).contains(etag);
    }
    for (String unknown : List.of("\"x\"", "x", "\"\"")) {
      assertThat(stack.get(KEYS, "If-None-Match", unknown).statusCode()).isEqualTo(200);
    }
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.Base64;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import no.portvakt.server.TestStack.RawAnswer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What verifiers of platform tokens read: the discovery document and the keys. */
class DiscoveryTest {
  private static final String KEYS = TestStack.DISCOVERY + "/jwks";

  private static TestStack stack;

  @BeforeAll
  static void start() {
    stack = TestStack.start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @Test
  void saysWhatThePlatformReallyIs() {
    HttpResponse<String> answer = stack.get(TestStack.DISCOVERY);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type").orElse(""))
        .startsWith("application/json");
    String issuer = "http://localhost:" + stack.server().port() + "/authentication/api/v1/openid/";
    assertThat(TestStack.json(answer))
        .containsEntry("issuer", issuer)
        .containsEntry("jwks_uri", issuer + ".well-known/openid-configuration/jwks")
        .containsEntry("id_token_signing_alg_values_supported", List.of("RS256"))
        .containsKeys("response_types_supported", "subject_types_supported");
  }

  @Test
  void isReadByALibrary() throws Exception {
    OIDCProviderMetadata metadata =
        OIDCProviderMetadata.parse(stack.get(TestStack.DISCOVERY).body());
    assertThat(metadata.getIssuer()).isEqualTo(new Issuer(stack.addresses().platformIssuer()));
    // OpenID Connect Discovery §4: the document lies below the issuer.
    assertThat(OIDCProviderMetadata.resolveURL(metadata.getIssuer()).getPath())
        .isEqualTo(TestStack.DISCOVERY);
    assertThat(stack.get(metadata.getJWKSetURI().getPath()).statusCode()).isEqualTo(200);
  }

  @Test
  void namesOnlyAddressesThatExist() {
    TestStack.json(stack.get(TestStack.DISCOVERY))
        .forEach((name, value) -> {
          if (value instanceof String address && name.endsWith("_endpoint")) {
            assertThat(stack.get(java.net.URI.create(address).getPath()).statusCode())
                .as(name)
                .isNotEqualTo(404);
          }
        });
  }

  @Test
  void takesItsAddressesFromSettingsAndNeverFromTheRequest() throws Exception {
    try (TestStack own = TestStack.start(it -> it.withBaseUrl("https://platform.example"))) {
      for (String host : List.of("evil.example", "evil.example:1", "localhost")) {
        RawAnswer answer =
            own.raw(
                "GET "
                    + TestStack.DISCOVERY
                    + " HTTP/1.1\r\nHost: "
                    + host
                    + "\r\nX-Forwarded-Host: evil.example\r\nForwarded: host=evil.example\r\n"
                    + "X-Forwarded-Proto: ftp\r\nConnection: close\r\n\r\n");
        assertThat(answer.body())
            .contains("\"issuer\":\"https://platform.example/authentication/api/v1/openid/\"")
            .doesNotContain("evil", "ftp:");
      }
      String token = own.exchange(own.forge().compact()).body();
      assertThat(TestStack.claims(token))
          .containsEntry("iss", "https://platform.example/authentication/api/v1/openid/");
    }
  }

  @Test
  void publishesAKeyThatStrictDecodersRead() throws Exception {
    Map<String, @Nullable Object> key = onlyKey();
    assertThat(key)
        .containsEntry("kty", "RSA")
        .containsEntry("use", "sig")
        .containsEntry("alg", "RS256")
        .containsEntry("e", "AQAB")
        .containsOnlyKeys("kty", "use", "alg", "kid", "n", "e", "x5c", "x5t", "x5t#S256");
    String n = text(key, "n");
    assertThat(n).matches("[A-Za-z0-9_-]{342}");
    byte[] modulus = Base64.getUrlDecoder().decode(n);
    // RFC 7518 §6.3.1.1 and §2: no leading zero, no padding.
    assertThat(modulus).hasSize(256);
    assertThat(modulus[0]).isNotZero();
    RSAKey parsed = JWKSet.parse(stack.get(KEYS).body()).getKeys().get(0).toRSAKey();
    assertThat(parsed.toRSAPublicKey().getModulus()).isEqualTo(new BigInteger(1, modulus));
    assertThat(parsed.isPrivate()).isFalse();
  }

  @Test
  void publishesTheCertificateOfTheKey() throws Exception {
    Map<String, @Nullable Object> key = onlyKey();
    List<?> chain = (List<?>) Objects.requireNonNull(key.get("x5c"));
    assertThat(chain).hasSize(1);
    byte[] der = Base64.getDecoder().decode(String.valueOf(chain.get(0)));
    X509Certificate certificate =
        (X509Certificate)
            CertificateFactory.getInstance("X.509")
                .generateCertificate(new ByteArrayInputStream(der));
    certificate.checkValidity(Date.from(stack.clock().instant()));
    RSAKey parsed = JWKSet.parse(stack.get(KEYS).body()).getKeys().get(0).toRSAKey();
    assertThat(certificate.getPublicKey()).isEqualTo(parsed.toRSAPublicKey());
    byte[] sha1 = MessageDigest.getInstance("SHA-1").digest(der);
    byte[] sha256 = MessageDigest.getInstance("SHA-256").digest(der);
    Base64.Encoder base64Url = Base64.getUrlEncoder().withoutPadding();
    assertThat(key)
        .containsEntry("x5t", base64Url.encodeToString(sha1))
        .containsEntry("x5t#S256", base64Url.encodeToString(sha256))
        .containsEntry("kid", java.util.HexFormat.of().withUpperCase().formatHex(sha1));
  }

  @Test
  void publishesNoPrivateKey() {
    assertThat(stack.get(KEYS).body())
        .doesNotContain("\"d\":", "\"p\":", "\"q\":", "\"dp\":", "\"dq\":", "\"qi\":", "\"k\":");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/jwks"})
  void mayBeKeptByCaches(String path) {
    HttpResponse<String> answer = stack.get(TestStack.DISCOVERY + path);
    assertThat(answer.headers().allValues("Cache-Control"))
        .singleElement()
        .satisfies(DiscoveryTest::isAboutAnHour);
  }

  @Test
  void isNotKeptByAllForTheSameTime() {
    Set<String> ages = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      ages.add(stack.get(KEYS).headers().firstValue("Cache-Control").orElse(""));
    }
    assertThat(ages).hasSizeGreaterThan(1).allSatisfy(DiscoveryTest::isAboutAnHour);
  }

  /** Up to a tenth less than an hour, so that verifiers do not come all at once. */
  private static void isAboutAnHour(String cacheControl) {
    assertThat(cacheControl).startsWith("public, max-age=");
    assertThat(Integer.parseInt(cacheControl.substring("public, max-age=".length())))
        .isBetween(3240, 3600);
  }

  @Test
  void saysThatTheKeysHaveNotChanged() throws Exception {
    HttpResponse<String> first = stack.get(KEYS);
    String tag = first.headers().firstValue("ETag").orElse("");
    assertThat(tag).matches("\"[A-Za-z0-9_-]+\"");
    for (String known : List.of(tag, "W/" + tag, "\"other\", " + tag, tag + ", \"other\"", "*")) {
      HttpResponse<String> again = stack.get(KEYS, "If-None-Match", known);
      assertThat(again.statusCode()).as(known).isEqualTo(304);
      assertThat(again.body()).isEmpty();
      assertThat(again.headers().firstValue("ETag")).contains(tag);
      assertThat(again.headers().firstValue("Cache-Control"))
          .hasValueSatisfying(DiscoveryTest::isAboutAnHour);
    }
    for (String other : List.of("\"other\"", "", "other", tag.replace("\"", ""), "\"*\"")) {
      RawAnswer again = stack.rawGet(KEYS, "If-None-Match: " + other);
      assertThat(again.status()).as(other).isEqualTo(200);
    }
  }

  @Test
  void changesTheTagWithTheKeys() {
    try (TestStack other = TestStack.start()) {
      assertThat(other.get(KEYS).headers().firstValue("ETag"))
          .isNotEqualTo(stack.get(KEYS).headers().firstValue("ETag"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/jwks"})
  void isFoundWithASlashAtTheEndAndInAnyCase(String path) {
    String body = stack.get(TestStack.DISCOVERY + path).body();
    assertThat(stack.get(TestStack.DISCOVERY + path + "/").body()).isEqualTo(body);
    assertThat(stack.get((TestStack.DISCOVERY + path).replace("openid", "OpenId")).body())
        .isEqualTo(body);
    assertThat(stack.get(TestStack.DISCOVERY + path + "?x=y").body()).isEqualTo(body);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "/jwks"})
  void answersHeadAsGetWithoutTheBody(String path) throws Exception {
    RawAnswer get = stack.rawGet(TestStack.DISCOVERY + path);
    RawAnswer head =
        stack.raw(
            "HEAD "
                + TestStack.DISCOVERY
                + path
                + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assertThat(head.status()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    for (String differs : List.of("date", "cache-control")) {
      assertThat(head.headers().remove(differs)).isNotNull();
      assertThat(get.headers().remove(differs)).isNotNull();
    }
    assertThat(head.headers()).isEqualTo(get.headers());
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH"})
  void answersNoOtherMethod(String method) {
    for (String path : List.of(TestStack.DISCOVERY, KEYS)) {
      HttpResponse<String> answer = stack.send(method, path, "");
      ExchangeRefusal.assertProblem(answer, 405, null);
      assertThat(answer.headers().allValues("Allow")).containsExactly("GET, HEAD");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/.well-known/openid-configuration",
        "/authentication/api/v1/.well-known/openid-configuration",
        "/authentication/api/v1/openid/.well-known/openid-configuration/jwks/x",
        "/authentication/api/v1/openid/.well-known/jwks",
        "/authentication/api/v1/openid/"
      })
  void isNowhereElse(String path) {
    ExchangeRefusal.assertProblem(stack.get(path), 404, null);
  }

  @Test
  void keepsItsKeysOverARestart(@org.junit.jupiter.api.io.TempDir java.nio.file.Path folder) {
    TestStore store = TestStore.in(folder);
    String before;
    try (TestStack own = TestStack.start(store.settings())) {
      before = own.get(KEYS).body();
    }
    try (TestStack own = TestStack.start(store.settings())) {
      assertThat(own.get(KEYS).body()).isEqualTo(before);
    }
  }

  @SuppressWarnings("unchecked") // objects have string keys
  private static Map<String, @Nullable Object> onlyKey() {
    List<?> keys = (List<?>) Objects.requireNonNull(TestStack.json(stack.get(KEYS)).get("keys"));
    assertThat(keys).hasSize(1);
    return (Map<String, @Nullable Object>) keys.get(0);
  }

  private static String text(Map<String, @Nullable Object> key, String name) {
    return (String) Objects.requireNonNull(key.get(name));
  }
}

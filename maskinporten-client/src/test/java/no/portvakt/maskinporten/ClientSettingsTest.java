package no.portvakt.maskinporten;

import static java.nio.charset.StandardCharsets.UTF_8;
import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ClientSettingsTest {
  private final Maskinporten maskinporten = new Maskinporten();
  private final Path folder;

  ClientSettingsTest(@TempDir Path folder) {
    this.folder = folder;
  }

  @BeforeEach
  void giveTokens() {
    maskinporten.server.at(TOKEN, token("t", 120));
  }

  @AfterEach
  void stop() {
    maskinporten.close();
  }

  @Test
  void takesTheEnvironment() {
    Map<String, String> environment = new HashMap<>();
    environment.put("MASKINPORTEN_CLIENT_ID", "from-environment");
    environment.put(
        "MASKINPORTEN_CLIENT_JWK",
        Base64.getEncoder().encodeToString(Maskinporten.KEY.toJSONString().getBytes(UTF_8)));
    environment.put(
        "MASKINPORTEN_WELL_KNOWN_URL", maskinporten.server.base() + Maskinporten.METADATA);
    environment.put("MASKINPORTEN_SCOPES", "b:c a:b");
    environment.put("MASKINPORTEN_ISSUER", maskinporten.issuer());
    environment.put("MASKINPORTEN_TOKEN_ENDPOINT", maskinporten.server.base() + TOKEN);
    environment.put("MASKINPORTEN_JWKS_URI", "unused");
    environment.put("MASKINPORTEN_SERVICE_HOST", "10.0.0.1"); // Kubernetes adds such
    environment.put("MASKINPORTEN_PLATFORM_URL", "");
    try (MaskinportenClient client =
        MaskinportenClient.builder().environment(environment).build()) {
      client.token();
    }
    assertThat(maskinporten.server.seen(Maskinporten.METADATA)).isEmpty();
    assertThat(maskinporten.requests())
        .singleElement()
        .satisfies(request ->
            assertThat(request.claims())
                .containsEntry("iss", "from-environment")
                .containsEntry("scope", "a:b b:c")
                .containsEntry("aud", maskinporten.issuer()));
  }

  @Test
  void takesPropertiesAndPassesOverThoseOfOthers() {
    Map<String, String> properties = properties();
    properties.put("server.port", "8080");
    properties.put("maskinporten.scopes", "a:b");
    properties.put("maskinporten.minimum-life", "PT10S");
    properties.put("maskinporten.cache-size", "5");
    properties.put("maskinporten.deadline", "PT5S");
    properties.put("maskinporten.connect-timeout", "PT1S");
    properties.put("maskinporten.request-timeout", "PT2S");
    properties.put("maskinporten.retry-unknown-key", "PT0S");
    properties.put("maskinporten.grant-life", "PT45.5S");
    properties.put("maskinporten.platform-url", "https://platform.example");
    properties.put("maskinporten.allow-plain-http", "true");
    try (MaskinportenClient client = MaskinportenClient.fromProperties(properties)) {
      assertThat(client.token().value()).isEqualTo("t");
    }
    assertThat(grantLife()).isEqualTo(45);
  }

  @Test
  void takesPropertiesWithDefaults() {
    Properties defaults = new Properties();
    defaults.putAll(properties());
    Properties properties = new Properties(defaults);
    properties.setProperty("maskinporten.client-id", "own");
    try (MaskinportenClient client = MaskinportenClient.fromProperties(properties)) {
      client.token("a:b");
    }
    assertThat(maskinporten.requests().get(0).claims()).containsEntry("iss", "own");
    assertThat(grantLife()).isEqualTo(120);
  }

  @ParameterizedTest
  @CsvSource({
    "maskinporten.client-Id, maskinporten.client-id",
    "maskinporten.clientid, maskinporten.client-id",
    "maskinporten.wellknown-url, maskinporten.well-known-url",
    "maskinporten.scope, maskinporten.scopes",
    "maskinporten.tokenEndpoint, maskinporten.token-endpoint"
  })
  void refusesANameThatItDoesNotKnowWithTheNearest(String wrong, String nearest) {
    Map<String, String> properties = properties();
    properties.put(wrong, "x");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MaskinportenClient.fromProperties(properties))
        .withMessage(
            "The property " + wrong + " is not known; " + nearest + " is the nearest that is.");
  }

  @Test
  void namesAllThatIsMissing() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MaskinportenClient.fromProperties(Map.of()))
        .withMessage(
            "The Maskinporten client lacks maskinporten.client-id (MASKINPORTEN_CLIENT_ID);"
                + " maskinporten.client-jwk (MASKINPORTEN_CLIENT_JWK) or another key;"
                + " maskinporten.well-known-url (MASKINPORTEN_WELL_KNOWN_URL) or the issuer.");
    Map<String, String> properties = properties();
    properties.remove("maskinporten.client-id");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MaskinportenClient.fromProperties(properties))
        .withMessage(
            "The Maskinporten client lacks maskinporten.client-id (MASKINPORTEN_CLIENT_ID).");
  }

  @Test
  void readsKeysFromFiles() throws IOException {
    Path pem =
        file("key.pem", (TestKey.RSA.keyPem() + TestKey.RSA.certificatePem()).getBytes(UTF_8));
    Path store = file("key.p12", TestKey.RSA.pkcs12("secret", "one", "two"));
    assertThat(header(Map.of("pem-file", pem.toString(), "key-id", "k"))).containsKey("kid");
    assertThat(header(Map.of("pem-file", pem.toString(), "enterprise-certificate", "true")))
        .containsKey("x5c");
    Map<String, String> pkcs12 =
        Map.of("pkcs12-file", store.toString(), "pkcs12-password", "secret", "pkcs12-alias", "two");
    assertThat(header(with(pkcs12, "key-id", "k"))).containsEntry("kid", "k");
    assertThat(header(with(pkcs12, "enterprise-certificate", "true")))
        .containsEntry("x5c", List.of(TestKey.RSA.der()));
  }

  @Test
  void dropsTheWhiteSpaceAroundAllButPasswords() throws IOException {
    String store = file("key.p12", TestKey.RSA.pkcs12(" secret ", "one", "two")).toString();
    Map<String, String> pkcs12 =
        Map.of("pkcs12-file", store, "pkcs12-password", " secret ", "pkcs12-alias", "two\n");
    assertThat(header(with(pkcs12, "key-id", " k\r\n"))).containsEntry("kid", "k");
    assertThat(header(with(pkcs12, "enterprise-certificate", "true\n"))).containsKey("x5c");
    refuses(
        with(with(pkcs12, "key-id", "k"), "pkcs12-password", "secret"),
        "password of the key store is wrong");
    String elsewhere = "http://platform.example\n";
    MaskinportenClientBuilder builder = MaskinportenClient.builder();
    assertThat(
            builder.environment(
                Map.of(
                    "MASKINPORTEN_ALLOW_PLAIN_HTTP",
                    "true\n",
                    "MASKINPORTEN_PLATFORM_URL",
                    elsewhere)))
        .isSameAs(builder);
  }

  @Test
  void refusesAKeyThatIsNotSaidInOneWay() throws IOException {
    String pem = file("key.pem", TestKey.RSA.keyPem().getBytes(UTF_8)).toString();
    String store = file("key.p12", TestKey.RSA.pkcs12("secret", "one", "two")).toString();
    refuses(Map.of("pem-file", pem), "not neither");
    refuses(Map.of("pem-file", pem, "key-id", "k", "enterprise-certificate", "true"), "not both");
    refuses(Map.of("pem-file", pem, "enterprise-certificate", "true"), "holds no certificate");
    refuses(Map.of("pem-file", pem + "x", "key-id", "k"), "The file can't be read");
    refuses(Map.of("pem-file", pem, "pkcs12-file", store), "pem-file and pkcs12-file are set");
    refuses(Map.of("pkcs12-file", store, "key-id", "k"), "MASKINPORTEN_PKCS12_PASSWORD");
    refuses(
        Map.of("pkcs12-file", store, "pkcs12-password", "wrong", "key-id", "k"),
        "password of the key store is wrong");
    refuses(
        Map.of("pkcs12-file", store, "pkcs12-password", "secret", "key-id", "k"),
        "MASKINPORTEN_PKCS12_ALIAS");
    for (String name : List.of("key-id", "algorithm")) {
      refuses(
          Map.of("client-jwk", Maskinporten.KEY.toJSONString(), name, "RS384"), "is for a key in");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "well-known-url | http://maskinporten.no/.well-known/oauth-authorization-server | not HTTPS",
        "well-known-url | maskinporten.no | not an address",
        "token-endpoint | https://user:secret@maskinporten.no/token | without user",
        "issuer         | https://maskinporten.no/#a | without user and fragment",
        "platform-url   | ftp://platform.altinn.no | not HTTPS",
        "scopes         | a\"b | a sign that no scope may have",
        "cache-size     | 0 | at least one",
        "cache-size     | many | no whole number",
        "minimum-life   | 30 | in the form PT30S",
        "minimum-life   | -PT1S | between nothing and an hour",
        "deadline       | PT0S | more than nothing",
        "request-timeout | PT2H | between nothing and an hour",
        "grant-life     | PT2M1S | between 1 s and 120 s",
        "grant-life     | PT0.9S | between 1 s and 120 s",
        "grant-life     | 60 | in the form PT30S",
        "algorithm      | PS256 | RS256, RS384 and RS512 only",
        "algorithm      | rs384 | RS256, RS384 and RS512 only"
      })
  void refusesAValueThatCantBeRight(String name, String value, String reason) {
    Map<String, String> properties = properties();
    properties.put("maskinporten." + name, value);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MaskinportenClient.fromProperties(properties))
        .withMessageStartingWith("maskinporten." + name + " (MASKINPORTEN_")
        .withMessageContaining(reason)
        .withMessageNotContaining("secret");
  }

  @Test
  void hasEachSettingOnItsPage() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "maskinporten-client.md"));
    for (String name : ClientSettings.NAMES) {
      assertThat(page).contains("| `" + name + "` |");
    }
  }

  @Test
  void signsWithTheAlgorithmOfTheSettings() throws IOException {
    Path pem =
        file("key.pem", (TestKey.RSA.keyPem() + TestKey.RSA.certificatePem()).getBytes(UTF_8));
    Path store = file("key.p12", TestKey.RSA.pkcs12("secret", "one"));
    Map<String, String> ofPem = Map.of("pem-file", pem.toString(), "algorithm", " RS384");
    Map<String, String> ofStore =
        Map.of("pkcs12-file", store.toString(), "pkcs12-password", "secret", "algorithm", "RS512");
    for (Map<String, String> key : List.of(ofPem, ofStore)) {
      String algorithm = String.valueOf(key.get("algorithm")).strip();
      assertThat(header(with(key, "key-id", "k"))).containsEntry("alg", algorithm);
      assertThat(header(with(key, "enterprise-certificate", "true")))
          .containsEntry("alg", algorithm);
      String grant =
          maskinporten.requests().get(maskinporten.requests().size() - 1).form("assertion");
      assertThat(TestKey.RSA.verifies("SHA" + algorithm.substring(2) + "withRSA", grant)).isTrue();
    }
  }

  private long grantLife() {
    Map<String, @Nullable Object> claims = maskinporten.requests().get(0).claims();
    return (Long) Objects.requireNonNull(claims.get("exp"))
        - (Long) Objects.requireNonNull(claims.get("iat"));
  }

  private Map<String, String> properties() {
    Map<String, String> properties = new HashMap<>();
    properties.put("maskinporten.client-id", "c");
    properties.put("maskinporten.client-jwk", Maskinporten.KEY.toJSONString());
    properties.put(
        "maskinporten.well-known-url", maskinporten.server.base() + Maskinporten.METADATA);
    return properties;
  }

  private Map<String, String> keyed(Map<String, String> key) {
    Map<String, String> properties = properties();
    properties.remove("maskinporten.client-jwk");
    key.forEach((name, value) -> properties.put("maskinporten." + name, value));
    return properties;
  }

  private Map<String, @Nullable Object> header(Map<String, String> key) {
    try (MaskinportenClient client = MaskinportenClient.fromProperties(keyed(key))) {
      client.token("a:b");
    }
    List<ScriptedServer.Seen> requests = maskinporten.requests();
    return requests.get(requests.size() - 1).grant().header();
  }

  private void refuses(Map<String, String> key, String reason) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> MaskinportenClient.fromProperties(keyed(key)))
        .withMessageContaining(reason)
        .withMessageNotContaining("PRIVATE KEY");
  }

  private Path file(String name, byte[] content) throws IOException {
    return Files.write(folder.resolve(name), content);
  }

  private static Map<String, String> with(Map<String, String> map, String name, String value) {
    Map<String, String> more = new HashMap<>(map);
    more.put(name, value);
    return more;
  }
}

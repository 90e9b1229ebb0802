package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.READ;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.ClientTable;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract §2.5: a client's keys. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminKeysTest {
  private static final RSAKey KEY = RemoteIssuer.newKey();

  private final TestStack stack = TestStack.start();
  private final String admin = stack.adminToken();
  private String client = "";

  @AfterAll
  void stop() {
    stack.close();
  }

  @BeforeEach
  void makeClient() {
    client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
  }

  @Test
  void registersKeysAndShowsThem() {
    AdminRefusal.of(stack.admin("GET", path(), admin, null), 404, "not_found");
    HttpResponse<String> made = post(set(jwk("a")));
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    long year = stack.clock().seconds() + Duration.ofDays(365).toSeconds();
    assertThat(firstKey(made))
        .containsEntry("kid", "a")
        .containsEntry("exp", year)
        .containsEntry("n", KEY.getModulus().toString())
        .doesNotContainKeys("d", "p", "q", "dp", "dq", "qi");
    assertThat(TestStack.json(made))
        .containsEntry("created", TestClock.START.toString())
        .containsEntry("last_updated", TestClock.START.toString());
    HttpResponse<String> shown = stack.admin("GET", path(), admin, null);
    assertThat(TestStack.json(shown)).isEqualTo(TestStack.json(made));
  }

  @Test
  void showsTheExpiryOfTheSeededKeyToo() {
    String seeded = "/maskinporten/clients/" + stack.adminClient().id() + "/jwks";
    assertThat(firstKey(stack.admin("GET", seeded, admin, null)))
        .containsEntry("exp", stack.clock().seconds() + Duration.ofDays(365).toSeconds())
        .doesNotContainKey("d");
  }

  @Test
  void renewsTheSeededKeyOfAStoreThatIsOlderThanIt(@TempDir Path folder) {
    TestStore store = TestStore.in(folder);
    Settings settings =
        TestStack.withMaskinporten(
            Addresses.withPort(store.settings().apply(Settings.development(null, 0))),
            own -> own.withFiles(null, folder.resolve("admin-client.json")));
    Set<String> ids = new HashSet<>();
    for (int days : new int[] {0, 300, 366, 1000}) {
      Instant later = TestClock.START.plus(Duration.ofDays(days));
      String id;
      try (Server server = Server.start(settings, () -> later)) {
        id = Objects.requireNonNull(server.adminClient()).clientId();
      }
      ids.add(id);
      try (Database database = store.open()) {
        assertThat(new ClientTable(database).keys(id))
            .singleElement()
            .matches(key -> key.expires() > later.toEpochMilli());
      }
    }
    assertThat(ids).as("one client").hasSize(1);
  }

  @Test
  void takesABareListAndFiveKeysAndEachAlgorithm() {
    assertThat(post(Json.write(List.of(jwk("a"), jwk("b")))).statusCode()).isEqualTo(201);
    assertThat(post(set(jwk("a"), jwk("b"), jwk("c"), jwk("d"), jwk("e"))).statusCode())
        .isEqualTo(201);
    for (String algorithm : List.of("RS256", "RS384", "RS512")) {
      assertThat(post(set(jwk("a", "alg", algorithm))).statusCode()).isEqualTo(201);
    }
  }

  @Test
  void replacesTheWholeSet() {
    MaskinportenClientFixture fixture = MaskinportenClientFixture.of(stack);
    fixture.accepts(fixture.grant());
    String path = "/maskinporten/api/v1/clients/" + fixture.client().id() + "/jwks";
    HttpResponse<String> put = stack.admin("PUT", path, admin, set(jwk("new")));
    assertThat(put.statusCode()).as(put.body()).isEqualTo(200);
    assertThat(stack.admin("GET", path, admin, null).body())
        .contains("\"new\"")
        .doesNotContain(fixture.client().key().getKeyID());
    fixture.refuses(MaskinportenClientFixture.UNKNOWN_KEY, fixture.grant());
    fixture.accepts(fixture.grant().header("kid", "new").signedWith(KEY));
  }

  @Test
  void limitsTheLifeOfAKeyToAYear() {
    long now = stack.clock().seconds();
    long year = now + Duration.ofDays(365).toSeconds();
    assertThat(firstKey(post(set(jwk("a", "exp", now + 1))))).containsEntry("exp", now + 1);
    assertThat(firstKey(post(set(jwk("a", "exp", year))))).containsEntry("exp", year);
    assertThat(firstKey(post(set(jwk("a", "exp", year + 1))))).containsEntry("exp", year);
    assertThat(firstKey(post(set(jwk("a", "exp", Long.MAX_VALUE))))).containsEntry("exp", year);
  }

  @Test
  void refusesAKeyOnceItsOwnExpiryHasCome() {
    try (TestStack own = TestStack.start()) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      String path = "/maskinporten/clients/" + fixture.client().id() + "/jwks";
      String body = set(jwk("short", "exp", own.clock().seconds() + 30));
      assertThat(own.admin("PUT", path, own.adminToken(), body).statusCode()).isEqualTo(200);
      own.clock().advance(Duration.ofSeconds(29));
      fixture.accepts(fixture.grant().header("kid", "short").signedWith(KEY));
      own.clock().advance(Duration.ofSeconds(1));
      fixture.refuses(
          MaskinportenClientFixture.EXPIRED_KEY,
          fixture.grant().header("kid", "short").signedWith(KEY));
      assertThat(own.admin("PUT", path, own.adminToken(), set(jwk("short"))).statusCode())
          .isEqualTo(200);
      fixture.accepts(fixture.grant().header("kid", "short").signedWith(KEY));
    }
  }

  @Test
  void refusesPrivateKeysWithoutEchoingThem() {
    Map<String, Object> secret = new LinkedHashMap<>(KEY.toJSONObject());
    secret.put("alg", "RS256");
    HttpResponse<String> answer = post(Json.write(Map.of("keys", List.of(secret))));
    assertThat(AdminRefusal.ofField(answer, "JWKS", "d")).contains("private key");
    for (String name : List.of("d", "p", "q", "dp", "dq", "qi")) {
      assertThat(answer.body()).doesNotContain(String.valueOf(secret.get(name)));
      AdminRefusal.ofField(post(set(jwk("a", name, "c2VjcmV0"))), "JWKS", name);
      AdminRefusal.ofField(post(set(jwk("a", name, null))), "JWKS", name);
    }
    AdminRefusal.ofField(
        post("{\"keys\":[{\"kty\":\"oct\",\"k\":\"c2VjcmV0\",\"kid\":\"a\"}]}"), "JWKS", "k");
    assertThat(stack.admin("GET", path(), admin, null).statusCode()).isEqualTo(404);
  }

  @Test
  void refusesNoKeysAndMoreThanFive() {
    String six = set(jwk("a"), jwk("b"), jwk("c"), jwk("d"), jwk("e"), jwk("f"));
    for (String body :
        List.of(
            six,
            "{\"keys\":[]}",
            "[]",
            "{}",
            "{\"keys\":{}}",
            "{\"keys\":null}",
            "null",
            "5",
            "\"x\"",
            "{\"Keys\":[]}",
            "[5]",
            "[null]",
            "[[]]",
            "[\"x\"]",
            "[{}]",
            "[{\"kty\":\"XYZ\"}]")) {
      AdminRefusal.ofField(post(body), "JWKS", "keys");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "{[]}", "{\"keys\":[{\"kid\":1,\"kid\":2}]}", "[]x", "[,]"})
  void refusesABodyThatIsNotJson(String body) {
    AdminRefusal.ofField(post(body), "JWKS", "(body)");
  }

  @Test
  void refusesTheSameKeyIdTwice() {
    AdminRefusal.ofField(post(set(jwk("a"), jwk("b"), jwk("a"))), "JWKS", "kid");
    assertThat(post(set(jwk("a"), jwk("A"))).statusCode()).isEqualTo(201);
  }

  @Test
  void refusesMembersThatDoNotHold() {
    refuses("use", "use", null, "enc", "SIG");
    refuses("keys", "use", "", 5, List.of("sig"));
    refuses("alg", "alg", null, "", "PS256", "ES256", "HS256", "none", "rs256", "RSA-OAEP");
    refuses("kid", "kid", null, "", " ", "a b", "a/b", "a:b", "å", "a\n", "x".repeat(256));
    refuses("exp", "exp", 0, stack.clock().seconds(), stack.clock().seconds() - 1, 1.5e9 + 0.5);
    refuses("keys", "kid", 5, List.of("a"), true);
    refuses("keys", "exp", "2030-01-01", List.of(), true);
    refuses("keys", "n", 5, null, List.of());
    refuses("keys", "e", 5, null, List.of());
    refuses("keys", "kty", null, "rsa", 5);
    refuses("x5c", "x5c", "MIIB", List.of("AAAA"), 5);
    refuses("keys", "key_ops", "verify", List.of("encrypt"), 5);
  }

  // A key that cannot verify must be refused here, not at the client's first grant.
  @Test
  void refusesKeysThatAreTooShortOrCanNotVerify() throws JOSEException {
    RSAKey tooShort = new RSAKeyGenerator(1024, true).generate();
    String n = tooShort.getModulus().toString();
    refuses("kty", "n", n, "", "AQAB", "AA", "A".repeat(172) + n, "A".repeat(342), "!".repeat(342));
    refuses("kty", "e", "", "AA", "AQ", "Ag", "!!");
    AdminRefusal.ofField(post("{\"keys\":[" + ec() + "]}"), "JWKS", "kty");
    AdminRefusal.ofField(
        post(
            "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"a\",\"use\":\"sig\","
                + "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"),
        "JWKS",
        "kty");
  }

  // Verifying with a huge key takes seconds of a processor.
  @Test
  void refusesKeysThatAreTooLong() {
    String huge = "_".repeat(40_000);
    AdminRefusal.ofField(post(set(jwk("a", "n", huge))), "JWKS", "kty");
    AdminRefusal.ofField(post(set(jwk("a", "e", huge))), "JWKS", "kty");
  }

  @Test
  void keepsTheOldKeysWhenTheNewOnesAreRefused() {
    assertThat(post(set(jwk("a"))).statusCode()).isEqualTo(201);
    assertThat(post(set(jwk("b"), jwk("c", "use", "enc"))).statusCode()).isEqualTo(400);
    assertThat(stack.admin("GET", path(), admin, null).body())
        .contains("\"kid\":\"a\"")
        .doesNotContain("\"kid\":\"b\"");
  }

  @Test
  void neverAnswersA500ToAGrantOfARegisteredKey() {
    for (Map<String, @Nullable Object> odd :
        List.of(
            jwk("a", "e", "AQ"),
            jwk("a", "e", "Ag"),
            jwk("a", "n", "A".repeat(342)),
            jwk("a", "n", "A".repeat(172) + "_".repeat(171)))) {
      int registered = post(set(odd)).statusCode();
      TokenForge grant = stack.grant(new TestStack.Client(client, KEY), READ).header("kid", "a");
      int answered = stack.requestToken(grant.compact()).statusCode();
      assertThat(answered).as("after %s: %s", registered, odd).isEqualTo(400);
    }
  }

  private void refuses(String field, String name, @Nullable Object... values) {
    for (Object value : values) {
      AdminRefusal.ofField(post(set(jwk("a", name, value))), "JWKS", field);
    }
  }

  private static String ec() throws JOSEException {
    Map<String, Object> key =
        new HashMap<>(
            new ECKeyGenerator(Curve.P_256).keyID("a").generate().toPublicJWK().toJSONObject());
    key.put("use", "sig");
    return Json.write(key);
  }

  private String path() {
    return "/maskinporten/clients/" + client + "/jwks";
  }

  private HttpResponse<String> post(String body) {
    return stack.admin("POST", path(), admin, body);
  }

  private static String set(Map<?, ?>... keys) {
    return Json.write(Map.of("keys", Arrays.asList(keys)));
  }

  private static Map<String, @Nullable Object> jwk(String kid) {
    Map<String, @Nullable Object> jwk = new LinkedHashMap<>();
    jwk.putAll(KEY.toPublicJWK().toJSONObject());
    jwk.put("alg", "RS256");
    jwk.put("kid", kid);
    return jwk;
  }

  private static Map<String, @Nullable Object> jwk(
      String kid, String name, @Nullable Object value) {
    Map<String, @Nullable Object> jwk = jwk(kid);
    jwk.put(name, value);
    return jwk;
  }

  @SuppressWarnings("unchecked") // an object of JSON
  private static Map<String, @Nullable Object> firstKey(HttpResponse<String> answer) {
    Object keys = TestStack.json(answer).get("keys");
    assertThat(keys).as(answer.body()).isInstanceOf(List.class);
    return (Map<String, @Nullable Object>) ((List<?>) keys).get(0);
  }
}

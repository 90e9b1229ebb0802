package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.RSAKey;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Versions of key sets, and the removal and addition of single keys. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminKeyVersionsTest {
  private static final RSAKey KEY = RemoteIssuer.newKey();

  private final TestStack stack = TestStack.start();
  private final AdminCaller admin = AdminCaller.admin(stack);
  private String path = "";

  @AfterAll
  void stop() {
    stack.close();
  }

  @BeforeEach
  void makeClient() {
    path = "/clients/" + admin.newClient(Map.of()) + "/jwks";
  }

  @Test
  void tagsEachStateOfAKeySet() {
    HttpResponse<String> first = admin.call("POST", path, set("a"));
    HttpResponse<String> second = admin.call("PUT", path, set("a", "b"));
    assertThat(tag(first)).matches("\"[0-9]+\"").isNotEqualTo(tag(second));
    assertThat(tag(admin.call("GET", path, null))).isEqualTo(tag(second));
  }

  @Test
  void replacesOnlyTheSetThatTheCallerSaw() {
    String tag = tag(admin.call("POST", path, set("a")));
    admin.call(200, "PUT", path, set("b"), "If-Match", tag);
    for (String method : List.of("PUT", "POST", "DELETE")) {
      admin.refused(412, "precondition_failed", method, path, set("c"), "If-Match", tag);
      admin.refused(412, "precondition_failed", method, path, set("c"), "If-Match", "\"x\"");
    }
    admin.refused(412, "precondition_failed", "DELETE", path + "/b", null, "If-Match", tag);
    assertThat(kids(admin.call(200, "GET", path, null))).containsExactly("b");
  }

  @Test
  void letsOneOfManyWritersWithTheSameTagThrough() throws Exception {
    assertOneGetsThrough(path, List.of(admin));
  }

  @Test
  void letsOneOfManyWritersOnTwoNodesThrough() throws Exception {
    PostgresAddress store = TestPostgres.fresh();
    try (TestStack one = TestStack.start(TestStack.on(store));
        TestStack other = TestStack.start(TestStack.on(store))) {
      AdminCaller first = AdminCaller.admin(one);
      String shared = "/clients/" + first.newClient(Map.of()) + "/jwks";
      for (int i = 0; i < 5; i++) {
        assertOneGetsThrough(shared, List.of(first, AdminCaller.admin(other)));
      }
    }
  }

  @Test
  void addsFirstKeysOnlyWhereThereAreNone() {
    admin.call(200, "PUT", path, set("a"), "If-None-Match", "*");
    String tag = tag(admin.call("GET", path, null));
    for (String method : List.of("PUT", "POST", "DELETE")) {
      for (String unwanted : List.of("*", tag, "\"x\", W/" + tag)) {
        admin.refused(
            412, "precondition_failed", method, path, set("b"), "If-None-Match", unwanted);
      }
    }
    assertThat(kids(admin.call(200, "GET", path, null))).containsExactly("a");
    admin.call(200, "PUT", path, set("b"), "If-None-Match", "\"x\"");
    admin.call(200, "DELETE", path, null);
    admin.call(201, "POST", path, set("c"), "If-None-Match", "*");
    assertThat(kids(admin.call(200, "GET", path, null))).containsExactly("c");
  }

  private static void assertOneGetsThrough(String path, List<AdminCaller> callers)
      throws Exception {
    assertOneGetsThrough(path, callers, "If-None-Match", "*");
    String tag = tag(callers.get(0).call("POST", path, set("start")));
    assertOneGetsThrough(path, callers, "If-Match", tag);
    callers.get(0).call(200, "DELETE", path, null);
  }

  /** Of many changes under the same condition one is made. */
  private static void assertOneGetsThrough(
      String path, List<AdminCaller> callers, String condition, String tag) throws Exception {
    List<Future<Integer>> writers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 12; i++) {
        Map<String, Object> body = set("writer" + i);
        AdminCaller caller = callers.get(i % callers.size());
        writers.add(
            threads.submit(() -> caller.call("PUT", path, body, condition, tag).statusCode()));
      }
    }
    List<Integer> statuses = new ArrayList<>();
    for (Future<Integer> writer : writers) {
      statuses.add(writer.get());
    }
    assertThat(statuses).containsOnly(200, 412).containsOnlyOnce(200);
  }

  @Test
  void removesOneKeyOrAll() {
    admin.call(201, "POST", path, set("a", "b", "c"));
    assertThat(kids(admin.call(200, "DELETE", path + "/b", null))).containsExactly("a", "c");
    admin.refused(404, "not_found", "DELETE", path + "/b", null);
    assertThat(kids(admin.call(200, "GET", path, null))).containsExactly("a", "c");
    assertThat(kids(admin.call(200, "DELETE", path, null))).isEmpty();
    admin.refused(404, "not_found", "DELETE", path, null);
    admin.refused(404, "not_found", "GET", path, null);
  }

  @Test
  void refusesTheGrantsOfAKeyThatIsGone() {
    MaskinportenClientFixture fixture = MaskinportenClientFixture.of(stack);
    fixture.accepts(fixture.grant());
    String keys = "/clients/" + fixture.client().id() + "/jwks";
    admin.call(200, "DELETE", keys + "/" + fixture.client().key().getKeyID(), null);
    fixture.refuses(MaskinportenClientFixture.UNKNOWN_KEY, fixture.grant());
  }

  @Test
  void addsOneKeyAsPemOrJwk() {
    String id = path.split("/", -1)[2];
    String one = "/api/v2/clients/" + id + "/key";
    Map<String, @Nullable Object> first = admin.call(201, "POST", one, pem());
    assertThat(kids(first)).hasSize(1);
    admin.call(201, "POST", one, jwk("a"));
    assertThat(kids(admin.call(201, "POST", one, jwk("a")))).hasSize(2).contains("a");
    for (String kid : List.of("b", "c", "d")) {
      admin.call(201, "POST", one, jwk(kid));
    }
    admin.refused(409, "conflict", "POST", one, jwk("sixth"));
    assertThat(kids(admin.call(200, "GET", path, null))).hasSize(5);
  }

  @Test
  void refusesOneKeyThatIsNone() {
    String one = "/api/v2/clients/" + path.split("/", -1)[2] + "/key";
    String secret =
        "-----BEGIN PRIVATE KEY-----\n"
            + Base64.getMimeEncoder().encodeToString(privateKey())
            + "\n-----END PRIVATE KEY-----\n";
    for (String text : List.of("", "x", "{", secret, "-----BEGIN PUBLIC KEY-----\nAAAA\n")) {
      admin.bad("JWKS", "(body)", "POST", one, text);
    }
    admin.bad("JWKS", "kid", "POST", one, jwk("a b"));
    admin.refused(404, "not_found", "POST", "/api/v2/clients/unknown/key", pem());
    AdminCaller reader = AdminCaller.with(stack, "idporten:dcr.read");
    reader.refused(403, "insufficient_scope", "POST", one, pem());
  }

  @Test
  void refusesABodyThatIsNotJson() {
    HttpResponse<String> form =
        stack.send(
            "PUT",
            "/maskinporten" + path,
            "keys=x",
            "Authorization",
            "Bearer " + admin.token(),
            "Content-Type",
            "application/x-www-form-urlencoded");
    AdminRefusal.of(form, 415, "unsupported_media_type");
    HttpResponse<String> jwks =
        stack.send(
            "PUT",
            "/maskinporten" + path,
            Json.write(set("a")),
            "Authorization",
            "Bearer " + admin.token(),
            "Content-Type",
            "application/jwk-set+json; charset=utf-8");
    assertThat(jwks.statusCode()).isEqualTo(200);
  }

  @Test
  void refusesKeysBeyondAllMeasure() {
    String deep = "[".repeat(5000) + "]".repeat(5000);
    admin.bad("JWKS", "(body)", "PUT", path, deep);
    admin.bad("JWKS", "(body)", "PUT", path, "{\"keys\":[],\"keys\":[]}");
    admin.bad("JWKS", "keys", "PUT", path, set("a", "b", "c", "d", "e", "f"));
    assertThat(admin.call("PUT", path, "[" + " ".repeat(70_000) + "]").statusCode()).isEqualTo(413);
  }

  /** A public key for the admin API. */
  static Map<String, Object> jwk(String kid) {
    Map<String, Object> jwk = new LinkedHashMap<>(KEY.toPublicJWK().toJSONObject());
    jwk.put("kid", kid);
    jwk.put("use", "sig");
    jwk.put("alg", "RS256");
    return jwk;
  }

  private static Map<String, Object> set(String... kids) {
    return Map.of("keys", Arrays.stream(kids).map(AdminKeyVersionsTest::jwk).toList());
  }

  private static List<String> kids(Map<String, @Nullable Object> keys) {
    return ((List<?>) Objects.requireNonNull(keys.get("keys")))
        .stream().map(key -> String.valueOf(((Map<?, ?>) key).get("kid"))).toList();
  }

  static String pem() {
    try {
      return "-----BEGIN PUBLIC KEY-----\n"
          + Base64.getMimeEncoder().encodeToString(KEY.toRSAPublicKey().getEncoded())
          + "\n-----END PUBLIC KEY-----\n";
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  private static byte[] privateKey() {
    try {
      return KEY.toRSAPrivateKey().getEncoded();
    } catch (JOSEException e) {
      throw new AssertionError(e);
    }
  }

  private static String tag(HttpResponse<String> answer) {
    return answer.headers().firstValue("ETag").orElseThrow();
  }
}

package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.ACCESS;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.REPLAYED;
import static no.portvakt.server.MaskinportenClientFixture.SCOPE;
import static no.portvakt.server.MaskinportenClientFixture.UNKNOWN_CLIENT;
import static no.portvakt.server.MaskinportenClientFixture.UNKNOWN_KEY;
import static no.portvakt.server.MaskinportenClientFixture.WRITE;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static no.portvakt.server.TestStack.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.OrganisationTable.Organisation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two nodes with one public address on one PostgreSQL are one platform. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NodesTest {
  private static final String BASE = "https://platform.example.com";

  private final PostgresAddress store = TestPostgres.fresh();
  private final TestStack one = node(store);
  private final TestStack other = node(store);

  @AfterAll
  void stop() {
    one.close();
    other.close();
  }

  @Test
  void knowsAtOnceAClientThatWasMadeAtTheOtherNode() {
    for (int i = 0; i < 5; i++) {
      TestStack.Client client = (i % 2 == 0 ? one : other).newClient(READ);
      String token = (i % 2 == 0 ? other : one).tokenFor(client, READ);
      assertThat(one.exchange(token).statusCode()).isEqualTo(200);
      assertThat(other.exchange(token).statusCode()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void refusesAGrantThatWasUsedAtTheOtherNode(boolean firstAtOne) {
    TestStack first = firstAtOne ? one : other;
    TestStack second = firstAtOne ? other : one;
    String grant = first.grant(one.newClient(READ), READ).compact();
    assertThat(first.requestToken(grant).statusCode()).isEqualTo(200);
    assertRefused(second, second.requestToken(grant), REPLAYED);
    assertRefused(first, first.requestToken(grant), REPLAYED);
  }

  @Test
  void letsAGrantThroughOnceWhenBothNodesGetItAtTheSameMoment() throws Exception {
    TestStack.Client client = one.newClient(READ);
    CyclicBarrier moment = new CyclicBarrier(4);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 100; i++) {
        String grant = one.grant(client, READ).compact();
        List<Future<HttpResponse<String>>> answers = new ArrayList<>();
        for (TestStack node : List.of(one, other, one, other)) {
          answers.add(
              threads.submit(() -> {
                moment.await();
                return node.requestToken(grant);
              }));
        }
        int granted = 0;
        for (Future<HttpResponse<String>> answer : answers) {
          if (answer.get().statusCode() == 200) {
            granted++;
          } else {
            assertRefused(one, answer.get(), REPLAYED);
          }
        }
        assertThat(granted).isOne();
      }
    }
  }

  @Test
  void refusesAtOnceAKeyThatWasReplacedAtTheOtherNode() {
    TestStack.Client old = one.newClient(READ);
    assertThat(other.tokenFor(old, READ)).isNotEmpty();
    TestStack.Client fresh = new TestStack.Client(old.id(), RemoteIssuer.newKey());
    Map<String, Object> jwk = new LinkedHashMap<>(fresh.key().toPublicJWK().toJSONObject());
    jwk.put("alg", "RS256");
    HttpResponse<String> replaced =
        one.admin(
            "PUT",
            "/maskinporten/clients/" + old.id() + "/jwks",
            one.adminToken(),
            TestStack.toJson(Map.of("keys", List.of(jwk))));
    assertThat(replaced.statusCode()).as(replaced.body()).isEqualTo(200);
    assertRefused(other, other.requestToken(other.grant(old, READ).compact()), UNKNOWN_KEY);
    assertThat(other.tokenFor(fresh, READ)).isNotEmpty();
  }

  @Test
  void knowsAtOnceAnAccessThatWasGrantedAtTheOtherNode() {
    TestStack.Client client =
        one.newClient(
            Map.of(
                "client_name",
                "brg",
                "description",
                "A test",
                "client_orgno",
                BRG,
                "scopes",
                List.of(WRITE)));
    assertThat(other.tokenFor(client, WRITE)).isNotEmpty();
    TestPostgres.sql(
        store,
        "DELETE FROM scope_access WHERE scope = '" + WRITE + "' AND consumer = '" + BRG + "'");
    for (TestStack node : List.of(other, one)) {
      assertRefused(node, node.requestToken(node.grant(client, WRITE).compact()), ACCESS);
    }
    String path = "/maskinporten/scopes/access/" + BRG + "?scope=" + WRITE;
    assertThat(one.admin("PUT", path, other.adminToken(), null).statusCode()).isEqualTo(200);
    assertThat(other.tokenFor(client, WRITE)).isNotEmpty();
  }

  @Test
  void refusesAtOnceAClientThatWasDeletedAtTheOtherNode() {
    TestStack.Client client = one.newClient(READ);
    assertThat(other.tokenFor(client, READ)).isNotEmpty();
    AdminCaller.admin(one).call(200, "DELETE", "/clients/" + client.id(), null);
    for (TestStack node : List.of(other, one)) {
      assertRefused(node, node.requestToken(node.grant(client, READ).compact()), UNKNOWN_CLIENT);
    }
  }

  @Test
  void refusesAtOnceAScopeThatWasTakenFromTheClientAtTheOtherNode() {
    TestStack.Client client = one.newClient(READ, WRITE);
    assertThat(other.tokenFor(client, WRITE)).isNotEmpty();
    AdminCaller admin = AdminCaller.admin(one);
    Map<String, Object> fewer = AdminCaller.client(Map.of("scopes", List.of(READ)));
    admin.call(200, "PUT", "/clients/" + client.id(), fewer);
    for (TestStack node : List.of(other, one)) {
      assertRefused(node, node.requestToken(node.grant(client, WRITE).compact()), SCOPE);
      assertThat(node.tokenFor(client, READ)).isNotEmpty();
    }
  }

  @Test
  void refusesAtOnceAScopeThatWasDeletedAtTheOtherNode() {
    AdminCaller admin = AdminCaller.admin(one);
    String scope = admin.newScope("nodes/deleted", Map.of());
    admin.call(200, "PUT", "/scopes/access/" + TestStack.DIGDIR + "?scope=" + scope, null);
    TestStack.Client client = one.newClient(scope, READ);
    assertThat(other.tokenFor(client, scope)).isNotEmpty();
    admin.call(200, "DELETE", "/scopes?scope=" + scope, null);
    for (TestStack node : List.of(other, one)) {
      assertRefused(node, node.requestToken(node.grant(client, scope).compact()), SCOPE);
      assertThat(node.tokenFor(client, READ)).isNotEmpty();
    }
  }

  @Test
  void refusesAtOnceAnAccessThatWasTakenBackAtTheOtherNode() {
    AdminCaller admin = AdminCaller.admin(one);
    String scope = admin.newScope("nodes/taken", Map.of());
    String access = "/scopes/access/" + BRG + "?scope=" + scope;
    admin.call(200, "PUT", access, null);
    TestStack.Client client =
        one.newClient(AdminCaller.client(Map.of("client_orgno", BRG, "scopes", List.of(scope))));
    assertThat(other.tokenFor(client, scope)).isNotEmpty();
    admin.call(200, "DELETE", access, null);
    for (TestStack node : List.of(other, one)) {
      assertRefused(node, node.requestToken(node.grant(client, scope).compact()), ACCESS);
    }
  }

  @Test
  void seesAfterSecondsWhatBecameOfAnOrganisation() {
    for (TestStack node : List.of(one, other)) {
      assertThat(code(node)).isEqualTo("brg");
    }
    try (Database database = Database.connect(store)) {
      new OrganisationTable(database).put(List.of(new Organisation("brg2", BRG, "{}")));
    }
    for (TestStack node : List.of(one, other)) {
      node.clock().advance(Duration.ofSeconds(5));
      assertThat(code(node)).isEqualTo("brg");
      node.clock().advance(Duration.ofMillis(1));
      eventually("the new code", () -> code(node).equals("brg2")); // at most one use later
    }
  }

  private static String code(TestStack node) {
    HttpResponse<String> answer =
        node.exchange(
            node.forge("altinn:serviceowner/instances.read")
                .claim("consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + BRG))
                .compact());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return String.valueOf(TestStack.claims(answer.body()).get("org"));
  }

  @Test
  void publishesTheSameKeysAndAddressesOnEveryNode() {
    for (String path :
        List.of(
            TestStack.DISCOVERY,
            TestStack.DISCOVERY + "/jwks",
            "/maskinporten/jwk",
            "/maskinporten/.well-known/oauth-authorization-server")) {
      assertThat(other.get(path).body()).isEqualTo(one.get(path).body()).contains("{");
    }
    TestStack.Client client = one.newClient(READ);
    assertThat(TestStack.part(one.exchange(one.tokenFor(client, READ)).body(), 0))
        .isEqualTo(TestStack.part(other.exchange(other.tokenFor(client, READ)).body(), 0));
  }

  @Test
  void losesNothingWhenANodeIsClosedUnderLoad() throws Exception {
    PostgresAddress own = TestPostgres.fresh();
    Queue<String> received = new ConcurrentLinkedQueue<>();
    Queue<String> usedAtTheFirst = new ConcurrentLinkedQueue<>();
    TestStack first = node(own);
    try (TestStack second = node(own)) {
      TestStack.Client client = first.newClient(READ);
      String proof = second.tokenFor(client, READ);
      received.add(jti(proof));
      AtomicBoolean closed = new AtomicBoolean();
      CountDownLatch underWay = new CountDownLatch(200);
      CountDownLatch secondGoesOn = new CountDownLatch(200);
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<@Nullable Void>> callers = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
          TestStack node = i % 2 == 0 ? first : second;
          callers.add(
              threads.submit(() -> {
                while (node == first || secondGoesOn.getCount() > 0) {
                  String grant = node.grant(client, READ).compact();
                  HttpResponse<String> token;
                  HttpResponse<String> platform;
                  try {
                    token = node.requestToken(grant);
                    platform = node.exchange(proof);
                  } catch (java.io.UncheckedIOException | IllegalArgumentException e) {
                    assertThat(node).isEqualTo(first); // it is closed
                    return null;
                  }
                  assertThat(token.statusCode()).as(token.body()).isEqualTo(200);
                  assertThat(platform.statusCode()).as(platform.body()).isEqualTo(200);
                  received.add(jti(String.valueOf(TestStack.json(token).get("access_token"))));
                  received.add(jti(platform.body()));
                  if (node == first) {
                    usedAtTheFirst.add(grant);
                    underWay.countDown();
                  } else if (closed.get()) {
                    secondGoesOn.countDown();
                  }
                }
                return null;
              }));
        }
        underWay.await();
        first.server().close();
        closed.set(true);
        for (Future<@Nullable Void> caller : callers) {
          caller.get();
        }
      }
      for (String grant : usedAtTheFirst.stream().limit(20).toList()) {
        assertRefused(second, second.requestToken(grant), REPLAYED);
      }
      WholeAudit audit = WholeAudit.of(own);
      assertThat(audit.granted()).containsAll(received);
      assertThat(audit.chains()).containsExactly(0, 1);
      assertThat(audit.length(0)).isGreaterThan(200);
      assertThat(audit.length(1)).isGreaterThan(200);
    } finally {
      first.close();
    }
  }

  private static TestStack node(PostgresAddress store) {
    return TestStack.start(it -> TestStack.on(store).apply(it).withBaseUrl(BASE));
  }

  private static String jti(String token) {
    return String.valueOf(TestStack.claims(token).get("jti"));
  }
}

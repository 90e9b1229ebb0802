package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.EXPIRED;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.REPLAYED;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static no.portvakt.server.TestStack.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.trust.ReplayGuard;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A part of the store does not answer: what can be known safely goes on, the rest is 503. */
class StoreOutageTest {
  private static final String SERVICE_OWNER = "altinn:serviceowner/instances.read";

  @TempDir static Path folder = Path.of("");

  static List<Named<TestStore>> stores() {
    return TestStore.ofEachKind(folder.resolve("data" + System.nanoTime()));
  }

  @ParameterizedTest
  @MethodSource("stores")
  void exchangesForKnownOrganisationsWhileTheirTableIsAway(TestStore store) {
    try (TestStack stack = TestStack.start(store.settings())) {
      assertThat(code(stack.exchange(ownerToken(stack, TestStack.DIGDIR)))).isEqualTo("digdir");
      store.sql("ALTER TABLE organisation RENAME TO organisation_away");
      assertThat(code(stack.exchange(ownerToken(stack, TestStack.DIGDIR)))).isEqualTo("digdir");
      assertUnavailable(stack.exchange(ownerToken(stack, BRG)));
      assertUnavailable(stack.exchange(ownerToken(stack, BRG)));
      assertThat(code(stack.exchange(ownerToken(stack, TestStack.DIGDIR)))).isEqualTo("digdir");
      store.sql("ALTER TABLE organisation_away RENAME TO organisation");
      assertThat(code(stack.exchange(ownerToken(stack, BRG)))).isEqualTo("brg");
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void knowsAnOrganisationForAnHourWhileLookUpsFail(TestStore store) {
    try (TestStack stack = TestStack.start(store.settings())) {
      assertThat(code(stack.exchange(ownerToken(stack, TestStack.DIGDIR)))).isEqualTo("digdir");
      store.sql("ALTER TABLE organisation RENAME TO organisation_away");
      stack.clock().advance(Duration.ofMinutes(59));
      assertThat(code(stack.exchange(ownerToken(stack, TestStack.DIGDIR)))).isEqualTo("digdir");
      stack.clock().advance(Duration.ofMinutes(2));
      assertUnavailable(stack.exchange(ownerToken(stack, TestStack.DIGDIR)));
      store.sql("ALTER TABLE organisation_away RENAME TO organisation");
      assertThat(code(stack.exchange(ownerToken(stack, TestStack.DIGDIR)))).isEqualTo("digdir");
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void givesNoTokenWithoutTheAuditAndUsesUpNoGrant(TestStore store) {
    try (TestStack stack = TestStack.start(store.settings())) {
      TestStack.Client client = stack.newClient(READ);
      String grant = stack.grant(client, READ).compact();
      String used = stack.grant(client, READ).compact();
      assertThat(stack.requestToken(used).statusCode()).isEqualTo(200);
      store.sql("ALTER TABLE audit RENAME TO audit_away");
      for (int i = 0; i < 3; i++) {
        assertUnavailable(stack.exchange(stack.forge().compact()));
        assertUnavailable(stack.exchange("no token at all"));
        assertUnavailable(stack.requestToken(grant));
        assertUnavailable(stack.requestToken(used));
        assertUnavailable(stack.requestToken("no grant at all"));
      }
      assertThat(stack.get("/health/ready").statusCode()).isEqualTo(503);
      assertThat(stack.get("/health/live").statusCode()).isEqualTo(200);
      store.sql("ALTER TABLE audit_away RENAME TO audit");
      assertThat(stack.get("/health/ready").statusCode()).isEqualTo(200);
      assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
      assertThat(stack.requestToken(grant).statusCode()).isEqualTo(200);
      assertRefused(stack, stack.requestToken(grant), REPLAYED);
      assertRefused(stack, stack.requestToken(used), REPLAYED);
    }
  }

  // RFC 6749 §5.2: clients of the token endpoint read this form.
  @ParameterizedTest
  @MethodSource("stores")
  void tellsClientsOfMaskinportenInTheirForm(TestStore store) {
    try (TestStack stack = TestStack.start(store.settings())) {
      for (String table : List.of("audit", "client", "used_message")) {
        TestStack.Client client = stack.newClient(READ); // nobody has read it yet
        String grant = stack.grant(client, READ).compact();
        store.sql("ALTER TABLE " + table + " RENAME TO away");
        HttpResponse<String> answer = stack.requestToken(grant);
        assertUnavailable(answer);
        assertThat(TestStack.json(answer))
            .as(table)
            .containsOnlyKeys("error", "error_description")
            .containsEntry("error", "temporarily_unavailable");
        assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
        assertThat(answer.headers().firstValue("Retry-After")).contains("5");
        assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
        store.sql("ALTER TABLE away RENAME TO " + table);
        assertThat(stack.requestToken(grant).statusCode()).as(table).isEqualTo(200);
        assertRefused(stack, stack.requestToken(grant), REPLAYED);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("stores")
  void isNotReadyWhileNoRecordCanBeWritten(TestStore store) {
    try (TestStack stack = TestStack.start(store.settings())) {
      store.refuseRecords();
      assertTakesNothing(stack);
      store.takeRecords();
      assertThat(takesAll(stack)).isTrue();
    }
    AuditRecords.assertChained(store.records());
  }

  @Test
  void isNotReadyWhileTheDatabaseTakesNoWritesAndRecoversByItself() {
    PostgresAddress store = TestPostgres.fresh();
    try (TestStack stack = TestStack.start(TestStack.on(store))) {
      TestPostgres.takeWrites(store, false);
      assertTakesNothing(stack);
      TestPostgres.takeWrites(store, true);
      eventually("it takes all", () -> takesAll(stack));
    }
    assertThat(WholeAudit.of(store).granted()).isNotEmpty();
  }

  @Test
  void goesOnExchangingWhileEveryReaderWaits() throws Exception {
    PostgresAddress plain = TestPostgres.fresh();
    PostgresAddress impatient =
        new PostgresAddress(plain.url() + "?socketTimeout=5", "postgres", null, 2);
    try (TestStack stack = TestStack.start(TestStack.on(impatient));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      TestStack.Client client = stack.newClient(READ);
      String proof = stack.tokenFor(client, SERVICE_OWNER);
      assertThat(stack.exchange(proof).statusCode()).isEqualTo(200);
      Instant begun = Instant.now();
      try (Connection connection = DriverManager.getConnection(plain.url(), "postgres", null);
          Statement statement = connection.createStatement()) {
        connection.setAutoCommit(false);
        statement.execute("LOCK TABLE client IN ACCESS EXCLUSIVE MODE");
        List<Future<HttpResponse<String>>> waiting = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
          String grant = stack.grant(client, READ).compact();
          waiting.add(threads.submit(() -> stack.requestToken(grant)));
        }
        TestPostgres.awaitLocked(plain, 2);
        // Both readers are held: an organisation that is known needs none, the others get none.
        assertThat(code(stack.exchange(proof))).isEqualTo("digdir");
        assertThat(waiting).noneMatch(Future::isDone);
        for (Future<HttpResponse<String>> one : waiting) {
          assertUnavailable(one.get());
          assertThat(code(stack.exchange(proof))).isEqualTo("digdir");
        }
        connection.rollback();
      }
      assertThat(Duration.between(begun, Instant.now())).isLessThan(Duration.ofSeconds(20));
      assertThat(stack.tokenFor(client, READ)).isNotEmpty();
      assertThat(stack.exchange(ownerToken(stack, BRG)).statusCode()).isEqualTo(200);
    }
    assertThat(WholeAudit.of(plain).chains()).containsExactly(0);
  }

  @Test
  void refusesUnknownOrganisationsOnlyWhileTheirTableIsLocked() throws Exception {
    PostgresAddress plain = TestPostgres.fresh();
    PostgresAddress impatient =
        new PostgresAddress(plain.url() + "?socketTimeout=5", "postgres", null, 2);
    try (TestStack stack = TestStack.start(TestStack.on(impatient))) {
      String known = ownerToken(stack, TestStack.DIGDIR);
      assertThat(code(stack.exchange(known))).isEqualTo("digdir");
      try (Connection connection = DriverManager.getConnection(plain.url(), "postgres", null);
          Statement statement = connection.createStatement()) {
        connection.setAutoCommit(false);
        statement.execute("LOCK TABLE organisation IN ACCESS EXCLUSIVE MODE");
        assertUnavailable(stack.exchange(ownerToken(stack, BRG)));
        assertThat(code(stack.exchange(known))).isEqualTo("digdir");
        connection.rollback();
      }
      assertThat(code(stack.exchange(ownerToken(stack, BRG)))).isEqualTo("brg");
    }
    assertThat(
            TestPostgres.query(
                plain, "SELECT COUNT(*) FROM audit WHERE record LIKE '%\"reason\":\"look-up\"%'"))
        .containsExactly("1");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 120, 182, 3600})
  void acceptsNoUsedGrantAfterTheClockWasSetBack(int secondsBack) {
    PostgresAddress store = TestPostgres.fresh();
    try (TestStack stack = TestStack.start(TestStack.on(store));
        Database database = Database.connect(store)) {
      TestStack.Client client = stack.newClient(READ);
      String used = stack.grant(client, READ).compact();
      assertThat(stack.requestToken(used).statusCode()).isEqualTo(200);
      stack.clock().advance(Duration.ofSeconds(182));
      assertRefused(stack, stack.requestToken(used), EXPIRED);
      new ReplayGuard(new ReplayTable(database)).forgetExpired(stack.clock().instant());
      assertThat(TestPostgres.query(store, "SELECT message FROM used_message")).isEmpty();
      stack.clock().advance(Duration.ofSeconds(-secondsBack));
      HttpResponse<String> again = stack.requestToken(used);
      assertThat(again.statusCode()).as(again.body()).isEqualTo(400);
      stack.clock().advance(Duration.ofSeconds(secondsBack));
      assertThat(stack.tokenFor(client, READ)).isNotEmpty();
    }
  }

  @Test
  void saysHowFarItForgetsBeforeItForgets() throws Exception {
    PostgresAddress store = TestPostgres.fresh();
    try (Database database = Database.connect(store);
        Connection connection = DriverManager.getConnection(store.url(), "postgres", null);
        Statement statement = connection.createStatement();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      ReplayTable replays = new ReplayTable(database);
      assertThat(database.<Boolean>write(it -> replays.add(it, "used", 100))).isTrue();
      connection.setAutoCommit(false);
      statement.execute("SELECT 1 FROM used_message FOR UPDATE");
      Future<?> forgotten = threads.submit(() -> replays.forgetExpired(101, 10));
      TestPostgres.awaitLocked(store, 1);
      // A node whose clock is behind may get the message now; it must see the horizon.
      assertThat(TestPostgres.query(store, "SELECT forgotten_before FROM replay_horizon"))
          .containsExactly("101");
      connection.rollback();
      forgotten.get();
      assertThat(TestPostgres.query(store, "SELECT message FROM used_message")).isEmpty();
      assertThat(database.<Boolean>write(it -> replays.add(it, "used", 100))).isFalse();
    }
  }

  private static String ownerToken(TestStack stack, String organisation) {
    return stack
        .forge(SERVICE_OWNER)
        .claim(
            "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + organisation))
        .compact();
  }

  private static Object code(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return String.valueOf(TestStack.claims(answer.body()).get("org"));
  }

  private static void assertTakesNothing(TestStack stack) {
    assertThat(stack.get("/health/ready").statusCode()).isEqualTo(503);
    assertThat(stack.get("/health/live").statusCode()).isEqualTo(200);
    assertUnavailable(stack.exchange(stack.forge().compact()));
    assertUnavailable(stack.requestToken(stack.adminGrant("idporten:scopes.read").compact()));
    assertThat(stack.get("/health/ready").statusCode()).isEqualTo(503);
  }

  private static boolean takesAll(TestStack stack) {
    String grant = stack.adminGrant("idporten:scopes.read").compact();
    return stack.get("/health/ready").statusCode() == 200
        && stack.exchange(stack.forge().compact()).statusCode() == 200
        && stack.requestToken(grant).statusCode() == 200;
  }

  private static void assertUnavailable(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(503);
    assertThat(answer.body()).doesNotContain("eyJ").doesNotContain("SQL");
  }
}

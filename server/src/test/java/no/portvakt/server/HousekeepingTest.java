package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.TestStack.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyRotation;
import no.portvakt.server.store.AttemptTable;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.CheckpointTable;
import no.portvakt.server.trust.Lockout;
import no.portvakt.tokens.RuleTrace;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a running server does by itself: each of its things, done once at a moment of the test. */
class HousekeepingTest {
  private static final Duration MONTH = Duration.ofDays(30);
  private static final String CHECKPOINT = "The checkpoint of the audit";
  private static final String OLD_RECORDS = "Forgetting old records";

  private final TestStore store;

  HousekeepingTest(@TempDir Path folder) {
    store = TestStore.in(folder);
  }

  @Test
  void forgetsGrantsThatHaveExpiredAndNoOthers() {
    try (TestStack stack = start(it -> it);
        Database database = store.open()) {
      String grant = stack.adminGrant("idporten:scopes.read").compact();
      assertThat(stack.requestToken(grant).statusCode()).isEqualTo(200);
      once(stack, "Forgetting expired messages");
      assertThat(usedGrants(database)).hasSize(1);
      assertThat(stack.requestToken(grant).statusCode()).isEqualTo(400);
      stack.clock().advance(Duration.ofMinutes(5));
      once(stack, "Forgetting expired messages");
      assertThat(usedGrants(database)).isEmpty();
      assertThat(stack.requestToken(grant).statusCode()).isEqualTo(400);
    }
  }

  @Test
  void forgetsFailedAttemptsThatHaveExpiredAndNoOthers() {
    Duration second = Duration.ofSeconds(1);
    Lockout.Policy policy = new Lockout.Policy("pin", 1, second, second, Duration.ofMinutes(1));
    try (TestStack stack = start(it -> it);
        Database database = store.open()) {
      Lockout lockout = new Lockout(database, new AttemptTable(database));
      assertThat(lockout.begin(policy, "a", stack.clock().instant()))
          .isInstanceOf(Lockout.Allowed.class);
      stack.clock().advance(Duration.ofSeconds(61).minusMillis(1));
      once(stack, "Forgetting failed attempts");
      assertThat(countedSubjects(database)).isOne();
      stack.clock().advance(Duration.ofMillis(1));
      once(stack, "Forgetting failed attempts");
      assertThat(countedSubjects(database)).isZero();
    }
  }

  @Test
  void signsTheAuditAndGoesOnAfterAFailure() {
    try (TestStack stack = start(it -> it);
        Database database = store.open()) {
      CheckpointTable checkpoints = new CheckpointTable(database);
      stack.exchange(stack.forge().compact());
      store.sql("ALTER TABLE audit_checkpoint RENAME TO audit_checkpoint_away");
      once(stack, CHECKPOINT);
      store.sql("ALTER TABLE audit_checkpoint_away RENAME TO audit_checkpoint");
      assertThat(checkpoints.last()).isNull();
      once(stack, CHECKPOINT);
      assertThat(Objects.requireNonNull(checkpoints.last()).number()).isEqualTo(1);
    }
  }

  @Test
  void forgetsRecordsThatAreOlderThanTheirRetention() {
    try (TestStack stack =
        start(TestStack.audit(new Settings.Audit(Duration.ofMinutes(1), MONTH)))) {
      for (int i = 0; i < 3; i++) {
        stack.exchange(stack.forge().compact());
      }
      once(stack, CHECKPOINT);
      int all = store.records().size();
      assertThat(all).isGreaterThan(3);
      stack.clock().advance(MONTH);
      once(stack, OLD_RECORDS);
      assertThat(store.records()).hasSize(all);
      stack.clock().advance(Duration.ofMillis(1));
      once(stack, OLD_RECORDS);
      assertThat(store.records()).hasSize(1);
    }
  }

  @Test
  void keepsRecordsForEverUnlessItIsToldOtherwise() {
    try (TestStack stack = start(it -> it)) {
      assertThatIllegalArgumentException().isThrownBy(() -> once(stack, OLD_RECORDS));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "authentication, /authentication/api/v1/openid/.well-known/openid-configuration/jwks",
    "maskinporten, /maskinporten/jwk"
  })
  void rotatesKeysByTheirAge(String role, String keys) {
    try (TestStack stack =
        start(
            TestStack.signing(it ->
                new Settings.Signing(
                    it.algorithms(),
                    it.keysMaxAge(),
                    it.skew(),
                    it.together(),
                    MONTH,
                    false,
                    it.source())))) {
      String before = stack.get(keys).body();
      stack.clock().advance(MONTH.minusMillis(1));
      once(stack, "The care of the keys of " + role);
      assertThat(stack.get(keys).body()).isEqualTo(before);
      stack.clock().advance(Duration.ofMillis(1));
      once(stack, "The care of the keys of " + role);
      assertThat(keysIn(stack.get(keys).body())).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "AUTHENTICATION, authentication,"
        + " /authentication/api/v1/openid/.well-known/openid-configuration/jwks",
    "MASKINPORTEN, maskinporten, /maskinporten/jwk"
  })
  void takesOverKeysThatAnotherProgramChanged(Settings.Role role, String name, String published) {
    try (TestStack stack = start(it -> it);
        Database database = store.open()) {
      String before = stack.get(published).body();
      Settings settings = store.settings().apply(Settings.development(null, 0));
      AuditLog audit =
          new AuditLog(database, new AuditTable(database), (_, _, _) -> {}, RuleTrace::new);
      try (PlatformKeys keys =
          PlatformKeys.of(settings, database, PrivateKeys.master(settings), stack.clock(), audit)) {
        List<String> _ = keys.rotation(role).rotate("RS256", KeyRotation.Mode.EMERGENCY, false);
      }
      once(stack, "A look at the keys of " + name);
      assertThat(keysIn(stack.get(published).body())).isPositive();
      assertThat(stack.get(published).body()).isNotEqualTo(before);
    }
  }

  // An announcement can be missed; what comes each minute is too late.
  @ParameterizedTest
  @CsvSource({
    "authentication, /authentication/api/v1/openid/.well-known/openid-configuration/jwks",
    "maskinporten, /maskinporten/jwk"
  })
  void takesOverWithinSecondsKeysWhoseChangeNobodyAnnounced(String role, String published) {
    try (TestStack stack = start(it -> it)) {
      assertThat(keysIn(stack.get(published).body())).isOne();
      store.sql("UPDATE signing_key SET removed = published WHERE role = '" + role + "'");
      store.sql("UPDATE signing_key_epoch SET epoch = epoch + 1 WHERE role = '" + role + "'");
      long changed = System.nanoTime();
      eventually("a look at the keys", () -> keysIn(stack.get(published).body()) == 0);
      assertThat(Duration.ofNanos(System.nanoTime() - changed)).isLessThan(Duration.ofSeconds(10));
    }
  }

  @Test
  void countsTheKeysOfClientsThatEndSoon() {
    try (MaskinportenRows rows = MaskinportenRows.in(store)) {
      rows.client(BRG, Map.of(), TestClock.START.plus(Duration.ofDays(29)), READ);
      assertThat(rows.stack().get("/metrics").body()).contains("portvakt_client_keys_ending 0.0");
      once(rows.stack(), "Counting the clients' keys that end soon");
      assertThat(rows.stack().get("/metrics").body()).contains("portvakt_client_keys_ending 1.0");
    }
  }

  private TestStack start(UnaryOperator<Settings> change) {
    return TestStack.start(it -> change.apply(store.settings().apply(it)));
  }

  private static void once(TestStack stack, String what) {
    stack.server().housekeeping().once(what);
  }

  private static List<String> usedGrants(Database database) {
    return database.read(
        session -> session.query(row -> row.getString(1), "SELECT message FROM used_message"));
  }

  private static int countedSubjects(Database database) {
    return database
        .<List<String>>read(
            session -> session.query(row -> row.getString(1), "SELECT subject FROM attempt"))
        .size();
  }

  private static int keysIn(String keySet) {
    return keySet.split("\"kid\"", -1).length - 1;
  }
}

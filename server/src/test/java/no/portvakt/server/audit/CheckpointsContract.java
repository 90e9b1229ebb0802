package no.portvakt.server.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import no.portvakt.server.TestClock;
import no.portvakt.server.audit.AuditVerifier.Report;
import no.portvakt.server.audit.Checkpoints.Tampered;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.CheckpointTable;
import no.portvakt.server.store.CheckpointTable.CheckpointRow;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What checkpoints promise over every store: honest work is whole, damage is found. */
abstract class CheckpointsContract {
  static final String ISSUER = "https://platform.example/";
  static final Duration MONTH = Duration.ofDays(30);

  private static final List<FutureTask<Boolean>> CLOSING = new ArrayList<>();

  final TestClock clock = new TestClock();
  private final List<Database> open = new ArrayList<>();

  final Database database;
  final Checkpoints checkpoints;

  private final Supplier<Database> nodes;

  /**
   * @param nodes one more node on the store of this test, each time
   */
  CheckpointsContract(Supplier<Database> nodes) {
    this.nodes = nodes;
    database = opened();
    checkpoints = checkpoints(database, KeptAudit.KEY);
  }

  /** A node takes a while to close; the next test need not wait for that. */
  @AfterEach
  void end() {
    for (Database node : Set.copyOf(open)) {
      CLOSING.add(
          start(() -> {
            node.close();
            return true;
          }));
    }
  }

  @AfterAll
  static void endAll() throws Exception {
    for (FutureTask<Boolean> one : CLOSING) {
      assertThat(one.get()).isTrue();
    }
    CLOSING.clear();
  }

  @Test
  void signsOnlyWhenThereIsAnythingNew() {
    assertThat(checkpoints.sign()).isFalse();
    append(database, 3);
    assertThat(checkpoints.sign()).isTrue();
    assertThat(checkpoints.sign()).isFalse();
    append(database, 1);
    assertThat(checkpoints.sign()).isTrue();
    assertThat(numbers()).containsExactly(1L, 2L);
    assertThat(checkpoints.problem()).isNull();
  }

  @Test
  void exportsAStoreWithoutRecords() {
    assertThat(whole().records()).isZero();
  }

  @Test
  void exportsWhatIsVerifiedAsWhole() {
    append(database, 5);
    checkpoints.sign();
    append(opened(), 2);
    checkpoints.sign();
    append(database, 1);
    Report.Whole whole = whole();
    assertThat(whole.records()).isEqualTo(8);
    assertThat(whole.checkpoints()).isEqualTo(3);
  }

  @Test
  void exportsMoreThanAPage() {
    append(database, 2_500);
    assertThat(whole().records()).isEqualTo(2_500);
  }

  @Test
  void givesNodesThatSignAtOnceConsecutiveNumbers() throws Exception {
    Database other = opened();
    List<FutureTask<Boolean>> nodes = new ArrayList<>();
    for (Database node : List.of(database, other)) {
      Checkpoints own = checkpoints(node, KeptAudit.KEY);
      nodes.add(
          start(() -> {
            for (int i = 0; i < 25; i++) {
              append(node, 1);
              boolean _ = own.sign();
            }
            return true;
          }));
    }
    for (FutureTask<Boolean> node : nodes) {
      assertThat(node.get()).isTrue();
    }
    Report.Whole whole = whole();
    assertThat(whole.records()).isEqualTo(50);
    List<Long> numbers = numbers();
    for (int i = 0; i < numbers.size(); i++) {
      assertThat(numbers.get(i)).isEqualTo(i + 1L);
    }
    assertThat(whole.checkpoints()).isEqualTo(numbers.size()).isGreaterThanOrEqualTo(25);
  }

  @Test
  void exportsWhileOthersWriteAndSign() throws Exception {
    Database other = opened();
    AtomicBoolean enough = new AtomicBoolean();
    append(other, 1);
    FutureTask<Boolean> writer =
        start(() -> {
          Checkpoints own = checkpoints(other, KeptAudit.KEY);
          while (!enough.get()) {
            append(other, 7);
            boolean _ = own.sign();
          }
          return true;
        });
    try {
      for (int i = 0; i < 10; i++) {
        assertThat(whole().records()).isPositive();
      }
    } finally {
      enough.set(true);
    }
    assertThat(writer.get()).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "DELETE FROM audit WHERE seq = 5",
        "DELETE FROM audit WHERE seq > 2",
        "DELETE FROM audit",
        "UPDATE audit SET seq = 9 WHERE seq = 5",
        "UPDATE audit SET chain = 7",
        "UPDATE audit SET hash = '0000000000000000000000000000000000000000000000000000000000000000'"
            + " WHERE seq = 5",
      })
  void findsByItselfThatTheSignedHeadIsNotAsItWas(String damage) {
    append(database, 5);
    checkpoints.sign();
    sql(damage);
    assertTampered();
  }

  @Test
  void findsByItselfThatACutChainGrewAgain() {
    append(database, 5);
    checkpoints.sign();
    sql("DELETE FROM audit WHERE seq > 3");
    append(database, 4);
    assertTampered();
  }

  @Test
  void findsByItselfThatAChainWasWrittenAnew() {
    append(database, 5);
    checkpoints.sign();
    sql("DELETE FROM audit");
    append(database, 5);
    assertTampered();
  }

  @Test
  void isWellAgainWhenTheRecordIsBack() {
    append(database, 5);
    checkpoints.sign();
    sql("UPDATE audit SET chain = 7 WHERE seq = 5");
    assertTampered();
    sql("UPDATE audit SET chain = 0 WHERE seq = 5");
    assertThat(checkpoints.sign()).isFalse();
    assertThat(checkpoints.problem()).isNull();
    assertThat(whole().records()).isEqualTo(5);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE audit SET record = '{\"id\":\"other\"}' WHERE seq = 3",
        "UPDATE audit SET record = '{\"id\":\"other\"}' WHERE seq = 1",
        "UPDATE audit SET record = '{\"id\":\"other\"}' WHERE seq = 5",
        "UPDATE audit SET record = '' WHERE seq = 3",
        "UPDATE audit SET hash = '0000000000000000000000000000000000000000000000000000000000000000'"
            + " WHERE seq = 3",
        "UPDATE audit SET hash = 'x' WHERE seq = 3",
        "UPDATE audit SET time = -1 WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 3",
        "DELETE FROM audit WHERE seq = 1",
        "DELETE FROM audit WHERE seq <= 4",
        "UPDATE audit SET seq = -seq WHERE seq = 2",
        "DELETE FROM audit_checkpoint WHERE number = 2",
        "UPDATE audit_checkpoint SET document = 'x' WHERE number = 1",
      })
  void showsOtherDamageInAnExport(String damage) {
    threeCheckpoints();
    sql(damage);
    assertThat(verify(export())).isInstanceOf(Report.Broken.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE audit_checkpoint SET document = 'x' WHERE number = 3",
        "UPDATE audit_checkpoint SET document = document || 'A' WHERE number = 3",
        "UPDATE audit_checkpoint SET number = 4 WHERE number = 3",
        "UPDATE audit_checkpoint SET time = time - 1 WHERE number = 3",
        "UPDATE audit_checkpoint SET document = (SELECT document FROM audit_checkpoint WHERE"
            + " number = 2) WHERE number = 3",
        "INSERT INTO audit_checkpoint (number, time, document) SELECT 4, time, document FROM"
            + " audit_checkpoint WHERE number = 3",
      })
  void refusesToGoOnFromAForgedCheckpoint(String damage) {
    threeCheckpoints();
    sql(damage);
    append(database, 1);
    assertTampered();
  }

  @Test
  void refusesToGoOnFromACheckpointOfAnotherKey() {
    threeCheckpoints();
    assertThatExceptionOfType(Tampered.class)
        .isThrownBy(() -> checkpoints(database, KeptAudit.key()).sign())
        .withMessage("The audit checkpoint 3 is not one of this platform.");
  }

  @Test
  void refusesToGoOnFromTheEndOfAnExport() {
    append(database, 1);
    String end = export().lines().toList().getLast();
    CheckpointRow last = java.util.Objects.requireNonNull(new CheckpointTable(database).last());
    String document = end.substring("{\"end\":\"".length(), end.length() - 2);
    boolean added =
        database.write(
            session -> CheckpointTable.add(session, new CheckpointRow(2, last.time(), document)));
    assertThat(added).isTrue();
    assertTampered();
  }

  final void threeCheckpoints() {
    append(database, 2);
    checkpoints.sign();
    append(database, 2);
    checkpoints.sign();
    append(database, 1);
    checkpoints.sign();
  }

  final void assertTampered() {
    assertThatExceptionOfType(Tampered.class).isThrownBy(checkpoints::sign);
    assertThat(checkpoints.problem()).startsWith("The audit ").endsWith(".");
    assertThatExceptionOfType(Tampered.class).isThrownBy(this::export);
  }

  final Database opened() {
    Database node = nodes.get();
    open.add(node);
    return node;
  }

  final Checkpoints checkpoints(Database node, com.nimbusds.jose.jwk.ECKey key) {
    return new Checkpoints(
        node, new AuditTable(node), new CheckpointTable(node), CheckpointSigner.of(key), clock);
  }

  /** Appends records to a node's chain in one transaction. */
  final void append(Database node, int count) {
    clock.advance(Duration.ofSeconds(1));
    AuditTable audit = new AuditTable(node);
    node.write(session -> {
      for (int i = 0; i < count; i++) {
        String id = java.util.UUID.randomUUID().toString();
        String json = "{\"id\":\"%s\",\"time\":\"%s\"}".formatted(id, clock.instant());
        audit.append(session, id, clock.millis(), json);
      }
      return count;
    });
  }

  /** Runs SQL behind the back of everything above the store. */
  final void sql(String sql) {
    database.write(session -> session.update(sql));
  }

  final List<Long> numbers() {
    return new CheckpointTable(database)
        .after(0, 1_000).stream().map(CheckpointRow::number).toList();
  }

  final List<Long> kept(int chain) {
    return new AuditTable(database)
        .after(chain, 0, 0, 1_000).stream().map(AuditTable.Entry::seq).toList();
  }

  final String export() {
    StringWriter out = new StringWriter();
    try {
      checkpoints.export(out, ISSUER);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toString();
  }

  static Report verify(String export) {
    return KeptAudit.verify(export, KeptAudit.KEY);
  }

  final Report.Whole whole() {
    Report report = verify(export());
    assertThat(report).isInstanceOf(Report.Whole.class);
    return (Report.Whole) report;
  }

  static <T> FutureTask<T> start(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.startVirtualThread(task);
    return task;
  }
}

package no.portvakt.server.database;

import static no.portvakt.server.database.Writers.awaitWaiting;
import static no.portvakt.server.database.Writers.behindASlowWriter;
import static no.portvakt.server.database.Writers.slowWriter;
import static no.portvakt.server.database.Writers.start;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import no.portvakt.server.database.Database.UnusableData;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.CheckpointTable;
import no.portvakt.server.store.CheckpointTable.CheckpointRow;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.OrganisationTable.Organisation;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.AccessRow;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.server.store.SecretTable;
import no.portvakt.server.store.SigningKeyTable;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What every database below the store promises: what returned is durable, one caller's failure is
 * its own, and what is single stays single whoever writes at the same time.
 */
abstract class StoreContract extends RememberedContract {
  /** The audit records of all chains, in order. */
  List<AuditTable.Entry> records() {
    try (Database database = open()) {
      AuditTable audit = new AuditTable(database);
      List<AuditTable.Entry> all = new ArrayList<>();
      for (AuditTable.Place end : audit.ends()) {
        all.addAll(audit.after(end.chain(), 0, 0, Integer.MAX_VALUE));
      }
      return all;
    }
  }

  /** Asserts that each chain is whole. */
  static void assertChained(List<AuditTable.Entry> records) {
    Map<Integer, AuditTable.Entry> ends = new HashMap<>();
    for (AuditTable.Entry entry : records) {
      AuditTable.Entry last = ends.put(entry.chain(), entry);
      byte[] before = last == null ? new byte[32] : HexFormat.of().parseHex(last.hash());
      assertThat(entry.seq()).isEqualTo(last == null ? 1 : last.seq() + 1);
      assertThat(entry.hash())
          .isEqualTo(HexFormat.of().formatHex(AuditTable.chain(before, entry.record())));
    }
  }

  @Test
  void keepsWhatManyThreadsWriteAtOnce() throws Exception {
    try (Database database = open()) {
      AuditTable audit = new AuditTable(database);
      List<FutureTask<Boolean>> writers = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        int number = i;
        writers.add(
            start(() -> {
              append(database, audit, "d" + number);
              // Durable already for whoever looks from outside.
              return audit.byDecision("d" + number).size() == 1;
            }));
      }
      for (FutureTask<Boolean> writer : writers) {
        assertThat(writer.get()).isTrue();
      }
    }
    assertThat(records()).hasSize(200);
    assertChained(records());
  }

  @Test
  void sharesOneTransactionAmongThoseWhoWait() throws Exception {
    Set<Long> transactions = ConcurrentHashMap.newKeySet();
    try (Database database = open()) {
      AuditTable audit = new AuditTable(database);
      List<FutureTask<@Nullable Void>> waiting =
          behindASlowWriter(
              database,
              100,
              session -> {
                transactions.add(session.transaction());
                audit.append(session, "d", 0, "{}");
                return null;
              });
      for (FutureTask<@Nullable Void> one : waiting) {
        one.get();
      }
      assertThat(audit.byDecision("d")).hasSize(100);
    }
    assertThat(transactions).hasSize(1);
    assertChained(records());
  }

  @Test
  void doesNotLetOneFailureSpoilTheOthers() throws Exception {
    try (Database database = open()) {
      AuditTable audit = new AuditTable(database);
      CountDownLatch gate = new CountDownLatch(1);
      FutureTask<@Nullable Void> slow = slowWriter(database, gate);
      List<FutureTask<@Nullable Void>> good = new ArrayList<>();
      List<FutureTask<@Nullable Void>> bad = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        String id = "good" + i;
        good.add(start(() -> append(database, audit, id)));
        if (i % 10 == 5) {
          bad.add(
              start(() ->
                  database.write(session -> {
                    audit.append(session, "bad", 0, "{}");
                    throw new IllegalArgumentException("mine");
                  })));
        }
      }
      awaitWaiting(good);
      awaitWaiting(bad);
      gate.countDown();
      slow.get();
      for (FutureTask<@Nullable Void> one : good) {
        one.get();
      }
      for (FutureTask<@Nullable Void> one : bad) {
        assertThatExceptionOfType(ExecutionException.class)
            .isThrownBy(one::get)
            .withCauseExactlyInstanceOf(IllegalArgumentException.class);
      }
      assertThat(audit.byDecision("bad")).isEmpty();
    }
    assertThat(records()).hasSize(30);
    assertChained(records());
  }

  @Test
  void leavesNothingOfAWriteThatFailed() {
    try (Database database = open()) {
      AuditTable audit = new AuditTable(database);
      append(database, audit, "first");
      for (int i = 0; i < 3; i++) {
        assertThatExceptionOfType(IllegalStateException.class)
            .isThrownBy(() ->
                database.write(session -> {
                  audit.append(session, "lost", 0, "{}");
                  throw new IllegalStateException();
                }));
        assertThatExceptionOfType(StoreUnavailable.class)
            .isThrownBy(() -> database.write(session -> session.update("INSERT INTO nowhere")));
        append(database, audit, "next" + i);
      }
      assertThat(audit.byDecision("lost")).isEmpty();
    }
    assertThat(records()).hasSize(4);
    assertChained(records());
  }

  @Test
  void letsTwoProgramsWriteAtOnce() throws Exception {
    try (Database one = open();
        Database other = open()) {
      List<FutureTask<@Nullable Void>> writers = new ArrayList<>();
      for (Database database : List.of(one, other)) {
        AuditTable audit = new AuditTable(database);
        for (int thread = 0; thread < 4; thread++) {
          writers.add(
              start(() -> {
                for (int i = 0; i < 50; i++) {
                  append(database, audit, "d");
                }
                return null;
              }));
        }
      }
      for (FutureTask<@Nullable Void> writer : writers) {
        writer.get();
      }
    }
    assertThat(records()).hasSize(400);
    assertChained(records());
  }

  @Test
  void writesWhatWaitsWhenItIsClosed() throws Exception {
    Database database = open();
    AuditTable audit = new AuditTable(database);
    CountDownLatch gate = new CountDownLatch(1);
    FutureTask<@Nullable Void> slow = slowWriter(database, gate);
    List<FutureTask<@Nullable Void>> waiting = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      waiting.add(start(() -> append(database, audit, "d")));
    }
    awaitWaiting(waiting);
    FutureTask<@Nullable Void> closing =
        start(() -> {
          database.close();
          return null;
        });
    awaitWaiting(List.of(closing));
    gate.countDown();
    slow.get();
    closing.get();
    for (FutureTask<@Nullable Void> one : waiting) {
      one.get();
    }
    assertThat(records()).hasSize(50);
    assertThatExceptionOfType(StoreUnavailable.class)
        .isThrownBy(() -> append(database, audit, "late"));
    assertThatExceptionOfType(StoreUnavailable.class)
        .isThrownBy(() -> new OrganisationTable(database).all());
    assertThat(database.isReady()).isFalse();
  }

  @Test
  void goesOnAfterAnErrorThatIsNoException() {
    try (Database database = open()) {
      assertThatExceptionOfType(Throwable.class)
          .isThrownBy(() ->
              database.write(session -> {
                throw new StackOverflowError();
              }));
      append(database, new AuditTable(database), "after");
      assertThat(new AuditTable(database).byDecision("after")).hasSize(1);
    }
  }

  @Test
  void readsWhileAWriteIsUnderWay() throws Exception {
    try (Database database = open()) {
      CountDownLatch gate = new CountDownLatch(1);
      FutureTask<@Nullable Void> slow = slowWriter(database, gate);
      assertThat(new OrganisationTable(database).all()).isEmpty();
      gate.countDown();
      slow.get();
      assertThat(database.isReady()).isTrue();
    }
  }

  @Test
  void findsWhatItKeptAfterItIsOpenedAgain() {
    Organisation organisation = new Organisation("ssb", "971526920", "{\"nb\":\"SSB\"}");
    Organisation without = new Organisation("xyz", null, "{}");
    try (Database database = open()) {
      new OrganisationTable(database).put(List.of(organisation, without));
    }
    try (Database database = open()) {
      assertThat(new OrganisationTable(database).all()).containsExactly(organisation, without);
      assertThat(new OrganisationTable(database).codeOf("971526920")).isEqualTo("ssb");
      assertThat(new OrganisationTable(database).codeOf("974760673")).isNull();
    }
  }

  @Test
  void keepsClientsAndReplacesTheirKeysInOneStep() {
    try (Database database = open()) {
      ClientTable clients = new ClientTable(database);
      ClientRow row = new ClientRow("c1", "991825827", null, true, "{}", 1, 2);
      assertThat(clients.add(row)).isTrue();
      assertThat(clients.add(row)).isFalse();
      assertThat(clients.find("c1")).isEqualTo(row);
      assertThat(clients.find("c2")).isNull();
      assertThat(clients.ownedBy("991825827", true)).containsExactly(row);
      assertThat(clients.ownedBy("991825827", false)).isEmpty();
      clients.putKeys("c1", List.of(new KeyRow("k1", "{}", 1, 2), new KeyRow("k2", "{}", 1, 2)));
      clients.putKeys("c1", List.of(new KeyRow("k3", "{}", 3, 4)));
      assertThat(clients.keys("c1")).containsExactly(new KeyRow("k3", "{}", 3, 4));
      assertThat(clients.keys("c2")).isEmpty();
    }
  }

  @Test
  void findsNothingByATextWithANulAndKeepsNone() {
    try (Database database = open()) {
      ClientTable clients = new ClientTable(database);
      assertThat(clients.add(new ClientRow("c1", "991825827", null, true, "{}", 1, 2))).isTrue();
      assertThat(clients.find("c1\0")).isNull();
      assertThat(clients.find("\0c1")).isNull();
      assertThat(clients.keys("c\0001")).isEmpty();
      assertThat(clients.find("c1\ud800")).isNull();
      assertThatIllegalArgumentException()
          .isThrownBy(
              () -> clients.add(new ClientRow("c\0002", "991825827", null, true, "{}", 1, 2)));
      assertThat(clients.find("c1")).isNotNull();
    }
  }

  @Test
  void keepsScopesAndTheirAccesses() {
    try (Database database = open()) {
      ScopeTable scopes = new ScopeTable(database);
      ScopeRow row = new ScopeRow("a:b", "991825827", true, "{}", 1, 2);
      assertThat(scopes.add(row)).isTrue();
      assertThat(scopes.add(row)).isFalse();
      assertThat(scopes.find("a:b")).isEqualTo(row);
      assertThat(scopes.find("a:c")).isNull();
      assertThat(scopes.access("a:b", "974760673")).isNull();
      scopes.putAccess("a:b", "974760673", "DENIED", 5);
      assertThat(scopes.putAccess("a:b", "974760673", ScopeTable.APPROVED, 6))
          .isEqualTo(new AccessRow("a:b", "974760673", "APPROVED", 5, 6));
      assertThat(scopes.accesses("a:b")).hasSize(1);
      scopes.putPrefix("a", "991825827");
      scopes.putPrefix("a", "974760673");
      assertThat(scopes.ownerOfPrefix("a")).isEqualTo("991825827");
    }
  }

  @Test
  void letsAMessageThroughOnceHoweverManyComeAtOnce() throws Exception {
    try (Database one = open();
        Database other = open()) {
      List<FutureTask<Boolean>> uses = new ArrayList<>();
      for (int i = 0; i < 40; i++) {
        Database database = i % 2 == 0 ? one : other;
        ReplayTable replays = new ReplayTable(database);
        uses.add(
            start(
                () -> database.write(session -> replays.add(session, "message", Long.MAX_VALUE))));
      }
      int first = 0;
      for (FutureTask<Boolean> use : uses) {
        first += use.get() ? 1 : 0;
      }
      assertThat(first).isEqualTo(1);
    }
  }

  @Test
  void remembersHowFarItHasForgotten() {
    try (Database database = open()) {
      ReplayTable replays = new ReplayTable(database);
      for (int i = 1; i <= 5; i++) {
        long expires = i * 100L;
        assertThat(database.<Boolean>write(session -> replays.add(session, "m" + expires, expires)))
            .isTrue();
      }
      replays.forgetExpired(301, 2);
      assertThat(used(database)).containsExactly("m400", "m500");
      // A clock that was set back would let the forgotten message through again.
      assertThat(database.<Boolean>write(session -> replays.add(session, "m300", 300))).isFalse();
      assertThat(database.<Boolean>write(session -> replays.add(session, "m400", 400))).isFalse();
      assertThat(database.<Boolean>write(session -> replays.add(session, "new", 301))).isTrue();
      // One far ahead finds nothing of the far future, and refuses nothing of it.
      replays.forgetExpired(1_000_000, 100);
      assertThat(used(database)).isEmpty();
      assertThat(database.<Boolean>write(session -> replays.add(session, "later", 600))).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 100, 1000})
  void forgetsWhatExpiredAndNothingElseHoweverFewItLooksAtTogether(int together) {
    try (Database database = open()) {
      ReplayTable replays = new ReplayTable(database);
      Set<String> kept = new TreeSet<>();
      boolean _ =
          database.record(session -> {
            for (int i = 0; i < 100; i++) {
              String message = "m" + (100 + i * 37 % 100);
              assertThat(replays.add(session, message, i)).isTrue();
              if (i >= 40) {
                kept.add(message);
              }
            }
            return true;
          });
      replays.forgetExpired(40, together);
      assertThat(used(database)).containsExactlyElementsOf(kept);
      replays.forgetExpired(40, together);
      assertThat(used(database)).hasSize(60);
      replays.forgetExpired(100, together);
      assertThat(used(database)).isEmpty();
    }
  }

  private static List<String> used(Database database) {
    return database.read(session ->
        session.query(
            row -> row.getString(1), "SELECT message FROM used_message ORDER BY message"));
  }

  @Test
  void tellsTheSecondOfTwoThatChangeKeysAtOnce() {
    try (Database one = open();
        Database other = open()) {
      SigningKeyTable keys = new SigningKeyTable(one);
      SigningKeyTable same = new SigningKeyTable(other);
      long epoch = keys.ofRole("r").epoch();
      SigningKeyRow row =
          new SigningKeyRow("r", "k1", "RS256", "c", "p", "store", 1, 2, 3L, null, null);
      assertThat(one.<Boolean>write(it -> keys.replace(it, "r", epoch, List.of(row)))).isTrue();
      assertThat(other.<Boolean>write(it -> same.replace(it, "r", epoch, List.of()))).isFalse();
      assertThat(same.ofRole("r").keys()).containsExactly(row);
      long now = same.ofRole("r").epoch();
      assertThat(now).isNotEqualTo(epoch).isEqualTo(keys.epoch("r"));
      assertThat(other.<Boolean>write(it -> same.replace(it, "r", now, List.of()))).isTrue();
      assertThat(keys.ofRole("r").keys()).isEmpty();
    }
  }

  @Test
  void numbersCheckpointsWithoutTwoOfOneNumber() {
    try (Database database = open()) {
      CheckpointTable checkpoints = new CheckpointTable(database);
      assertThat(checkpoints.last()).isNull();
      CheckpointRow first = new CheckpointRow(1, 100, "a.b.c");
      assertThat(database.<Boolean>write(it -> CheckpointTable.add(it, first))).isTrue();
      CheckpointRow again = new CheckpointRow(1, 101, "d.e.f");
      assertThat(database.<Boolean>write(it -> CheckpointTable.add(it, again))).isFalse();
      CheckpointRow second = new CheckpointRow(2, 200, "g.h.i");
      assertThat(database.<Boolean>write(it -> CheckpointTable.add(it, second))).isTrue();
      assertThat(checkpoints.last()).isEqualTo(second);
      assertThat(checkpoints.lastBefore(200)).isEqualTo(first);
      assertThat(checkpoints.lastBefore(100)).isNull();
      assertThat(checkpoints.after(0, 10)).containsExactly(first, second);
      database.write(it -> {
        CheckpointTable.removeBefore(it, 2);
        return null;
      });
      assertThat(checkpoints.after(0, 10)).containsExactly(second);
    }
  }

  @Test
  void givesEveryoneTheSameSecret() {
    try (Database one = open();
        Database other = open()) {
      new SecretTable(one).addIfMissing("s", "first", 1);
      new SecretTable(other).addIfMissing("s", "second", 2);
      assertThat(new SecretTable(other).find("s")).isEqualTo("first");
      assertThat(new SecretTable(other).find("t")).isNull();
    }
  }

  @Test
  void removesOldRecordsAndGoesOnWithTheChain() {
    try (Database database = open()) {
      AuditTable audit = new AuditTable(database);
      for (int i = 0; i < 5; i++) {
        append(database, audit, "d" + i);
      }
      AuditTable.Place end = audit.ends().get(0);
      assertThat(database.<Integer>write(it -> AuditTable.removeThrough(it, end.chain(), 3)))
          .isEqualTo(3);
      append(database, audit, "next");
      List<AuditTable.Entry> left = audit.after(end.chain(), 0, 0, 10);
      assertThat(left).extracting(AuditTable.Entry::seq).containsExactly(4L, 5L, 6L);
      assertThat(left.get(2).hash())
          .isEqualTo(
              HexFormat.of()
                  .formatHex(
                      AuditTable.chain(
                          HexFormat.of().parseHex(left.get(1).hash()), left.get(2).record())));
      assertThat(audit.hashAt(end.chain(), 3)).isNull();
      assertThat(audit.hashAt(end.chain(), 5)).isEqualTo(end.hash());
    }
  }

  @Test
  void refusesAStoreOfANewerVersion() {
    open().close();
    sql(
        "INSERT INTO flyway_schema_history SELECT 99, '99', 'later', type, 'V99__later.sql',"
            + " checksum, installed_by, installed_on, execution_time, success"
            + " FROM flyway_schema_history WHERE installed_rank = 1");
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(this::open)
        .withMessageContaining(" is of a newer version of Portvakt (schema 99,")
        .withMessageEndingWith("use that version, or another place for the data.");
  }

  static @Nullable Void append(Database database, AuditTable audit, String decision) {
    return database.write(session -> {
      audit.append(session, decision, 0, "{\"id\":\"" + decision + "\"}");
      return null;
    });
  }
}

package no.portvakt.server.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import no.portvakt.server.AuditRecords;
import no.portvakt.server.store.Database.UnusableData;
import no.portvakt.server.store.OrganisationTable.Organisation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store: what returned is durable, one caller's failure is its own, and bad folders say so. */
class StoreTest {
  @TempDir private Path folder;

  @Test
  void keepsWhatManyThreadsWriteAtOnce() throws Exception {
    try (Database database = Database.open(folder)) {
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
    assertThat(AuditRecords.in(folder)).hasSize(200);
    AuditRecords.assertChained(AuditRecords.in(folder));
  }

  @Test
  void sharesOneTransactionAmongThoseWhoWait() throws Exception {
    Set<Long> transactions = ConcurrentHashMap.newKeySet();
    try (Database database = Database.open(folder)) {
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
    AuditRecords.assertChained(AuditRecords.in(folder));
  }

  @Test
  void doesNotLetOneFailureSpoilTheOthers() throws Exception {
    try (Database database = Database.open(folder)) {
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
    assertThat(AuditRecords.in(folder)).hasSize(30);
    AuditRecords.assertChained(AuditRecords.in(folder));
  }

  @Test
  void leavesNothingOfAWriteThatFailed() {
    try (Database database = Database.open(folder)) {
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
    assertThat(AuditRecords.in(folder)).hasSize(4);
    AuditRecords.assertChained(AuditRecords.in(folder));
  }

  @Test
  void goesOnAfterAnErrorThatIsNoException() {
    try (Database database = Database.inMemory()) {
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
    for (boolean inMemory : new boolean[] {true, false}) {
      try (Database database = inMemory ? Database.inMemory() : Database.open(folder)) {
        CountDownLatch gate = new CountDownLatch(1);
        FutureTask<@Nullable Void> slow = slowWriter(database, gate);
        assertThat(new OrganisationTable(database).all()).isEmpty();
        gate.countDown();
        slow.get();
        assertThat(database.isReady()).isTrue();
      }
    }
  }

  @Test
  void letsTwoProgramsWriteToOneFolder() throws Exception {
    // An import while the server runs.
    try (Database one = Database.open(folder);
        Database other = Database.open(folder)) {
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
    assertThat(AuditRecords.in(folder)).hasSize(400);
    AuditRecords.assertChained(AuditRecords.in(folder));
  }

  @Test
  void writesWhatWaitsWhenItIsClosed() throws Exception {
    Database database = Database.open(folder);
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
    assertThat(AuditRecords.in(folder)).hasSize(50);
    assertThatExceptionOfType(StoreUnavailable.class)
        .isThrownBy(() -> append(database, audit, "late"));
    assertThatExceptionOfType(StoreUnavailable.class)
        .isThrownBy(() -> new OrganisationTable(database).all());
    assertThat(database.isReady()).isFalse();
  }

  @Test
  void findsWhatItKeptAfterItIsOpenedAgain() {
    Organisation organisation = new Organisation("ssb", "971526920", "{\"nb\":\"SSB\"}");
    try (Database database = Database.open(folder)) {
      new OrganisationTable(database).put(List.of(organisation));
    }
    assertThat(Database.existsIn(folder)).isTrue();
    try (Database database = Database.open(folder)) {
      assertThat(new OrganisationTable(database).all()).containsExactly(organisation);
      assertThat(new OrganisationTable(database).codeOf("971526920")).isEqualTo("ssb");
    }
  }

  @Test
  void keepsStoresInMemoryApart() {
    try (Database one = Database.inMemory();
        Database other = Database.inMemory()) {
      append(one, new AuditTable(one), "d");
      assertThat(new AuditTable(one).byDecision("d")).hasSize(1);
      assertThat(new AuditTable(other).byDecision("d")).isEmpty();
    }
  }

  @Test
  void refusesAFolderOfANewerVersion() {
    Database.open(folder).close();
    AuditRecords.sql(
        folder,
        "INSERT INTO flyway_schema_history SELECT 99, '99', 'later', type, 'V99__later.sql',"
            + " checksum, installed_by, installed_on, execution_time, success"
            + " FROM flyway_schema_history LIMIT 1");
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() -> Database.open(folder))
        .withMessageStartingWith("The data folder is of a newer version of Portvakt (schema 99,")
        .withMessageEndingWith("use that version or another folder.");
  }

  @Test
  void refusesAFolderThatCannotBe() throws Exception {
    Path file = Files.writeString(folder.resolve("a-file"), "not a folder");
    for (Path impossible : List.of(file, file.resolve("below"), Path.of("/proc/portvakt"))) {
      assertThatExceptionOfType(UnusableData.class)
          .isThrownBy(() -> Database.open(impossible))
          .withMessage(
              "The data folder " + impossible + " can't be written; choose another with --data.");
    }
  }

  @Test
  void refusesAFileOfAnotherProgram() throws Exception {
    Files.writeString(folder.resolve("portvakt.db"), "This is no database. ".repeat(1000));
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() -> Database.open(folder))
        .withMessageContaining("another program's file");
    Path second = Files.createDirectories(folder.resolve("second/portvakt.db")).getParent();
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() -> Database.open(Objects.requireNonNull(second)));
  }

  private static @Nullable Void append(Database database, AuditTable audit, String decision) {
    return database.write(session -> {
      audit.append(session, decision, 0, "{\"id\":\"" + decision + "\"}");
      return null;
    });
  }

  /** Fills the queue while the writer is held up, then lets it go. */
  private static List<FutureTask<@Nullable Void>> behindASlowWriter(
      Database database, int count, Session.Work<@Nullable Void> work) throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    FutureTask<@Nullable Void> slow = slowWriter(database, gate);
    List<FutureTask<@Nullable Void>> waiting = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      waiting.add(start(() -> database.write(work)));
    }
    awaitWaiting(waiting);
    gate.countDown();
    slow.get();
    return waiting;
  }

  /** Occupies the one writer until the gate opens; returns when it is occupied. */
  private static FutureTask<@Nullable Void> slowWriter(Database database, CountDownLatch gate)
      throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    FutureTask<@Nullable Void> slow =
        start(() ->
            database.write(session -> {
              begun.countDown();
              try {
                gate.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return null;
            }));
    begun.await();
    return slow;
  }

  private static final Set<Running> RUNNING = ConcurrentHashMap.newKeySet();

  private record Running(FutureTask<?> task, Thread thread) {}

  private static <T extends @Nullable Object> FutureTask<T> start(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    RUNNING.add(new Running(task, Thread.ofPlatform().daemon().start(task)));
    return task;
  }

  /** Returns when all these threads wait for the writer. */
  private static void awaitWaiting(List<? extends FutureTask<?>> tasks) {
    for (Running running : RUNNING) {
      if (tasks.contains(running.task)) {
        while (running.thread.getState() == Thread.State.RUNNABLE
            || running.thread.getState() == Thread.State.NEW) {
          Thread.onSpinWait();
        }
      }
    }
  }
}

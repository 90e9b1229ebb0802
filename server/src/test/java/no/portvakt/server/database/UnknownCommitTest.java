package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.zaxxer.hikari.HikariConfig;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import no.portvakt.server.TestStore;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.ReplayTable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A commit whose answer is lost, as when the network breaks after the database has committed. It
 * must not be done a second time, and nobody may act on it.
 */
class UnknownCommitTest {
  private final AtomicInteger commitsToLose = new AtomicInteger();
  private final AtomicInteger commits = new AtomicInteger();
  private final AtomicInteger beginsToFail = new AtomicInteger();
  private final Database database;
  private final GroupCommit writer;

  UnknownCommitTest(@TempDir Path folder) {
    TestStore store = TestStore.in(folder);
    database = store.open(); // makes the tables, and reads
    PostgresAddress postgres = store.postgres();
    Engine engine = postgres == null ? SqliteEngine.in(folder) : new PostgresEngine(postgres);
    writer = new GroupCommit(new Lossy(engine));
  }

  @AfterEach
  void close() {
    writer.close();
    database.close();
  }

  @Test
  void isNotRepeatedAndUsesUpTheMessage() {
    ReplayTable replays = new ReplayTable(database);
    AuditTable audit = new AuditTable(database);
    commitsToLose.set(1);
    assertThatExceptionOfType(StoreUnavailable.class)
        .isThrownBy(() -> writer.submit(it -> use(it, replays, audit, "m1", "first"), false));
    assertThat(commits).hasValue(1);
    assertThat(audit.byDecision("first")).hasSize(1);
    assertThat(writer.<Boolean>submit(it -> use(it, replays, audit, "m1", "again"), false))
        .isFalse();
    assertThat(writer.<Boolean>submit(it -> use(it, replays, audit, "m2", "other"), false))
        .isTrue();
    assertChained();
  }

  @Test
  void isNotRepeatedForAnyOfThoseWhoSharedIt() throws Exception {
    ReplayTable replays = new ReplayTable(database);
    AuditTable audit = new AuditTable(database);
    CountDownLatch gate = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(1);
    List<Future<Boolean>> uses = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<@Nullable Void> slow =
          threads.submit(() -> writer.submit(_ -> hold(begun, gate), false));
      begun.await();
      CountDownLatch submitted = new CountDownLatch(50);
      for (int i = 0; i < 50; i++) {
        String message = "m" + i;
        uses.add(
            threads.submit(() -> {
              submitted.countDown();
              return writer.submit(it -> use(it, replays, audit, message, message), false);
            }));
      }
      submitted.await();
      commitsToLose.set(2); // the slow one's own, and the one of those who wait
      gate.countDown();
      assertThatExceptionOfType(ExecutionException.class)
          .isThrownBy(slow::get)
          .withCauseInstanceOf(StoreUnavailable.class);
    }
    int unknown = 0;
    for (int i = 0; i < uses.size(); i++) {
      // Whoever came too late to share the lost commit was told the truth.
      unknown += failed(uses.get(i)) ? 1 : 0;
      String message = "m" + i;
      assertThat(audit.byDecision(message)).hasSize(1);
      assertThat(writer.<Boolean>submit(it -> use(it, replays, audit, message, "again"), false))
          .isFalse();
    }
    assertThat(unknown).isPositive();
    assertChained();
  }

  @Test
  void triesAgainOnANewConnectionWhatCannotHaveBeenDone() {
    ReplayTable replays = new ReplayTable(database);
    AuditTable audit = new AuditTable(database);
    assertThat(writer.<Boolean>submit(it -> use(it, replays, audit, "m0", "d0"), false)).isTrue();
    beginsToFail.set(1); // the connection was cut while it was idle
    assertThat(writer.<Boolean>submit(it -> use(it, replays, audit, "m1", "d1"), false)).isTrue();
    assertThat(audit.byDecision("d1")).hasSize(1);
    beginsToFail.set(2);
    assertThatExceptionOfType(StoreUnavailable.class)
        .isThrownBy(() -> writer.submit(it -> use(it, replays, audit, "m2", "d2"), false));
    assertThat(audit.byDecision("d2")).isEmpty();
    assertThat(writer.<Boolean>submit(it -> use(it, replays, audit, "m2", "d2"), false)).isTrue();
    assertChained();
  }

  private static boolean use(
      Session session, ReplayTable replays, AuditTable audit, String message, String decision) {
    boolean first = replays.add(session, message, Long.MAX_VALUE);
    audit.append(session, decision, 0, "{\"first\":" + first + "}");
    return first;
  }

  private static @Nullable Void hold(CountDownLatch begun, CountDownLatch gate) {
    begun.countDown();
    try {
      gate.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return null;
  }

  private static boolean failed(Future<Boolean> use) throws InterruptedException {
    try {
      assertThat(use.get()).isTrue();
      return false;
    } catch (ExecutionException e) {
      assertThat(e).hasCauseInstanceOf(StoreUnavailable.class);
      return true;
    }
  }

  private void assertChained() {
    AuditTable audit = new AuditTable(database);
    for (AuditTable.Place end : audit.ends()) { // a new connection may begin a chain of its own
      StoreContract.assertChained(audit.after(end.chain(), 0, 0, Integer.MAX_VALUE));
    }
  }

  /** A store whose answers get lost. */
  private final class Lossy implements Engine {
    private final Engine real;

    Lossy(Engine real) {
      this.real = real;
    }

    @Override
    public DataSource source() {
      return proxy(
          DataSource.class,
          real.source(),
          (name, _, result) ->
              name.equals("getConnection") ? lossy((Connection) result.get()) : result.get());
    }

    private Connection lossy(Connection connection) {
      return proxy(
          Connection.class,
          connection,
          (name, arguments, result) -> {
            boolean sets = name.equals("setAutoCommit") && arguments.length == 1;
            if (sets
                && arguments[0].equals(false)
                && beginsToFail.getAndUpdate(it -> Math.max(it - 1, 0)) > 0) {
              throw new SQLException("The connection was cut before.");
            }
            Object returned = result.get();
            if (sets && arguments[0].equals(true)) {
              commits.incrementAndGet();
              if (commitsToLose.getAndUpdate(it -> Math.max(it - 1, 0)) > 0) {
                throw new SQLException("The answer is lost, and the commit is not.");
              }
            }
            return returned;
          });
    }

    @Override
    public DataSource migrationSource() {
      return real.migrationSource();
    }

    @Override
    public String inKeyOrder() {
      return real.inKeyOrder();
    }

    @Override
    public @Nullable String problemOf(Connection connection) throws SQLException {
      return real.problemOf(connection);
    }

    @Override
    public void configure(HikariConfig pool) {
      real.configure(pool);
    }

    @Override
    public boolean isShared() {
      return real.isShared();
    }

    @Override
    public int claimWriter(Connection connection) throws SQLException {
      return real.claimWriter(connection);
    }

    @Override
    public void announce(Session session, String topic) {
      real.announce(session, topic);
    }

    @Override
    public AutoCloseable listen(Announcements.Listeners listeners) {
      return real.listen(listeners);
    }

    @Override
    public void copyTo(Path file) throws SQLException {
      real.copyTo(file);
    }

    @Override
    public Database.UnusableData unusable(Throwable cause) {
      return real.unusable(cause);
    }

    @Override
    public String name() {
      return real.name();
    }
  }

  @FunctionalInterface
  private interface Result {
    Object get() throws Throwable;
  }

  @FunctionalInterface
  private interface Interception {
    Object call(String name, Object[] arguments, Result result) throws Throwable;
  }

  private static <T> T proxy(Class<T> type, T real, Interception interception) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> {
              Object[] given = arguments == null ? new Object[0] : arguments;
              return interception.call(
                  method.getName(),
                  given,
                  () -> {
                    try {
                      return method.invoke(real, given);
                    } catch (InvocationTargetException e) {
                      throw e.getTargetException();
                    }
                  });
            }));
  }
}

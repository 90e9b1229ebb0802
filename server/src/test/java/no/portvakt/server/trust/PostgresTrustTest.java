package no.portvakt.server.trust;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import no.portvakt.server.TestPostgres;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.trust.Lockout.Allowed;
import no.portvakt.server.trust.Lockout.Locked;
import org.junit.jupiter.api.Test;

class PostgresTrustTest extends LockoutContract {
  private final PostgresAddress store = TestPostgres.fresh();

  @Override
  Database open() {
    return Database.connect(store);
  }

  // A flood of attempts must not hold up those who write.
  @Test
  void refusesALockedSubjectWithoutAWrite() throws SQLException {
    try (Database database = open();
        Connection connection = connect();
        Statement statement = connection.createStatement()) {
      Lockout lockout = lockout(database);
      for (int i = 0; i < 3; i++) {
        assertThat(lockout.begin(PIN, "a", clock.instant())).isInstanceOf(Allowed.class);
      }
      statement.execute("LOCK TABLE attempt IN EXCLUSIVE MODE"); // who reads doesn't wait for it
      for (int i = 0; i < 2; i++) {
        assertThat(lockout.begin(PIN, "a", clock.instant())).isInstanceOf(Locked.class);
      }
    }
  }

  @Test
  void keepsARowThatAnotherNodeRenewsWhileItIsForgotten() throws Exception {
    try (Database database = open();
        Connection connection = connect();
        Statement statement = connection.createStatement();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Lockout lockout = lockout(database);
      assertThat(lockout.begin(PIN, "a", clock.instant())).isInstanceOf(Allowed.class);
      assertThat(lockout.begin(PIN, "b", clock.instant())).isInstanceOf(Allowed.class);
      clock.advance(PIN.forgottenAfter());
      long later = clock.instant().plus(PIN.forgottenAfter()).toEpochMilli();
      statement.execute(
          "UPDATE attempt SET expires = "
              + later
              + " WHERE subject = '"
              + ReplayGuard.hash("pin", "a")
              + "'");
      Future<?> forgotten = threads.submit(() -> lockout.forgetExpired(clock.instant()));
      TestPostgres.awaitLocked(store, 1);
      connection.commit();
      forgotten.get();
      assertThat(TestPostgres.query(store, "SELECT subject FROM attempt"))
          .containsExactly(ReplayGuard.hash("pin", "a"));
    }
  }

  private Connection connect() throws SQLException {
    Connection connection = DriverManager.getConnection(store.url(), "postgres", null);
    connection.setAutoCommit(false);
    return connection;
  }
}

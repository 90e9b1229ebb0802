package no.portvakt.server.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import no.portvakt.server.TestPostgres;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.store.AuditTable;
import org.junit.jupiter.api.Test;

/** Checkpoints over PostgreSQL, where each node has a chain of its own. */
class PostgresCheckpointsTest extends RetentionContract {
  PostgresCheckpointsTest() {
    super(nodesOn(TestPostgres.fresh()));
  }

  private static Supplier<Database> nodesOn(PostgresAddress address) {
    return () -> Database.connect(address);
  }

  @Test
  void forgetsNothingWhenAnotherNodesCheckpointCameFirst() throws Exception {
    PostgresAddress address = TestPostgres.fresh();
    try (Database node = Database.connect(address)) {
      forgetAgainst(address, node);
    }
  }

  private void forgetAgainst(PostgresAddress address, Database node) throws Exception {
    Checkpoints own = checkpoints(node, KeptAudit.KEY);
    append(node, 3);
    own.sign();
    clock.advance(MONTH.multipliedBy(2));
    append(node, 1);
    own.sign();
    try (Connection other = DriverManager.getConnection(address.url(), "postgres", null);
        Statement statement = other.createStatement()) {
      other.setAutoCommit(false);
      statement.execute("INSERT INTO audit_checkpoint (number, time, document) VALUES (3, 0, '')");
      FutureTask<Long> forgotten = start(() -> own.forget(MONTH));
      while (TestPostgres.query(
              address,
              "SELECT 1 FROM pg_stat_activity"
                  + " WHERE datname = current_database() AND wait_event_type = 'Lock'")
          .isEmpty()) {
        assertThat(forgotten.isDone()).isFalse();
      }
      other.commit();
      assertThat(forgotten.get()).isZero();
    }
    assertThat(new AuditTable(node).after(0, 0, 0, 10)).hasSize(4);
  }
}

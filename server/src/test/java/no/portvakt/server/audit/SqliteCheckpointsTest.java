package no.portvakt.server.audit;

import java.util.function.Supplier;
import no.portvakt.server.database.Database;

/** Checkpoints over SQLite in memory, where all nodes are one. */
class SqliteCheckpointsTest extends RetentionContract {
  SqliteCheckpointsTest() {
    super(always(Database.inMemory()));
  }

  private static Supplier<Database> always(Database only) {
    return () -> only;
  }
}

package no.portvakt.server;

import java.nio.file.Path;
import java.util.List;
import java.util.function.UnaryOperator;
import no.portvakt.server.AuditRecords.Stored;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import org.jspecify.annotations.Nullable;

/**
 * Where a server keeps everything when its test looks into it as well: a folder, or a database of
 * its own when the tests run on PostgreSQL.
 */
public final class TestStore {
  private final Path folder;
  private final @Nullable PostgresAddress postgres;

  private TestStore(Path folder, @Nullable PostgresAddress postgres) {
    this.folder = folder;
    this.postgres = postgres;
  }

  /** The store in this folder, or in PostgreSQL instead. */
  public static TestStore in(Path folder) {
    return new TestStore(folder, TestPostgres.CHOSEN ? TestPostgres.fresh() : null);
  }

  /** A change that keeps everything there. */
  public UnaryOperator<Settings> settings() {
    return postgres == null ? TestStack.in(folder) : TestStack.on(postgres);
  }

  /** Opens it once more, while the server has it open or later. */
  public Database open() {
    return postgres == null ? Database.open(folder) : Database.connect(postgres);
  }

  /** All audit records by their place. */
  public List<Stored> records() {
    return postgres == null ? AuditRecords.in(folder) : AuditRecords.in(postgres);
  }
}

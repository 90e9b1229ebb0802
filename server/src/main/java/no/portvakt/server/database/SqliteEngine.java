package no.portvakt.server.database;

import com.zaxxer.hikari.HikariConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.UUID;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * SQLite in a file or in memory, with WAL and {@code synchronous=FULL}: what a write returned from
 * survives a crash of process and machine.
 */
final class SqliteEngine implements Engine {
  static final String FILE_NAME = "portvakt.db";

  /** SQLite lets one writer in at a time, whichever process it is in: one chain is enough. */
  private static final int ONLY_CHAIN = 0;

  /** Holds the records of about 300,000 used messages. */
  private static final int WRITER_CACHE_KIB = 16 * 1024;

  private final SQLiteDataSource source;

  private SqliteEngine(SQLiteConfig config, String url) {
    config.setBusyTimeout(5_000);
    config.setGetGeneratedKeys(false); // the driver would run a query of its own after each write
    source = new SQLiteDataSource(config);
    source.setUrl(url);
  }

  static void makeFolder(Path folder) {
    try {
      OwnerOnly.createFolder(folder);
    } catch (IOException e) {
      throw unwritable(folder, e);
    }
    if (!Files.isWritable(folder)) {
      throw unwritable(folder, null);
    }
  }

  /**
   * The store in a folder; it is made when it is missing.
   *
   * @throws Database.UnusableData when the folder can't be written
   */
  static SqliteEngine in(Path folder) {
    try {
      OwnerOnly.createFile(folder.resolve(FILE_NAME));
    } catch (IOException e) {
      throw unwritable(folder, e);
    }
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    // A write waits for its turn: a transaction that reads first would fail at once when another
    // program (an import) wrote in between.
    config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    // Checkpoints of 64 MiB instead of 4: pages that many commits touch are copied once, and
    // callers
    // wait for it less often.
    config.setPragma(SQLiteConfig.Pragma.WAL_AUTOCHECKPOINT, "16000");
    return new SqliteEngine(config, "jdbc:sqlite:" + folder.resolve(FILE_NAME).toAbsolutePath());
  }

  /** A store that lives in memory and ends with its last connection. */
  static SqliteEngine inMemory() {
    SQLiteConfig config = new SQLiteConfig();
    config.setSharedCache(true);
    config.setReadUncommitted(true); // with a shared cache, a reader would lock the writer out
    String name = "portvakt-" + UUID.randomUUID();
    return new SqliteEngine(config, "jdbc:sqlite:file:" + name + "?mode=memory&cache=shared");
  }

  @Override
  public DataSource source() {
    return source;
  }

  @Override
  public DataSource migrationSource() {
    return source;
  }

  @Override
  public String inKeyOrder() {
    return "WITHOUT ROWID";
  }

  @Override
  public @Nullable String problemOf(Connection connection) {
    return null;
  }

  @Override
  public void configure(HikariConfig pool) {
    pool.setMinimumIdle(1);
    pool.setMaxLifetime(0);
    pool.setIdleTimeout(0);
  }

  @Override
  public boolean isShared() {
    return false;
  }

  @Override
  public int claimWriter(Connection connection) throws SQLException {
    // The writer touches pages all over the table of used messages; with less it would read each
    // of them from the file again.
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA cache_size = -" + WRITER_CACHE_KIB);
    }
    return ONLY_CHAIN;
  }

  @Override
  public void announce(Session session, String topic) {
    // There are no other nodes; other programs on the same folder are found by polling.
  }

  @Override
  public AutoCloseable listen(Announcements.Listeners listeners) {
    return () -> {};
  }

  @Override
  public void copyTo(Path file) throws SQLException {
    try (Connection connection = source.getConnection();
        PreparedStatement copy = connection.prepareStatement("VACUUM INTO ?")) {
      copy.setString(1, file.toAbsolutePath().toString());
      copy.execute();
    }
  }

  @Override
  public Database.UnusableData unusable(Throwable cause) {
    return new Database.UnusableData(
        "The store can't be opened: is another program's file in its place?", cause);
  }

  @Override
  public String name() {
    return "data folder";
  }

  static Database.UnusableData unwritable(Path folder, @Nullable Throwable cause) {
    return new Database.UnusableData(
        "The data folder "
            + folder
            + " can't be written; name another with --data or the setting data.",
        cause);
  }
}

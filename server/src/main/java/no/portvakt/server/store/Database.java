package no.portvakt.server.store;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.sqlite.SQLiteConfig;
import org.sqlite.SQLiteDataSource;

/**
 * The store: reads on a small pool, writes through one {@link GroupCommit}. SQLite with WAL and
 * {@code synchronous=FULL}: what a write returned from survives a crash of process and machine.
 */
public final class Database implements AutoCloseable {
  private static final String FILE_NAME = "portvakt.db";
  private static final int READERS = 8;
  private static final String LATEST_AUDIT = "SELECT MAX(seq) FROM audit";
  private static final long CONNECT_PATIENCE_MILLIS = 5_000;

  private final HikariDataSource pool;
  private final GroupCommit writer;

  /** Makes a connection of its own. */
  @FunctionalInterface
  interface Connector {
    Connection connect() throws SQLException;
  }

  /** The data folder can't be used as it is. */
  public static final class UnusableData extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnusableData(String sentence, @Nullable Throwable cause) {
      super(sentence, cause);
    }
  }

  // The writer's connection is not the pool's: when a transaction can't even begin, the connection
  // is in an unknown state, and must be thrown away instead of being handed on.
  private Database(HikariDataSource pool, Connector connector) {
    this.pool = pool;
    this.writer = new GroupCommit(connector);
  }

  /**
   * Opens the store in a folder, making both when they are missing.
   *
   * @throws UnusableData when the folder can't be written or is of a newer version
   */
  public static Database open(Path folder) {
    try {
      OwnerOnly.createFolder(folder);
      OwnerOnly.createFile(folder.resolve(FILE_NAME));
    } catch (IOException e) {
      throw unwritable(folder, e);
    }
    if (!Files.isWritable(folder)) {
      throw unwritable(folder, null);
    }
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    // A write waits for its turn: a transaction that reads first would fail at once when another
    // program (an import) wrote in between.
    config.setTransactionMode(SQLiteConfig.TransactionMode.IMMEDIATE);
    // Checkpoints of 16 MiB instead of 4: pages that many commits touch are copied once.
    config.setPragma(SQLiteConfig.Pragma.WAL_AUTOCHECKPOINT, "4000");
    return open(config, "jdbc:sqlite:" + folder.resolve(FILE_NAME).toAbsolutePath(), READERS);
  }

  /** Opens a store that lives in memory and ends with this object. */
  public static Database inMemory() {
    SQLiteConfig config = new SQLiteConfig();
    config.setSharedCache(true);
    config.setReadUncommitted(true); // with a shared cache, a reader would lock the writer out
    String name = "portvakt-" + UUID.randomUUID();
    return open(config, "jdbc:sqlite:file:" + name + "?mode=memory&cache=shared", READERS);
  }

  /** Whether a folder holds a store. */
  public static boolean existsIn(Path folder) {
    return Files.isRegularFile(folder.resolve(FILE_NAME));
  }

  private static Database open(SQLiteConfig config, String url, int connections) {
    config.setBusyTimeout(5_000);
    config.setGetGeneratedKeys(false); // the driver would run a query of its own after each write
    SQLiteDataSource source = new SQLiteDataSource(config);
    source.setUrl(url);
    HikariConfig pool = new HikariConfig();
    pool.setDataSource(source);
    pool.setMaximumPoolSize(connections);
    pool.setMinimumIdle(1);
    pool.setMaxLifetime(0);
    pool.setIdleTimeout(0);
    pool.setConnectionTimeout(CONNECT_PATIENCE_MILLIS);
    pool.setPoolName("store");
    HikariDataSource dataSource;
    try {
      dataSource = new HikariDataSource(pool);
    } catch (HikariPool.PoolInitializationException e) {
      throw new UnusableData(
          "The store can't be opened: is another program's file in its place?", e);
    }
    try {
      Migrations.run(dataSource);
      return new Database(dataSource, source::getConnection);
    } catch (RuntimeException e) {
      dataSource.close();
      throw e;
    }
  }

  /**
   * Reads.
   *
   * @throws StoreUnavailable when the store does not answer
   */
  public <T extends @Nullable Object> T read(Session.Work<T> work) {
    try (Session session = new Session(pool.getConnection())) {
      return work.run(session);
    } catch (SQLException e) {
      throw new StoreUnavailable("The store can't be read.", e);
    }
  }

  /**
   * Writes, and returns after the write is durable.
   *
   * @throws StoreUnavailable when the store does not answer; the write may be repeated
   */
  public <T extends @Nullable Object> T write(Session.Work<T> work) {
    return writer.submit(work);
  }

  /** Whether the store answers, and takes writes: without an audit record nothing is decided. */
  public boolean isReady() {
    try {
      return write(session -> session.query(row -> row.getLong(1), LATEST_AUDIT)) != null;
    } catch (StoreUnavailable e) {
      return false;
    }
  }

  @Override
  public void close() {
    writer.close();
    pool.close();
  }

  private static UnusableData unwritable(Path folder, @Nullable Throwable cause) {
    return new UnusableData(
        "The data folder " + folder + " can't be written; choose another with --data.", cause);
  }
}

package no.portvakt.server.database;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import com.zaxxer.hikari.pool.HikariPool;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The store's database: reads on a small pool, writes through one {@link GroupCommit}. What a write
 * returned from is durable.
 */
public final class Database implements AutoCloseable {
  private static final int READERS = 8;
  private static final long CONNECT_PATIENCE_MILLIS = 5_000;

  private final Engine engine;
  private final HikariDataSource pool;
  private final GroupCommit writer;
  private final Map<Connection, Session> readers = new ConcurrentHashMap<>();
  private final Announcements.Listeners listeners = new Announcements.Listeners();
  private final AutoCloseable listening;

  /** The store can't be used as it is; the message is a sentence for who runs the platform. */
  public static final class UnusableData extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UnusableData(String sentence, @Nullable Throwable cause) {
      super(sentence, cause);
    }
  }

  // The writer's connection is not the pool's: when a transaction can't even begin, the connection
  // is in an unknown state, and must be thrown away instead of being handed on.
  private Database(Engine engine, HikariDataSource pool) {
    this.engine = engine;
    this.pool = pool;
    this.writer = new GroupCommit(engine);
    this.listening = engine.listen(listeners);
  }

  /**
   * Opens the store in a folder, making both when they are missing.
   *
   * @throws UnusableData when the folder can't be written or is of a newer version
   */
  public static Database open(Path folder) {
    makeFolder(folder);
    try (OpeningLock _ = OpeningLock.in(folder)) {
      return open(SqliteEngine.in(folder));
    }
  }

  /** Opens a store that lives in memory and ends with this object. */
  public static Database inMemory() {
    return open(SqliteEngine.inMemory());
  }

  /**
   * Opens a store in PostgreSQL, making its tables when they are missing.
   *
   * @throws UnusableData when it does not answer, is too old, or is of a newer version of Portvakt
   */
  public static Database connect(PostgresAddress address) {
    return open(new PostgresEngine(address));
  }

  /**
   * Makes the folder of a store, for its owner alone, when it is missing.
   *
   * @throws UnusableData when it can't be made or written
   */
  public static void makeFolder(Path folder) {
    SqliteEngine.makeFolder(folder);
  }

  /** Whether a folder holds a store. */
  public static boolean existsIn(Path folder) {
    return Files.isRegularFile(folder.resolve(SqliteEngine.FILE_NAME));
  }

  private static Database open(Engine engine) {
    HikariConfig config = new HikariConfig();
    config.setDataSource(engine.source());
    config.setMaximumPoolSize(READERS);
    config.setConnectionTimeout(CONNECT_PATIENCE_MILLIS);
    config.setPoolName("store");
    engine.configure(config);
    HikariDataSource pool;
    try {
      pool = new HikariDataSource(config);
    } catch (HikariPool.PoolInitializationException e) {
      throw engine.unusable(e);
    }
    try {
      Migrations.run(engine);
      return new Database(engine, pool);
    } catch (RuntimeException e) {
      pool.close();
      throw e;
    }
  }

  /**
   * Reads.
   *
   * @throws StoreUnavailable when the store does not answer
   */
  public <T extends @Nullable Object> T read(Session.Work<T> work) {
    try (Connection connection = pool.getConnection()) {
      try {
        return work.run(reader(connection.unwrap(Connection.class)));
      } catch (StoreUnavailable e) {
        pool.evictConnection(connection); // the pool does not see what our own statements meet
        throw e;
      }
    } catch (SQLException e) {
      throw new StoreUnavailable("The store can't be read.", e);
    }
  }

  /** The session of a pooled connection, with the statements that were prepared on it before. */
  private Session reader(Connection connection) throws SQLException {
    Session known = readers.get(connection);
    if (known != null) {
      return known;
    }
    for (Iterator<Connection> it = readers.keySet().iterator(); it.hasNext(); ) {
      if (it.next().isClosed()) {
        it.remove();
      }
    }
    Session session = new Session(connection, 0);
    readers.put(connection, session);
    return session;
  }

  /**
   * Writes, and returns after the write is durable.
   *
   * @throws StoreUnavailable when the store does not answer. The write may be repeated: if it was
   *     done all the same, nobody acted on it.
   */
  public <T extends @Nullable Object> T write(Session.Work<T> work) {
    return writer.submit(work, true);
  }

  /**
   * Writes a record of something: the same as {@link #write}, but no change to what {@link
   * #changes} tells of.
   */
  public <T extends @Nullable Object> T record(Session.Work<T> work) {
    return writer.submit(work, false);
  }

  /**
   * How often something but records was written, for who remembers what was read: a change is
   * counted before its {@link #write} returns. Negative when others write as well, and nobody can
   * count.
   */
  public long changes() {
    return engine.isShared() ? -1 : writer.changes();
  }

  /**
   * Writes a consistent copy into a new file while others read and write (SQLite only).
   *
   * @throws UnsupportedOperationException with PostgreSQL, which has tools of its own
   * @throws StoreUnavailable when it can't be done; the file may be there in part
   */
  public void copyTo(Path file) {
    try {
      engine.copyTo(file);
    } catch (SQLException e) {
      throw new StoreUnavailable("The store can't be copied to " + file + ".", e);
    }
  }

  /** Tells every node, when the transaction commits, that something of a topic changed. */
  public void announce(Session session, String topic) {
    engine.announce(session, topic);
  }

  /**
   * Runs a listener when another node announced a change. It is a hint that makes changes fast, not
   * a promise: whoever listens polls as well.
   */
  public void onAnnouncement(String topic, Runnable listener) {
    listeners.add(topic, listener);
  }

  /** Whether the store answers, and takes records: without an audit record nothing is decided. */
  public boolean isReady() {
    try {
      return record(session -> {
        // A transaction that writes nothing succeeds on a full disk, and where the table takes no
        // records. The place is this writer's own, so that nodes don't wait for each other.
        int chain = -1 - session.chain();
        session.update(
            "INSERT INTO audit (chain, seq, decision_id, time, record, hash)"
                + " VALUES (?, 0, '', 0, '', '')",
            chain);
        return session.update("DELETE FROM audit WHERE chain = ? AND seq = 0", chain) == 1;
      });
    } catch (StoreUnavailable e) {
      return false;
    }
  }

  @Override
  public void close() {
    try {
      listening.close();
    } catch (Exception e) {
      throw new IllegalStateException("Listening does not end.", e);
    } finally {
      writer.close();
      pool.close();
    }
  }
}

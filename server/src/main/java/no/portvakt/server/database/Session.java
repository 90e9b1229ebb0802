package no.portvakt.server.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A connection in use by one thread; keeps its prepared statements. The classes of the room store
 * put their SQL here, and nobody else does.
 */
public final class Session implements AutoCloseable {
  private final Connection connection;
  private final Map<String, PreparedStatement> statements = new HashMap<>();
  private final int chain;
  private final Set<PreparedStatement> batches = new LinkedHashSet<>();
  private long transaction;

  /**
   * @param chain the audit chain that this session may append to, when it is the writer's
   */
  Session(Connection connection, int chain) {
    this.connection = connection;
    this.chain = chain;
  }

  /** Work on the store, in one transaction. It may run again when the transaction is repeated. */
  @FunctionalInterface
  public interface Work<T extends @Nullable Object> {
    T run(Session session);
  }

  /** Reads one row of a result. */
  @FunctionalInterface
  public interface Row<T> {
    T read(ResultSet row) throws SQLException;
  }

  /**
   * Runs a statement and says how many rows it changed.
   *
   * @throws IllegalArgumentException for a text with a NUL, which PostgreSQL can't keep
   */
  public int update(String sql, @Nullable Object... values) {
    requireNoNul(values);
    try {
      return bind(sql, values).executeUpdate();
    } catch (SQLException e) {
      throw new StoreUnavailable("A statement failed.", e);
    }
  }

  /**
   * Runs a statement at the end of the transaction, many of the same kind in one go. A later query
   * of the same transaction does not see it.
   */
  public void atEnd(String sql, @Nullable Object... values) {
    requireNoNul(values);
    try {
      PreparedStatement statement = bind(sql, values);
      statement.addBatch();
      batches.add(statement);
    } catch (SQLException e) {
      throw new StoreUnavailable("A statement failed.", e);
    }
  }

  /**
   * The rows of a query; none when a text that is looked for holds a NUL, which no text kept does.
   */
  public <T> List<T> query(Row<T> row, String sql, @Nullable Object... values) {
    List<T> rows = new ArrayList<>();
    if (holdsNul(values)) {
      return rows;
    }
    try (ResultSet result = bind(sql, values).executeQuery()) {
      while (result.next()) {
        rows.add(row.read(result));
      }
    } catch (SQLException e) {
      throw new StoreUnavailable("A query failed.", e);
    }
    return rows;
  }

  /** The first row of a query, or null when there is none; a NUL is treated as there. */
  public <T> @Nullable T first(Row<T> row, String sql, @Nullable Object... values) {
    if (holdsNul(values)) {
      return null;
    }
    try (ResultSet result = bind(sql, values).executeQuery()) {
      return result.next() ? row.read(result) : null;
    } catch (SQLException e) {
      throw new StoreUnavailable("A query failed.", e);
    }
  }

  /** Counts the transactions of this session; a value learned in another one may be out of date. */
  public long transaction() {
    return transaction;
  }

  /** The number of the audit chain that this session appends to. */
  public int chain() {
    return chain;
  }

  void begin() throws SQLException {
    transaction++;
    connection.setAutoCommit(false);
  }

  /** Sends what was put off to the end; after it nothing is left but to commit. */
  void finish() throws SQLException {
    for (PreparedStatement batch : batches) {
      batch.executeBatch();
    }
    batches.clear();
  }

  // Not with commit(): SQLite's driver would begin the next transaction at once, and hold the lock.
  void commit() throws SQLException {
    connection.setAutoCommit(true);
  }

  void rollback() throws SQLException {
    if (!connection.getAutoCommit()) {
      connection.rollback();
    }
  }

  @Override
  public void close() {
    try (connection) {
      for (PreparedStatement statement : statements.values()) {
        statement.close();
      }
    } catch (SQLException e) {
      throw new StoreUnavailable("A connection can't be closed.", e);
    }
  }

  private static void requireNoNul(@Nullable Object[] values) {
    if (holdsNul(values)) {
      throw new IllegalArgumentException("A text to be kept holds a NUL.");
    }
  }

  private static boolean holdsNul(@Nullable Object[] values) {
    for (Object value : values) {
      if (value instanceof String text && text.indexOf('\0') >= 0) {
        return true;
      }
    }
    return false;
  }

  private PreparedStatement bind(String sql, @Nullable Object[] values) throws SQLException {
    PreparedStatement statement = statements.get(sql);
    if (statement == null) {
      statement = connection.prepareStatement(sql);
      statements.put(sql, statement);
    }
    for (int i = 0; i < values.length; i++) {
      statement.setObject(i + 1, values[i]);
    }
    return statement;
  }
}

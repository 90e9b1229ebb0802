package no.portvakt.server.store;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A connection in use by one thread; keeps its prepared statements. */
public final class Session implements AutoCloseable {
  private final Connection connection;
  private final Map<String, PreparedStatement> statements = new HashMap<>();
  private long transaction;

  Session(Connection connection) {
    this.connection = connection;
  }

  /** Work on the store, in one transaction. It may run again when the transaction is repeated. */
  @FunctionalInterface
  public interface Work<T extends @Nullable Object> {
    T run(Session session);
  }

  /** Reads one row of a result. */
  @FunctionalInterface
  interface Row<T> {
    T read(ResultSet row) throws SQLException;
  }

  /** Runs a statement and says how many rows it changed. */
  int update(String sql, @Nullable Object... values) {
    try {
      return bind(sql, values).executeUpdate();
    } catch (SQLException e) {
      throw new StoreUnavailable("A statement failed.", e);
    }
  }

  /** The rows of a query. */
  <T> List<T> query(Row<T> row, String sql, @Nullable Object... values) {
    List<T> rows = new ArrayList<>();
    try (ResultSet result = bind(sql, values).executeQuery()) {
      while (result.next()) {
        rows.add(row.read(result));
      }
    } catch (SQLException e) {
      throw new StoreUnavailable("A query failed.", e);
    }
    return rows;
  }

  /** The first row of a query, or null when there is none. */
  <T> @Nullable T first(Row<T> row, String sql, @Nullable Object... values) {
    try (ResultSet result = bind(sql, values).executeQuery()) {
      return result.next() ? row.read(result) : null;
    } catch (SQLException e) {
      throw new StoreUnavailable("A query failed.", e);
    }
  }

  /** Counts the transactions of this session; a value learned in another one may be out of date. */
  long transaction() {
    return transaction;
  }

  void begin() throws SQLException {
    transaction++;
    connection.setAutoCommit(false);
  }

  // Not with commit(): SQLite's driver would begin the next transaction at once, and hold the lock.
  void commit() throws SQLException {
    connection.setAutoCommit(true);
  }

  void rollback() throws SQLException {
    connection.rollback();
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

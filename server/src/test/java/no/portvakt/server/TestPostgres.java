package no.portvakt.server;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import no.portvakt.server.database.PostgresAddress;

/** A real PostgreSQL, one for all tests of the process, and a fresh database for each who asks. */
public final class TestPostgres {
  /** Whether the tests of what callers see run here, and not on SQLite. */
  static final boolean CHOSEN = "postgresql".equals(System.getProperty("portvakt.test.store"));

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private TestPostgres() {}

  private static final class Shared {
    static final EmbeddedPostgres SERVER = start();

    private static EmbeddedPostgres start() {
      try {
        return EmbeddedPostgres.builder()
            .setPGStartupWait(Duration.ofSeconds(60))
            .setServerConfig("max_connections", "200")
            .setServerConfig("fsync", "off") // what a crash of the machine leaves is not asked here
            .start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** A database that nobody used before. */
  public static PostgresAddress fresh() {
    String name = "test" + NUMBER.incrementAndGet();
    execute("postgres", "CREATE DATABASE " + name);
    return new PostgresAddress(url(name), "postgres", null, 8);
  }

  /** Runs SQL on the database behind everybody's back. */
  public static void sql(PostgresAddress store, String sql) {
    execute(name(store), sql);
  }

  /** Lets new connections to the database write or not; those that there are end. */
  public static void takeWrites(PostgresAddress store, boolean writes) {
    String name = name(store);
    execute(
        "postgres",
        "ALTER DATABASE %s SET default_transaction_read_only = %s"
            .formatted(name, writes ? "off" : "on"));
    execute(
        "postgres",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '" + name + "'");
  }

  /** Returns when so many connections to the database wait for a lock. */
  public static void awaitLocked(PostgresAddress store, int connections) {
    String waiting =
        "SELECT COUNT(*) FROM pg_stat_activity"
            + " WHERE datname = current_database() AND wait_event_type = 'Lock'";
    long began = System.nanoTime();
    while (Integer.parseInt(query(store, waiting).get(0)) < connections) {
      if (System.nanoTime() - began > Duration.ofSeconds(60).toNanos()) {
        throw new AssertionError("Nobody waits for a lock.");
      }
    }
  }

  private static String name(PostgresAddress store) {
    return store.url().substring(store.url().lastIndexOf('/') + 1);
  }

  /** The first column of a query's rows, as text. */
  public static List<String> query(PostgresAddress store, String sql) {
    try (Connection connection = connect(store);
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery(sql)) {
      List<String> values = new ArrayList<>();
      while (row.next()) {
        values.add(row.getString(1));
      }
      return values;
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static Connection connect(PostgresAddress store) throws SQLException {
    return DriverManager.getConnection(store.url(), "postgres", null);
  }

  private static void execute(String database, String sql) {
    try (Connection connection = DriverManager.getConnection(url(database), "postgres", null);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String url(String database) {
    return "jdbc:postgresql://localhost:" + Shared.SERVER.getPort() + "/" + database;
  }
}

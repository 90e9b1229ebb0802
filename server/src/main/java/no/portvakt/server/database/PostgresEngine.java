package no.portvakt.server.database;

import com.zaxxer.hikari.HikariConfig;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.postgresql.Driver;
import org.postgresql.PGProperty;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * PostgreSQL: any number of nodes on one database. Every connection goes to a primary; when the
 * primary changes, the next connection finds the new one among the hosts of the URL.
 */
final class PostgresEngine implements Engine {
  private static final int OLDEST_VERSION = 14;
  private static final int CONNECT_SECONDS = 5;

  /** Longer than any work of ours takes; a peer that vanished is given up after this. */
  private static final int ANSWER_SECONDS = 15;

  private static final int NO_LIMIT = 0;

  /** The first half of our advisory locks' keys: "pvkt" in ASCII. */
  private static final int LOCKS = 0x70766b74;

  /** Chains are numbered by who writes at the same time, so this is the most nodes at once. */
  private static final int MOST_CHAINS = 64;

  private final PostgresAddress address;
  private final PGSimpleDataSource source;

  PostgresEngine(PostgresAddress address) {
    this.address = address;
    this.source = source(address, ANSWER_SECONDS);
  }

  private static PGSimpleDataSource source(PostgresAddress address, int answerSeconds) {
    PGSimpleDataSource source = new PGSimpleDataSource();
    source.setUrl(address.url()); // first: it never replaces what was set before it
    Properties url = Driver.parseURL(address.url(), null);
    if (!PGProperty.CONNECT_TIMEOUT.isPresent(url)) {
      source.setConnectTimeout(CONNECT_SECONDS);
    }
    if (!PGProperty.LOGIN_TIMEOUT.isPresent(url)) {
      source.setLoginTimeout(2 * CONNECT_SECONDS);
    }
    if (answerSeconds == NO_LIMIT || !PGProperty.SOCKET_TIMEOUT.isPresent(url)) {
      source.setSocketTimeout(answerSeconds);
    }
    if (!PGProperty.TCP_KEEP_ALIVE.isPresent(url)) {
      source.setTcpKeepAlive(true);
    }
    if (!PGProperty.APPLICATION_NAME.isPresent(url)) {
      source.setApplicationName("portvakt");
    }
    source.setReWriteBatchedInserts(true);
    if (address.user() != null) {
      source.setUser(address.user());
    }
    if (address.password() != null) {
      source.setPassword(address.password());
    }
    source.setTargetServerType("primary"); // of several hosts, the one that takes writes
    return source;
  }

  @Override
  public DataSource source() {
    return source;
  }

  @Override
  public DataSource migrationSource() {
    return source(address, NO_LIMIT);
  }

  @Override
  public String inKeyOrder() {
    return "";
  }

  @Override
  public @Nullable String problemOf(Connection connection) throws SQLException {
    int major = connection.getMetaData().getDatabaseMajorVersion();
    return major < OLDEST_VERSION
        ? "PostgreSQL " + major + " is too old; it takes " + OLDEST_VERSION + " or newer"
        : null;
  }

  @Override
  public void configure(HikariConfig pool) {
    pool.setMaximumPoolSize(address.connections());
    pool.setMinimumIdle(Math.min(2, address.connections()));
    pool.setMaxLifetime(Duration.ofMinutes(10).toMillis());
    pool.setIdleTimeout(Duration.ofMinutes(5).toMillis());
    pool.setKeepaliveTime(Duration.ofMinutes(2).toMillis());
    pool.setValidationTimeout(2_000);
  }

  @Override
  public boolean isShared() {
    return true;
  }

  @Override
  public int claimWriter(Connection connection) throws SQLException {
    // A commit must be on disk, and on the synchronous standby where there is one, whatever the
    // server's default is; a stronger default stays.
    try (Statement statement = connection.createStatement()) {
      statement.execute(
          "SELECT set_config('synchronous_commit', 'on', false)"
              + " WHERE current_setting('synchronous_commit') IN ('off', 'local')");
      // A node that vanishes in the middle must not hold up the others for longer.
      statement.execute("SET idle_in_transaction_session_timeout = '20s'");
    }
    // Held by this connection until it ends, so no other node can append to the same chain.
    try (PreparedStatement lock =
        connection.prepareStatement("SELECT pg_try_advisory_lock(?, ?)")) {
      lock.setInt(1, LOCKS);
      for (int chain = 0; chain < MOST_CHAINS; chain++) {
        lock.setInt(2, chain);
        try (ResultSet row = lock.executeQuery()) {
          if (row.next() && row.getBoolean(1)) {
            return chain;
          }
        }
      }
    }
    throw new SQLException("All " + MOST_CHAINS + " audit chains have a writer already.");
  }

  @Override
  public void announce(Session session, String topic) {
    session.query(row -> "", "SELECT pg_notify('" + Announcements.CHANNEL + "', ?)", topic);
  }

  @Override
  public AutoCloseable listen(Announcements.Listeners listeners) {
    return new Announcements(source, listeners);
  }

  @Override
  public void copyTo(Path file) {
    throw new UnsupportedOperationException(
        "A store in PostgreSQL is backed up with PostgreSQL's own tools; docs/postgresql.md has the"
            + " commands.");
  }

  @Override
  public Database.UnusableData unusable(Throwable cause) {
    String reason = "it does not answer";
    for (Throwable it = cause; it != null; it = it.getCause()) {
      if (it instanceof SQLException sql && sql.getSQLState() != null) {
        reason = reason(sql.getSQLState());
      }
    }
    return new Database.UnusableData(
        "The store " + address.url() + " can't be used: " + reason + ".", cause);
  }

  private static String reason(String state) {
    return switch (state) {
      case "08001", "08006" -> "it does not answer";
      case "28P01", "28000" -> "it refuses the user or the password";
      case "3D000" -> "it has no such database";
      case "42501" -> "the user may not do what is needed; it must own the schema";
      case "53300" -> "it has no connection left";
      default -> "it does not answer as it should (SQL state " + state + ")";
    };
  }

  @Override
  public String name() {
    return "store " + address.url();
  }
}

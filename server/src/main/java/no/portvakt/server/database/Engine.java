package no.portvakt.server.database;

import com.zaxxer.hikari.HikariConfig;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** What differs between SQLite and PostgreSQL. */
interface Engine {
  /** Makes connections that no pool keeps. */
  DataSource source();

  /** Makes the connections that change the schema, which may take longer than any other work. */
  DataSource migrationSource();

  /**
   * What follows the definition of a table whose rows lie in the order of its key; nothing where
   * the database can't do that.
   */
  String inKeyOrder();

  /** Why the database behind a connection can't be used, or null when it can. */
  @Nullable String problemOf(Connection connection) throws SQLException;

  /** Adds what the pool of readers needs. */
  void configure(HikariConfig pool);

  /** Whether other nodes write here as well. */
  boolean isShared();

  /**
   * Readies a fresh connection for the one writer of this process.
   *
   * @return the number of the audit chain that nobody else writes while this connection lives
   */
  int claimWriter(Connection connection) throws SQLException;

  /** Tells the other nodes, when the transaction commits, that something changed. */
  void announce(Session session, String topic);

  /** Starts to listen for what other nodes announce; without announcements it does nothing. */
  AutoCloseable listen(Announcements.Listeners listeners);

  /**
   * Writes a consistent copy of everything into a new file while others read and write.
   *
   * @throws UnsupportedOperationException when the database has tools of its own for that
   */
  void copyTo(Path file) throws SQLException;

  /** The store can't be reached or used at all. */
  Database.UnusableData unusable(Throwable cause);

  /** How the sentences to an operator name the store, such as "data folder". */
  String name();
}

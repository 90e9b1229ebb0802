package no.portvakt.server.database;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationVersion;

/**
 * Brings the schema forward, never back; the steps are {@code db/migration/V*.sql}, the same for
 * both databases. One node does it at a time: the migration tool takes a lock.
 */
final class Migrations {
  /** The version that this program's last step leads to. */
  private static final int LATEST = 5;

  private Migrations() {}

  /**
   * @throws Database.UnusableData when the schema is newer than this program
   */
  static void run(Engine engine) {
    int version = currentVersion(engine);
    if (version > LATEST) {
      throw new Database.UnusableData(
          "The "
              + engine.name()
              + " is of a newer version of Portvakt (schema "
              + version
              + ", this program knows "
              + LATEST
              + "); use that version, or another place for the data.",
          null);
    }
    if (version == LATEST) {
      return; // the common case must not pay for the migration tool's start
    }
    try {
      Flyway.configure()
          .dataSource(engine.migrationSource())
          .locations("classpath:db/migration")
          .placeholders(Map.of("in_key_order", engine.inKeyOrder()))
          .target(MigrationVersion.fromVersion(String.valueOf(LATEST)))
          .load()
          .migrate();
    } catch (FlywayException e) {
      throw new Database.UnusableData(
          "The schema of the " + engine.name() + " can't be brought up to date.", e);
    }
  }

  private static int currentVersion(Engine engine) {
    try (Connection connection = engine.source().getConnection();
        Statement statement = connection.createStatement()) {
      String problem = engine.problemOf(connection);
      if (problem != null) {
        throw new Database.UnusableData(
            "The " + engine.name() + " can't be used: " + problem + ".", null);
      }
      try (ResultSet table =
          connection
              .getMetaData()
              .getTables(null, connection.getSchema(), "flyway_schema_history", null)) {
        if (!table.next()) {
          return 0;
        }
      }
      try (ResultSet row =
          statement.executeQuery(
              "SELECT MAX(CAST(version AS INTEGER)) FROM flyway_schema_history WHERE success")) {
        return row.next() ? row.getInt(1) : 0;
      }
    } catch (SQLException e) {
      throw engine.unusable(e);
    }
  }
}

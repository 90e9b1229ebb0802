package no.portvakt.server.store;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;
import org.flywaydb.core.Flyway;
import org.flywaydb.core.api.FlywayException;
import org.flywaydb.core.api.MigrationVersion;

/** Brings the schema forward, never back; the steps are {@code db/migration/V*.sql}. */
final class Migrations {
  /** The version that this program's last step leads to. */
  private static final int LATEST = 1;

  private Migrations() {}

  /**
   * @throws Database.UnusableData when the schema is newer than this program
   */
  static void run(DataSource source) {
    int version = currentVersion(source);
    if (version > LATEST) {
      throw new Database.UnusableData(
          "The data folder is of a newer version of Portvakt (schema "
              + version
              + ", this program knows "
              + LATEST
              + "); use that version or another folder.",
          null);
    }
    if (version == LATEST) {
      return; // the common case must not pay for the migration tool's start
    }
    try {
      Flyway.configure()
          .dataSource(source)
          .locations("classpath:db/migration")
          .target(MigrationVersion.fromVersion(String.valueOf(LATEST)))
          .load()
          .migrate();
    } catch (FlywayException e) {
      throw new Database.UnusableData("The store's schema can't be brought up to date.", e);
    }
  }

  private static int currentVersion(DataSource source) {
    try (Connection connection = source.getConnection();
        Statement statement = connection.createStatement()) {
      try (ResultSet table =
          connection.getMetaData().getTables(null, null, "flyway_schema_history", null)) {
        if (!table.next()) {
          return 0;
        }
      }
      try (ResultSet row =
          statement.executeQuery(
              "SELECT MAX(CAST(version AS INTEGER)) FROM flyway_schema_history WHERE success = 1")) {
        return row.next() ? row.getInt(1) : 0;
      }
    } catch (SQLException e) {
      throw new Database.UnusableData("The store can't be read: is it another program's file?", e);
    }
  }
}

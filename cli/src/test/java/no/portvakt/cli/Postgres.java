package no.portvakt.cli;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import no.portvakt.server.Settings;
import no.portvakt.server.SettingsFile;

/** A real PostgreSQL, one for all tests of the process, and a fresh database for each platform. */
final class Postgres {
  /** Whether platforms keep what they have here, and not in their folder. */
  static final boolean CHOSEN = "postgresql".equals(System.getProperty("portvakt.test.store"));

  /** 32 bytes in base64; worth nothing outside the tests. */
  private static final String MASTER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=";

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private Postgres() {}

  private static final class Shared {
    static final EmbeddedPostgres SERVER = start();

    private static EmbeddedPostgres start() {
      try {
        return EmbeddedPostgres.builder()
            .setPGStartupWait(Duration.ofSeconds(60))
            .setServerConfig("fsync", "off") // what a crash of the machine leaves is not asked here
            .start();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  /** The address of a database that nobody used before. */
  static String fresh() {
    String name = "platform" + NUMBER.incrementAndGet();
    try (Connection connection = DriverManager.getConnection(url("postgres"));
        Statement statement = connection.createStatement()) {
      statement.execute("CREATE DATABASE " + name);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
    return url(name);
  }

  /** The settings with a database for their store. */
  static Settings in(String url, Settings settings) {
    return SettingsFile.read(
        null, Map.of("PORTVAKT_STORE_URL", url, "PORTVAKT_MASTER_KEY_TEXT", MASTER_KEY), settings);
  }

  private static String url(String database) {
    return "jdbc:postgresql://localhost:%d/%s?user=postgres"
        .formatted(Shared.SERVER.getPort(), database);
  }
}

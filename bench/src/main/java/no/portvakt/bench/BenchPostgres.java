package no.portvakt.bench;

import com.sun.management.OperatingSystemMXBean;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import no.portvakt.server.database.PostgresAddress;

/** A PostgreSQL of the measurement's own, on loopback, that keeps what it acknowledges. */
final class BenchPostgres implements AutoCloseable {
  private final EmbeddedPostgres server;

  private BenchPostgres(EmbeddedPostgres server) {
    this.server = server;
  }

  static BenchPostgres start() throws IOException {
    return new BenchPostgres(
        EmbeddedPostgres.builder()
            .setPGStartupWait(Duration.ofMinutes(1))
            .setServerConfig("fsync", "on")
            .setServerConfig("synchronous_commit", "on")
            .setServerConfig("full_page_writes", "on")
            .setServerConfig("shared_buffers", quarterOfMemory())
            .setServerConfig("max_wal_size", "2GB")
            .start());
  }

  /** What PostgreSQL's manual advises for a machine that is the database's alone. */
  private static String quarterOfMemory() {
    long bytes =
        ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class).getTotalMemorySize();
    return bytes / 4 / 1024 / 1024 + "MB";
  }

  String url() {
    return "jdbc:postgresql://localhost:" + server.getPort() + "/postgres";
  }

  /** A new empty database on the same server. */
  PostgresAddress fresh(String name) {
    execute("postgres", "CREATE DATABASE " + name);
    return new PostgresAddress(
        "jdbc:postgresql://localhost:" + server.getPort() + "/" + name, "postgres", null, 8);
  }

  /** Does at once what PostgreSQL does by itself a minute after tables grew. */
  void settle(PostgresAddress database) {
    String url = database.url();
    execute(url.substring(url.lastIndexOf('/') + 1), "VACUUM (ANALYZE)");
  }

  private void execute(String database, String sql) {
    try (Connection connection = server.getDatabase("postgres", database).getConnection();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}

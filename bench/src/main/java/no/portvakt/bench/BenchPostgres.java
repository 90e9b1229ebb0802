package no.portvakt.bench;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
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
            .setServerConfig("shared_buffers", "256MB")
            .setServerConfig("max_wal_size", "2GB")
            .start());
  }

  String url() {
    return "jdbc:postgresql://localhost:" + server.getPort() + "/postgres";
  }

  PostgresAddress address() {
    return new PostgresAddress(url(), "postgres", null, 8);
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A running server signs its audit by itself, and its metrics say when something is wrong. */
class AuditCheckpointsTest {
  private static final String WHOLE = "portvakt_audit_whole 1.0\n";
  private static final String TAMPERED = "portvakt_audit_whole 0.0\n";

  @TempDir private Path folder;

  @Test
  void makesCheckpointsByItselfAndSaysWhenTheAuditWasChanged() throws Exception {
    try (TestStack stack = TestStack.start(this::everySecond)) {
      stack.exchange(stack.forge().compact());
      eventually(() -> checkpoints() >= 1);
      assertThat(stack.get("/metrics").body()).contains(WHOLE);
      long before = checkpoints();
      stack.exchange(stack.forge().compact());
      eventually(() -> checkpoints() > before);
      assertThat(stack.get("/metrics").body()).contains(WHOLE);

      AuditRecords.sql(folder, "UPDATE audit SET seq = seq + 100");
      eventually(() -> stack.get("/metrics").body().contains(TAMPERED));
      // Tokens are still given: the damage is for people to look at.
      assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
      long damaged = checkpoints();
      AuditRecords.sql(folder, "DELETE FROM audit WHERE seq > (SELECT MAX(seq) - 1 FROM audit)");
      AuditRecords.sql(folder, "UPDATE audit SET seq = seq - 100");
      eventually(() -> stack.get("/metrics").body().contains(WHOLE));
      assertThat(checkpoints()).isEqualTo(damaged);
    }
  }

  private Settings everySecond(Settings settings) {
    Settings it = TestStack.in(folder).apply(settings);
    return new Settings(
        it.roles(),
        it.listen(),
        it.baseUrl(),
        it.data(),
        it.store(),
        it.masterKey(),
        it.signing(),
        new Settings.Audit(Duration.ofSeconds(1), null),
        it.exchange(),
        it.maskinporten(),
        it.development());
  }

  private static void eventually(BooleanSupplier condition) throws InterruptedException {
    Instant deadline = Instant.now().plusSeconds(30);
    CountDownLatch never = new CountDownLatch(1);
    while (!condition.getAsBoolean()) {
      assertThat(Instant.now()).isBefore(deadline);
      assertThat(never.await(20, TimeUnit.MILLISECONDS)).isFalse();
    }
  }

  private long checkpoints() {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("portvakt.db"));
        Statement statement = connection.createStatement();
        ResultSet row = statement.executeQuery("SELECT COUNT(*) FROM audit_checkpoint")) {
      return row.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }
}

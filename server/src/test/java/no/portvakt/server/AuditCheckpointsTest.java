package no.portvakt.server;

import static no.portvakt.server.TestStack.eventually;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.CheckpointTable;
import no.portvakt.server.store.CheckpointTable.CheckpointRow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A running server signs its audit by itself, and its metrics say when something is wrong. */
class AuditCheckpointsTest {
  private static final String WHOLE = "portvakt_audit_whole 1.0\n";
  private static final String TAMPERED = "portvakt_audit_whole 0.0\n";

  private final TestStore store;

  AuditCheckpointsTest(@TempDir Path folder) {
    store = TestStore.in(folder);
  }

  @Test
  void makesCheckpointsByItselfAndSaysWhenTheAuditWasChanged() {
    Settings.Audit everySecond = new Settings.Audit(Duration.ofSeconds(1), null);
    try (TestStack stack =
            TestStack.start(store.settings().andThen(TestStack.audit(everySecond))::apply);
        Database database = store.open()) {
      CheckpointTable checkpoints = new CheckpointTable(database);
      stack.exchange(stack.forge().compact());
      eventually("a checkpoint", () -> last(checkpoints) >= 1);
      assertThat(stack.get("/metrics").body()).contains(WHOLE);
      long before = last(checkpoints);
      stack.exchange(stack.forge().compact());
      eventually("another checkpoint", () -> last(checkpoints) > before);
      assertThat(stack.get("/metrics").body()).contains(WHOLE);

      store.sql("UPDATE audit SET seq = seq + 100");
      eventually("the change is seen", () -> stack.get("/metrics").body().contains(TAMPERED));
      // Tokens are still given: the damage is for people to look at.
      assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
      long damaged = last(checkpoints);
      store.sql("DELETE FROM audit WHERE seq > (SELECT MAX(seq) - 1 FROM audit)");
      store.sql("UPDATE audit SET seq = seq - 100");
      eventually("it is as it was", () -> stack.get("/metrics").body().contains(WHOLE));
      assertThat(last(checkpoints)).isEqualTo(damaged);
    }
  }

  private static long last(CheckpointTable checkpoints) {
    CheckpointRow last = checkpoints.last();
    return last == null ? 0 : last.number();
  }
}

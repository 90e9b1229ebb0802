package no.portvakt.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class ClusterTest {
  private static final Duration LONG = Duration.ofMinutes(1);

  @Test
  void givesWhatACommandPrints() throws IOException, InterruptedException {
    assertThat(Cluster.output(List.of("bash", "-c", "echo one; echo two"), LONG))
        .isEqualTo("one\ntwo\n");
  }

  @Test
  void doesNotWaitForWhatACommandLeavesRunning() throws IOException, InterruptedException {
    String line = "timeout 60 tail -f /dev/null & echo $!";
    String left = Cluster.output(List.of("bash", "-c", line), LONG).strip();
    ProcessHandle process = ProcessHandle.of(Long.parseLong(left)).orElseThrow();
    assertThat(process.destroy()).isTrue();
  }

  @Test
  void refusesACommandThatFails() {
    assertThatIllegalStateException()
        .isThrownBy(() -> Cluster.output(List.of("bash", "-c", "echo why; exit 3"), LONG))
        .withMessageEndingWith(" failed: why\n");
  }

  @Test
  void killsACommandThatDoesNotEnd() {
    assertThatIllegalStateException()
        .isThrownBy(
            () -> Cluster.output(List.of("tail", "-f", "/dev/null"), Duration.ofMillis(100)))
        .withMessageContaining("tail -f /dev/null did not end");
  }
}

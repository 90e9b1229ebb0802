package no.portvakt.cli;

import java.time.Duration;
import java.time.Instant;

/** How long this process has been running. */
final class StartTime {
  private StartTime() {}

  static long elapsedMillis() {
    Instant now = Instant.now();
    Instant started = ProcessHandle.current().info().startInstant().orElse(now);
    return Duration.between(started, now).toMillis();
  }
}

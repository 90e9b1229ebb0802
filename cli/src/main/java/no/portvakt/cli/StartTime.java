package no.portvakt.cli;

import java.lang.management.ManagementFactory;

/** How long this Java process has been running; what built it before does not count. */
final class StartTime {
  private StartTime() {}

  static long elapsedMillis() {
    return ManagementFactory.getRuntimeMXBean().getUptime();
  }
}

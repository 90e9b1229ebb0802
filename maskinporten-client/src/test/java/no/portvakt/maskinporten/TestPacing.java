package no.portvakt.maskinporten;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Pauses that take no time: they move the time that is measured, and are remembered. */
final class TestPacing implements Pacing {
  private final List<Duration> pauses = new CopyOnWriteArrayList<>();
  private volatile long paused;

  @Override
  public long nanoTime() {
    return paused;
  }

  @Override
  public synchronized void pause(Duration time) {
    pauses.add(time);
    paused += time.toNanos();
  }

  List<Duration> pauses() {
    return pauses;
  }
}

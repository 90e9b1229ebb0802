package no.portvakt.server;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;

/** A clock that stands still until a test moves it. Safe for use by several threads. */
public final class TestClock implements InstantSource {
  /** When every test begins; the fraction shows whether somebody forgets to cut it off. */
  public static final Instant START = Instant.parse("2026-03-02T10:15:30.750Z");

  private final AtomicReference<Instant> now = new AtomicReference<>(START);

  @Override
  public Instant instant() {
    return now.get();
  }

  /** Seconds since 1970, rounded down. */
  public long seconds() {
    return instant().getEpochSecond();
  }

  /** Moves the time forward, or back when the duration is negative. */
  public void advance(Duration by) {
    now.updateAndGet(before -> before.plus(by));
  }
}

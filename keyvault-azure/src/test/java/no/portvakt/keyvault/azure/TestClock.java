package no.portvakt.keyvault.azure;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/** A clock that moves when a test says so. */
final class TestClock implements InstantSource {
  static final Instant START = Instant.parse("2026-03-01T12:00:00Z");

  private volatile Instant now = START;

  @Override
  public Instant instant() {
    return now;
  }

  synchronized void pass(Duration time) {
    now = now.plus(time);
  }
}

package no.portvakt.maskinporten;

import java.time.Duration;
import java.util.function.Function;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Repeats what may go well the next time, with pauses that double from 250 ms to 4 s and vary by
 * half, until a deadline. Each try gets a new grant, so repeating a token request is safe even when
 * the answer to the last one was lost.
 */
final class Retries {
  private static final int TRIES = 5;
  private static final long FIRST_PAUSE_MILLIS = 250;
  private static final long LONGEST_PAUSE_MILLIS = 4_000;
  private static final Duration NEW_KEY_PAUSE = Duration.ofSeconds(15);

  private final Pacing pacing;
  private final RandomGenerator random;
  private final Duration newKeyPatience;

  /**
   * Tries.
   *
   * @param newKeyPatience how long a key that Maskinporten does not know is taken for one that it
   *     does not know yet; zero: not at all
   */
  Retries(Pacing pacing, RandomGenerator random, Duration newKeyPatience) {
    this.pacing = pacing;
    this.random = random;
    this.newKeyPatience = newKeyPatience;
  }

  /** The deadline that is this far away. */
  Deadline in(Duration time) {
    return new Deadline(pacing, pacing.nanoTime() + time.toNanos());
  }

  /**
   * What a try gives at last.
   *
   * @param attempt gets the time that is left
   * @throws MaskinportenException of the last try
   */
  <T> T call(Deadline deadline, Function<Duration, T> attempt) {
    Deadline newKey = in(newKeyPatience);
    for (int tried = 1; ; tried++) {
      try {
        return attempt.apply(deadline.left());
      } catch (TokenUnavailable e) {
        if (!e.isPassing() || tried >= TRIES || !pause(pause(tried, e.retryAfter()), deadline)) {
          throw e;
        }
      } catch (TokenRefused e) {
        if (!Advice.isUnknownKey(e) || !pause(NEW_KEY_PAUSE, newKey)) {
          throw e;
        }
        deadline = deadline.laterOf(in(NEW_KEY_PAUSE));
        tried = 0;
      }
    }
  }

  private Duration pause(int tried, @Nullable Duration asked) {
    long step = Math.min(FIRST_PAUSE_MILLIS << (tried - 1), LONGEST_PAUSE_MILLIS);
    Duration own = Duration.ofMillis(step / 2 + random.nextLong(step));
    return asked != null && asked.compareTo(own) > 0 ? asked : own;
  }

  /** Waits, or says that there is no time for it. */
  private boolean pause(Duration time, Deadline deadline) {
    if (deadline.left().compareTo(time) <= 0) {
      return false;
    }
    try {
      pacing.pause(time);
      return true;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /** A moment by which something must be done. */
  static final class Deadline {
    private final Pacing pacing;
    private final long at;

    private Deadline(Pacing pacing, long at) {
      this.pacing = pacing;
      this.at = at;
    }

    /** The time until then, at least a millisecond. */
    Duration left() {
      return Duration.ofNanos(Math.max(at - pacing.nanoTime(), 1_000_000));
    }

    private Deadline laterOf(Deadline other) {
      return other.at - at > 0 ? other : this;
    }
  }
}

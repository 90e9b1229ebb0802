package no.portvakt.maskinporten;

import java.time.Duration;

/** Measures time that passes, and lets it pass: for deadlines and for pauses between tries. */
interface Pacing {
  /** The computer's. */
  Pacing REAL =
      new Pacing() {
        @Override
        public long nanoTime() {
          return System.nanoTime();
        }

        @Override
        public void pause(Duration time) throws InterruptedException {
          Thread.sleep(time.toMillis(), (int) (time.toNanos() % 1_000_000));
        }
      };

  /** As {@link System#nanoTime}. */
  long nanoTime();

  /** Returns when this much time has passed. */
  void pause(Duration time) throws InterruptedException;
}

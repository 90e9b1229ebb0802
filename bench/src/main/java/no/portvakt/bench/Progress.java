package no.portvakt.bench;

/** When something last succeeded, and the longest time without it; from its making to its end. */
final class Progress {
  final String what;

  private long latest = System.nanoTime();
  private long latestSent = latest;
  private long longest;

  /**
   * @param what succeeds, such as {@code exchange at node 1}
   */
  Progress(String what) {
    this.what = what;
  }

  /**
   * A request succeeded.
   *
   * @param sent when it was sent, by {@link System#nanoTime}
   */
  synchronized void success(long sent) {
    end();
    if (sent - latestSent > 0) {
      latestSent = sent;
    }
  }

  /** Counts the time since the last success as well; a load that died is a gap. */
  synchronized void end() {
    long now = System.nanoTime();
    longest = Math.max(longest, now - latest);
    latest = now;
  }

  /** Whether a request that was sent later has succeeded. */
  synchronized boolean since(long nanoTime) {
    return latestSent - nanoTime > 0;
  }

  /** The longest time without a success, in seconds. */
  synchronized double longestSeconds() {
    return longest / 1e9;
  }
}

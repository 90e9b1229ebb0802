package no.portvakt.server.trust;

import java.time.Duration;
import java.time.Instant;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import no.portvakt.server.store.AttemptTable;
import no.portvakt.server.store.AttemptTable.Attempts;

/**
 * Limits how often a secret may be guessed. An attempt counts as failed before the secret is looked
 * at, and a success clears the count: so of attempts that come at once, on whichever nodes, no more
 * are let through than of attempts that come one after the other.
 */
public final class Lockout {
  private static final int FORGOTTEN_TOGETHER = 1_000;

  private final Database database;
  private final AttemptTable table;

  public Lockout(Database database, AttemptTable table) {
    this.database = database;
    this.table = table;
  }

  /**
   * How many attempts in a row are let through, and how long a subject is locked after them. The
   * failure that reaches the limit locks for the first time; after each lock there is one attempt,
   * and each that fails doubles the time (NIST SP 800-63B-4 §3.2.2).
   *
   * @param secret what is guessed, such as {@code "pin"}; subjects are counted for each by itself
   * @param failures how many attempts may fail before the first lock, 1 to 100
   * @param firstLock how long the first lock is, a second at least
   * @param longestLock how long a lock becomes at most, up to a day
   * @param forgottenAfter how long after the last attempt, or the end of its lock, the failures
   *     count no more: as long as the longest lock at least, and up to 30 days
   */
  public record Policy(
      String secret,
      int failures,
      Duration firstLock,
      Duration longestLock,
      Duration forgottenAfter) {
    /**
     * @throws IllegalArgumentException when a value is out of its bounds
     */
    public Policy {
      require(!secret.isBlank(), "secret", secret);
      require(failures >= 1 && failures <= 100, "failures", failures);
      requireBetween(Duration.ofSeconds(1), firstLock, Duration.ofDays(1), "firstLock");
      requireBetween(firstLock, longestLock, Duration.ofDays(1), "longestLock");
      requireBetween(longestLock, forgottenAfter, Duration.ofDays(30), "forgottenAfter");
    }

    private static void requireBetween(Duration least, Duration value, Duration most, String name) {
      require(value.compareTo(least) >= 0 && value.compareTo(most) <= 0, name, value);
    }

    private static void require(boolean holds, String name, Object value) {
      if (!holds) {
        throw new IllegalArgumentException("A lockout can't have " + name + " = " + value + ".");
      }
    }

    /** What is kept when one more attempt is made: the same when it is refused. */
    Attempts after(Attempts before, long now) {
      if (before.lockedUntil() > now) {
        // No lock is longer than the longest: when this one is, the clock was set back.
        long until = Math.min(before.lockedUntil(), now + longestLock.toMillis());
        return locked(before.failures(), until);
      }
      int failed = before.expires() > now ? before.failures() + 1 : 1;
      long lock = 0;
      if (failed >= failures) {
        int doubled = Math.min(failed - failures, 20); // a second becomes more than a day
        lock = Math.min(firstLock.toMillis() << doubled, longestLock.toMillis());
      }
      return locked(failed, now + lock);
    }

    private Attempts locked(int failed, long until) {
      return new Attempts(failed, until, until + forgottenAfter.toMillis());
    }
  }

  /** What may become of an attempt. */
  public sealed interface Attempt {}

  /** An attempt that counts as failed by now: the secret may be looked at, once. */
  public final class Allowed implements Attempt {
    private final String subject;

    private Allowed(String subject) {
      this.subject = subject;
    }

    /** Clears the count, because the secret was right; best in the transaction of its record. */
    public void succeeded(Session session) {
      table.remove(session, subject);
    }
  }

  /**
   * An attempt that is refused whatever the secret is.
   *
   * @param until when the next one may be made
   */
  public record Locked(Instant until) implements Attempt {}

  /**
   * Begins an attempt; when it is allowed, it is counted durably. Begin it also for a subject that
   * nobody knows, before looking it up: then the answer does not tell who exists.
   *
   * @param subject whose secret is guessed, in one spelling. Only a hash of it is kept; but of what
   *     has few values, such as a person number, that is soon found: hand in a pseudonym
   * @throws no.portvakt.server.database.StoreUnavailable when it can't be counted: the secret must
   *     not be looked at
   */
  public Attempt begin(Policy policy, String subject, Instant now) {
    String kept = ReplayGuard.hash(policy.secret(), subject);
    long time = now.toEpochMilli();
    Attempts before = table.find(kept);
    // Who is locked out costs no write.
    if (!policy.after(before, time).equals(before)) {
      before =
          database.record(session -> {
            Attempts held = table.hold(session, kept);
            table.put(session, kept, policy.after(held, time));
            return held;
          });
    }
    return before.lockedUntil() > time
        ? new Locked(Instant.ofEpochMilli(policy.after(before, time).lockedUntil()))
        : new Allowed(kept);
  }

  /** Forgets attempts that count no more. */
  public void forgetExpired(Instant now) {
    table.forgetExpired(now.toEpochMilli(), FORGOTTEN_TOGETHER);
  }
}

package no.portvakt.server.issuer;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.ThreadLocalRandom;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import org.jspecify.annotations.Nullable;

/**
 * When a key may do what (docs/keys.md): it signs only after every verifier can have seen it, and
 * stays published until the last token that it signed has expired.
 *
 * @param maxAge the longest that a verifier may keep the published keys
 * @param skew how far clocks may be apart
 * @param longestToken the longest life of a token of this role
 * @param grace for how long after its successor a key may still be used by a node that can't get
 *     the successor
 */
public record KeyRules(Duration maxAge, Duration skew, Duration longestToken, Duration grace) {
  /** From how long before its end a signing key's certificate is worth a warning. */
  public static final Duration CERTIFICATE_ENDING = Duration.ofDays(30);

  private static final Duration SHORTEST_MAX_AGE = Duration.ofSeconds(1);

  /**
   * For how long a key that is made here may sign so that nobody is warned of its certificate.
   *
   * @param standby whether it is published for as long before
   */
  public static Duration longestUse(Duration maxAge, Duration skew, boolean standby) {
    // It waits until it may sign, and later signs on until its successor may.
    Duration waits = maxAge.plus(skew).multipliedBy(2);
    Duration left = SelfSigned.VALIDITY.minus(CERTIFICATE_ENDING).minus(waits);
    return standby ? left.dividedBy(2) : left;
  }

  /** From when a key that is published at a time may sign. */
  Instant earliestSigning(Instant published) {
    return published.plus(maxAge).plus(skew);
  }

  /** From when a key may be taken out that was meant to sign until a time. */
  Instant earliestRemoval(Instant signsUntil) {
    return signsUntil.plus(grace).plus(longestToken).plus(skew);
  }

  /** Until when a key may sign at all; null: no end is decided. */
  @Nullable Instant lastSigning(SigningKeyRow key) {
    return key.removed() == null
        ? null
        : Instant.ofEpochMilli(key.removed()).minus(longestToken).minus(skew);
  }

  /**
   * How long a verifier may keep the keys that it gets now: shorter by up to a tenth, so that
   * verifiers do not come all at once, and no longer than to the next change.
   *
   * @param next when the published keys change next; null: no change is decided
   * @param seen how long ago this node saw that nobody else has changed them
   */
  Duration cacheable(Instant now, @Nullable Instant next, Duration seen) {
    double share = 1 - ThreadLocalRandom.current().nextDouble() / 10;
    Duration age = Duration.ofMillis((long) (maxAge.toMillis() * share));
    if (next != null && next.isAfter(now)) {
      Duration toChange =
          Duration.between(now, next).plus(Duration.ofMillis((long) (skew.toMillis() * share)));
      age = toChange.compareTo(age) < 0 ? toChange : age;
    }
    Duration left = maxAge.minus(seen);
    age = left.compareTo(age) < 0 ? left : age;
    return age.compareTo(SHORTEST_MAX_AGE) < 0 ? SHORTEST_MAX_AGE : age;
  }
}

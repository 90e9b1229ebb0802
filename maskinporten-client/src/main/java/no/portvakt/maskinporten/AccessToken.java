package no.portvakt.maskinporten;

import java.time.Duration;
import java.time.Instant;
import no.portvakt.tokens.Scopes;

/**
 * A bearer token (RFC 6750) with what is known of it. Immutable; its text shows nothing secret.
 *
 * <p>All times are those of this machine's clock: they come from how long the issuer says that the
 * token still lives, so a clock that is wrong does no harm.
 */
public final class AccessToken {
  private static final long AHEAD_MILLIS = 120_000;
  private static final long SET_BACK_MILLIS = 5_000;

  private final String value;
  private final String authorization;
  private final Scopes scopes;
  private final long obtainedAt;
  private final long expiresAt;
  private final long refreshAt;

  /**
   * A token.
   *
   * @param life how long it lives from then on, more than nothing
   */
  AccessToken(String value, Scopes scopes, Instant obtainedAt, Duration life) {
    this.value = value;
    this.authorization = "Bearer " + value;
    this.scopes = scopes;
    this.obtainedAt = obtainedAt.toEpochMilli();
    this.expiresAt = this.obtainedAt + life.toMillis();
    this.refreshAt = expiresAt - Math.min(AHEAD_MILLIS, life.toMillis() / 2);
  }

  /** The token itself: a secret. */
  public String value() {
    return value;
  }

  /** The value of the header {@code Authorization} (RFC 6750 §2.1): a secret. */
  public String authorization() {
    return authorization;
  }

  /** The scopes that were granted; they may be fewer than those that were asked for. */
  public Scopes scopes() {
    return scopes;
  }

  /** When it expires, by this machine's clock. */
  public Instant expiresAt() {
    return Instant.ofEpochMilli(expiresAt);
  }

  /**
   * Whether it lives longer than this, or than half of its whole life when that is less.
   *
   * @param now milliseconds since 1970
   * @param minimumLife in milliseconds
   */
  boolean isUsable(long now, long minimumLife) {
    return now >= obtainedAt - SET_BACK_MILLIS // else the clock was set back, and nothing is known
        && expiresAt - now > Math.min(minimumLife, (expiresAt - obtainedAt) / 2);
  }

  /** How long it has been here, in milliseconds. */
  long age(long now) {
    return now - obtainedAt;
  }

  /** Whether it is time to get the next one. */
  boolean isDue(long now) {
    return now >= refreshAt;
  }

  @Override
  public String toString() {
    return "AccessToken[scope=" + scopes + ", expiresAt=" + expiresAt() + "]";
  }
}

package no.portvakt.server.maskinporten;

import static no.portvakt.tokens.ClaimNames.EXPIRES_AT;
import static no.portvakt.tokens.ClaimNames.ISSUED_AT;
import static no.portvakt.tokens.ClaimNames.NOT_BEFORE;

import java.time.Instant;
import no.portvakt.server.maskinporten.Refusal.Refused;
import no.portvakt.tokens.NumericDate;

/** The times of a grant against the server's clock; a refusal says how far they are off. */
final class GrantTimes {
  private final Grant grant;
  private final long now;
  private final long longest;
  private final long skew;

  private GrantTimes(Grant grant, long now, TokenEndpoint.Options options) {
    this.grant = grant;
    this.now = now;
    this.longest = options.grantLifetime();
    this.skew = options.clockSkew();
  }

  /**
   * Checks the times.
   *
   * @param options what is allowed
   * @return until when the grant would be accepted by its times with any skew that can be set
   */
  static Instant check(Grant grant, Instant now, TokenEndpoint.Options options) {
    return new GrantTimes(grant, now.getEpochSecond(), options).check();
  }

  private Instant check() {
    long issuedAt = time(ISSUED_AT);
    long expiresAt = time(EXPIRES_AT);
    long lifetime = expiresAt - issuedAt;
    if (!grant
        .trace()
        .check(
            "grant.lifetime",
            lifetime >= 0 && lifetime <= longest,
            "from 0 to " + longest + " s",
            lifetime)) {
      throw lifetime < 0
          ? Refusal.EXPIRES_BEFORE_ISSUED.of(" exp is " + -lifetime + " s before iat.")
          : Refusal.TOO_LONG.of(
              " exp is " + lifetime + " s after iat, and " + longest + " s are allowed.");
    }
    requireReached(ISSUED_AT, issuedAt);
    if (!grant
        .trace()
        .check("grant.exp", expiresAt >= now - skew, "at least " + (now - skew), expiresAt)) {
      throw Refusal.EXPIRED.of(
          " It expired " + (now - expiresAt) + " s ago by the server's clock.");
    }
    if (grant.claims().containsKey(NOT_BEFORE)) {
      requireReached(NOT_BEFORE, time(NOT_BEFORE));
    }
    return Instant.ofEpochSecond(expiresAt + 1).plus(TokenEndpoint.MOST_CLOCK_SKEW);
  }

  private void requireReached(String claim, long time) {
    if (!grant
        .trace()
        .check("grant." + claim, time <= now + skew, "at most " + (now + skew), time)) {
      String subject = claim.equals(ISSUED_AT) ? "It" : claim;
      throw Refusal.ISSUED_IN_FUTURE.of(
          " " + subject + " is " + (time - now) + " s ahead of the server's clock.");
    }
  }

  private long time(String claim) {
    Long seconds = NumericDate.seconds(grant.claims().get(claim));
    if (seconds == null) {
      throw none(claim);
    }
    return seconds;
  }

  private Refused none(String claim) {
    grant.trace().check("grant." + claim, false, "a time in seconds", "absent or no time");
    return Refusal.INVALID_VALUE.of(": " + claim + " must be a time in seconds since 1970");
  }
}

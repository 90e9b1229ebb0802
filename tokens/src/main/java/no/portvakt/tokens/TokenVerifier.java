package no.portvakt.tokens;

import static no.portvakt.tokens.ClaimNames.AUDIENCE;
import static no.portvakt.tokens.ClaimNames.EXPIRES_AT;
import static no.portvakt.tokens.ClaimNames.ISSUER;
import static no.portvakt.tokens.ClaimNames.NOT_BEFORE;

import java.math.BigDecimal;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.Verification.Refused;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a signed token holds: shape, issuer, algorithm, key, signature, times, audience,
 * in this order (RFC 7519 §7.2, RFC 8725). Every rule that ran stands in the {@link RuleTrace}.
 *
 * <p>Claims leave it only inside {@link Verified}. Safe for use by several threads.
 */
public final class TokenVerifier {
  /** How far the clocks of issuer and verifier may be apart. */
  public static final Duration CLOCK_SKEW = Duration.ofSeconds(10);

  /** RFC 7515 §4.1: headers that name or carry a key, or that change how a token is to be read. */
  private static final List<String> FORBIDDEN_HEADERS = List.of("crit", "jwk", "jku", "x5u", "b64");

  private final Map<String, TrustedIssuer> issuers;
  private final InstantSource clock;

  /**
   * @param issuers the trusted issuers by their exact name
   */
  public TokenVerifier(Map<String, TrustedIssuer> issuers, InstantSource clock) {
    this.issuers = Map.copyOf(issuers);
    this.clock = clock;
  }

  /**
   * Verifies a token in compact form.
   *
   * @throws KeySet.KeySetUnavailable when the issuer's keys can't be had: no decision was made
   */
  public Verification verify(String compact, RuleTrace trace) {
    CompactJws token;
    try {
      token = CompactJws.parse(compact);
      trace.check("token.form", true, "a compact JWS", "three parts");
    } catch (MalformedToken e) {
      trace.check("token.form", false, "a compact JWS", e.sentence());
      return new Refused("token.form", e.sentence());
    }
    for (String name : FORBIDDEN_HEADERS) {
      if (token.header().containsKey(name)) {
        trace.check("token.header", false, "none of " + FORBIDDEN_HEADERS, name);
        return new Refused(
            "token.header", "The token's header has a parameter that is not accepted: " + name);
      }
    }
    Object named = token.unverifiedClaims().get(ISSUER);
    TrustedIssuer issuer = named instanceof String text ? issuers.get(text) : null;
    if (!trace.check("issuer", issuer != null, "one of " + issuers.keySet(), named)
        || issuer == null) {
      return new Refused("issuer", "The token's issuer is not trusted.");
    }
    String algorithm = token.algorithm();
    if (!trace.check(
            "algorithm",
            algorithm != null && issuer.algorithms().contains(algorithm),
            "one of " + new TreeSet<>(issuer.algorithms()),
            token.header().get("alg"))
        || algorithm == null) {
      return new Refused("algorithm", "The token's algorithm is not accepted.");
    }
    VerificationKey key = key(issuer, token, trace);
    if (key == null) {
      return new Refused("key", "The token names no key of its issuer.");
    }
    if (!trace.check(
        "signature", key.verifies(token, algorithm), "made by key " + key.keyId(), algorithm)) {
      return new Refused("signature", "The token's signature does not hold.");
    }
    Refused untimely = times(token.unverifiedClaims(), trace);
    if (untimely != null) {
      return untimely;
    }
    Set<String> audiences = issuer.audiences();
    Object audience = token.unverifiedClaims().get(AUDIENCE);
    if (!audiences.isEmpty()
        && !trace.check("audience", names(audience, audiences), "one of " + audiences, audience)) {
      return new Refused("audience", "The token is meant for another audience.");
    }
    return new Verified(issuer, token.unverifiedClaims());
  }

  private static @Nullable VerificationKey key(
      TrustedIssuer issuer, CompactJws token, RuleTrace trace) {
    String keyId = token.keyId();
    if (keyId != null) {
      VerificationKey key = issuer.keys().byId(keyId);
      trace.check("key", key != null, "a key id of the issuer", keyId);
      return key;
    }
    // RFC 7515 §4.1.4: kid is optional, but with several keys only it says which one is meant.
    List<VerificationKey> all = issuer.keys().all();
    boolean clear = all.size() == 1 && !token.header().containsKey("kid");
    trace.check("key", clear, "a key id, or an issuer with one key", all.size() + " keys, no id");
    return clear ? all.get(0) : null;
  }

  private @Nullable Refused times(Map<String, @Nullable Object> claims, RuleTrace trace) {
    long now = clock.instant().getEpochSecond();
    long skew = CLOCK_SKEW.toSeconds();
    Long expires = seconds(claims.get(EXPIRES_AT));
    if (!trace.check("exp.form", expires != null, "a time", form(claims.get(EXPIRES_AT)))
        || expires == null) {
      return new Refused("exp.form", "The token's exp is missing or not a time.");
    }
    if (!trace.check("exp", expires >= now - skew, "at least " + (now - skew), expires)) {
      return new Refused("exp", "The token has expired.");
    }
    if (!claims.containsKey(NOT_BEFORE)) {
      return null;
    }
    Long notBefore = seconds(claims.get(NOT_BEFORE));
    if (!trace.check("nbf.form", notBefore != null, "a time", form(claims.get(NOT_BEFORE)))
        || notBefore == null) {
      return new Refused("nbf.form", "The token's nbf is not a time.");
    }
    if (!trace.check(
        "nbf",
        notBefore <= now + skew && notBefore <= expires,
        "at most " + Math.min(now + skew, expires),
        notBefore)) {
      return new Refused("nbf", "The token is not valid yet.");
    }
    return null;
  }

  /**
   * A NumericDate (RFC 7519 §2) in whole seconds, or null when the value is no number or lies
   * outside the years 1970 to 9999.
   */
  public static @Nullable Long seconds(@Nullable Object value) {
    long seconds;
    if (value instanceof Long whole) {
      seconds = whole;
    } else if (value instanceof BigDecimal fraction
        && fraction.signum() >= 0
        && (long) fraction.precision() - fraction.scale() <= 12) {
      seconds = fraction.longValue();
    } else {
      return null;
    }
    return seconds >= 0 && seconds <= 253_402_300_799L ? seconds : null;
  }

  private static String form(@Nullable Object value) {
    return value == null ? "(absent)" : value instanceof Number ? value.toString() : "not a number";
  }

  private static boolean names(@Nullable Object audience, Set<String> accepted) {
    if (audience instanceof String one) {
      return accepted.contains(one);
    }
    if (audience instanceof List<?> many) {
      for (Object one : many) {
        if (one instanceof String text && accepted.contains(text)) {
          return true;
        }
      }
    }
    return false;
  }
}

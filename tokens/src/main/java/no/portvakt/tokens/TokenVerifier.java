package no.portvakt.tokens;

import static no.portvakt.tokens.ClaimNames.AUDIENCE;
import static no.portvakt.tokens.ClaimNames.EXPIRES_AT;
import static no.portvakt.tokens.ClaimNames.ISSUER;
import static no.portvakt.tokens.ClaimNames.NOT_BEFORE;

import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
  private final String anyIssuer;
  private final InstantSource clock;

  /**
   * @param issuers the trusted issuers by their exact name
   */
  public TokenVerifier(Map<String, TrustedIssuer> issuers, InstantSource clock) {
    this.issuers = Map.copyOf(issuers);
    this.anyIssuer = "one of " + this.issuers.keySet();
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
    if (!trace.check("issuer", issuer != null, anyIssuer, named) || issuer == null) {
      return new Refused("issuer", "The token's issuer is not trusted.");
    }
    String algorithm = token.algorithm();
    if (!trace.check(
            "algorithm",
            algorithm != null && issuer.algorithms().contains(algorithm),
            issuer.algorithms().toString(),
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
        && !trace.check("audience", issuer.isMeantBy(audience), "one of " + audiences, audience)) {
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
    long earliest = clock.instant().minus(CLOCK_SKEW).getEpochSecond();
    long latest = clock.instant().plus(CLOCK_SKEW).getEpochSecond();
    Object exp = claims.get(EXPIRES_AT);
    Long expires = NumericDate.seconds(exp);
    boolean alive = expires != null && expires >= earliest;
    if (!trace.check("exp", alive, "a time from " + earliest, time(exp)) || expires == null) {
      return new Refused(
          "exp",
          expires == null ? "The token's exp is missing or no time." : "The token has expired.");
    }
    Object nbf = claims.get(NOT_BEFORE);
    Long begins = NumericDate.seconds(nbf);
    boolean begun = begins != null && begins <= latest && begins <= expires;
    return !claims.containsKey(NOT_BEFORE)
            || trace.check("nbf", begun, "a time to " + Math.min(latest, expires), time(nbf))
        ? null
        : new Refused("nbf", "The token is not valid yet, or its nbf is no time.");
  }

  private static Object time(@Nullable Object value) {
    return value == null ? "(absent)" : value instanceof Number ? value : "not a number";
  }
}

package no.portvakt.server.maskinporten;

import static no.portvakt.tokens.ClaimNames.AUDIENCE;
import static no.portvakt.tokens.ClaimNames.EXPIRES_AT;
import static no.portvakt.tokens.ClaimNames.ISSUED_AT;
import static no.portvakt.tokens.ClaimNames.ISSUER;
import static no.portvakt.tokens.ClaimNames.NOT_BEFORE;
import static no.portvakt.tokens.ClaimNames.SCOPE;
import static no.portvakt.tokens.ClaimNames.TOKEN_ID;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.maskinporten.Refusal.Refused;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.NumericDate;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Scopes;
import no.portvakt.tokens.TokenVerifier;
import no.portvakt.tokens.TrustedIssuer;
import org.jspecify.annotations.Nullable;

/**
 * A JWT grant (RFC 7523 §2.1) and the checks on the grant itself: form, algorithm, audience, times,
 * claims. Who signed it is {@link ClientKeys}' matter, what the client may have the endpoint's.
 */
final class Grant {
  /** The longest assertion, in characters: a chain of certificates fits well. */
  static final int MAX_LENGTH = 16 * 1024;

  /** The longest time from {@code iat} to {@code exp}. */
  static final long MAX_LIFETIME_SECONDS = 120;

  private static final long SKEW_SECONDS = TokenVerifier.CLOCK_SKEW.toSeconds();
  private static final int LONGEST_ID = 255;

  /**
   * What a grant may say; anything else is refused, so that a misspelt claim does not go unseen.
   */
  private static final Set<String> CLAIMS =
      Set.of(
          AUDIENCE, ISSUER, SCOPE, ISSUED_AT, EXPIRES_AT, TOKEN_ID, NOT_BEFORE, "sub", "resource");

  private final CompactJws jws;
  private final RuleTrace trace;
  private final String algorithm;

  private Grant(CompactJws jws, RuleTrace trace, String algorithm) {
    this.jws = jws;
    this.trace = trace;
    this.algorithm = algorithm;
  }

  /** Reads an assertion; no claim of it is proved yet. */
  static Grant parse(String assertion, RuleTrace trace) {
    if (!trace.check(
        "grant.size",
        assertion.length() <= MAX_LENGTH,
        "at most " + MAX_LENGTH,
        assertion.length())) {
      throw new Refused(Refusal.INVALID_VALUE, "");
    }
    CompactJws jws;
    try {
      jws = CompactJws.parse(assertion);
      trace.check("grant.form", true, "a compact JWS", "three parts");
    } catch (MalformedToken e) {
      trace.check("grant.form", false, "a compact JWS", e.sentence());
      throw new Refused(Refusal.INVALID_VALUE, "");
    }
    String algorithm = jws.algorithm();
    if (!trace.check(
            "grant.algorithm",
            algorithm != null && TrustedIssuer.RSA_ALGORITHMS.contains(algorithm),
            "RS256, RS384 or RS512",
            jws.header().get("alg"))
        || algorithm == null) {
      throw new Refused(Refusal.INVALID_VALUE, "");
    }
    for (String name : List.of("crit", "jwk", "jku", "x5u", "b64")) {
      if (jws.header().containsKey(name)) {
        trace.check("grant.header", false, "no crit, jwk, jku, x5u or b64", name);
        throw new Refused(Refusal.INVALID_VALUE, "");
      }
    }
    return new Grant(jws, trace, algorithm);
  }

  CompactJws jws() {
    return jws;
  }

  RuleTrace trace() {
    return trace;
  }

  /** The JWS algorithm, one of RS256, RS384 and RS512. */
  String algorithm() {
    return algorithm;
  }

  /** The client that the grant claims to come from. */
  String clientId() {
    Object issuer = claims().get(ISSUER);
    boolean fine = issuer instanceof String text && !text.isEmpty() && text.length() <= LONGEST_ID;
    if (!trace.check("grant.iss", fine, "a client id", issuer)) {
      throw new Refused(Refusal.UNKNOWN_CLIENT, " Client not found");
    }
    return String.valueOf(issuer);
  }

  /** The audience must be this authority and nothing else. */
  void requireAudience(String expected) {
    Object audience = claims().get(AUDIENCE);
    if (audience instanceof List<?> list && list.size() == 1) {
      audience = list.get(0);
    }
    if (!trace.check("grant.aud", expected.equals(audience), expected, audience)) {
      throw new Refused(Refusal.AUDIENCE, " Expected " + expected);
    }
  }

  /** The times must be there and right. */
  void requireTimely(Instant now) {
    long seconds = now.getEpochSecond();
    long issuedAt = time(ISSUED_AT);
    long expiresAt = time(EXPIRES_AT);
    if (!trace.check(
        "grant.lifetime",
        expiresAt - issuedAt <= MAX_LIFETIME_SECONDS && expiresAt >= issuedAt,
        "from 0 to " + MAX_LIFETIME_SECONDS + " s",
        expiresAt - issuedAt)) {
      throw new Refused(Refusal.TOO_LONG, "");
    }
    if (!trace.check(
        "grant.iat",
        issuedAt <= seconds + SKEW_SECONDS,
        "at most " + (seconds + SKEW_SECONDS),
        issuedAt)) {
      throw new Refused(
          Refusal.ISSUED_IN_FUTURE,
          " It is " + (issuedAt - seconds) + " s ahead of the server's clock.");
    }
    if (!trace.check(
        "grant.exp",
        expiresAt >= seconds - SKEW_SECONDS,
        "at least " + (seconds - SKEW_SECONDS),
        expiresAt)) {
      throw new Refused(Refusal.EXPIRED, "");
    }
    if (claims().containsKey(NOT_BEFORE)) {
      long notBefore = time(NOT_BEFORE);
      if (!trace.check(
          "grant.nbf",
          notBefore <= seconds + SKEW_SECONDS,
          "at most " + (seconds + SKEW_SECONDS),
          notBefore)) {
        throw new Refused(Refusal.ISSUED_IN_FUTURE, "");
      }
    }
  }

  /** Every claim must be known, and a {@code jti} must be a string of reasonable length. */
  void requireKnownClaims() {
    for (String name : claims().keySet()) {
      if (!CLAIMS.contains(name)) {
        trace.check("grant.claims", false, "claims that are known", name);
        throw new Refused(Refusal.INVALID_VALUE, "");
      }
    }
    Object id = claims().get(TOKEN_ID);
    boolean fine =
        !claims().containsKey(TOKEN_ID)
            || (id instanceof String text && !text.isEmpty() && text.length() <= LONGEST_ID);
    if (!trace.check("grant.jti", fine, "absent, or a string of at most 255 characters", id)) {
      throw new Refused(Refusal.INVALID_VALUE, "");
    }
  }

  /** The scopes that are asked for; at least one. */
  Scopes scopes() {
    Scopes scopes = Scopes.parse(claims().get(SCOPE));
    if (!trace.check("grant.scope", !scopes.isEmpty(), "at least one", claims().get(SCOPE))) {
      throw new Refused(Refusal.INVALID_VALUE, "");
    }
    return scopes;
  }

  /**
   * The resources that the token shall be restricted to (RFC 8707), a string or a list of strings
   * as sent; null when none is named.
   */
  @Nullable Object resource() {
    Object resource = claims().get("resource");
    List<?> all = resource instanceof List<?> list ? list : List.of(String.valueOf(resource));
    boolean named = claims().containsKey("resource");
    boolean fine = !named || (resource != null && !all.isEmpty() && all.size() <= 20);
    for (Object one : all) {
      fine &= !named || (one instanceof String text && isAbsolute(text));
    }
    if (!trace.check("grant.resource", fine, "absolute URIs without fragment", resource)) {
      throw new Refused(Refusal.TARGET, "");
    }
    return all.size() == 1 && named ? all.get(0) : resource;
  }

  /** What makes this grant the only one of its kind: its {@code jti}, else its fingerprint. */
  String messageId() {
    return claims().get(TOKEN_ID) instanceof String id
        ? "jti:" + id
        : "sha256:" + jws.fingerprint();
  }

  /** Until when the grant would be accepted by its times. */
  Instant acceptedUntil() {
    return Instant.ofEpochSecond(time(EXPIRES_AT) + SKEW_SECONDS + 1);
  }

  private Map<String, @Nullable Object> claims() {
    return jws.unverifiedClaims();
  }

  private long time(String claim) {
    Long seconds = NumericDate.seconds(claims().get(claim));
    if (seconds == null) {
      trace.check("grant." + claim, false, "a time in seconds", "absent or no time");
      throw new Refused(Refusal.INVALID_VALUE, "");
    }
    return seconds;
  }

  private static boolean isAbsolute(String text) {
    try {
      URI uri = new URI(text);
      return uri.isAbsolute() && uri.getRawFragment() == null && text.length() <= 2048;
    } catch (URISyntaxException e) {
      return false;
    }
  }
}

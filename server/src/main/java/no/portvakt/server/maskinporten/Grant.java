package no.portvakt.server.maskinporten;

import static no.portvakt.tokens.ClaimNames.ISSUER;

import java.util.List;
import java.util.Map;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.TrustedIssuer;
import org.jspecify.annotations.Nullable;

/**
 * A JWT grant (RFC 7523 §2.1) of the right form. Who signed it is {@link ClientKeys}' matter, what
 * it says {@link GrantTimes}' and {@link GrantClaims}'.
 */
final class Grant {
  /** The longest assertion, in characters: a chain of certificates fits well. */
  static final int MAX_LENGTH = 16 * 1024;

  /** The longest id that a caller may choose, in characters. */
  static final int LONGEST_ID = 255;

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
    int length = assertion.length();
    if (!trace.check("grant.size", length <= MAX_LENGTH, "at most " + MAX_LENGTH, length)) {
      throw Refusal.INVALID_VALUE.of(
          ": the assertion is longer than " + MAX_LENGTH + " characters");
    }
    CompactJws jws;
    try {
      jws = CompactJws.parse(assertion);
      trace.check("grant.form", true, "a compact JWS", "three parts");
    } catch (MalformedToken e) {
      trace.check("grant.form", false, "a compact JWS", e.sentence());
      throw Refusal.INVALID_VALUE.of(": " + e.sentence());
    }
    String algorithm = jws.algorithm();
    if (!trace.check(
            "grant.algorithm",
            algorithm != null && TrustedIssuer.RSA_ALGORITHMS.contains(algorithm),
            "RS256, RS384 or RS512",
            jws.header().get("alg"))
        || algorithm == null) {
      throw Refusal.INVALID_VALUE.of(": alg must be RS256, RS384 or RS512");
    }
    for (String name : List.of("crit", "jwk", "jku", "x5u", "b64")) {
      if (jws.header().containsKey(name)) {
        trace.check("grant.header", false, "no crit, jwk, jku, x5u or b64", name);
        throw Refusal.INVALID_VALUE.of(": the header must not have " + name);
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

  /** The claims; trust none of them before the signature held. */
  Map<String, @Nullable Object> claims() {
    return jws.unverifiedClaims();
  }

  /** The client that the grant claims to come from. */
  String clientId() {
    Object issuer = claims().get(ISSUER);
    boolean fine = issuer instanceof String text && !text.isEmpty() && text.length() <= LONGEST_ID;
    if (!trace.check("grant.iss", fine, "a client id", issuer)) {
      throw Refusal.UNKNOWN_CLIENT.of("");
    }
    return String.valueOf(issuer);
  }
}

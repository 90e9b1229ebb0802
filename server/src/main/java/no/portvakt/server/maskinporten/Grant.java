package no.portvakt.server.maskinporten;

import static no.portvakt.tokens.ClaimNames.AUDIENCE;
import static no.portvakt.tokens.ClaimNames.ISSUER;

import java.util.List;
import java.util.Map;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.TrustedIssuer;
import org.jspecify.annotations.Nullable;

/**
 * A JWT grant (RFC 7523 §2.1) of the right form: who it says it is from, and whom it is for. Who
 * signed it is {@link ClientKeys}' matter, what else it says {@link GrantTimes}' and {@link
 * GrantClaims}'.
 */
final class Grant {
  /** The longest assertion, in characters: a chain of certificates fits well. */
  static final int MAX_LENGTH = 16 * 1024;

  /** The longest id that a caller may choose, in characters. */
  static final int LONGEST_ID = 255;

  /** Authorities that grants are meant for by mistake, without the slash at the end. */
  private static final Map<String, String> OTHERS =
      Map.of(
          "https://maskinporten.no", "Maskinporten in production",
          "https://test.maskinporten.no", "Maskinporten's test environment",
          "https://ver1.maskinporten.no", "an environment of Maskinporten that was shut down",
          "https://ver2.maskinporten.no", "an environment of Maskinporten that was shut down",
          "https://sky.maskinporten.no", "Skyporten in production",
          "https://test.sky.maskinporten.no", "Skyporten's test environment",
          "https://oidc.difi.no/idporten-oidc-provider", "the old ID-porten",
          "https://oidc-ver2.difi.no/idporten-oidc-provider", "the old ID-porten");

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
    if (length > MAX_LENGTH) {
      trace.check("grant.size", false, "at most " + MAX_LENGTH, length);
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
    if (!fine) {
      trace.check("grant.iss", false, "a client id", issuer);
      throw Refusal.UNKNOWN_CLIENT.of("");
    }
    return String.valueOf(issuer);
  }

  /**
   * The audience must be this authority and nothing else; a refusal names it, and what was probably
   * mistaken for it.
   *
   * @param expected the issuer of this authority, with its slash
   */
  void requireAudience(String expected) {
    Object audience = claims().get(AUDIENCE);
    if (audience instanceof List<?> list && list.size() == 1) {
      audience = list.get(0);
    }
    if (!trace.check("grant.aud", expected.equals(audience), expected, audience)) {
      throw Refusal.AUDIENCE.of(" Expected " + expected + hint(expected, audience));
    }
  }

  private static String hint(String expected, @Nullable Object audience) {
    if (audience instanceof List<?> list && list.size() > 1) {
      return " alone, and there are several.";
    }
    if (!(audience instanceof String text)) {
      return "";
    }
    String base = withoutSlash(text);
    if (base.equals(withoutSlash(expected))) {
      return " with exactly one slash at the end.";
    }
    boolean endpoint = base.endsWith("/token");
    base = endpoint ? withoutSlash(base.substring(0, base.length() - "token".length())) : base;
    if (base.equals(withoutSlash(expected))) {
      return " and not the address of the token endpoint.";
    }
    String other = OTHERS.get(base);
    return other == null ? "" : " and not " + other + ".";
  }

  private static String withoutSlash(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == '/') {
      end--;
    }
    return text.substring(0, end);
  }
}

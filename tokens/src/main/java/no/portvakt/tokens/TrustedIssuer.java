package no.portvakt.tokens;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An issuer whose tokens are believed, bound to its own keys.
 *
 * @param issuer the exact value of {@code iss}, trailing slash included
 * @param algorithms the JWS algorithms its tokens may be signed with
 * @param keys the keys that belong to this issuer and to no other
 * @param audiences the values of {@code aud} of which a token must have one; empty: not checked
 */
public record TrustedIssuer(
    String issuer, Set<String> algorithms, KeySet keys, Set<String> audiences) {
  /** The algorithms that Maskinporten and ID-porten use. */
  public static final Set<String> RSA_ALGORITHMS = Set.of("RS256", "RS384", "RS512");

  /**
   * @throws IllegalArgumentException when the issuer is blank or no algorithm is allowed
   */
  public TrustedIssuer {
    if (issuer.isBlank() || algorithms.isEmpty()) {
      throw new IllegalArgumentException("A trusted issuer has a name and at least one algorithm.");
    }
    algorithms = Set.copyOf(algorithms);
    audiences = Set.copyOf(audiences);
  }

  /** Whether an {@code aud}, a string or a list of strings, has one of this issuer's audiences. */
  boolean isMeantBy(@Nullable Object audience) {
    if (audience instanceof String one) {
      return audiences.contains(one);
    }
    if (audience instanceof List<?> many) {
      for (Object one : many) {
        if (one instanceof String text && audiences.contains(text)) {
          return true;
        }
      }
    }
    return false;
  }
}

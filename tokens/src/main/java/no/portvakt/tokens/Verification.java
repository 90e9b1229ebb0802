package no.portvakt.tokens;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What became of a token's verification. There is no third outcome and no exception for a bad
 * token.
 */
public sealed interface Verification {
  /**
   * The token holds.
   *
   * @param issuer whose it is
   * @param claims its claims in their order; unmodifiable
   */
  record Verified(TrustedIssuer issuer, Map<String, @Nullable Object> claims)
      implements Verification {
    /** A claim when it is a string, else null. */
    public @Nullable String text(String name) {
      return claims.get(name) instanceof String value ? value : null;
    }

    /** The claim {@code exp}, seconds since 1970: every verified token has one. */
    public long expiresAt() {
      return claims.get(ClaimNames.EXPIRES_AT) instanceof Number value ? value.longValue() : 0;
    }

    @Override
    public String toString() {
      return "Verified[issuer=" + issuer.issuer() + "]";
    }
  }

  /**
   * The token does not hold.
   *
   * @param rule the name of the rule that failed
   * @param description a fixed sentence, fit for the caller
   */
  record Refused(String rule, String description) implements Verification {}
}

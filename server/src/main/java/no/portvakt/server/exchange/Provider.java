package no.portvakt.server.exchange;

import java.time.Instant;
import java.util.Map;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;

/** One kind of proof that can be exchanged; each has a file of its own. */
interface Provider {
  /** The last segment of its address, lower case. */
  String name();

  /** Decides what a verified token of this provider is exchanged for. */
  Mapping map(Verified token, Inquiry inquiry, Instant now, RuleTrace trace);

  /**
   * What a caller asks besides the token.
   *
   * @param test the query parameter {@code test}
   * @param enterpriseUser whether the header {@code X-Altinn-EnterpriseUser-Authentication} came
   */
  record Inquiry(boolean test, boolean enterpriseUser) {}

  /** What a verified token is exchanged for. */
  sealed interface Mapping {
    /**
     * A platform token with these claims.
     *
     * @param organisation the organisation number that it speaks for
     */
    record Issue(Map<String, @Nullable Object> claims, String organisation) implements Mapping {
      @Override
      public String toString() {
        return "Issue[organisation=" + organisation + "]";
      }
    }

    /**
     * Nothing.
     *
     * @param description a fixed sentence for the caller
     */
    record Refused(String description) implements Mapping {}

    /** Nothing, and never again: what was asked for has been taken away. */
    record Gone() implements Mapping {}
  }
}

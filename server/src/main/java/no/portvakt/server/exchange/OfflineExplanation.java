package no.portvakt.server.exchange;

import java.time.InstantSource;
import java.util.Map;
import no.portvakt.server.exchange.Provider.Inquiry;
import no.portvakt.server.exchange.Provider.Mapping;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.TokenVerifier;
import no.portvakt.tokens.TrustedIssuer;
import no.portvakt.tokens.Verification;
import no.portvakt.tokens.Verification.Refused;
import no.portvakt.tokens.Verification.Verified;

/** Runs the rules of an exchange over a token without a server, a store or a record. */
public final class OfflineExplanation {
  private OfflineExplanation() {}

  /**
   * Says what the exchange would say about a token; the rules that ran go into the trace.
   *
   * @param issuer the issuer to believe, with its keys
   * @return one sentence
   */
  public static String of(
      String token, TrustedIssuer issuer, InstantSource clock, RuleTrace trace) {
    Verification verification =
        new TokenVerifier(Map.of(issuer.issuer(), issuer), clock).verify(token, trace);
    if (verification instanceof Refused refused) {
      return refused.description();
    }
    PlatformClaims claims =
        new PlatformClaims(
            "offline",
            new PlatformClaims.Options(
                1800, false, false, java.util.Set.of(PlatformClaims.Family.values())));
    Mapping mapping =
        new MaskinportenProvider(claims, number -> null)
            .map((Verified) verification, new Inquiry(false, false), clock.instant(), trace);
    return mapping instanceof Mapping.Refused refused
        ? refused.description()
        : "The token would be exchanged.";
  }
}

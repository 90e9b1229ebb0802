package no.portvakt.server.exchange;

import static no.portvakt.server.audit.AuditEvent.Outcome.FAILED;
import static no.portvakt.server.audit.AuditEvent.Outcome.GRANTED;
import static no.portvakt.server.audit.AuditEvent.Outcome.REFUSED;

import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import no.portvakt.server.audit.AuditEvent;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.exchange.Provider.Inquiry;
import no.portvakt.server.exchange.Provider.Mapping;
import no.portvakt.server.http.RequestContext;
import no.portvakt.server.issuer.TokenIssuer;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.KeySet.KeySetUnavailable;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.TokenVerifier;
import no.portvakt.tokens.Verification;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;

/**
 * The one way from a proof to a platform token: verify, map, audit, sign. Nothing leaves before the
 * audit record is durable.
 */
public final class ExchangePipeline {
  private final TokenIssuer issuer;
  private final AuditLog audit;
  private final InstantSource clock;

  public ExchangePipeline(TokenIssuer issuer, AuditLog audit, InstantSource clock) {
    this.issuer = issuer;
    this.audit = audit;
    this.clock = clock;
  }

  /** What became of an exchange. */
  sealed interface Result {
    /** A signed platform token. */
    record Token(String compact) implements Result {
      @Override
      public String toString() {
        return "Token[]";
      }
    }

    /**
     * No token.
     *
     * @param gone whether what was asked for has been taken away for good
     * @param description a fixed sentence for the caller
     */
    record Refused(boolean gone, String description) implements Result {}
  }

  /** Exchanges a proof; {@code verifier} believes the provider's issuers and no others. */
  Result exchange(Provider provider, TokenVerifier verifier, String proof, Inquiry inquiry) {
    Instant now = clock.instant();
    RuleTrace trace = new RuleTrace();
    Verification verification;
    Mapping mapping;
    try {
      verification = verifier.verify(proof, trace);
      mapping =
          verification instanceof Verified token
              ? provider.map(token, inquiry, now, trace)
              : new Mapping.Refused(((Verification.Refused) verification).description());
    } catch (RuntimeException e) {
      String reason = e instanceof KeySetUnavailable ? "key set" : "look-up";
      audit.record(event(provider, FAILED, now, null, trace).with("reason", reason));
      throw e;
    }
    Verified token = verification instanceof Verified verified ? verified : null;
    if (!(mapping instanceof Mapping.Issue issue)) {
      audit.record(
          event(provider, REFUSED, now, token, trace).with("reason", trace.firstFailure()));
      return mapping instanceof Mapping.Refused refused
          ? new Result.Refused(false, refused.description())
          : new Result.Refused(true, "");
    }
    Map<String, @Nullable Object> claims = issue.claims();
    audit.record(
        event(provider, GRANTED, now, token, trace)
            .with("organisation", issue.organisation())
            .with("jti", claims.get(ClaimNames.TOKEN_ID))
            .with("expires", claims.get(ClaimNames.EXPIRES_AT))
            .with("key", issuer.keys().active().keyId()));
    return new Result.Token(issuer.sign(claims));
  }

  /** Keeps the record of a request that had no proof to exchange. */
  void refuse(String provider, String rule, String description) {
    RuleTrace trace = new RuleTrace();
    trace.check(rule, false, "one bearer token", description);
    audit.record(
        new AuditEvent(
                RequestContext.current().id(), clock.instant(), "exchange", provider, REFUSED)
            .with("address", RequestContext.current().clientAddress())
            .with("reason", rule)
            .rules(trace));
  }

  private static AuditEvent event(
      Provider provider,
      AuditEvent.Outcome outcome,
      Instant now,
      @Nullable Verified token,
      RuleTrace trace) {
    RequestContext context = RequestContext.current();
    AuditEvent event =
        new AuditEvent(context.id(), now, "exchange", provider.name(), outcome)
            .with("address", context.clientAddress());
    if (token != null) {
      event
          .with("issuer", token.issuer().issuer())
          .with("client_id", RuleTrace.printable(token.claims().get(ClaimNames.CLIENT_ID)))
          .with("scope", RuleTrace.printable(token.claims().get(ClaimNames.SCOPE)))
          .with("proof_jti", RuleTrace.printable(token.claims().get(ClaimNames.TOKEN_ID)));
    }
    return event.rules(trace);
  }
}

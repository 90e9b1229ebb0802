package no.portvakt.server.exchange;

import java.time.Instant;
import no.portvakt.server.audit.AuditEvent;
import no.portvakt.server.http.RequestContext;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;

/** What the audit keeps of one exchange: gathered while it runs (docs/protocol/audit.md). */
final class ExchangeRecord {
  private final String provider;
  private final Instant time;
  private final RuleTrace trace;
  private @Nullable Verified token;

  ExchangeRecord(String provider, Instant time, RuleTrace trace) {
    this.provider = provider;
    this.time = time;
    this.trace = trace;
  }

  /** When the exchange began: the one time that all of its rules compare with. */
  Instant time() {
    return time;
  }

  RuleTrace trace() {
    return trace;
  }

  /** Notes whose token it is, and returns it. */
  Verified of(Verified verified) {
    token = verified;
    return verified;
  }

  /** The event so far. */
  AuditEvent event(AuditEvent.Outcome outcome) {
    RequestContext context = RequestContext.current();
    AuditEvent event =
        new AuditEvent(context.id(), time, "exchange", provider, outcome)
            .with("address", context.clientAddress());
    if (token != null) {
      event
          .with("issuer", token.issuer().issuer())
          .with("client_id", trace.kept(token.claims().get(ClaimNames.CLIENT_ID)))
          .with("scope", trace.kept(token.claims().get(ClaimNames.SCOPE)))
          .with("proof_jti", trace.kept(token.claims().get(ClaimNames.TOKEN_ID)));
    }
    return event.rules(trace);
  }
}

package no.portvakt.server.exchange;

import static no.portvakt.server.audit.AuditEvent.Outcome.FAILED;
import static no.portvakt.server.audit.AuditEvent.Outcome.GRANTED;
import static no.portvakt.server.audit.AuditEvent.Outcome.REFUSED;

import java.time.InstantSource;
import java.util.Map;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.exchange.Provider.Inquiry;
import no.portvakt.server.exchange.Provider.Mapping;
import no.portvakt.server.issuer.SigningKey;
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

    /** No token; the description is a fixed sentence for the caller. */
    record Refused(String description) implements Result {}

    /** No token, and never again: what was asked for has been taken away. */
    record Gone() implements Result {}
  }

  /** Exchanges a proof; {@code verifier} believes the provider's issuers and no others. */
  Result exchange(Provider provider, TokenVerifier verifier, String proof, Inquiry inquiry) {
    ExchangeRecord record = new ExchangeRecord(provider.name(), clock.instant(), audit.trace());
    RuleTrace trace = record.trace();
    Mapping mapping;
    try {
      Verification verification = verifier.verify(proof, trace);
      mapping =
          switch (verification) {
            case Verified token -> provider.map(record.of(token), inquiry, record.time(), trace);
            case Verification.Refused refused -> new Mapping.Refused(refused.description());
          };
    } catch (RuntimeException e) {
      String reason = e instanceof KeySetUnavailable ? "key set" : "look-up";
      audit.record(record.event(FAILED).with("reason", reason));
      throw e;
    }
    if (!(mapping instanceof Mapping.Issue issue)) {
      audit.record(record.event(REFUSED).with("reason", trace.firstFailure()));
      return mapping instanceof Mapping.Refused refused
          ? new Result.Refused(refused.description())
          : new Result.Gone();
    }
    Map<String, @Nullable Object> claims = issue.claims();
    SigningKey key = issuer.key();
    audit.record(
        record
            .event(GRANTED)
            .with("organisation", issue.organisation())
            .with("jti", claims.get(ClaimNames.TOKEN_ID))
            .with("expires", claims.get(ClaimNames.EXPIRES_AT))
            .with("key", key.keyId()));
    return new Result.Token(issuer.sign(claims, key));
  }

  /** Keeps the record of a request that has no proof that could be exchanged. */
  void refuse(String provider, String rule, String expected, String actual) {
    ExchangeRecord record = new ExchangeRecord(provider, clock.instant(), audit.trace());
    record.trace().check(rule, false, expected, actual);
    audit.record(record.event(REFUSED).with("reason", rule));
  }
}

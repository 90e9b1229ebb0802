package no.portvakt.server.audit;

import java.util.function.Supplier;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.RuleTrace;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps events; a caller goes on only after its event is durable. */
public final class AuditLog {
  private static final Logger LOG = LoggerFactory.getLogger(AuditLog.class);

  private final Database database;
  private final AuditTable table;
  private final Counter counter;
  private final Supplier<RuleTrace> traces;

  /** Is told of each kept event, for metrics. */
  @FunctionalInterface
  public interface Counter {
    /** One more decision: what was asked for, whose proof it was, what became of it. */
    void count(String event, String provider, String outcome);
  }

  public AuditLog(
      Database database, AuditTable table, Counter counter, Supplier<RuleTrace> traces) {
    this.database = database;
    this.table = table;
    this.counter = counter;
    this.traces = traces;
  }

  /** A trace for one decision; it masks person numbers as this log keeps them. */
  public RuleTrace trace() {
    return traces.get();
  }

  /**
   * Keeps an event.
   *
   * @throws no.portvakt.server.database.StoreUnavailable when it can't be kept: nothing may be
   *     issued
   */
  public void record(AuditEvent event) {
    boolean _ = decide(_ -> true, event, () -> event);
  }

  /** Keeps the event of a change that a transaction makes; both become durable or neither. */
  public void append(Session session, AuditEvent event) {
    table.append(session, event.decisionId(), event.time().toEpochMilli(), event.toJson());
  }

  /**
   * Keeps the event of a decision whose last check is itself a write: both become durable together
   * or not at all.
   *
   * @param lastCheck the check; may run again when the transaction is repeated
   * @param granted the event to keep when it holds
   * @param refused makes the event to keep when it does not
   * @return whether it held
   * @throws no.portvakt.server.database.StoreUnavailable when nothing can be kept: nothing may be
   *     issued
   */
  public boolean decide(
      Session.Work<Boolean> lastCheck, AuditEvent granted, Supplier<AuditEvent> refused) {
    String json = granted.toJson();
    AuditEvent event =
        database.record(session -> {
          boolean holds = lastCheck.run(session);
          AuditEvent kept = holds ? granted : refused.get();
          table.append(
              session, kept.decisionId(), kept.time().toEpochMilli(), holds ? json : kept.toJson());
          return kept;
        });
    counter.count(event.kind(), event.provider(), event.outcome().word());
    if (event.outcome() != AuditEvent.Outcome.GRANTED) {
      LOG.atInfo()
          .addKeyValue("decision_id", event.decisionId())
          .addKeyValue("event", event.kind())
          .addKeyValue("reason", event.reason())
          .log(event.outcome().word());
    }
    return event == granted;
  }
}

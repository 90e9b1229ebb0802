package no.portvakt.server.administration;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.audit.AuditEvent;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.RequestContext;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.tokens.Digests;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/**
 * Makes changes of what is registered, each in one transaction with its audit record
 * (docs/protocol/audit.md): who changed what, and which members; no value but digests.
 */
final class Changes {
  private static final String NOTHING = "{}";

  private final Database database;
  private final AuditLog audit;
  private final InstantSource clock;

  Changes(Database database, AuditLog audit, InstantSource clock) {
    this.database = database;
    this.audit = audit;
    this.clock = clock;
  }

  /** What a change comes to in its transaction. */
  sealed interface Result permits Made, Refusal {}

  /**
   * A change that was made.
   *
   * @param answer what the caller is told
   * @param target what was changed, such as a client's id
   * @param before its document before, JSON; null: there was none
   * @param after its document afterwards, JSON; null: there is none
   * @param about what else says which it was, such as whose, by the API's names
   */
  record Made(
      Answer answer,
      String target,
      @Nullable String before,
      @Nullable String after,
      Map<String, @Nullable String> about)
      implements Result {
    Made(Answer answer, String target, @Nullable String before, @Nullable String after) {
      this(answer, target, before, after, Map.of());
    }
  }

  /**
   * A request that is refused, with its status. Outside of a transaction it is thrown; inside of
   * one it is a result, because what is thrown there undoes the work of others too.
   */
  static final class Refusal extends RuntimeException implements Result {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String error;

    /**
     * @param error a word for programs
     * @param description a sentence for people
     */
    Refusal(int status, String error, String description) {
      super(description, null, false, false);
      this.status = status;
      this.error = error;
    }

    /** 404: there is no such thing, or the caller may not know of it. */
    static Refusal notFound() {
      return new Refusal(
          404, "not_found", "The caller's organisation has nothing of that name or id.");
    }

    /** What was looked for, when it is there; else {@link #notFound}. */
    static <T> T found(@Nullable T thing) {
      if (thing == null) {
        throw notFound();
      }
      return thing;
    }

    /** 403: it belongs to somebody else. */
    static Refusal forbidden(String description) {
      return new Refusal(403, "forbidden", description);
    }

    /** 409: what is there already does not let it. */
    static Refusal conflict(String description) {
      return new Refusal(409, "conflict", description);
    }

    /** 412: it is not what the caller saw last (RFC 9110 §13.1). */
    static Refusal changed() {
      return new Refusal(
          412,
          "precondition_failed",
          "It has changed since: If-Match or If-None-Match is about another state.");
    }

    int status() {
      return status;
    }

    String error() {
      return error;
    }
  }

  /** The time of a change. */
  Instant now() {
    return clock.instant();
  }

  /**
   * Makes a change.
   *
   * @param change what is changed, as the audit calls it
   * @param work reads, decides and writes; may run again when the transaction is repeated
   * @throws no.portvakt.server.database.StoreUnavailable when it can't be kept
   */
  Answer make(Caller caller, String change, Session.Work<Result> work) {
    RequestContext context = RequestContext.current();
    Result result =
        database.write(session -> {
          Result came = work.run(session);
          if (came instanceof Made made) {
            audit.append(session, changed(context, caller, change, made));
          } else if (came instanceof Refusal refusal && refusal.status() == 403) {
            audit.append(session, refused(context, caller, change, refusal.error()));
          }
          return came;
        });
    return switch (result) {
      case Made made -> made.answer();
      case Refusal refusal -> AdminAnswer.refused(refusal, now());
    };
  }

  /** Keeps that a caller was refused a change before it was tried. */
  void recordRefusal(Caller caller, String change, String reason) {
    audit.record(refused(RequestContext.current(), caller, change, reason));
  }

  private AuditEvent refused(RequestContext context, Caller caller, String change, String reason) {
    return event(context, caller, change, AuditEvent.Outcome.REFUSED).with("reason", reason);
  }

  private AuditEvent changed(RequestContext context, Caller caller, String change, Made made) {
    RuleTrace trace = audit.trace();
    AuditEvent event =
        event(context, caller, change, AuditEvent.Outcome.CHANGED)
            .with("target", trace.keptName(made.target()));
    made.about()
        .forEach((name, value) -> event.with(name, value == null ? null : trace.keptName(value)));
    return event
        .with("members", members(made.before(), made.after()))
        .with("before", digest(made.before()))
        .with("after", digest(made.after()));
  }

  private AuditEvent event(
      RequestContext context, Caller caller, String change, AuditEvent.Outcome outcome) {
    return new AuditEvent(context.id(), now(), "admin." + change, "maskinporten", outcome)
        .with("address", context.clientAddress())
        .with("client_id", audit.trace().kept(caller.clientId()))
        .with("organisation", caller.organisation());
  }

  /** The names of the members that differ. */
  private List<String> members(@Nullable String before, @Nullable String after) {
    Map<String, @Nullable Object> old = ScopeSettings.members(before == null ? NOTHING : before);
    Map<String, @Nullable Object> fresh = ScopeSettings.members(after == null ? NOTHING : after);
    TreeSet<String> names = new TreeSet<>(old.keySet());
    names.addAll(fresh.keySet());
    names.removeIf(name -> Objects.equals(old.get(name), fresh.get(name)));
    return names.stream().map(audit.trace()::kept).toList();
  }

  private static @Nullable String digest(@Nullable String document) {
    return document == null
        ? null
        : HexFormat.of().formatHex(Digests.sha256(document.getBytes(StandardCharsets.UTF_8)));
  }
}

package no.portvakt.server.audit;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/**
 * One decision as the audit keeps it: a JSON object with the members of {@code
 * docs/protocol/audit.md}. It holds no token, no secret and no person number.
 */
public final class AuditEvent {
  private final String decisionId;
  private final Instant time;
  private final String kind;
  private final String provider;
  private final Outcome outcome;
  private final Map<String, @Nullable Object> members = new LinkedHashMap<>();
  private @Nullable List<RuleTrace.Rule> rules;

  /** What became of a request. */
  public enum Outcome {
    /** A token left the server. */
    GRANTED,
    /** The caller had no right to one. */
    REFUSED,
    /** We could not decide. */
    FAILED,
    /** Something of the platform's own was changed. */
    CHANGED;

    private final String word;

    Outcome() {
      this.word = name().toLowerCase(java.util.Locale.ROOT);
    }

    /** The outcome's word in records and metrics. */
    public String word() {
      return word;
    }
  }

  /**
   * @param decisionId the id that the caller was told
   * @param kind what was asked for: {@code exchange}, {@code maskinporten.token}
   * @param provider whose proof it was
   */
  public AuditEvent(
      String decisionId, Instant time, String kind, String provider, Outcome outcome) {
    this.decisionId = decisionId;
    this.time = time;
    this.kind = kind;
    this.provider = provider;
    this.outcome = outcome;
    members.put("id", decisionId);
    members.put("time", time.toString());
    members.put("event", kind);
    members.put("provider", provider);
    members.put("outcome", outcome.word());
  }

  /** Adds a member when there is a value for it. */
  public AuditEvent with(String name, @Nullable Object value) {
    if (value != null) {
      members.put(name, value);
    }
    return this;
  }

  /**
   * Adds the rules that ran: lists of name, {@code held} or {@code failed}, expected, actual; the
   * last is left out when it is what was expected, as for most names that are compared.
   */
  public AuditEvent rules(RuleTrace trace) {
    rules = trace.rules();
    return this;
  }

  String decisionId() {
    return decisionId;
  }

  Instant time() {
    return time;
  }

  String kind() {
    return kind;
  }

  String provider() {
    return provider;
  }

  Outcome outcome() {
    return outcome;
  }

  String reason() {
    return String.valueOf(members.get("reason"));
  }

  String toJson() {
    if (rules != null) {
      members.put("rules", rules.stream().map(AuditEvent::members).toList());
    }
    return Json.write(members);
  }

  private static List<String> members(RuleTrace.Rule rule) {
    String outcome = rule.held() ? "held" : "failed";
    return rule.actual().equals(rule.expected())
        ? List.of(rule.name(), outcome, rule.expected())
        : List.of(rule.name(), outcome, rule.expected(), rule.actual());
  }
}

package no.portvakt.server.administration;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.RequestContext;
import no.portvakt.server.registration.BadField;

/** The error answers of the admin API (docs/protocol/maskinporten-admin.md, "Errors"). */
final class AdminAnswer {
  private AdminAnswer() {}

  /**
   * A refusal.
   *
   * @param error a word for programs
   * @param description a sentence for people
   */
  static Answer refused(int status, String error, String description, Instant now) {
    return Answer.json(status, members(status, error, description, now, List.of())).noStore();
  }

  /** 400 for a field of the body. */
  static Answer refused(BadField bad, Instant now) {
    String message = String.valueOf(bad.getMessage());
    Map<String, Object> problem = new LinkedHashMap<>();
    problem.put("errorMessage", message);
    problem.put("isFieldError", true);
    problem.put("objectName", bad.object());
    problem.put("fieldIdentifier", bad.field());
    return Answer.json(
            400,
            members(400, "validation_error", bad.field() + ": " + message, now, List.of(problem)))
        .noStore();
  }

  private static Map<String, Object> members(
      int status, String error, String description, Instant now, List<?> errors) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("status", status);
    members.put("timestamp", now.toString());
    members.put("correlation_id", RequestContext.current().id());
    members.put("errors", errors);
    members.put("error", error);
    members.put("error_description", description);
    return members;
  }
}

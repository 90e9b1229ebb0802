package no.portvakt.server.maskinporten;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.RequestContext;

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
  static Answer badField(String object, String field, String message, Instant now) {
    Map<String, Object> problem = new LinkedHashMap<>();
    problem.put("errorMessage", message);
    problem.put("isFieldError", true);
    problem.put("objectName", object);
    problem.put("fieldIdentifier", field);
    return Answer.json(
            400, members(400, "validation_error", field + ": " + message, now, List.of(problem)))
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

  /** A field that does not hold; becomes {@link #badField} in {@link AdminAccess}. */
  static final class BadField extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final String object;
    private final String field;

    BadField(String object, String field, String message) {
      super(message, null, false, false);
      this.object = object;
      this.field = field;
    }

    Answer answer(Instant now) {
      return badField(object, field, String.valueOf(getMessage()), now);
    }
  }
}

package no.portvakt.server.administration;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.http.RequestContext;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.tokens.Digests;
import org.jspecify.annotations.Nullable;

/** The answers of the admin API (docs/protocol/maskinporten-admin.md, "Errors", "Versions"). */
final class AdminAnswer {
  private AdminAnswer() {}

  /** 200 with this document. */
  static Answer ok(Object body) {
    return Answer.json(200, body).noStore();
  }

  /** The answer to a refusal. */
  static Answer refused(Refusal refusal, Instant now) {
    return Answer.json(
            refusal.status(),
            members(
                refusal.status(),
                refusal.error(),
                String.valueOf(refusal.getMessage()),
                now,
                List.of()))
        .noStore();
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

  /** Adds what is kept of a document, and when it was made and changed. */
  static Map<String, @Nullable Object> put(
      Map<String, @Nullable Object> shown, String body, long created, long updated) {
    ScopeSettings.members(body)
        .forEach((name, value) -> {
          if (value != null) {
            shown.put(name, value);
          }
        });
    return times(shown, created, updated);
  }

  /** Adds when something was made and changed. */
  static Map<String, @Nullable Object> times(
      Map<String, @Nullable Object> shown, long created, long updated) {
    shown.put("created", Instant.ofEpochMilli(created).toString());
    shown.put("last_updated", Instant.ofEpochMilli(updated).toString());
    return shown;
  }

  /** The entity tag of a state (RFC 9110 §8.8.3), made from all that makes the state. */
  static String tag(Object... state) {
    byte[] digest = Digests.sha256(Arrays.deepToString(state).getBytes(StandardCharsets.UTF_8));
    return "\""
        + Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest, 12))
        + "\"";
  }

  /** The states that a request takes for the present one; null: any (RFC 9110 §13.1.1). */
  static @Nullable List<String> ifMatch(Request request) {
    return states(request, "If-Match");
  }

  /** The states in which a request wants no change; null: none (RFC 9110 §13.1.2). */
  static @Nullable List<String> ifNoneMatch(Request request) {
    return states(request, "If-None-Match");
  }

  private static @Nullable List<String> states(Request request, String name) {
    List<String> headers = request.headers(name);
    return headers.isEmpty()
        ? null
        : headers.stream()
            .flatMap(header -> Arrays.stream(header.split(",", -1)))
            .map(String::strip)
            .toList();
  }

  /** Whether one of the expected states is the present one; weak tags never are. */
  static boolean holds(@Nullable List<String> expected, String tag) {
    return expected == null || expected.contains("*") || expected.contains(tag);
  }

  /** Whether the present state is one of those that are not wanted; a weak tag counts too. */
  static boolean rulesOut(@Nullable List<String> unwanted, String tag) {
    return unwanted != null
        && (unwanted.contains("*") || unwanted.contains(tag) || unwanted.contains("W/" + tag));
  }
}

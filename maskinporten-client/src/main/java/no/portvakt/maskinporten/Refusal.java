package no.portvakt.maskinporten;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An error answer of a token endpoint (RFC 6749 §5.2), taken apart; its texts are fit to be shown.
 *
 * @param code {@code MP-110}, from {@code error_uri} or the description; where the answer names
 *     none, the one whose text it is
 * @param description without the trace id
 * @param clockOffset how far this machine's clock is ahead of the answer's {@code Date}
 */
record Refusal(
    int status,
    String error,
    @Nullable String code,
    @Nullable String description,
    @Nullable String traceId,
    @Nullable Duration clockOffset) {
  private static final Pattern CODE = Pattern.compile("\\bMP-[0-9]{3}\\b");

  /** What only the refusals of one code say (docs/protocol/maskinporten-token.md, "Refusals"). */
  private static final List<Map.Entry<String, Pattern>> TEXTS =
      List.of(
          text("MP-012", "Grant is used before"),
          text("MP-100", "Client not found|Client authentication failed\\.?$"),
          text("MP-110", "Invalid JWT claim aud"),
          text("MP-120", "invalid certificate"),
          text("MP-121", "Expired key"),
          text("MP-122", "Does not match certificate orgno"),
          text("MP-123", "Invalid JWT header x5c"),
          text("MP-124", "Invalid JWT signature"),
          text("MP-130", "JWT (?:has|is) expired"),
          text("MP-200", "invalid scopes for client"),
          text("MP-201", "scopes not allowed for maskinporten"),
          text("MP-250", "has not been granted access"),
          text("MP-251", "has not delegated access"),
          text("MP-301", "Unknown authorization details type"),
          text("MP-302", "Unknown fields in the authorization details"),
          text("MP-303", "Invalid authorization details values"),
          text("MP-011", "Invalid parameter value"));

  /** The newer and the older way to name a decision. */
  private static final Pattern TRACE =
      Pattern.compile("\\s*\\((?:trace_id|correlation id): *([0-9a-zA-Z-]{1,64})\\)");

  /** The refusal in an answer, or null when the answer is no error of OAuth. */
  static @Nullable Refusal in(Answer answer, Instant now) {
    Map<String, @Nullable Object> json = answer.json();
    String error = Answer.shown(json, "error");
    if (json == null || error == null) {
      return null;
    }
    String whole = json.get("error_description") instanceof String text ? text : "";
    Matcher trace = TRACE.matcher(whole);
    String traceId = trace.find() ? Answer.id(trace.group(1)) : null;
    String description = Answer.shown(TRACE.matcher(whole).replaceAll(""));
    Instant date = answer.date();
    return new Refusal(
        answer.status(),
        error,
        code(json.get("error_uri") + " " + description, description),
        description.isEmpty() ? null : description,
        traceId,
        date == null ? null : Duration.between(date, now));
  }

  private static @Nullable String code(String where, String description) {
    Matcher code = CODE.matcher(where);
    if (code.find()) {
      return code.group();
    }
    return TEXTS.stream()
        .filter(text -> text.getValue().matcher(description).find())
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse(null);
  }

  private static Map.Entry<String, Pattern> text(String code, String says) {
    return Map.entry(code, Pattern.compile(says, Pattern.CASE_INSENSITIVE));
  }
}

package no.portvakt.maskinporten;

import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An error answer of a token endpoint (RFC 6749 §5.2), taken apart; its texts are fit to be shown.
 *
 * @param code {@code MP-110}, from {@code error_uri} or the description
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
    String traceId = trace.find() ? trace.group(1) : null;
    String description = Answer.shown(TRACE.matcher(whole).replaceAll(""));
    Matcher code = CODE.matcher(json.get("error_uri") + " " + description);
    Instant date = answer.date();
    return new Refusal(
        answer.status(),
        error,
        code.find() ? code.group() : null,
        description.isEmpty() ? null : description,
        traceId,
        date == null ? null : Duration.between(date, now));
  }
}

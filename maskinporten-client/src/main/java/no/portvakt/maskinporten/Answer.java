package no.portvakt.maskinporten;

import java.net.URI;
import java.net.http.HttpHeaders;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/** A whole HTTP answer, its body no longer than {@link Http#MAX_BODY}. */
final class Answer {
  private static final int MAX_WORDS = 60;

  /** 32 hexadecimal digits, a UUID, or the {@code traceparent} of W3C Trace Context. */
  private static final Pattern ID = Pattern.compile("[0-9a-f-]{32,64}");

  private final URI from;
  private final int status;
  private final HttpHeaders headers;
  private final byte[] body;

  Answer(URI from, int status, HttpHeaders headers, byte[] body) {
    this.from = from;
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  URI from() {
    return from;
  }

  int status() {
    return status;
  }

  boolean isOk() {
    return status == 200;
  }

  /** The body as one JSON object, or null when it is none. */
  @Nullable Map<String, @Nullable Object> json() {
    try {
      return Json.readObject(body);
    } catch (MalformedJson e) {
      return null;
    }
  }

  /** The body as JSON string, or as it is; without the white space around it. */
  String text() {
    String text = new String(body, StandardCharsets.UTF_8).strip();
    if (text.startsWith("\"")) {
      try {
        return Json.readValue(body) instanceof String inner ? inner : text;
      } catch (MalformedJson e) {
        return text;
      }
    }
    return text;
  }

  /** The header {@code Date} (RFC 9110 §6.6.1), or null. */
  @Nullable Instant date() {
    return instant("Date");
  }

  /** A header that is an HTTP-date (RFC 9110 §5.6.7), or null when it is absent or none. */
  @Nullable Instant instant(String header) {
    return headers.firstValue(header).map(Answer::parsed).orElse(null);
  }

  /** The header {@code Retry-After} (RFC 9110 §10.2.3), never negative; or null. */
  @Nullable Duration retryAfter(Instant now) {
    String value = headers.firstValue("Retry-After").orElse("").strip();
    if (value.matches("[0-9]{1,6}")) {
      return Duration.ofSeconds(Long.parseLong(value));
    }
    Instant until = parsed(value);
    if (until == null) {
      return null;
    }
    Duration wait = Duration.between(now, until);
    return wait.isNegative() ? Duration.ZERO : wait;
  }

  /** What kind of body it is, to say so: {@code text/html}. */
  String kind() {
    String type = headers.firstValue("Content-Type").orElse("no content type");
    int end = type.indexOf(';');
    return RuleTrace.printable((end < 0 ? type : type.substring(0, end)).strip());
  }

  /** The answer is not what it should be. */
  UnexpectedAnswer unexpected(String what, String advice) {
    return new UnexpectedAnswer(status, from + " " + what + ".", advice, null);
  }

  /** A text of the answer as it may be shown: bounded, no tokens, no person numbers. */
  static String shown(String text) {
    StringBuilder out = new StringBuilder();
    int words = 0;
    for (String word : text.strip().split("\\s+", MAX_WORDS + 1)) {
      if (words++ == MAX_WORDS) {
        return out.append(" …").toString();
      }
      out.append(words == 1 ? "" : " ").append(RuleTrace.printable(word));
    }
    return out.toString();
  }

  /** A text member of a JSON object as it may be shown, or null. */
  static @Nullable String shown(@Nullable Map<String, @Nullable Object> json, String name) {
    return json != null && json.get(name) instanceof String text && !text.isBlank()
        ? shown(text)
        : null;
  }

  /**
   * What names a decision in a server's log, as it may be shown; whole where it can be nothing
   * else, since one random id of 32 hexadecimal digits in 20 has eleven decimal ones in a row.
   */
  static String id(String text) {
    return ID.matcher(text).matches() ? text : shown(text);
  }

  /** A text member that names a decision in a server's log, or null. */
  static @Nullable String id(@Nullable Map<String, @Nullable Object> json, String name) {
    return json != null && json.get(name) instanceof String text && !text.isBlank()
        ? id(text)
        : null;
  }

  private static @Nullable Instant parsed(String date) {
    try {
      return ZonedDateTime.parse(date, DateTimeFormatter.RFC_1123_DATE_TIME.withLocale(Locale.ROOT))
          .toInstant();
    } catch (DateTimeException e) {
      return null;
    }
  }
}

package no.portvakt.server.exchange;

import java.util.List;
import java.util.Locale;
import no.portvakt.server.http.Answer;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * Chooses between the two forms of an exchanged token, which real clients depend on: the bare token
 * as text, or a JSON string (docs/protocol/exchange.md, "Two forms of the answer").
 */
final class TokenMediaType {
  private static final int LONGEST = 100;

  private TokenMediaType() {}

  /** The answer with a token in the form that the caller accepts. */
  static Answer answer(String compact, List<String> accept) {
    String json = json(accept);
    return (json == null
            ? Answer.of(200, "text/plain; charset=utf-8", compact)
            : Answer.of(200, json + "; charset=utf-8", Json.write(compact)))
        .noStore();
  }

  /**
   * The JSON media type to answer with, or null for text.
   *
   * @param accept the values of the {@code Accept} headers
   */
  static @Nullable String json(List<String> accept) {
    String best = null;
    double bestQuality = 0;
    boolean text = false;
    for (String line : accept) {
      for (String item : line.split(",", -1)) {
        String[] parts = item.split(";", -1);
        String type = parts[0].strip().toLowerCase(Locale.ROOT);
        if (type.equals("*/*")) {
          return null; // anything goes: the original then answers with text, whatever else is there
        }
        double quality = quality(parts);
        String candidate = isText(type) ? "text/plain" : jsonType(type);
        if (candidate != null && quality > bestQuality) {
          bestQuality = quality;
          best = candidate;
          text = isText(type);
        }
      }
    }
    return text ? null : best;
  }

  private static boolean isText(String type) {
    return type.equals("text/plain") || type.equals("text/*");
  }

  private static @Nullable String jsonType(String type) {
    if (type.equals("application/json") || type.equals("application/*")) {
      return "application/json";
    }
    if (type.equals("text/json")) {
      return type;
    }
    boolean suffixed =
        type.startsWith("application/") && type.endsWith("+json") && type.length() <= LONGEST;
    return suffixed && type.chars().skip("application/".length()).allMatch(TokenMediaType::isToken)
        ? type
        : null;
  }

  private static boolean isToken(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || "+-._".indexOf(c) >= 0;
  }

  private static double quality(String[] parts) {
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].strip();
      if (parameter.regionMatches(true, 0, "q=", 0, 2)) {
        try {
          return Double.parseDouble(parameter.substring(2));
        } catch (NumberFormatException e) {
          return 0; // RFC 9110 §12.4.2: not a weight, so the item says nothing
        }
      }
    }
    return 1;
  }
}

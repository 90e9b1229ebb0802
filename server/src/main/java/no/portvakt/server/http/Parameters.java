package no.portvakt.server.http;

import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Parameters of a query or of a form body, decoded (WHATWG URL, urlencoded parsing). Immutable. */
public final class Parameters {
  private static final int MOST = 100;

  private final Map<String, String> values;
  private final Set<String> repeated;

  private Parameters(Map<String, String> values, Set<String> repeated) {
    this.values = values;
    this.repeated = repeated;
  }

  /**
   * Reads {@code a=1&b=2}.
   *
   * @throws RequestRefused (400) when an escape is broken or there are more than {@value #MOST}
   */
  public static Parameters parse(String encoded) {
    Map<String, String> values = new LinkedHashMap<>();
    Set<String> repeated = new TreeSet<>();
    int start = 0;
    while (start < encoded.length()) {
      int end = encoded.indexOf('&', start);
      end = end < 0 ? encoded.length() : end;
      int equals = encoded.indexOf('=', start);
      equals = equals < 0 || equals > end ? end : equals;
      if (end > start) {
        String name = decode(encoded.substring(start, equals));
        String value = decode(encoded.substring(Math.min(equals + 1, end), end));
        if (values.putIfAbsent(name, value) != null) {
          repeated.add(name);
        }
        if (values.size() > MOST) {
          throw new RequestRefused(400, "The request has more than " + MOST + " parameters.");
        }
      }
      start = end + 1;
    }
    return new Parameters(values, repeated);
  }

  /** The first value, or null when the parameter is absent. */
  public @Nullable String get(String name) {
    return values.get(name);
  }

  /** Whether a parameter came more than once (RFC 6749 §3.1 forbids it). */
  public boolean isRepeated(String name) {
    return repeated.contains(name);
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return values.isEmpty();
  }

  private static String decode(String text) {
    if (text.indexOf('%') < 0 && text.indexOf('+') < 0) {
      return text;
    }
    try {
      return URLDecoder.decode(text, StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      throw new RequestRefused(400, "A parameter of the request is not properly encoded.");
    }
  }
}

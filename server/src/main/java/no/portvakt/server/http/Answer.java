package no.portvakt.server.http;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** An HTTP answer: status, headers and the whole body. Immutable. */
public final class Answer {
  private static final byte[] NOTHING = {};

  private final int status;
  private final Map<String, String> headers;
  private final byte[] body;

  private Answer(int status, Map<String, String> headers, byte[] body) {
    this.status = status;
    this.headers = headers;
    this.body = body;
  }

  /** An answer with a body of the given media type. */
  public static Answer of(int status, String contentType, String body) {
    return new Answer(
        status, Map.of("Content-Type", contentType), body.getBytes(StandardCharsets.UTF_8));
  }

  /** An answer with a JSON body ({@code Map}, {@code List}, text, numbers). */
  public static Answer json(int status, @Nullable Object body) {
    return of(status, "application/json", Json.write(body));
  }

  /** An answer without a body. */
  public static Answer empty(int status) {
    return new Answer(status, Map.of(), NOTHING);
  }

  /** The same answer with one more header. */
  public Answer with(String name, String value) {
    Map<String, String> more = new LinkedHashMap<>(headers);
    more.put(name, value);
    return new Answer(status, more, body);
  }

  /** The same answer to a caller who may come back in five seconds (RFC 9110 §10.2.3). */
  public Answer retryLater() {
    return with("Retry-After", "5");
  }

  /** The same answer, never to be kept by a cache: it holds a secret (RFC 6749 §5.1). */
  public Answer noStore() {
    return with("Cache-Control", "no-store").with("Pragma", "no-cache");
  }

  /** The same answer, after which the connection ends (RFC 9112 §9.6). */
  Answer closing() {
    return with("Connection", "close");
  }

  boolean closes() {
    return headers.containsKey("Connection");
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  Map<String, String> headers() {
    return headers;
  }

  byte[] body() {
    return body;
  }
}

package no.portvakt.server.discovery;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.tokens.Digests;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * A JSON document that callers may keep for a while and ask for again with its {@code ETag}.
 *
 * @param body the document
 * @param etag its entity tag, quoted: the SHA-256 of the body
 */
public record Document(String body, String etag) {
  /** The document of a JSON value. */
  static Document of(@Nullable Object value) {
    String body = Json.write(value);
    byte[] digest = Digests.sha256(body.getBytes(StandardCharsets.UTF_8));
    return new Document(
        body, '"' + Base64.getUrlEncoder().withoutPadding().encodeToString(digest) + '"');
  }

  /**
   * Answers with the document, or 304 when the caller has it already (RFC 9110 §13.1.2).
   *
   * @param maxAge how long it may be kept
   */
  public Answer answer(Request request, Duration maxAge) {
    String known = request.header("If-None-Match");
    boolean same = known != null && (known.contains(etag) || known.strip().equals("*"));
    return (same ? Answer.empty(304) : Answer.of(200, "application/json", body))
        .with("Cache-Control", "public, max-age=" + maxAge.toSeconds())
        .with("ETag", etag);
  }
}

package no.portvakt.server.discovery;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.SigningKeys;
import no.portvakt.tokens.Digests;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * A JWK set (RFC 7517 §5) of the keys that are published, with {@code ETag} and {@code max-age};
 * made once for each set of keys.
 */
public final class KeySetDocument {
  private final Supplier<SigningKeys> keys;
  private final Duration maxAge;
  private volatile @Nullable Made made;

  private record Made(SigningKeys keys, String body, String etag) {}

  /**
   * @param maxAge how long a verifier may keep the document
   */
  public KeySetDocument(Supplier<SigningKeys> keys, Duration maxAge) {
    this.keys = keys;
    this.maxAge = maxAge;
  }

  /** Answers with the document, or 304 when the caller has it already (RFC 9110 §13.1.2). */
  public Answer handle(Request request) {
    Made current = current();
    String known = request.header("If-None-Match");
    boolean same = known != null && (known.contains(current.etag) || known.strip().equals("*"));
    Answer answer = same ? Answer.empty(304) : Answer.of(200, "application/json", current.body);
    return answer
        .with("Cache-Control", "public, max-age=" + maxAge.toSeconds())
        .with("ETag", current.etag);
  }

  private Made current() {
    SigningKeys now = keys.get();
    Made known = made;
    if (known != null && known.keys.equals(now)) {
      return known;
    }
    List<Map<String, Object>> jwks =
        now.published().stream().map(SigningKey::publicJwk).map(jwk -> jwk.toJSONObject()).toList();
    String body = Json.write(Map.of("keys", jwks));
    byte[] digest = Digests.sha256(body.getBytes(StandardCharsets.UTF_8));
    String etag = '"' + Base64.getUrlEncoder().withoutPadding().encodeToString(digest) + '"';
    Made fresh = new Made(now, body, etag);
    made = fresh;
    return fresh;
  }
}

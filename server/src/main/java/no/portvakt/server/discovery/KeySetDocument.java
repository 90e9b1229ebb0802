package no.portvakt.server.discovery;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.SigningKeys;
import org.jspecify.annotations.Nullable;

/**
 * A JWK set (RFC 7517 §5) of the keys that are published, with {@code ETag} and {@code max-age};
 * made once for each set of keys.
 */
public final class KeySetDocument {
  private final Supplier<SigningKeys> keys;
  private final Duration maxAge;
  private volatile @Nullable Made made;

  private record Made(SigningKeys keys, Document document) {}

  /**
   * @param maxAge how long a verifier may keep the document
   */
  public KeySetDocument(Supplier<SigningKeys> keys, Duration maxAge) {
    this.keys = keys;
    this.maxAge = maxAge;
  }

  /** Answers with the keys of the moment. */
  public Answer handle(Request request) {
    return current().answer(request, maxAge);
  }

  private Document current() {
    SigningKeys now = keys.get();
    Made known = made;
    if (known != null && known.keys.equals(now)) {
      return known.document;
    }
    List<Map<String, Object>> jwks =
        now.published().stream().map(SigningKey::publicJwk).map(jwk -> jwk.toJSONObject()).toList();
    Document document = Document.of(Map.of("keys", jwks));
    made = new Made(now, document);
    return document;
  }
}

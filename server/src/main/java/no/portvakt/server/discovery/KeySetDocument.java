package no.portvakt.server.discovery;

import java.util.List;
import java.util.Map;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.issuer.KeyRing;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.SigningKeys;
import org.jspecify.annotations.Nullable;

/**
 * A JWK set (RFC 7517 §5) of the keys that are published, with {@code ETag} and {@code max-age};
 * made once for each set of keys.
 */
public final class KeySetDocument {
  private final KeyRing keys;
  private volatile @Nullable Made made;

  private record Made(SigningKeys keys, Document document) {}

  public KeySetDocument(KeyRing keys) {
    this.keys = keys;
  }

  /** Answers with the keys of the moment. */
  public Answer handle(Request request) {
    return current().answer(request, keys.cacheable());
  }

  private Document current() {
    SigningKeys now = keys.keys();
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

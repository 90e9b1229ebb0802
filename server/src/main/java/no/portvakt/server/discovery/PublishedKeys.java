package no.portvakt.server.discovery;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.issuer.KeyRing;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.SigningKeys;
import org.jspecify.annotations.Nullable;

/**
 * A document that says something of the published keys; made once for each set of keys. It has an
 * {@code ETag} and a {@code max-age}.
 */
public final class PublishedKeys {
  private final KeyRing ring;
  private final Function<SigningKeys, Document> make;
  private volatile @Nullable Made made;

  private record Made(SigningKeys keys, Document document) {}

  private PublishedKeys(KeyRing ring, Function<SigningKeys, Document> make) {
    this.ring = ring;
    this.make = make;
  }

  /** The keys themselves: a JWK set (RFC 7517 §5). */
  public static PublishedKeys keySet(KeyRing ring) {
    return new PublishedKeys(ring, keys -> Document.of(Map.of("keys", jwks(keys))));
  }

  /**
   * The platform's discovery document, which names the algorithms of the keys.
   *
   * @param issuer the platform's issuer, with its trailing slash
   */
  public static PublishedKeys openIdConfiguration(String issuer, KeyRing ring) {
    return new PublishedKeys(ring, keys -> Metadata.openIdConfiguration(issuer, keys.algorithms()));
  }

  /** Answers with the document for the keys of the moment, to be kept as long as those. */
  public Answer handle(Request request) {
    return current().answer(request, ring.cacheable());
  }

  /**
   * Answers with the document for the keys of the moment.
   *
   * @param maxAge how long it may be kept
   */
  public Answer answer(Request request, Duration maxAge) {
    return current().answer(request, maxAge);
  }

  private Document current() {
    SigningKeys now = ring.keys();
    Made known = made;
    if (known != null && known.keys.equals(now)) {
      return known.document;
    }
    Document document = make.apply(now);
    made = new Made(now, document);
    return document;
  }

  private static List<Map<String, Object>> jwks(SigningKeys keys) {
    return keys.published().stream()
        .map(SigningKey::publicJwk)
        .map(jwk -> jwk.toJSONObject())
        .toList();
  }
}

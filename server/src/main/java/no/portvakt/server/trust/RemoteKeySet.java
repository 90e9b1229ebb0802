package no.portvakt.server.trust;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.KeySet;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The keys that an issuer publishes, found through its metadata (RFC 8414) or directly. They are
 * kept for ten minutes, asked for again when a token names an unknown key (once in 30 seconds at
 * most), and the last good ones stay in use for a day when the issuer does not answer.
 */
public final class RemoteKeySet implements KeySet {
  private static final Logger LOG = LoggerFactory.getLogger(RemoteKeySet.class);
  private static final Duration FRESH = Duration.ofMinutes(10);
  private static final Duration USABLE = Duration.ofDays(1);
  private static final Duration BETWEEN_FETCHES = Duration.ofSeconds(30);
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(5);
  private static final Duration TIMEOUT = Duration.ofSeconds(5);
  private static final int LARGEST = 512 * 1024;

  private final HttpClient http;
  private final InstantSource clock;
  private final String issuer;
  private final @Nullable URI metadata;
  private final @Nullable URI jwks;
  private final ReentrantLock fetching = new ReentrantLock();
  private volatile @Nullable Fetched fetched;
  private volatile Instant notBefore = Instant.MIN;

  private record Fetched(KeySet keys, Instant at) {}

  /**
   * @param issuer the issuer that the metadata must name
   * @param metadata the address of its metadata document, or null
   * @param jwks the address of its JWK set, or null to take it from the metadata
   */
  public RemoteKeySet(
      HttpClient http,
      InstantSource clock,
      String issuer,
      @Nullable URI metadata,
      @Nullable URI jwks) {
    this.http = http;
    this.clock = clock;
    this.issuer = issuer;
    this.metadata = metadata;
    this.jwks = jwks;
  }

  @Override
  public @Nullable VerificationKey byId(String keyId) {
    VerificationKey key = current(null).byId(keyId);
    return key != null ? key : current(keyId).byId(keyId);
  }

  @Override
  public List<VerificationKey> all() {
    return current(null).all();
  }

  /** The keys of the moment; {@code missing} is a key id that they lack, or null. */
  private KeySet current(@Nullable String missing) {
    Fetched known = fetched;
    Instant now = clock.instant();
    boolean fresh = known != null && now.isBefore(known.at.plus(FRESH));
    if (known != null && fresh && missing == null) {
      return known.keys;
    }
    if (!now.isBefore(notBefore) && lock(known != null && missing == null)) {
      try {
        refetch(known, now);
      } finally {
        fetching.unlock();
      }
    }
    Fetched usable = fetched;
    if (usable == null || !now.isBefore(usable.at.plus(USABLE))) {
      throw new KeySetUnavailable("The keys of " + issuer + " can't be had.", null);
    }
    return usable.keys;
  }

  // Whoever has keys to go on with does not wait for another's fetch; whoever lacks a key must, or
  // a good token would be refused while its new key is on the way.
  private boolean lock(boolean canGoOn) {
    try {
      return canGoOn
          ? fetching.tryLock()
          : fetching.tryLock(2 * TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void refetch(@Nullable Fetched known, Instant now) {
    if (!Objects.equals(fetched, known) || now.isBefore(notBefore)) {
      return; // somebody else fetched, or failed to, while this one waited
    }
    try {
      fetched = new Fetched(KeySet.of(VerificationKey.fromJwkSet(get(jwksAddress()))), now);
      notBefore = now.plus(BETWEEN_FETCHES);
    } catch (IOException | ParseException | IllegalArgumentException e) {
      notBefore = now.plus(AFTER_FAILURE);
      LOG.warn("The keys of {} can't be fetched: {}", issuer, e.toString());
    }
  }

  private URI jwksAddress() throws IOException {
    if (jwks != null) {
      return jwks;
    }
    if (metadata == null) {
      throw new IOException("no address is configured");
    }
    try {
      Map<String, @Nullable Object> document = Json.readObject(get(metadata));
      // RFC 8414 §3.3: a document that names another issuer must not be used.
      if (!issuer.equals(document.get("issuer"))) {
        throw new IOException("the metadata names another issuer");
      }
      if (document.get("jwks_uri") instanceof String address) {
        return URI.create(address);
      }
      throw new IOException("the metadata names no jwks_uri");
    } catch (MalformedJson e) {
      throw new IOException("the metadata " + e.reason(), e);
    }
  }

  private String get(URI address) throws IOException {
    HttpRequest request =
        HttpRequest.newBuilder(address)
            .timeout(TIMEOUT)
            .header("Accept", "application/json")
            .build();
    // The request's own timeout ends with the headers: a body that never ends must not hold us. Not
    // sendAsync: that ends in the common pool, which may be busy with anything.
    FutureTask<HttpResponse<byte[]>> asked =
        new FutureTask<>(
            () -> http.send(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), LARGEST)));
    Thread.startVirtualThread(asked);
    try {
      HttpResponse<byte[]> response = asked.get(TIMEOUT.toMillis(), TimeUnit.MILLISECONDS);
      if (response.statusCode() != 200) {
        throw new IOException(address + " answers with status " + response.statusCode());
      }
      return new String(response.body(), StandardCharsets.UTF_8);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (TimeoutException e) {
      throw new IOException(address + " takes too long to answer", e);
    } catch (ExecutionException e) {
      throw new IOException(address + " does not answer: " + e.getCause(), e);
    } finally {
      asked.cancel(true);
    }
  }
}

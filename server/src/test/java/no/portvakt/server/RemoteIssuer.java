package no.portvakt.server;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import no.portvakt.tokens.TrustedIssuer;
import org.jspecify.annotations.Nullable;

/**
 * A Maskinporten somewhere else: it publishes metadata and keys over HTTP on loopback, counts who
 * asks, breaks on demand, and signs whatever a test wants.
 */
public final class RemoteIssuer implements AutoCloseable {
  /** The organisation that {@link #token} speaks for: the seeded digdir. */
  public static final String DIGDIR = "991825827";

  private final HttpServer http;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final Semaphore held = new Semaphore(0);
  private final List<JWK> published = new CopyOnWriteArrayList<>();
  private final AtomicInteger metadataRequests = new AtomicInteger();
  private final AtomicInteger keyRequests = new AtomicInteger();
  private final RSAKey key;
  private volatile String namedIssuer;
  private volatile @Nullable Answer metadataAnswer;
  private volatile @Nullable Answer keysAnswer;

  private volatile @Nullable CountDownLatch gate;
  private volatile boolean stalling;

  /** What it answers instead of the truth. */
  private record Answer(int status, String body) {}

  private RemoteIssuer(HttpServer http, RSAKey key) {
    this.http = http;
    this.key = key;
    this.namedIssuer = "http://127.0.0.1:" + http.getAddress().getPort() + "/remote/";
    published.add(key.toPublicJWK());
  }

  /** Starts with one key on a free port. */
  public static RemoteIssuer start() {
    try {
      HttpServer http =
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      RemoteIssuer issuer = new RemoteIssuer(http, newKey());
      http.setExecutor(issuer.threads);
      http.createContext("/remote/metadata", issuer::metadata);
      http.createContext("/remote/jwks", issuer::keys);
      http.start();
      return issuer;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A new RSA key of 2048 bits with an id of its own, published nowhere. */
  public static RSAKey newKey() {
    try {
      return new RSAKeyGenerator(2048)
          .keyUse(KeyUse.SIGNATURE)
          .keyID("key-" + UUID.randomUUID())
          .generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The {@code iss} of its tokens. */
  public String issuer() {
    return "http://127.0.0.1:" + http.getAddress().getPort() + "/remote/";
  }

  /** The address of its metadata. */
  public URI metadataAddress() {
    return URI.create(issuer() + "metadata");
  }

  /** The address of its keys. */
  public URI keysAddress() {
    return URI.create(issuer() + "jwks");
  }

  /** Settings that trust it through its metadata, for any audience. */
  public Settings.Issuer trusted() {
    return new Settings.Issuer(
        issuer(), metadataAddress(), null, TrustedIssuer.RSA_ALGORITHMS, Set.of());
  }

  /** The key that signs {@link #token}. */
  public RSAKey key() {
    return key;
  }

  /** Publishes one more key. */
  public void publish(JWK more) {
    published.add(more.toPublicJWK());
  }

  /** Publishes these keys and no others. */
  public void publishOnly(JWK... only) {
    published.clear();
    for (JWK one : only) {
      published.add(one.toPublicJWK());
    }
  }

  /** Metadata names this issuer from now on. */
  public void nameIssuer(String issuer) {
    namedIssuer = issuer;
  }

  /** Answers requests for keys with this from now on. */
  public void answerKeysWith(int status, String body) {
    keysAnswer = new Answer(status, body);
  }

  /** Answers requests for metadata with this from now on. */
  public void answerMetadataWith(int status, String body) {
    metadataAnswer = new Answer(status, body);
  }

  /** Takes requests for keys and does not answer them until {@link #recover} or the end. */
  public void hangOnKeys() {
    gate = new CountDownLatch(1);
  }

  /** Begins the answer to a request for keys and does not end it. */
  public void stallInKeys() {
    stalling = true;
  }

  /** Waits until a request for keys hangs; each call waits for one more. */
  public void awaitHangingRequest() {
    try {
      if (!held.tryAcquire(30, TimeUnit.SECONDS)) {
        throw new AssertionError("Nobody asked for keys.");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Lets requests that hang go on; what they are told is decided then. */
  public void release() {
    CountDownLatch current = gate;
    gate = null;
    if (current != null) {
      current.countDown();
    }
  }

  /** Publishes its first key only, tells the truth, and counts from zero. */
  public void begin() {
    recover();
    publishOnly(key);
    metadataRequests.set(0);
    keyRequests.set(0);
    held.drainPermits();
  }

  /** Tells the truth again, also to requests that hang. */
  public void recover() {
    keysAnswer = null;
    metadataAnswer = null;
    stalling = false;
    namedIssuer = issuer();
    release();
  }

  /** How often somebody asked for metadata. */
  public int metadataRequests() {
    return metadataRequests.get();
  }

  /** How often somebody asked for keys. */
  public int keyRequests() {
    return keyRequests.get();
  }

  /** A good token for digdir without a scope of the platform, valid for 120 s. */
  public TokenForge token(TestClock clock) {
    return token(clock, "dgm:police");
  }

  /** A good token for digdir, valid for 120 s, members in the order of real ones. */
  public TokenForge token(TestClock clock, String scope) {
    Map<String, Object> consumer = new LinkedHashMap<>();
    consumer.put("authority", "iso6523-actorid-upis");
    consumer.put("ID", "0192:" + DIGDIR);
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("scope", scope);
    claims.put("iss", issuer());
    claims.put("client_amr", "private_key_jwt");
    claims.put("token_type", "Bearer");
    claims.put("exp", clock.seconds() + 120);
    claims.put("iat", clock.seconds());
    claims.put("client_id", "a-client-of-digdir");
    claims.put("jti", "jti-" + UUID.randomUUID());
    claims.put("consumer", consumer);
    return TokenForge.signedBy(key, claims);
  }

  private void metadata(HttpExchange exchange) throws IOException {
    metadataRequests.incrementAndGet();
    String truth = "{\"issuer\":\"" + namedIssuer + "\",\"jwks_uri\":\"" + keysAddress() + "\"}";
    answer(exchange, metadataAnswer, truth);
  }

  private void keys(HttpExchange exchange) throws IOException {
    keyRequests.incrementAndGet();
    CountDownLatch current = gate;
    if (current != null) {
      held.release();
      await(current);
    }
    if (stalling) {
      exchange.sendResponseHeaders(200, 1000);
      exchange.getResponseBody().write("{\"keys\":".getBytes(StandardCharsets.UTF_8));
      exchange.getResponseBody().flush();
      held.release();
      await(closed);
      exchange.close();
      return;
    }
    answer(exchange, keysAnswer, new JWKSet(published).toString());
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void answer(HttpExchange exchange, @Nullable Answer instead, String truth)
      throws IOException {
    byte[] body = (instead == null ? truth : instead.body).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(
        instead == null ? 200 : instead.status, body.length == 0 ? -1 : body.length);
    if (body.length > 0) {
      exchange.getResponseBody().write(body);
    }
    exchange.close();
  }

  @Override
  public void close() {
    closed.countDown();
    release();
    http.stop(0);
    threads.close();
  }
}

package no.portvakt.maskinporten;

import java.net.URI;
import java.net.http.HttpClient;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import no.portvakt.maskinporten.TokenRequest.Exchange;
import org.jspecify.annotations.Nullable;

/**
 * A client of Maskinporten that always has a valid token. Make one for the whole program: it holds
 * the tokens. Safe for use by any number of threads.
 *
 * <pre>{@code
 * try (MaskinportenClient maskinporten = MaskinportenClient.fromEnvironment()) {
 *   String header = maskinporten.token("altinn:serviceowner/instances.read").authorization();
 * }
 * }</pre>
 */
public final class MaskinportenClient implements AutoCloseable {
  private static final int THREADS = 16;
  private static final int QUEUE = 1_000;

  /** Hardly any: there are as many threads that sign as threads that ask for it. */
  private static final int SIGNATURES_QUEUE = THREADS;

  private final TokenCache cache;
  private final TokenEndpoint endpoint;
  private final @Nullable PlatformExchange exchange;
  private final TokenCache.Source tokenSource;
  private final TokenCache.@Nullable Source exchangeSource;
  private final @Nullable TokenRequest usual;
  private final Retries retries;
  private final Duration deadline;
  private final int cacheSize;
  private final Map<String, TokenRequest> requests = new ConcurrentHashMap<>();
  private final boolean plainHttp;
  private final ThreadPoolExecutor threads = threads("maskinporten-client", QUEUE);
  private final ThreadPoolExecutor exchangeThreads = threads("maskinporten-exchange", QUEUE);
  private final ThreadPoolExecutor signers = threads("maskinporten-signer", SIGNATURES_QUEUE);
  private final String name;

  MaskinportenClient(MaskinportenClientBuilder it, String clientId, GrantKey key) {
    GuardedMetrics metrics = new GuardedMetrics(it.metrics);
    Http http =
        new Http(
            it.httpClient != null ? it.httpClient : newHttpClient(it.connectTimeout),
            it.connectTimeout,
            it.requestTimeout,
            it.clock);
    retries = new Retries(it.pacing, it.random, it.retryUnknownKey);
    deadline = it.deadline;
    Duration timeout = it.requestTimeout.compareTo(deadline) < 0 ? it.requestTimeout : deadline;
    plainHttp = it.allowPlainHttp;
    cacheSize = it.cacheSize;
    usual = it.scopes.isEmpty() ? null : TokenRequest.of(it.scopes);
    name = "MaskinportenClient[" + clientId + "]";
    endpoint =
        new TokenEndpoint(
            it.authority(http, retries, metrics, threads),
            new Grants(clientId, key, it.grantLife, signers),
            new Silence(http, timeout, it.clock),
            retries,
            metrics,
            it.pacing,
            it.clock);
    exchange =
        it.platformUrl == null
            ? null
            : new PlatformExchange(
                it.platformUrl,
                new Silence(http, timeout, it.clock),
                retries,
                metrics,
                it.pacing,
                it.clock);
    Duration patience = it.deadline.multipliedBy(2).plus(it.retryUnknownKey); // metadata, token
    tokenSource =
        new TokenCache.Source(
            request -> endpoint.fetch(request, deadline), endpoint::outage, threads, patience);
    exchangeSource =
        exchange == null
            ? null
            : new TokenCache.Source(
                request -> exchanged(exchange, request),
                exchange::outage,
                exchangeThreads,
                patience.plus(it.deadline));
    cache = new TokenCache(this::source, it.cacheSize, it.minimumLife, metrics, it.clock);
  }

  /** A client that is put together in code. */
  public static MaskinportenClientBuilder builder() {
    return new MaskinportenClientBuilder();
  }

  /**
   * The client that the environment describes: {@code MASKINPORTEN_CLIENT_ID}, {@code
   * MASKINPORTEN_CLIENT_JWK}, {@code MASKINPORTEN_WELL_KNOWN_URL} and the others.
   *
   * @throws IllegalArgumentException when something is missing or wrong; the message names all that
   *     is missing
   */
  public static MaskinportenClient fromEnvironment() {
    return builder().environment(System.getenv()).build();
  }

  /**
   * The client that properties describe: {@code maskinporten.client-id} and so on. Properties with
   * another beginning are passed over.
   *
   * @throws IllegalArgumentException when something is missing, wrong or unknown
   */
  public static MaskinportenClient fromProperties(Map<String, String> properties) {
    return builder().properties(properties).build();
  }

  /** As {@link #fromProperties(Map)}, defaults of the properties included. */
  public static MaskinportenClient fromProperties(Properties properties) {
    Map<String, String> named = new HashMap<>();
    for (String name : properties.stringPropertyNames()) {
      named.put(name, properties.getProperty(name, ""));
    }
    return fromProperties(named);
  }

  /**
   * A valid token for the scopes of the settings.
   *
   * @throws MaskinportenException when there is none to be had
   * @throws IllegalStateException when the settings have no scopes
   */
  public AccessToken token() {
    if (usual == null) {
      throw new IllegalStateException("The settings have no scopes; ask for a token with some.");
    }
    return token(usual);
  }

  /**
   * A valid token for a scope, or for several with blanks between them.
   *
   * @throws MaskinportenException when there is none to be had
   */
  public AccessToken token(String scope) {
    TokenRequest request = requests.get(scope);
    if (request == null) {
      request = TokenRequest.of(scope);
      if (requests.size() < cacheSize) {
        requests.put(scope, request);
      }
    }
    return token(request);
  }

  /**
   * A valid token: from the cache, or a new one.
   *
   * @throws MaskinportenException when there is none to be had
   */
  public AccessToken token(TokenRequest request) {
    return cache.get(checked(request));
  }

  /** As {@link #token(TokenRequest)}, without waiting; fails with the same exceptions. */
  public CompletableFuture<AccessToken> tokenLater(TokenRequest request) {
    return cache.getLater(checked(request));
  }

  /** Values for the header {@code Authorization}, for any HTTP library. */
  public Supplier<String> authorization(TokenRequest request) {
    TokenRequest checked = checked(request);
    return () -> cache.get(checked).authorization();
  }

  /**
   * An HTTP client that adds the token to each request, and to no others. It opens no WebSockets,
   * and closing it closes nothing.
   *
   * @param http does the work; must not follow redirects, as is Java's default; stays the caller's
   *     to close
   * @param servers addresses whose scheme, host and port say where the token may go: HTTPS, or this
   *     machine
   * @throws IllegalArgumentException when the client follows redirects, or a token must not be sent
   *     to one of the servers
   */
  public HttpClient authorized(HttpClient http, TokenRequest request, URI... servers) {
    return new AuthorizedHttpClient(this, checked(request), http, plainHttp, servers);
  }

  /**
   * Drops a token that an API refused (401, {@code invalid_token}), so that the next call gets
   * another. One that is younger than 10 s stays, or an API that refuses all would make this client
   * ask for a token each time.
   *
   * @return whether the next call gives another token
   */
  public boolean forget(TokenRequest request, AccessToken token) {
    return cache.forget(request, token);
  }

  /** Ends what is under way. The client must not be used afterwards. */
  @Override
  public void close() {
    exchangeThreads.shutdownNow();
    threads.shutdownNow();
    signers.shutdownNow();
    cache.close();
  }

  @Override
  public String toString() {
    return name;
  }

  private TokenRequest checked(TokenRequest request) {
    if (request.exchange() != Exchange.NONE && exchange == null) {
      throw new IllegalStateException("The settings have no platform-url to exchange tokens at.");
    }
    return request;
  }

  private TokenCache.Source source(TokenRequest request) {
    TokenCache.Source exchanging = exchangeSource;
    return request.exchange() == Exchange.NONE || exchanging == null ? tokenSource : exchanging;
  }

  /** A platform token. Each step has a deadline of its own; the first may take longer than one. */
  private AccessToken exchanged(PlatformExchange platform, TokenRequest request) {
    TokenRequest first = request.withoutExchange();
    boolean test = request.exchange() == Exchange.TEST;
    AccessToken proof = cache.get(first);
    try {
      return platform.fetch(proof, test, retries.in(deadline));
    } catch (ExchangeRefused e) {
      if (e.status() != 401 || !cache.forget(first, proof)) {
        throw e;
      }
      return platform.fetch(cache.get(first), test, retries.in(deadline));
    }
  }

  private static HttpClient newHttpClient(Duration connectTimeout) {
    return HttpClient.newBuilder()
        .connectTimeout(connectTimeout)
        .version(HttpClient.Version.HTTP_1_1)
        .build();
  }

  private static ThreadPoolExecutor threads(String name, int queue) {
    ThreadPoolExecutor threads =
        new ThreadPoolExecutor(
            THREADS,
            THREADS,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(queue),
            task -> {
              Thread thread = new Thread(task, name);
              thread.setDaemon(true);
              return thread;
            });
    threads.allowCoreThreadTimeOut(true);
    return threads;
  }
}

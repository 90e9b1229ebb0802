package no.portvakt.maskinporten;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Tokens by what shapes them, the least recently used out when there are too many. For each, one
 * request is under way at most, and all who need its token wait for it. A token is renewed in the
 * background when somebody uses it shortly before its end.
 *
 * <p>A failure reaches everybody who waits, and is then forgotten: the next caller tries again.
 * Only "no answer", 429 and 5xx are remembered for 5 s, or as long as {@code Retry-After} says up
 * to 60 s, so that not every caller waits for a server that is down or asks one that has enough.
 */
final class TokenCache {
  private static final System.Logger LOG = System.getLogger(TokenCache.class.getName());
  private static final Duration FAIL_FAST = Duration.ofSeconds(5);
  private static final Duration LONGEST_FAIL_FAST = Duration.ofSeconds(60);
  private static final long YOUNG_MILLIS = 10_000;
  private static final long USE_RESOLUTION_MILLIS = 1_000;

  private final Map<String, Entry> entries = new ConcurrentHashMap<>();
  private final Function<TokenRequest, Source> sources;
  private final int size;
  private final long minimumLife;
  private final GuardedMetrics metrics;
  private final InstantSource clock;

  /**
   * An empty cache.
   *
   * @param sources where the token for a request comes from
   * @param size how many tokens are kept
   * @param minimumLife of a token that is handed out, unless the request says otherwise
   */
  TokenCache(
      Function<TokenRequest, Source> sources,
      int size,
      Duration minimumLife,
      GuardedMetrics metrics,
      InstantSource clock) {
    this.sources = sources;
    this.size = size;
    this.minimumLife = minimumLife.toMillis();
    this.metrics = metrics;
    this.clock = clock;
  }

  /**
   * Where tokens of one kind come from.
   *
   * @param fetch gives a new token; called on threads of the executor
   * @param outage why nobody needs to ask now, or null
   * @param executor refuses what is too much
   * @param patience how long a caller waits
   */
  record Source(
      Function<TokenRequest, AccessToken> fetch,
      Supplier<@Nullable TokenUnavailable> outage,
      Executor executor,
      Duration patience) {}

  /** The token, from the cache or when it has come. */
  AccessToken get(TokenRequest request) {
    AccessToken token = cached(request);
    return token != null ? token : await(needed(request), request);
  }

  /** The token when it comes. */
  CompletableFuture<AccessToken> getLater(TokenRequest request) {
    AccessToken token = cached(request);
    if (token != null) {
      return CompletableFuture.completedFuture(token);
    }
    try {
      return needed(request)
          .result
          .copy()
          .orTimeout(patience(request).toNanos(), TimeUnit.NANOSECONDS)
          .exceptionallyCompose(failure ->
              CompletableFuture.failedFuture(
                  failure instanceof TimeoutException ? late(request, failure) : failure));
    } catch (MaskinportenException e) {
      return CompletableFuture.failedFuture(e);
    }
  }

  /**
   * Drops a token that somebody refused, unless there is a newer one by now, or it is so young that
   * another would hardly fare better.
   *
   * @return whether there is another to be had
   */
  boolean forget(TokenRequest request, AccessToken token) {
    Entry entry = entries.get(request.key());
    if (entry == null || entry.token.get() != token) {
      return true;
    }
    return token.age(clock.millis()) >= YOUNG_MILLIS
        && (entry.token.compareAndSet(token, null) || entry.token.get() != token);
  }

  /** Tells those who wait that nothing will come. */
  void close() {
    for (Entry entry : entries.values()) {
      Flight flight = entry.flight.get();
      if (flight != null) {
        flight.fail(refusedWork(null));
      }
    }
  }

  /** The warm path: a look at a map and at a clock. */
  private @Nullable AccessToken cached(TokenRequest request) {
    Entry entry = entries.get(request.key());
    if (entry == null) {
      return null;
    }
    AccessToken token = entry.token.get();
    long now = clock.millis();
    if (token == null || !token.isUsable(now, minimumLife(request))) {
      return null;
    }
    if (now - entry.lastUse > USE_RESOLUTION_MILLIS) {
      entry.lastUse = now;
    }
    if (token.isDue(now)) {
      renew(entry, request, now);
    }
    metrics.hit();
    return token;
  }

  private long minimumLife(TokenRequest request) {
    long own = request.minimumLife();
    return own == TokenRequest.CLIENTS_MINIMUM ? minimumLife : own;
  }

  private Duration patience(TokenRequest request) {
    return sources.apply(request).patience;
  }

  private Flight needed(TokenRequest request) {
    metrics.missed();
    Entry entry = entry(request);
    Flight flight = entry.flight.get();
    if (flight != null) {
      return flight;
    }
    Failure failure = entry.failure;
    if (failure != null && failure.isForAll && failure.counts(clock.millis())) {
      throw failure.exception.forCaller();
    }
    TokenUnavailable outage = sources.apply(request).outage.get();
    if (outage != null) {
      throw outage.forCaller();
    }
    return launch(entry, request);
  }

  private Flight launch(Entry entry, TokenRequest request) {
    while (true) {
      Flight fresh = new Flight(entry, request);
      if (entry.flight.compareAndSet(null, fresh)) {
        AccessToken token = entry.token.get();
        if (token != null
            && token.isUsable(clock.millis(), minimumLife(request))
            && !token.isDue(clock.millis())) {
          fresh.end(token); // another flight landed since this caller looked
          return fresh;
        }
        try {
          sources.apply(request).executor.execute(fresh);
        } catch (RejectedExecutionException e) {
          TokenUnavailable refused = refusedWork(e);
          entry.failure = new Failure(refused, false, clock.millis());
          fresh.fail(refused);
        }
        return fresh;
      }
      Flight other = entry.flight.get();
      if (other != null) {
        return other;
      }
    }
  }

  private void renew(Entry entry, TokenRequest request, long now) {
    Failure failure = entry.failure;
    if (entry.flight.get() == null && (failure == null || !failure.counts(now))) {
      metrics.renewing();
      Flight unused = launch(entry, request);
    }
  }

  private Entry entry(TokenRequest request) {
    Entry known = entries.get(request.key());
    if (known != null) {
      return known;
    }
    Entry entry = entries.computeIfAbsent(request.key(), key -> new Entry(clock.millis()));
    while (entries.size() > size && evict(entry)) {}
    return entry;
  }

  /** Drops the least recently used entry; a look at all costs little beside a request. */
  private boolean evict(Entry but) {
    Map.@Nullable Entry<String, Entry> oldest = null;
    for (Map.Entry<String, Entry> candidate : entries.entrySet()) {
      Entry entry = candidate.getValue();
      if (entry != but
          && entry.flight.get() == null
          && (oldest == null || entry.lastUse < oldest.getValue().lastUse)) {
        oldest = candidate;
      }
    }
    return oldest != null && entries.remove(oldest.getKey(), oldest.getValue());
  }

  private AccessToken await(Flight flight, TokenRequest request) {
    try {
      return flight.result.get(patience(request).toNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof MaskinportenException failure) {
        throw failure.forCaller();
      }
      throw new IllegalStateException("The Maskinporten client has a defect.", e);
    } catch (TimeoutException e) {
      throw late(request, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new TokenUnavailable(
          0,
          "The thread was interrupted while it waited for a token.",
          "The token may be there for the next call.",
          null,
          false,
          e);
    }
  }

  private static TokenUnavailable refusedWork(@Nullable Throwable cause) {
    return new TokenUnavailable(
        0,
        "The client is closed, or too many token requests wait already.",
        "Try again later.",
        null,
        false,
        cause);
  }

  private TokenUnavailable late(TokenRequest request, Throwable cause) {
    return new TokenUnavailable(
        0,
        "No token for \""
            + request.scope()
            + "\" came within "
            + patience(request).toMillis()
            + " ms.",
        "Try again later.",
        null,
        true,
        cause);
  }

  /** What is known for one key. */
  private static final class Entry {
    private final AtomicReference<@Nullable AccessToken> token = new AtomicReference<>();
    private final AtomicReference<@Nullable Flight> flight = new AtomicReference<>();
    private volatile @Nullable Failure failure;
    private volatile long lastUse;

    Entry(long now) {
      this.lastUse = now;
    }
  }

  /** The last failure, and how long it counts. */
  private static final class Failure {
    private final MaskinportenException exception;
    private final boolean isForAll;
    private final long from;
    private final long until;

    /** A failure; whether it is for all who ask, or only keeps the token from being renewed. */
    Failure(MaskinportenException exception, boolean isForAll, long now) {
      Duration asked =
          exception instanceof TokenUnavailable it && it.retryAfter() != null
              ? it.retryAfter()
              : FAIL_FAST;
      long wait =
          Math.min(Math.max(asked.toMillis(), FAIL_FAST.toMillis()), LONGEST_FAIL_FAST.toMillis());
      this.exception = exception;
      this.isForAll = isForAll;
      this.from = now;
      this.until = now + wait;
    }

    boolean counts(long now) {
      return now >= from && now < until; // before: the clock was set back
    }
  }

  /** One request that is under way, and those who wait for it. */
  private final class Flight implements Runnable {
    private final Entry entry;
    private final TokenRequest request;
    private final CompletableFuture<AccessToken> result = new CompletableFuture<>();

    Flight(Entry entry, TokenRequest request) {
      this.entry = entry;
      this.request = request;
    }

    @Override
    public void run() {
      try {
        AccessToken token = sources.apply(request).fetch.apply(request);
        entry.token.set(token);
        entry.failure = null;
        end(token);
      } catch (MaskinportenException e) {
        if (entry.token.get() != null) {
          LOG.log(Level.WARNING, "A token was not renewed: {0}", e.getMessage());
        }
        entry.failure = new Failure(e, e instanceof TokenUnavailable, clock.millis());
        fail(e);
      } catch (Throwable e) { // whatever it is, nobody may wait for ever
        fail(e);
        throw e;
      }
    }

    private void end(AccessToken token) {
      entry.flight.compareAndSet(this, null);
      result.complete(token);
    }

    private void fail(Throwable failure) {
      entry.flight.compareAndSet(this, null);
      result.completeExceptionally(failure);
    }
  }
}

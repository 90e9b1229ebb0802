package no.portvakt.maskinporten;

import java.lang.System.Logger.Level;
import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import no.portvakt.maskinporten.ClientMetrics.Step;
import org.jspecify.annotations.Nullable;

/**
 * A Maskinporten as its metadata describes it (RFC 8414): asked when first needed, kept for 24
 * hours, then renewed in the background. The last good answer stays; after a failure there is no
 * other try for 30 s.
 */
final class Authority {
  private static final System.Logger LOG = System.getLogger(Authority.class.getName());
  private static final Duration FRESH = Duration.ofHours(24);
  private static final Duration FAIL_FAST = Duration.ofSeconds(30);
  private static final Pattern WELL_KNOWN =
      Pattern.compile("(.*)/\\.well-known/(?:oauth-authorization-server|openid-configuration)(.*)");

  private final URI metadata;
  private final @Nullable String issuer;
  private final boolean plainHttp;
  private final Http http;
  private final Retries retries;
  private final GuardedMetrics metrics;
  private final Pacing pacing;
  private final InstantSource clock;
  private final Executor background;
  private final ReentrantLock asking = new ReentrantLock();
  private final AtomicBoolean renewing = new AtomicBoolean();
  private volatile @Nullable Endpoints known;
  private volatile long nextTry = Long.MIN_VALUE;
  private @Nullable MaskinportenException failure;

  /**
   * An authority.
   *
   * @param metadata the well-known URL, with or without a slash at the end
   * @param issuer what the metadata must say, exactly; null: whatever fits the URL
   */
  Authority(
      URI metadata,
      @Nullable String issuer,
      boolean plainHttp,
      Http http,
      Retries retries,
      GuardedMetrics metrics,
      Pacing pacing,
      InstantSource clock,
      Executor background) {
    this.metadata = metadata;
    this.issuer = issuer;
    this.plainHttp = plainHttp;
    this.http = http;
    this.retries = retries;
    this.metrics = metrics;
    this.pacing = pacing;
    this.clock = clock;
    this.background = background;
  }

  /** Whom grants are for, and where they are sent. */
  record Endpoints(String issuer, URI token) {}

  /**
   * The endpoints.
   *
   * @throws MaskinportenException when they are not known and can't be had
   */
  Endpoints endpoints(Retries.Deadline deadline) {
    Endpoints last = known;
    if (last == null) {
      return first(deadline);
    }
    if (isTime() && renewing.compareAndSet(false, true)) {
      try {
        background.execute(this::renew);
      } catch (RejectedExecutionException e) {
        renewing.set(false); // busy or closed: the next call tries again
      }
    }
    return last;
  }

  private Endpoints first(Retries.Deadline deadline) {
    asking.lock();
    try {
      Endpoints last = known;
      if (last != null) {
        return last;
      }
      MaskinportenException recent = failure;
      if (recent != null && !isTime()) {
        throw recent.forCaller();
      }
      try {
        return ask(deadline);
      } catch (MaskinportenException e) {
        failure = e;
        nextTry = clock.millis() + FAIL_FAST.toMillis(); // so those who wait here do not ask, too
        throw e;
      }
    } finally {
      asking.unlock();
    }
  }

  private void renew() {
    try {
      Endpoints unused = ask(retries.in(FAIL_FAST));
    } catch (MaskinportenException e) {
      LOG.log(Level.WARNING, "The metadata stays as it was: {0}", e.getMessage());
    } finally {
      renewing.set(false);
    }
  }

  private Endpoints ask(Retries.Deadline deadline) {
    nextTry = clock.millis() + FAIL_FAST.toMillis();
    Endpoints fresh =
        retries.call(deadline, left -> metrics.measure(Step.METADATA, pacing, () -> read(left)));
    known = fresh;
    nextTry = clock.millis() + FRESH.toMillis();
    return fresh;
  }

  /** Whether the metadata may be asked for: also when the clock was set back. */
  private boolean isTime() {
    long now = clock.millis();
    return now >= nextTry || nextTry - now > FRESH.toMillis();
  }

  private Endpoints read(Duration left) {
    Answer answer =
        http.send(HttpRequest.newBuilder(metadata).header("Accept", "application/json"), left);
    Map<String, @Nullable Object> json = answer.isOk() ? answer.json() : null;
    if (json == null) {
      throw answer.unexpected(
          "answers " + answer.status() + " with " + answer.kind() + " instead of metadata",
          "Is the well-known URL right? It ends in /.well-known/oauth-authorization-server.");
    }
    if (!(json.get("issuer") instanceof String named) || named.isEmpty()) {
      throw answer.unexpected("names no issuer", "Metadata must (RFC 8414 section 2).");
    }
    if (issuer != null && !issuer.equals(named)) {
      throw answer.unexpected(
          "names the issuer " + Answer.shown(named) + ", not " + issuer,
          "Issuers are compared exactly: look at the slash at the end and the environment.");
    }
    if (issuer == null && !fits(named)) {
      throw answer.unexpected(
          "names the issuer " + Answer.shown(named) + ", which has other metadata",
          "The document may be another server's (RFC 8414 section 3.3).");
    }
    if (!(json.get("token_endpoint") instanceof String token)) {
      throw answer.unexpected("names no token endpoint", "Metadata must (RFC 8414 section 2).");
    }
    try {
      return new Endpoints(named, Address.parse("token endpoint", token, plainHttp));
    } catch (IllegalArgumentException e) {
      throw answer.unexpected(
          "names a token endpoint that can't be used", String.valueOf(e.getMessage()));
    }
  }

  /** RFC 8414 §3.3, for the two places where §3.1 and OpenID Connect put the document. */
  private boolean fits(String named) {
    Matcher place = WELL_KNOWN.matcher(withoutSlash(metadata.toString()));
    return !place.matches()
        || withoutSlash(named).equals(place.group(1) + withoutSlash(place.group(2)));
  }

  private static String withoutSlash(String text) {
    return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
  }
}

package no.portvakt.maskinporten;

import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * That a server gave no answer at all to the last who waited for it. For 5 s nobody else waits for
 * it, whatever the request, so that a dead server takes no thread for each.
 *
 * <p>A try counts only when the server had at least half of the time-out for it: what this machine
 * itself was late with is no silence of the server.
 */
final class Silence {
  private static final long MILLIS = Duration.ofSeconds(5).toMillis();

  private final Http http;
  private final Duration enough;
  private final InstantSource clock;
  private volatile @Nullable Heard last;

  /**
   * The silence of one server.
   *
   * @param timeout of a try that nothing was late for
   */
  Silence(Http http, Duration timeout, InstantSource clock) {
    this.http = http;
    this.enough = timeout.dividedBy(2);
    this.clock = clock;
  }

  private record Heard(TokenUnavailable failure, long at) {}

  /** Why nobody needs to ask now, or null. */
  @Nullable TokenUnavailable now() {
    Heard heard = last;
    if (heard == null) {
      return null;
    }
    long age = clock.millis() - heard.at;
    return age >= 0 && age < MILLIS ? heard.failure : null; // below: the clock was set back
  }

  /**
   * What the server answers.
   *
   * @param request does all the tries
   * @throws TokenUnavailable without a request, when there was no answer a moment ago
   */
  <T> T heed(Function<Tries, T> request) {
    TokenUnavailable before = now();
    if (before != null) {
      throw before.forCaller();
    }
    Tries tries = new Tries();
    try {
      T answer = request.apply(tries);
      last = null;
      return answer;
    } catch (TokenUnavailable e) {
      if (tries.silent) {
        last = new Heard(e, clock.millis());
      }
      throw e;
    }
  }

  /** The tries of one request, one after the other. */
  final class Tries {
    private boolean silent;

    private Tries() {}

    /** As {@link Http#send}. */
    Answer send(HttpRequest.Builder request, Duration left) {
      try {
        Answer answer = http.send(request, left);
        silent = false;
        return answer;
      } catch (TokenUnavailable e) {
        silent = e.status() == 0 && (silent || left.compareTo(enough) >= 0);
        throw e;
      }
    }
  }
}

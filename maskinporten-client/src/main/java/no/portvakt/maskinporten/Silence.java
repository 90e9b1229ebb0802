package no.portvakt.maskinporten;

import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * That a server gave no answer at all to the last who waited for it. For 5 s nobody else waits for
 * it, whatever the request, so that a dead server takes no thread for each.
 */
final class Silence {
  private static final long MILLIS = Duration.ofSeconds(5).toMillis();

  private final InstantSource clock;
  private volatile @Nullable Heard last;

  Silence(InstantSource clock) {
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
   * @param request with all its tries
   * @throws TokenUnavailable without a request, when there was no answer a moment ago
   */
  <T> T heed(Supplier<T> request) {
    TokenUnavailable before = now();
    if (before != null) {
      throw before.forCaller();
    }
    try {
      T answer = request.get();
      last = null;
      return answer;
    } catch (TokenUnavailable e) {
      if (e.status() == 0) {
        last = new Heard(e, clock.millis());
      }
      throw e;
    }
  }
}

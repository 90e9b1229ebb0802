package no.portvakt.maskinporten;

import java.lang.System.Logger.Level;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Passes on a server's warning that the key or certificate of a grant ends soon: to the metrics
 * each time, to the log once a day for each key. The header is this platform's own
 * (docs/protocol/maskinporten-token.md, "Answer").
 */
final class EndingKey {
  private static final System.Logger LOG = System.getLogger(EndingKey.class.getName());
  private static final String HEADER = "Portvakt-Key-Expires";
  private static final Duration PAUSE = Duration.ofDays(1);

  private final Grants grants;
  private final GuardedMetrics metrics;
  private final InstantSource clock;
  private final AtomicReference<@Nullable Warned> last = new AtomicReference<>();

  EndingKey(Grants grants, GuardedMetrics metrics, InstantSource clock) {
    this.grants = grants;
    this.metrics = metrics;
    this.clock = clock;
  }

  /** Looks for the warning in an answer that gives a token. */
  void heed(Answer answer) {
    Instant end = answer.instant(HEADER);
    if (end == null) {
      return;
    }
    String key = name();
    metrics.keyEnds(key, end);
    Warned before = last.get();
    Warned now = new Warned(key, clock.instant());
    if ((before == null || !before.covers(now)) && last.compareAndSet(before, now)) {
      LOG.log(
          Level.WARNING,
          "The {0} of the Maskinporten client {1} ends at {2}; there are no tokens with it after"
              + " that.",
          key,
          grants.clientId(),
          end);
    }
  }

  /** The {@code kid} or the certificate's serial number, in words. */
  private String name() {
    X509Certificate certificate = grants.key().certificate();
    return certificate == null
        ? "key " + grants.key().keyId()
        : "certificate " + certificate.getSerialNumber().toString(16);
  }

  /** What was said last, and when. */
  private record Warned(String key, Instant at) {
    boolean covers(Warned later) {
      return key.equals(later.key) && later.at.isBefore(at.plus(PAUSE));
    }
  }
}

package no.portvakt.maskinporten;

import java.lang.System.Logger.Level;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;

/** Keeps what another's metrics throw away from the client; it is logged once. */
final class GuardedMetrics implements ClientMetrics {
  private static final System.Logger LOG = System.getLogger(GuardedMetrics.class.getName());

  private final ClientMetrics metrics;
  private final AtomicBoolean failed = new AtomicBoolean();

  GuardedMetrics(ClientMetrics metrics) {
    this.metrics = metrics;
  }

  @Override
  public void requested(Step step, Outcome outcome, Duration duration) {
    guard(() -> metrics.requested(step, outcome, duration));
  }

  @Override
  public void hit() {
    try { // no lambda: this is the path that must not allocate
      metrics.hit();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  @Override
  public void missed() {
    guard(metrics::missed);
  }

  @Override
  public void renewing() {
    guard(metrics::renewing);
  }

  @Override
  public void keyEnds(String key, Instant end) {
    guard(() -> metrics.keyEnds(key, end));
  }

  /** Does one request and tells how it ended. */
  <T> T measure(Step step, Pacing pacing, Supplier<T> request) {
    long begin = pacing.nanoTime();
    Outcome outcome = Outcome.UNEXPECTED;
    try {
      T result = request.get();
      outcome = Outcome.OK;
      return result;
    } catch (TokenRefused | ExchangeRefused e) {
      outcome = Outcome.REFUSED;
      throw e;
    } catch (TokenUnavailable e) {
      outcome = Outcome.UNAVAILABLE;
      throw e;
    } catch (GrantNotSigned e) {
      outcome = Outcome.NOT_SENT;
      throw e;
    } finally {
      requested(step, outcome, Duration.ofNanos(pacing.nanoTime() - begin));
    }
  }

  private void guard(Runnable told) {
    try {
      told.run();
    } catch (RuntimeException e) {
      failed(e);
    }
  }

  private void failed(RuntimeException e) {
    if (!failed.getAndSet(true)) {
      LOG.log(Level.WARNING, "The metrics of the Maskinporten client fail; this is said once.", e);
    }
  }
}

package no.portvakt.server.operations;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.expositionformats.OpenMetricsTextFormatWriter;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.function.Supplier;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.http.Router;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.SigningKeys;

/** The platform's metrics in the OpenMetrics text format; docs/operations.md names each. */
public final class Metrics implements Router.Observer, AuditLog.Counter {
  private final PrometheusRegistry registry = new PrometheusRegistry();
  private final Counter decisions =
      Counter.builder()
          .name("portvakt_decisions")
          .help("Decisions about tokens, by what was asked for, whose proof it was, and outcome.")
          .labelNames("event", "provider", "outcome")
          .register(registry);
  private final Histogram requests =
      Histogram.builder()
          .name("portvakt_request_duration")
          .help("From a request's arrival to its answer.")
          .unit(Unit.SECONDS)
          .classicOnly()
          .classicUpperBounds(.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10)
          .labelNames("method", "route", "status")
          .register(registry);

  @Override
  public void count(String event, String provider, String outcome) {
    decisions.labelValues(event, provider, outcome).inc();
  }

  @Override
  public void answered(String method, String route, int status, long nanos) {
    requests.labelValues(method, route, Integer.toString(status)).observe(nanos / 1e9);
  }

  /** Adds the age of each published signing key of a role. */
  public void watchKeys(String role, Supplier<SigningKeys> keys, InstantSource clock) {
    GaugeWithCallback.builder()
        .name("portvakt_signing_key_age_" + role)
        .help("Since when a published signing key of this role exists.")
        .unit(Unit.SECONDS)
        .labelNames("kid", "state")
        .callback(callback -> {
          SigningKeys now = keys.get();
          for (SigningKey key : now.published()) {
            callback.call(
                Duration.between(key.created(), clock.instant()).toMillis() / 1000.0,
                key.keyId(),
                key == now.active() ? "active" : "published");
          }
        })
        .register(registry);
  }

  /** Answers with all metrics. */
  public Answer handle(Request request) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      new OpenMetricsTextFormatWriter(true, false).write(out, registry.scrape());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Answer.of(
        200, OpenMetricsTextFormatWriter.CONTENT_TYPE, out.toString(StandardCharsets.UTF_8));
  }
}

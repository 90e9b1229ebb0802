package no.portvakt.server.operations;

import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.Gauge;
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
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.function.Supplier;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.http.Router;
import no.portvakt.server.issuer.KeyRing;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.SigningKeys;
import org.jspecify.annotations.Nullable;

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

  private final Counter endingKeys =
      Counter.builder()
          .name("portvakt_tokens_for_ending_keys")
          .help("Maskinporten tokens for client keys or certificates that end within 30 days.")
          .labelNames("proof")
          .register(registry);
  private final Gauge clientKeysEnding =
      Gauge.builder()
          .name("portvakt_client_keys_ending")
          .help("Registered keys of active Maskinporten clients that end within 30 days.")
          .register(registry);

  public Metrics() {
    endingKeys.initLabelValues("private_key_jwt");
    endingKeys.initLabelValues("virksomhetssertifikat");
  }

  @Override
  public void count(String event, String provider, String outcome) {
    decisions.labelValues(event, provider, outcome).inc();
  }

  @Override
  public void answered(String method, String route, int status, long nanos) {
    requests.labelValues(method, route, Integer.toString(status)).observe(nanos / 1e9);
  }

  /** One more token for a key or a certificate that ends soon, by its {@code client_amr}. */
  public void keyEndsSoon(String method) {
    endingKeys.labelValues(method).inc();
  }

  /** How many registered keys end soon, when they were counted last. */
  public void clientKeysEndSoon(long count) {
    clientKeysEnding.set((double) count);
  }

  /** Adds the age of each published signing key of a role, and what its certificate has left. */
  public void watchKeys(String role, KeyRing keys, InstantSource clock) {
    watchKeys(
        "portvakt_signing_key_age_" + role,
        "Since when a published signing key of this role exists.",
        keys,
        key -> Duration.between(key.created(), clock.instant()));
    watchKeys(
        "portvakt_signing_certificate_left_" + role,
        "How long the certificate of a published signing key of this role is still valid.",
        keys,
        key -> Duration.between(clock.instant(), key.certificateExpires()));
  }

  private void watchKeys(
      String name, String help, KeyRing keys, Function<SigningKey, Duration> value) {
    GaugeWithCallback.builder()
        .name(name)
        .help(help)
        .unit(Unit.SECONDS)
        .labelNames("kid", "state")
        .callback(callback -> {
          SigningKeys now = keys.keys();
          for (SigningKey key : now.published()) {
            callback.call(value.apply(key).toMillis() / 1000.0, key.keyId(), state(now, key));
          }
        })
        .register(registry);
  }

  /**
   * Adds how long the server's certificate is still valid.
   *
   * @param expires when it ends; null: there is none
   */
  public void watchCertificate(Supplier<@Nullable Instant> expires, InstantSource clock) {
    GaugeWithCallback.builder()
        .name("portvakt_tls_certificate_left")
        .help("How long the server's TLS certificate is still valid.")
        .unit(Unit.SECONDS)
        .callback(callback -> {
          Instant end = expires.get();
          if (end != null) {
            callback.call(Duration.between(clock.instant(), end).toMillis() / 1000.0);
          }
        })
        .register(registry);
  }

  /**
   * Adds parts that go on with what they had while something is wrong with them.
   *
   * @param problems by part, what says what is wrong; null: nothing
   */
  public void watchProblems(Map<String, Supplier<@Nullable String>> problems) {
    GaugeWithCallback.builder()
        .name("portvakt_problem")
        .help("1 while a part goes on with what it had, because it can't read what it should.")
        .labelNames("part")
        .callback(callback ->
            problems.forEach((part, problem) -> callback.call(problem.get() == null ? 0 : 1, part)))
        .register(registry);
  }

  /** Adds whether the audit in the store is what was signed for. */
  public void watchAudit(BooleanSupplier whole) {
    GaugeWithCallback.builder()
        .name("portvakt_audit_whole")
        .help("1; 0 from when a checkpoint finds that signed records are gone or were changed.")
        .callback(callback -> callback.call(whole.getAsBoolean() ? 1 : 0))
        .register(registry);
  }

  private static String state(SigningKeys keys, SigningKey key) {
    if (key.equals(keys.active())) {
      return "active";
    }
    return keys.current().contains(key)
        ? "current"
        : keys.next().contains(key) ? "next" : "previous";
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

package no.portvakt.bench;

import java.io.PrintWriter;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A load and the bare signature work of one of its requests, measured in turn, so that the ratio of
 * one run holds on a machine whose speed drifts.
 */
final class Comparison {
  private static final int LEAST_ROUNDS = 3;
  private static final double LONGEST_ROUND_SECONDS = 10;

  /** Native code all of it: nothing is left to compile after much less. */
  private static final int SIGNATURES_WARM_UP = 30;

  private final int cores = Runtime.getRuntime().availableProcessors();
  private final ServerProcess server;
  private final Load load;
  private final Signatures signatures;

  private double seconds;
  private double serverMicros;
  private double signatureMicros;
  private double p50;
  private double p99;
  private long count;
  private int rounds;

  Comparison(ServerProcess server, Load load, Signatures signatures) {
    this.server = server;
    this.load = load;
    this.signatures = signatures;
  }

  /** What a load needs before each round; its time is not measured. */
  interface Preparation {
    /**
     * @param seconds how long the round will be
     * @param perSecond how many requests were answered a second so far; 0: not known yet
     */
    void before(double seconds, double perSecond);
  }

  /** Warms up, then measures for as long as the options say. */
  void run(LoadOptions options, Preparation preparation, PrintWriter err)
      throws InterruptedException {
    err.printf("Warming up for %d s …%n", options.warmUp + SIGNATURES_WARM_UP);
    double perSecond = 0;
    for (double left = options.warmUp; left > 0; left -= LONGEST_ROUND_SECONDS) {
      double part = Math.min(left, LONGEST_ROUND_SECONDS);
      preparation.before(part, perSecond);
      Load.Result warm = load.run(part);
      perSecond = warm.count() / warm.seconds();
    }
    var _ = signatures.run(SIGNATURES_WARM_UP, cores);
    int planned = Math.max(LEAST_ROUNDS, (int) Math.ceil(options.seconds / LONGEST_ROUND_SECONDS));
    double part = (double) options.seconds / planned;
    err.printf("Measuring for 2 × %d s in %d rounds …%n", options.seconds, planned);
    while (rounds < planned) {
      preparation.before(part, perSecond);
      double before = server.cpuMicros();
      Load.Result measured = load.run(part);
      add(measured, server.cpuMicros() - before, signatures.run(part, cores));
      perSecond = count / seconds;
    }
  }

  private void add(Load.Result measured, double cpuMicros, Signatures.Result bare) {
    rounds++;
    seconds += measured.seconds();
    count += measured.count();
    serverMicros += cpuMicros;
    signatureMicros += bare.cpuMicros();
    p50 += measured.percentileMillis(0.50);
    p99 = Math.max(p99, measured.percentileMillis(0.99));
  }

  /** Adds the figures; {@code what} one request gets, such as {@code token}. */
  void describe(String what, Map<String, @Nullable Object> result) {
    double each = serverMicros / count;
    double bare = signatureMicros / rounds;
    result.put(what + "s_per_s", Math.round(count / seconds));
    result.put("p50_ms", round(p50 / rounds));
    result.put("p99_ms", round(p99));
    result.put("cpu_us_per_" + what, round(each));
    result.put("cpu_us_signatures", round(bare));
    result.put("ratio", Math.round(each / bare * 1000) / 1000.0);
  }

  /** A figure with one decimal. */
  static double round(double value) {
    return Math.round(value * 10) / 10.0;
  }
}

package no.portvakt.bench;

import java.io.PrintWriter;
import java.util.List;
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
  private final Preparation preparation;

  /** Requests a second so far, or in the warm-up; 0: not known yet. */
  private double expected;

  private double seconds;
  private double serverMicros;
  private double signatureMicros;
  private double p50;
  private double p99;
  private long count;
  private int rounds;

  Comparison(ServerProcess server, Load load, Signatures signatures) {
    this(server, load, signatures, (part, perSecond) -> {});
  }

  Comparison(ServerProcess server, Load load, Signatures signatures, Preparation preparation) {
    this.server = server;
    this.load = load;
    this.signatures = signatures;
    this.preparation = preparation;
  }

  /** What a load needs before each round; its time is not measured. */
  interface Preparation {
    /**
     * @param seconds how long the round will be
     * @param perSecond how many requests were answered a second so far; 0: not known yet
     */
    void before(double seconds, double perSecond);
  }

  /** Warms each up for so many seconds, then measures them for so many, one round after another. */
  static void run(List<Comparison> all, int warmUp, int seconds, PrintWriter err)
      throws InterruptedException {
    err.printf("Warming up for %d s …%n", all.size() * (warmUp + SIGNATURES_WARM_UP));
    for (Comparison each : all) {
      each.warmUp(warmUp);
    }
    int planned = Math.max(LEAST_ROUNDS, (int) Math.ceil(seconds / LONGEST_ROUND_SECONDS));
    err.printf("Measuring for %d × %d s in %d rounds …%n", 2 * all.size(), seconds, planned);
    for (int round = 0; round < planned; round++) {
      for (Comparison each : all) {
        each.measure((double) seconds / planned);
      }
    }
  }

  private void warmUp(int warmUp) throws InterruptedException {
    for (double left = warmUp; left > 0; left -= LONGEST_ROUND_SECONDS) {
      double part = Math.min(left, LONGEST_ROUND_SECONDS);
      preparation.before(part, expected);
      Load.Result warm = load.run(part);
      expected = warm.count() / warm.seconds();
    }
    var _ = signatures.run(SIGNATURES_WARM_UP, cores);
  }

  private void measure(double part) throws InterruptedException {
    preparation.before(part, expected);
    double before = server.cpuMicros();
    Load.Result measured = load.run(part);
    add(measured, server.cpuMicros() - before, signatures.run(part, cores));
    expected = perSecond();
  }

  /** How many requests were answered a second. */
  double perSecond() {
    return count / seconds;
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

  /**
   * Adds the figures.
   *
   * @param prefix what each name begins with; may be empty
   * @param what one request gets, such as {@code token}
   */
  void describe(String prefix, String what, Map<String, @Nullable Object> result) {
    double each = serverMicros / count;
    double bare = signatureMicros / rounds;
    result.put(prefix + what + "s_per_s", Math.round(perSecond()));
    result.put(prefix + "p50_ms", round(p50 / rounds));
    result.put(prefix + "p99_ms", round(p99));
    result.put(prefix + "cpu_us_per_" + what, round(each));
    result.put(prefix + "cpu_us_signatures", round(bare));
    result.put(prefix + "ratio", Math.round(each / bare * 1000) / 1000.0);
  }

  /** A figure with one decimal. */
  static double round(double value) {
    return Math.round(value * 10) / 10.0;
  }
}

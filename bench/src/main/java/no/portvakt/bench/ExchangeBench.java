package no.portvakt.bench;

import com.nimbusds.jose.JWSAlgorithm;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import no.portvakt.server.CryptoProvider;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code portvakt bench exchange}: how fast Maskinporten tokens are exchanged, and how much of the
 * processor goes to anything but the two signatures. Load and bare signatures run in turn, so that
 * the ratio of one run holds on a machine whose speed drifts.
 */
@Command(
    name = "exchange",
    description = "Exchanges a second, latency, and processor time against the bare signatures.",
    mixinStandardHelpOptions = true)
final class ExchangeBench implements Callable<Integer> {
  private static final int ROUNDS = 3;

  /** Native code all of it: nothing is left to compile after much less. */
  private static final int SIGNATURES_WARM_UP = 30;

  @Option(
      names = "--alg",
      description = "The algorithm of platform tokens: RS256 or ES256. Default: ${DEFAULT-VALUE}.")
  String algorithm = "RS256";

  @Option(
      names = "--seconds",
      description = "How long to measure, after the warm-up. Default: ${DEFAULT-VALUE}.")
  int seconds = 30;

  @Option(
      names = "--warm-up",
      description = "Seconds of load before it is measured. Default: ${DEFAULT-VALUE}.")
  int warmUp = 60;

  @Option(names = "--connections", description = "Connections. Default: ${DEFAULT-VALUE}.")
  int connections = 32;

  @Option(names = "--json", description = "Print one JSON object.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException, GeneralSecurityException {
    PrintWriter err = spec.commandLine().getErr();
    if (!Set.of("RS256", "ES256").contains(algorithm)
        || seconds < 1
        || seconds > 600
        || warmUp < 0
        || warmUp > 600
        || connections < 1
        || connections > 1000) {
      err.println(
          "--alg takes RS256 and ES256, --seconds 1 to 600, --warm-up 0 to 600, --connections 1 to"
              + " 1000.");
      return 2;
    }
    String provider = CryptoProvider.install();
    int cores = Runtime.getRuntime().availableProcessors();
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("alg", algorithm);
    result.put("environment", environment(provider, cores));
    try (ServerProcess server = ServerProcess.start("signing:\n  algorithm: " + algorithm + "\n")) {
      // The first start makes keys and schema; the second is the one that is timed.
      Caller caller = new Caller(server);
      String proof = caller.token();
      server.restart();
      double firstMillis = new Load(server.port(), 1, () -> proof).run(0.001).percentileMillis(0);
      result.put("start_ms", server.startMillis());
      result.put("first_exchange_ms", round(firstMillis));
      measure(server, caller, cores, result);
      result.put("rss_mb", server.residentMebibytes());
    }
    print(result);
    return 0;
  }

  private void measure(
      ServerProcess server, Caller caller, int cores, Map<String, @Nullable Object> result)
      throws IOException, InterruptedException, GeneralSecurityException {
    PrintWriter err = spec.commandLine().getErr();
    try (Tokens tokens = new Tokens(caller)) {
      Load load = new Load(server.port(), connections, tokens);
      Signatures signatures = new Signatures(JWSAlgorithm.parse(algorithm));
      err.printf("Warming up for %d s …%n", warmUp + SIGNATURES_WARM_UP);
      load.run(warmUp);
      signatures.run(SIGNATURES_WARM_UP, cores);
      err.printf("Measuring for 2 × %d s in %d rounds …%n", seconds, ROUNDS);
      double part = (double) seconds / ROUNDS;
      Totals totals = new Totals();
      for (int round = 0; round < ROUNDS; round++) {
        double before = server.cpuMicros();
        Load.Result measured = load.run(part);
        totals.add(measured, server.cpuMicros() - before, signatures.run(part, cores));
      }
      result.put("connections", connections);
      totals.describe(result);
    }
  }

  private static final class Totals {
    private double seconds;
    private double serverMicros;
    private double signatureMicros;
    private double p50;
    private double p99;
    private long exchanges;
    private int rounds;

    void add(Load.Result load, double cpuMicros, Signatures.Result signatures) {
      rounds++;
      seconds += load.seconds();
      exchanges += load.count();
      serverMicros += cpuMicros;
      signatureMicros += signatures.cpuMicros();
      p50 += load.percentileMillis(0.50);
      p99 = Math.max(p99, load.percentileMillis(0.99));
    }

    void describe(Map<String, @Nullable Object> result) {
      double perExchange = serverMicros / exchanges;
      double bare = signatureMicros / rounds;
      result.put("exchanges_per_s", Math.round(exchanges / seconds));
      result.put("p50_ms", round(p50 / rounds));
      result.put("p99_ms", round(p99));
      result.put("cpu_us_per_exchange", round(perExchange));
      result.put("cpu_us_signatures", round(bare));
      result.put("ratio", Math.round(perExchange / bare * 1000) / 1000.0);
    }
  }

  private static double round(double value) {
    return Math.round(value * 10) / 10.0;
  }

  private void print(Map<String, @Nullable Object> result) {
    PrintWriter out = spec.commandLine().getOut();
    if (json) {
      out.println(Json.write(result));
    } else {
      result.forEach((name, value) -> out.printf("%-22s %s%n", name, value));
    }
    out.flush();
  }

  private static String environment(String provider, int cores) {
    String cpu = "unknown processor";
    try (Stream<String> lines = Files.lines(Path.of("/proc/cpuinfo"))) {
      cpu =
          lines
              .filter(it -> it.startsWith("model name"))
              .map(it -> it.substring(it.indexOf(':') + 2))
              .findFirst()
              .orElse(cpu);
    } catch (IOException e) {
      cpu = System.getProperty("os.arch");
    }
    return "%d cores of %s, %s %s, JDK %s, %s"
        .formatted(
            cores,
            cpu,
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            Runtime.version(),
            provider);
  }
}

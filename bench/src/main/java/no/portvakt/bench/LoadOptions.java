package no.portvakt.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * The options of every load run that is compared with bare signatures, and the form of its report.
 */
final class LoadOptions {
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

  /** What is wrong with the options, as a sentence, or null. */
  @Nullable String problem() {
    boolean fine =
        seconds >= 1
            && seconds <= 600
            && warmUp >= 0
            && warmUp <= 600
            && connections >= 1
            && connections <= 1000;
    return fine ? null : "--seconds takes 1 to 600, --warm-up 0 to 600, --connections 1 to 1000.";
  }

  /** Prints what was measured. */
  void print(Map<String, @Nullable Object> result, PrintWriter out) {
    if (json) {
      out.println(Json.write(result));
    } else {
      result.forEach((name, value) -> out.printf("%-22s %s%n", name, value));
    }
    out.flush();
  }

  /** The machine and the Java platform, in a line; {@code provider} makes the signatures. */
  static String environment(String provider) {
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
            Runtime.getRuntime().availableProcessors(),
            cpu,
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            Runtime.version(),
            provider);
  }
}

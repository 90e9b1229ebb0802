package no.portvakt.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Whether a soak lost anything: each token that a caller received must have its record, nothing may
 * have happened that must not, no kind of request may have failed for long at either node, and the
 * audit must be whole by the key that was asked for before the load.
 */
final class SoakVerdict implements AutoCloseable {
  /** The longest time that a kind of request may be without success at a node. */
  static final Duration LONGEST_GAP = Duration.ofSeconds(60);

  private static final Pattern TOKEN_ID = Pattern.compile("\"jti\":\"([^\"]+)\"");

  private final ServerProcess node;
  private final Path folder = Files.createTempDirectory("portvakt-soak");
  private final Path key = folder.resolve("checkpoint-key.json");
  private final Path export = folder.resolve("audit.jsonl");

  /**
   * @param node its settings say where the store is
   */
  SoakVerdict(ServerProcess node) throws IOException, InterruptedException {
    this.node = node;
    if (export(key, "--key") != 0) {
      throw new IllegalStateException("The key of the audit's checkpoints can't be had.");
    }
  }

  /** Prints what was seen, and whether all of it is as it must be. */
  boolean print(SoakLoad load, PrintWriter out) throws IOException, InterruptedException {
    boolean exported = export(export) == 0;
    Path report = folder.resolve("verify.txt");
    boolean whole =
        node.command(report, "audit", "verify", export.toString(), "--key", key.toString()) == 0;
    int missing = withoutRecord(load.received);
    double longest = load.progress.stream().mapToDouble(Progress::longestSeconds).max().orElse(0);
    boolean held =
        exported
            && whole
            && missing == 0
            && !load.received.isEmpty()
            && load.violations.get() == 0
            && longest <= LONGEST_GAP.toSeconds();
    out.println();
    load.counts().forEach((what, count) -> out.printf("%-24s %d%n", what, count));
    out.printf("%-24s %d%n", "tokens received", load.received.size());
    out.printf("%-24s %d%n", "without a record", missing);
    out.printf("%-24s %d%n", "violations", load.violations.get());
    load.firstViolations.forEach(it -> out.println("  " + it));
    out.printf("longest without success, at most %d s allowed:%n", LONGEST_GAP.toSeconds());
    load.progress.forEach(it -> out.printf("  %5.1f s  %s%n", it.longestSeconds(), it.what));
    out.println(Files.readString(report).strip());
    out.printf("%s  %s%n", Instant.now().truncatedTo(ChronoUnit.SECONDS), held ? "held" : "FAILED");
    out.flush();
    return held;
  }

  private int export(Path file, String... more) throws IOException, InterruptedException {
    String[] arguments = {"audit", "export", "--config", node.settings().toString()};
    return node.command(
        file, Stream.of(arguments, more).flatMap(Stream::of).toArray(String[]::new));
  }

  private int withoutRecord(Set<String> received) throws IOException {
    Set<String> missing = new HashSet<>(received);
    try (BufferedReader lines = Files.newBufferedReader(export)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Matcher id = TOKEN_ID.matcher(line);
        if (id.find()) {
          missing.remove(id.group(1));
        }
      }
    }
    return missing.size();
  }

  @Override
  public void close() throws IOException {
    ServerProcess.delete(folder);
  }
}

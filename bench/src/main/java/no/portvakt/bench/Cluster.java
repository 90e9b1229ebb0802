package no.portvakt.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/** PostgreSQL with a synchronous standby, on loopback, by the script {@code bench/cluster.sh}. */
final class Cluster implements AutoCloseable {
  private static final Duration LONGEST = Duration.ofMinutes(4);

  private final Path script;
  private final Path folder;

  private Cluster(Path script, Path folder) {
    this.script = script;
    this.folder = folder;
  }

  static Cluster start(Path folder) throws IOException, InterruptedException {
    Path portvakt = Path.of(String.valueOf(System.getenv("PORTVAKT_SERVER_COMMAND")));
    Cluster cluster = new Cluster(portvakt.resolveSibling("bench").resolve("cluster.sh"), folder);
    String _ = cluster.run("start");
    return cluster;
  }

  /** The JDBC URL with both hosts. */
  String url() throws IOException, InterruptedException {
    return run("url").strip();
  }

  /** The file with the password of the user {@code portvakt}. */
  Path passwordFile() {
    return folder.resolve("portvakt.password");
  }

  /** A member of the cluster's state, such as {@code primary} or {@code sync_state}. */
  @Nullable Object status(String member) throws IOException, InterruptedException {
    try {
      Map<String, @Nullable Object> status = Json.readObject(run("status").strip());
      return status.get(member);
    } catch (MalformedJson e) {
      throw new IllegalStateException("The cluster's state " + e.reason() + ".", e);
    }
  }

  /** Runs a command of the script on the cluster's folder and returns what it prints. */
  String run(String command, String... more) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of("bash", script.toString(), command));
    line.add(folder.toString());
    line.addAll(List.of(more));
    return output(line, LONGEST);
  }

  /**
   * What a command prints.
   *
   * @throws IllegalStateException when it fails, or takes longer than this and is killed
   */
  static String output(List<String> line, Duration longest)
      throws IOException, InterruptedException {
    Path file = Files.createTempFile("portvakt-bench", ".out"); // a pipe has no end in time
    try {
      Process process =
          new ProcessBuilder(line)
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .redirectOutput(file.toFile())
              .start();
      boolean ended;
      try {
        ended = process.waitFor(longest);
      } finally {
        process.destroyForcibly();
      }
      String output = Files.readString(file);
      if (!ended || process.exitValue() != 0) {
        throw new IllegalStateException(
            String.join(" ", line) + (ended ? " failed: " : " did not end: ") + output);
      }
      return output;
    } finally {
      Files.delete(file);
    }
  }

  @Override
  public void close() throws IOException {
    try {
      String _ = run("stop");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

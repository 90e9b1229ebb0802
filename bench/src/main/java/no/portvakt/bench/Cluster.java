package no.portvakt.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/** PostgreSQL with a synchronous standby, on loopback, by the script {@code bench/cluster.sh}. */
final class Cluster implements AutoCloseable {
  private static final int LONGEST_MINUTES = 4;

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
    Process process =
        new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(LONGEST_MINUTES, TimeUnit.MINUTES) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IllegalStateException("cluster.sh " + command + " failed: " + output);
    }
    return output;
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

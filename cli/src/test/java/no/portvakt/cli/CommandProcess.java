package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A {@code portvakt} command in a process of its own, with an environment of its own. */
final class CommandProcess implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final Process process;
  private final Path out;
  private final Path err;

  private CommandProcess(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /** Starts a command in a folder; of our own variables it sees only the given ones. */
  static CommandProcess start(Path folder, Map<String, String> variables, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            "no.portvakt.cli.Portvakt"));
    command.addAll(List.of(arguments));
    Path out = Files.createTempFile(folder, "out", ".log");
    Path err = Files.createTempFile(folder, "err", ".log");
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("PORTVAKT_"));
    builder.environment().putAll(variables);
    return new CommandProcess(builder.start(), out, err);
  }

  /** Runs a command to its end. */
  static Console run(Path folder, Map<String, String> variables, String... arguments)
      throws IOException, InterruptedException {
    try (CommandProcess node = start(folder, variables, arguments)) {
      assertThat(node.process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      return new Console(node.process.exitValue(), node.out(), node.err());
    }
  }

  /** Waits until it answers that it is ready. */
  CommandProcess untilReady(HttpClient client, String base)
      throws IOException, InterruptedException {
    Instant until = Instant.now().plus(PATIENCE);
    URI address = URI.create(base + "/health/ready");
    while (Instant.now().isBefore(until) && process.isAlive()) {
      try {
        HttpResponse<String> answer =
            client.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString());
        if (answer.statusCode() == 200) {
          return this;
        }
      } catch (IOException e) {
        assertThat(process.waitFor(50, TimeUnit.MILLISECONDS)).as(err()).isFalse();
      }
    }
    throw new AssertionError("The node does not become ready: " + out() + err());
  }

  /** Sends SIGTERM. */
  void terminate() {
    process.destroy();
  }

  /** The exit code, once it has ended. */
  int exitCode() throws InterruptedException {
    assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }

  String out() throws IOException {
    return Files.readString(out);
  }

  String err() throws IOException {
    return Files.readString(err);
  }

  static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }

  @Override
  public void close() {
    process.destroyForcibly().onExit().join();
  }
}

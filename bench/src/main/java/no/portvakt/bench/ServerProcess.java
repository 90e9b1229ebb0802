package no.portvakt.bench;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A server in a process of its own, on a free port, with data in a folder that ends with it. */
final class ServerProcess implements AutoCloseable {
  private static final Duration LONGEST_START = Duration.ofSeconds(60);

  /** The value of {@code maskinporten.admin-client} for a node that has the first client. */
  static final String ADMIN_CLIENT = "admin-client.json";

  private static final double CLOCK_TICKS_PER_SECOND = 100; // Linux' USER_HZ on every platform

  private final Path folder;
  private final int port;
  private final List<String> arguments;
  private Process process;
  private long startMillis;

  private ServerProcess(Path folder, int port, List<String> arguments)
      throws IOException, InterruptedException {
    this.folder = folder;
    this.port = port;
    this.arguments = arguments;
    long began = System.nanoTime();
    this.process = launch();
    this.startMillis = awaitReady(began);
  }

  /**
   * Starts a developer's server, with its test data.
   *
   * @param settings YAML
   */
  static ServerProcess start(String settings) throws IOException, InterruptedException {
    int port = freePort();
    return start(settings, port, List.of("dev", "--port", String.valueOf(port)));
  }

  /**
   * Starts a node as in operation, without test data.
   *
   * @param settings YAML without {@code listen}
   */
  static ServerProcess serve(String settings) throws IOException, InterruptedException {
    int port = freePort();
    return start(settings + "listen:\n  port: " + port + "\n", port, List.of("serve"));
  }

  private static ServerProcess start(String settings, int port, List<String> arguments)
      throws IOException, InterruptedException {
    Path folder = Files.createTempDirectory("portvakt-bench");
    boolean started = false;
    try {
      Files.writeString(folder.resolve("settings.yaml"), settings);
      ServerProcess server = new ServerProcess(folder, port, arguments);
      started = true;
      return server;
    } finally {
      if (!started) {
        delete(folder);
      }
    }
  }

  /** A port that nobody listens on. */
  static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }

  /** Starts a server whose store is in PostgreSQL. */
  static ServerProcess onPostgres(String url) throws IOException, InterruptedException {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    return start(
        "store:\n  url: "
            + url
            + "\n  user: postgres\nmaster-key:\n  text: "
            + Base64.getEncoder().encodeToString(key)
            + "\n");
  }

  /** Stops the server and starts it again on the same data and port. */
  void restart() throws IOException, InterruptedException {
    stop();
    long began = System.nanoTime();
    process = launch();
    startMillis = awaitReady(began);
  }

  /** Kills the server as a crash would, and starts it again on the same data and port. */
  void killAndStart() throws IOException, InterruptedException {
    int _ = process.destroyForcibly().waitFor();
    process = launch();
    startMillis = awaitReady(System.nanoTime());
  }

  /**
   * Runs another command of the program.
   *
   * @param output where its standard output goes
   * @return its exit code
   */
  int command(Path output, String... arguments) throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of(program()));
    line.addAll(List.of(arguments));
    return new ProcessBuilder(line)
        .redirectOutput(output.toFile())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start()
        .waitFor();
  }

  private static String program() {
    String command = System.getenv("PORTVAKT_SERVER_COMMAND");
    if (command == null) {
      throw new IllegalStateException("PORTVAKT_SERVER_COMMAND is not set; use ./portvakt bench.");
    }
    return command;
  }

  private Process launch() throws IOException {
    List<String> line = new ArrayList<>(List.of(program()));
    line.addAll(arguments);
    line.addAll(List.of("--config", settings().toString()));
    return new ProcessBuilder(line)
        .directory(folder.toFile()) // where data is, unless the settings name another store
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.appendTo(log()))
        .start();
  }

  /** Waits until the server is ready; one that does not become so is killed. */
  private long awaitReady(long began) throws IOException, InterruptedException {
    boolean ready = false;
    try {
      ready = isReady(began);
      if (!ready) {
        throw new IllegalStateException(
            "The server did not start:\n" + Files.readString(log().toPath()));
      }
      return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began);
    } finally {
      if (!ready) {
        var _ = process.destroyForcibly().onExit().join();
      }
    }
  }

  private boolean isReady(long began) throws IOException, InterruptedException {
    HttpRequest ready =
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/health/ready"))
            .timeout(Duration.ofSeconds(5))
            .build();
    try (HttpClient client = HttpClient.newHttpClient()) {
      while (System.nanoTime() - began < LONGEST_START.toNanos() && process.isAlive()) {
        try {
          if (client.send(ready, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
            return true;
          }
        } catch (ConnectException e) {
          awaitListener(began); // a client that tries often takes the processor from the server
        }
      }
    }
    return false;
  }

  private void awaitListener(long began) throws IOException, InterruptedException {
    while (System.nanoTime() - began < LONGEST_START.toNanos() && process.isAlive()) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        return;
      } catch (ConnectException e) {
        TimeUnit.MILLISECONDS.sleep(10);
      }
    }
  }

  private File log() {
    return folder.resolve("server.log").toFile();
  }

  int port() {
    return port;
  }

  /** From the process' start to its first answer that it is ready. */
  long startMillis() {
    return startMillis;
  }

  Path data() {
    return folder.resolve("data");
  }

  Path settings() {
    return folder.resolve("settings.yaml");
  }

  /**
   * The file of the first client: where {@code dev} puts it, or where the settings of a node do.
   */
  Path adminClient() {
    return arguments.contains("dev")
        ? data().resolve("dev/admin-client.json")
        : folder.resolve(ADMIN_CLIENT);
  }

  long pid() {
    return process.pid();
  }

  /** The processor time that the process has used so far, in microseconds. */
  double cpuMicros() {
    try {
      String stat = Files.readString(Path.of("/proc", String.valueOf(pid()), "stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
      double ticks = Double.parseDouble(fields[11]) + Double.parseDouble(fields[12]);
      return ticks / CLOCK_TICKS_PER_SECOND * 1e6;
    } catch (IOException e) {
      throw new UncheckedIOException("Processor time is read from /proc, which is missing.", e);
    }
  }

  /** The resident memory of the process, in MiB. */
  long residentMebibytes() {
    try (Stream<String> lines = Files.lines(Path.of("/proc", String.valueOf(pid()), "status"))) {
      String line = lines.filter(it -> it.startsWith("VmRSS:")).findFirst().orElse("VmRSS: 0 kB");
      return Long.parseLong(line.replaceAll("[^0-9]", "")) / 1024;
    } catch (IOException e) {
      throw new UncheckedIOException("Memory is read from /proc, which is missing.", e);
    }
  }

  private void stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(30, TimeUnit.SECONDS)) {
      process.destroyForcibly().waitFor();
    }
  }

  @Override
  public void close() throws IOException {
    try {
      stop();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    delete(folder);
  }

  /** Removes a folder with everything in it, if it is there. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return; // rather than hide why it was not made
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(java.util.Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}

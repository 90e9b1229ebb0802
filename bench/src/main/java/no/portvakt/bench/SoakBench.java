package no.portvakt.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code portvakt bench soak}: two nodes on a PostgreSQL pair under load, while nodes are killed,
 * databases restarted and the primary lost. At the end each token that a caller received must have
 * its record, no grant may have worked twice, and the audit must be whole.
 */
@Command(
    name = "soak",
    description = {
      "Two nodes on PostgreSQL with a synchronous standby, under load, while parts of it are killed;",
      "then look whether anything was lost. Needs Debian's packages of bench/cluster.sh install."
    },
    mixinStandardHelpOptions = true)
final class SoakBench implements Callable<Integer> {
  private static final Pattern TOKEN_ID = Pattern.compile("\"jti\":\"([^\"]+)\"");

  @Option(names = "--minutes", description = "How long. Default: ${DEFAULT-VALUE}.")
  int minutes = 10;

  @Option(names = "--callers", description = "Callers at once. Default: ${DEFAULT-VALUE}.")
  int callers = 16;

  @Option(names = "--dir", description = "A new folder for the cluster; others must enter it.")
  Path folder = Path.of("/tmp/portvakt-soak");

  @Spec CommandSpec spec = CommandSpec.create();

  private Instant began = Instant.EPOCH;

  /** Something that happens to the platform. */
  private interface Event {
    void happen() throws IOException, InterruptedException;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (minutes < 1 || minutes > 60 || callers < 1 || callers > 256 || Files.exists(folder)) {
      out.println("--minutes takes 1 to 60, --callers 1 to 256, --dir a folder that is not there.");
      out.flush();
      return 2;
    }
    try (Cluster cluster = Cluster.start(folder)) {
      String settings = settings(cluster);
      try (ServerProcess one = ServerProcess.start(settings);
          ServerProcess two = ServerProcess.start(settings)) {
        Caller caller = new Caller(one, base(settings));
        SoakLoad load = new SoakLoad(caller, List.of(one.port(), two.port()), callers);
        began = Instant.now();
        try (load) {
          events(cluster, one, two, out);
        }
        return report(load, one, settings, out) ? 0 : 1;
      }
    } finally {
      ServerProcess.delete(folder);
    }
  }

  private void events(Cluster cluster, ServerProcess one, ServerProcess two, PrintWriter out)
      throws IOException, InterruptedException {
    Map<String, Event> events = new LinkedHashMap<>();
    events.put("kill -9 of node 1, then its start", one::killAndStart);
    events.put("kill -9 of node 2, then its start", two::killAndStart);
    events.put("restart of the standby", () -> restart(cluster, "standby"));
    events.put("restart of the primary", () -> restart(cluster, "primary"));
    events.put(
        "kill -9 of the primary; the standby is promoted",
        () -> {
          String _ = cluster.run("kill-primary");
        });
    events.put(
        "the lost database comes back as standby",
        () -> {
          String _ = cluster.run("rejoin");
        });
    events.put("kill -9 of node 1 again", one::killAndStart);
    events.put("restart of the new primary", () -> restart(cluster, "primary"));
    events.put("kill -9 of node 2 again", two::killAndStart);
    long between = Duration.ofMinutes(minutes).toNanos() / (events.size() + 1);
    long next = System.nanoTime();
    for (Map.Entry<String, Event> event : events.entrySet()) {
      next += between;
      pauseUntil(next);
      say(out, event.getKey());
      event.getValue().happen();
    }
    pauseUntil(next + between);
    say(out, "end of the load");
  }

  private static void restart(Cluster cluster, String which)
      throws IOException, InterruptedException {
    String _ = cluster.run("restart", String.valueOf(cluster.status(which)));
  }

  private static void pauseUntil(long nanoTime) {
    for (long left = nanoTime - System.nanoTime(); left > 0; left = nanoTime - System.nanoTime()) {
      LockSupport.parkNanos(left);
    }
  }

  private void say(PrintWriter out, String what) {
    out.printf("%6d s  %s%n", Duration.between(began, Instant.now()).toSeconds(), what);
    out.flush();
  }

  private boolean report(SoakLoad load, ServerProcess node, String settings, PrintWriter out)
      throws IOException, InterruptedException {
    Path export = Files.createTempFile("portvakt-soak", ".jsonl");
    Path config = Files.createTempFile("portvakt-soak", ".yaml");
    try {
      Files.writeString(config, settings);
      int exported = node.command(export, "audit", "export", "--config", config.toString());
      Path verdict = Files.createTempFile("portvakt-soak", ".txt");
      int whole = node.command(verdict, "audit", "verify", export.toString());
      Set<String> missing = new HashSet<>(load.received);
      try (BufferedReader lines = Files.newBufferedReader(export)) {
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
          Matcher id = TOKEN_ID.matcher(line);
          if (id.find()) {
            missing.remove(id.group(1));
          }
        }
      }
      out.println();
      load.counts().forEach((what, count) -> out.printf("%-24s %d%n", what, count));
      out.printf("%-24s %d%n", "tokens received", load.received.size());
      out.printf("%-24s %d%n", "without a record", missing.size());
      out.printf("%-24s %d%n", "violations", load.violations.size());
      out.printf("%-24s %.1f s%n", "longest without success", load.longestGap.get() / 1e9);
      load.violations.stream().limit(10).forEach(it -> out.println("  " + it));
      out.println(Files.readString(verdict).strip());
      out.printf("%s%n", Instant.now().truncatedTo(ChronoUnit.SECONDS));
      out.flush();
      Files.deleteIfExists(verdict);
      return exported == 0 && whole == 0 && missing.isEmpty() && load.violations.isEmpty();
    } finally {
      Files.deleteIfExists(export);
      Files.deleteIfExists(config);
    }
  }

  private static String settings(Cluster cluster) throws IOException, InterruptedException {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    int port;
    try (ServerSocket probe = new ServerSocket(0)) {
      port = probe.getLocalPort(); // of nobody: the common name of both nodes
    }
    return """
    base-url: http://localhost:%d
    store:
      url: %s
      user: portvakt
      password-file: %s
    master-key:
      text: %s
    audit:
      checkpoint-every: 10s
    """
        .formatted(
            port, cluster.url(), cluster.passwordFile(), Base64.getEncoder().encodeToString(key));
  }

  private static String base(String settings) {
    return settings.lines().findFirst().orElseThrow().substring("base-url: ".length());
  }
}

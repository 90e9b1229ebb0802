package no.portvakt.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;
import no.portvakt.server.CryptoProvider;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code portvakt bench soak}: two nodes on a PostgreSQL pair under load, while nodes are killed,
 * databases restarted and the primary lost. After each of these all kinds of requests must succeed
 * at both nodes; {@link SoakVerdict} says what must hold at the end.
 */
@Command(
    name = "soak",
    description = {
      "Two nodes on PostgreSQL with a synchronous standby, under load, while parts of it are killed;",
      "then look whether anything was lost. Needs Debian's packages of bench/cluster.sh install."
    },
    mixinStandardHelpOptions = true)
final class SoakBench implements Callable<Integer> {
  /** What the settings of one node have besides. */
  private static final String FIRST_CLIENT =
      "maskinporten:\n  prefixes: {altinn: 991825827}\n  admin-client: "
          + ServerProcess.ADMIN_CLIENT
          + "\n";

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
      out.println(LoadOptions.environment(CryptoProvider.install()));
      out.println(cluster.run("versions").strip());
      // The address is nobody's: the common name of both nodes.
      String base = "http://localhost:" + ServerProcess.freePort();
      String settings = settings(cluster, base);
      try (ServerProcess one = ServerProcess.serve(settings + FIRST_CLIENT);
          ServerProcess two = ServerProcess.serve(settings);
          SoakVerdict verdict = new SoakVerdict(one)) {
        Caller caller = Caller.ofNode(one, base);
        SoakLoad load = new SoakLoad(caller, List.of(one.port(), two.port()), callers);
        began = Instant.now();
        try (load) {
          events(cluster, one, two, load, out);
        }
        return verdict.print(load, out) ? 0 : 1;
      }
    } finally {
      ServerProcess.delete(folder);
    }
  }

  private void events(
      Cluster cluster, ServerProcess one, ServerProcess two, SoakLoad load, PrintWriter out)
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
      awaitSuccesses(load, event.getKey(), out);
    }
    pauseUntil(next + between);
    say(out, "end of the load");
    awaitSuccesses(load, "the end", out);
  }

  private void awaitSuccesses(SoakLoad load, String event, PrintWriter out) {
    List<String> missing = load.awaitSuccesses(SoakVerdict.LONGEST_GAP);
    if (missing.isEmpty()) {
      say(out, "  all kinds of requests have succeeded at both nodes since");
    } else {
      say(out, "  since then without success: " + String.join(", ", missing));
      load.violation("No success after " + event + ": " + String.join(", ", missing) + ".");
    }
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
    out.printf("%8.1f s  %s%n", Duration.between(began, Instant.now()).toMillis() / 1e3, what);
    out.flush();
  }

  private static String settings(Cluster cluster, String base)
      throws IOException, InterruptedException {
    byte[] key = new byte[32];
    new SecureRandom().nextBytes(key);
    return """
    base-url: %s
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
            base, cluster.url(), cluster.passwordFile(), Base64.getEncoder().encodeToString(key));
  }
}

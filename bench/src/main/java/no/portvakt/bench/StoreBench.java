package no.portvakt.bench;

import java.io.IOException;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import no.portvakt.server.CryptoProvider;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code portvakt bench store}: exchanges a second on SQLite and on PostgreSQL, in turn in one run,
 * and how long single look-ups and writes take while the tables grow.
 */
@Command(
    name = "store",
    description = "Exchanges a second on both stores, and latency while the tables grow.",
    mixinStandardHelpOptions = true)
final class StoreBench implements Callable<Integer> {
  private static final int ROUNDS = 4;

  @Option(names = "--seconds", description = "Seconds of load on each. Default: ${DEFAULT-VALUE}.")
  int seconds = 24;

  @Option(
      names = "--warm-up",
      description = "Seconds of load on each before. Default: ${DEFAULT-VALUE}.")
  int warmUp = 45;

  @Option(names = "--connections", description = "Connections. Default: ${DEFAULT-VALUE}.")
  int connections = 32;

  @Option(names = "--rows", description = "How far tables grow. Default: ${DEFAULT-VALUE}.")
  int rows = 1_000_000;

  @Option(names = "--growth-only", description = "Leave the exchanges out.")
  boolean growthOnly;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    if (seconds < 1
        || seconds > 600
        || warmUp < 0
        || warmUp > 600
        || connections < 1
        || connections > 1000
        || rows < 1000
        || rows > 10_000_000) {
      out.println(
          "--seconds takes 1 to 600, --warm-up 0 to 600, --connections 1 to 1000, --rows 1000 to"
              + " 10000000.");
      out.flush();
      return 2;
    }
    String _ = CryptoProvider.install();
    try (BenchPostgres postgres = BenchPostgres.start()) {
      if (!growthOnly) {
        exchanges(postgres, out);
      }
    }
    growOnSqlite(out);
    growOnPostgres(out);
    return 0;
  }

  private void growOnSqlite(PrintWriter out) throws IOException, InterruptedException {
    try (Growth growth = new Growth("SQLite")) {
      for (int size = 1000; size <= rows; size *= 10) {
        ServerProcess server = ServerProcess.start("");
        growth.add(server, Database.open(server.data()), size);
      }
      growth.run(out);
    }
  }

  private void growOnPostgres(PrintWriter out) throws IOException, InterruptedException {
    try (BenchPostgres postgres = BenchPostgres.start();
        Growth growth = new Growth("PostgreSQL")) {
      for (int size = 1000; size <= rows; size *= 10) {
        PostgresAddress address = postgres.fresh("rows" + size);
        ServerProcess server = ServerProcess.onPostgres(address.url());
        growth.add(server, Database.connect(address), size);
        postgres.settle(address);
      }
      growth.run(out);
    }
  }

  private void exchanges(BenchPostgres postgres, PrintWriter out)
      throws IOException, InterruptedException {
    PrintWriter err = spec.commandLine().getErr();
    try (ServerProcess onSqlite = ServerProcess.start("");
        ServerProcess onPostgres = ServerProcess.onPostgres(postgres.url());
        Tokens sqliteTokens = new Tokens(new Caller(onSqlite));
        Tokens postgresTokens = new Tokens(new Caller(onPostgres))) {
      Load sqlite =
          new Load(onSqlite.port(), connections, () -> Requests.exchange(sqliteTokens.get()));
      Load postgresql =
          new Load(onPostgres.port(), connections, () -> Requests.exchange(postgresTokens.get()));
      err.printf("Warming up for 2 × %d s …%n", warmUp);
      sqlite.run(warmUp);
      postgresql.run(warmUp);
      err.printf("Measuring for 2 × %d s in %d rounds …%n", seconds, ROUNDS);
      Totals first = new Totals();
      Totals second = new Totals();
      for (int round = 0; round < ROUNDS; round++) {
        first.measure(sqlite, onSqlite, (double) seconds / ROUNDS);
        second.measure(postgresql, onPostgres, (double) seconds / ROUNDS);
      }
      Map<String, @Nullable Object> result = new LinkedHashMap<>();
      first.describe("sqlite", result);
      second.describe("postgresql", result);
      result.put(
          "throughput_ratio", Math.round(second.perSecond() / first.perSecond() * 1000) / 1000.0);
      result.forEach((name, value) -> out.printf("%-32s %s%n", name, value));
      out.flush();
    }
  }

  private static final class Totals {
    private double seconds;
    private double cpuMicros;
    private long count;
    private double p99;

    void measure(Load load, ServerProcess server, double part) throws InterruptedException {
      double before = server.cpuMicros();
      Load.Result result = load.run(part);
      cpuMicros += server.cpuMicros() - before;
      seconds += result.seconds();
      count += result.count();
      p99 = Math.max(p99, result.percentileMillis(0.99));
    }

    double perSecond() {
      return count / seconds;
    }

    void describe(String name, Map<String, @Nullable Object> result) {
      result.put(name + "_exchanges_per_s", Math.round(perSecond()));
      result.put(name + "_p99_ms", Math.round(p99 * 10) / 10.0);
      result.put(name + "_server_cpu_us", Math.round(cpuMicros / count * 10) / 10.0);
    }
  }
}

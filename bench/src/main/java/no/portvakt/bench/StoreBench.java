package no.portvakt.bench;

import com.nimbusds.jose.JWSAlgorithm;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
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
 * {@code portvakt bench store}: exchanges a second on SQLite and on PostgreSQL and their processor
 * time against the bare signatures, in turn in one run, and how long single look-ups and writes
 * take while the tables grow.
 */
@Command(
    name = "store",
    description =
        "Exchanges and their processor time on both stores, and latency while the tables grow.",
    mixinStandardHelpOptions = true)
final class StoreBench implements Callable<Integer> {
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
  public Integer call() throws IOException, InterruptedException, GeneralSecurityException {
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
    if (!growthOnly) {
      try (BenchPostgres postgres = BenchPostgres.start()) {
        exchanges(postgres, out);
      }
    }
    growOnSqlite(out);
    growOnPostgres(out);
    return 0;
  }

  /** A thousand rows, ten thousand and so on, and at last as many as they grow to. */
  static List<Integer> sizes(int rows) {
    List<Integer> sizes = new ArrayList<>();
    for (int size = 1000; size < rows; size *= 10) {
      sizes.add(size);
    }
    sizes.add(rows);
    return sizes;
  }

  private void growOnSqlite(PrintWriter out) throws IOException, InterruptedException {
    try (Growth growth = new Growth("SQLite")) {
      for (int size : sizes(rows)) {
        ServerProcess server = ServerProcess.start("");
        growth.add(server, () -> Database.open(server.data()), size);
      }
      growth.run(out);
    }
  }

  private void growOnPostgres(PrintWriter out) throws IOException, InterruptedException {
    try (BenchPostgres postgres = BenchPostgres.start();
        Growth growth = new Growth("PostgreSQL")) {
      for (int size : sizes(rows)) {
        PostgresAddress address = postgres.fresh("rows" + size);
        ServerProcess server = ServerProcess.onPostgres(address.url());
        growth.add(server, () -> Database.connect(address), size);
        postgres.settle(address);
      }
      growth.run(out);
    }
  }

  private void exchanges(BenchPostgres postgres, PrintWriter out)
      throws IOException, InterruptedException, GeneralSecurityException {
    PrintWriter err = spec.commandLine().getErr();
    try (ServerProcess onSqlite = ServerProcess.start("");
        ServerProcess onPostgres = ServerProcess.onPostgres(postgres.url());
        Tokens sqliteTokens = new Tokens(new Caller(onSqlite));
        Tokens postgresTokens = new Tokens(new Caller(onPostgres))) {
      Load sqlite =
          new Load(onSqlite.port(), connections, () -> Requests.exchange(sqliteTokens.get()));
      Load postgresql =
          new Load(onPostgres.port(), connections, () -> Requests.exchange(postgresTokens.get()));
      Signatures signatures = new Signatures(JWSAlgorithm.RS256);
      Comparison first = new Comparison(onSqlite, sqlite, signatures);
      Comparison second = new Comparison(onPostgres, postgresql, signatures);
      Comparison.run(List.of(first, second), warmUp, seconds, err);
      Map<String, @Nullable Object> result = new LinkedHashMap<>();
      first.describe("sqlite_", "exchange", result);
      second.describe("postgresql_", "exchange", result);
      result.put(
          "throughput_ratio", Math.round(second.perSecond() / first.perSecond() * 1000) / 1000.0);
      result.forEach((name, value) -> out.printf("%-32s %s%n", name, value));
      out.flush();
    }
  }
}

package no.portvakt.bench;

import com.nimbusds.jose.JWSAlgorithm;
import java.io.IOException;
import java.io.PrintWriter;
import java.security.GeneralSecurityException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import no.portvakt.server.CryptoProvider;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code portvakt bench exchange}: how fast Maskinporten tokens are exchanged, and how much of the
 * processor goes to anything but the two signatures.
 */
@Command(
    name = "exchange",
    description = "Exchanges a second, latency, and processor time against the bare signatures.",
    mixinStandardHelpOptions = true)
final class ExchangeBench implements Callable<Integer> {
  @Option(
      names = "--alg",
      description = "The algorithm of platform tokens: RS256 or ES256. Default: ${DEFAULT-VALUE}.")
  String algorithm = "RS256";

  @Mixin LoadOptions options = new LoadOptions();

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException, GeneralSecurityException {
    PrintWriter err = spec.commandLine().getErr();
    String problem =
        Set.of("RS256", "ES256").contains(algorithm)
            ? options.problem()
            : "--alg takes RS256 and ES256.";
    if (problem != null) {
      err.println(problem);
      return 2;
    }
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("alg", algorithm);
    result.put("environment", LoadOptions.environment(CryptoProvider.install()));
    try (ServerProcess server = ServerProcess.start("signing:\n  algorithm: " + algorithm + "\n")) {
      // The first start makes keys and schema; the second is the one that is timed.
      Caller caller = new Caller(server);
      byte[] first = Requests.exchange(caller.token());
      server.restart();
      double firstMillis = new Load(server.port(), 1, () -> first).run(0.001).percentileMillis(0);
      result.put("start_ms", server.startMillis());
      result.put("first_exchange_ms", Comparison.round(firstMillis));
      try (Tokens tokens = new Tokens(caller)) {
        Load load =
            new Load(server.port(), options.connections, () -> Requests.exchange(tokens.get()));
        Signatures signatures = new Signatures(JWSAlgorithm.parse(algorithm));
        Comparison comparison = new Comparison(server, load, signatures);
        Comparison.run(List.of(comparison), options.warmUp, options.seconds, err);
        result.put("connections", options.connections);
        comparison.describe("", "exchange", result);
      }
      result.put("rss_mb", server.residentMebibytes());
    }
    options.print(result, spec.commandLine().getOut());
    return 0;
  }
}

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
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/**
 * {@code portvakt bench maskinporten}: how fast JWT grants become Maskinporten tokens, with replay
 * and audit records durable, and how much of the processor goes to anything but the two signatures.
 */
@Command(
    name = "maskinporten",
    description = "Tokens a second for JWT grants, and processor time against the bare signatures.",
    mixinStandardHelpOptions = true)
final class MaskinportenBench implements Callable<Integer> {
  private static final int CLIENTS = 8;

  @Mixin LoadOptions options = new LoadOptions();

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException, InterruptedException, GeneralSecurityException {
    PrintWriter err = spec.commandLine().getErr();
    String problem = options.problem();
    if (problem != null) {
      err.println(problem);
      return 2;
    }
    Map<String, @Nullable Object> result = new LinkedHashMap<>();
    result.put("environment", LoadOptions.environment(CryptoProvider.install()));
    try (ServerProcess server = ServerProcess.start("")) {
      List<Caller> callers = new ArrayList<>();
      for (int i = 0; i < CLIENTS; i++) {
        callers.add(new Caller(server));
      }
      Grants grants = new Grants(callers);
      Load load = new Load(server.port(), options.connections, () -> Requests.token(grants.get()));
      // Half as many again as were needed last time: a server that warms up gets faster.
      Comparison comparison =
          new Comparison(
              server,
              load,
              new Signatures(JWSAlgorithm.RS256),
              (part, perSecond) -> grants.prepare((int) (1.5 * perSecond * part)));
      Comparison.run(List.of(comparison), options.warmUp, options.seconds, err);
      result.put("clients", CLIENTS);
      result.put("connections", options.connections);
      comparison.describe("", "token", result);
      result.put("rss_mb", server.residentMebibytes());
    }
    options.print(result, spec.commandLine().getOut());
    return 0;
  }
}

package no.portvakt.cli;

import com.nimbusds.jose.jwk.RSAKey;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.maskinporten.MaskinportenClient;
import no.portvakt.maskinporten.MaskinportenClientBuilder;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Which client of Maskinporten a command speaks as: that of a file, else that of the variables
 * {@code MASKINPORTEN_…}, else the one that {@code portvakt dev} made.
 */
final class ClientOptions {
  private static final String OF_DEV = "dev/admin-client.json";

  @Option(
      names = {"--client", "--admin"},
      paramLabel = "FILE",
      description = {
        "The client to speak as, a file such as `portvakt dev` and `client create` write. Default:",
        "that of the variables MASKINPORTEN_CLIENT_ID …, else dev/admin-client.json below --data."
      })
  @Nullable Path file;

  @Option(names = "--data", description = "The data folder of `dev`. Default: ${DEFAULT-VALUE}.")
  Path data = Path.of("data");

  private final Map<String, String> variables = System.getenv();

  /** Whether the variables say who the client is. */
  boolean isOfVariables() {
    return file == null && variables.get("MASKINPORTEN_CLIENT_ID") != null;
  }

  /** The file that says who the client is, when not the variables do. */
  @Nullable ClientFile clientFile() {
    return isOfVariables() ? null : ClientFile.read(file == null ? data.resolve(OF_DEV) : file);
  }

  /** The scopes that the client is known to have. */
  List<String> scopes(@Nullable ClientFile client) {
    String named = variables.getOrDefault("MASKINPORTEN_SCOPES", "");
    return client != null
        ? client.scopes()
        : Arrays.stream(named.split(" ", -1)).filter(it -> !it.isBlank()).toList();
  }

  /** The issuer of the Maskinporten that the client is for, or null when nobody said it. */
  @Nullable String issuer(@Nullable ClientFile client) {
    return client != null ? client.issuer() : variables.get("MASKINPORTEN_ISSUER");
  }

  /** Another client of the same Maskinporten, with its key. */
  ClientFile other(@Nullable ClientFile client, String id, List<String> scopes, RSAKey key) {
    if (client != null) {
      return client.with(id, scopes, key);
    }
    String issuer = issuer(null);
    if (issuer == null) {
      throw new CannotDo("A file for a client needs the issuer: set MASKINPORTEN_ISSUER.");
    }
    String endpoint = variables.getOrDefault("MASKINPORTEN_TOKEN_ENDPOINT", issuer + "token");
    return new ClientFile(issuer, endpoint, id, scopes, key.toJSONObject());
  }

  /** Whether secrets may go to other machines over plain HTTP. */
  boolean allowsPlainHttp() {
    return "true".equals(variables.get("MASKINPORTEN_ALLOW_PLAIN_HTTP"));
  }

  /**
   * What makes the client.
   *
   * @param platformUrl where tokens are exchanged; null: as the variables say
   */
  MaskinportenClient open(@Nullable ClientFile client, @Nullable String platformUrl) {
    try {
      MaskinportenClientBuilder builder = MaskinportenClient.builder();
      if (allowsPlainHttp()) {
        builder.allowPlainHttp();
      }
      if (client != null) {
        client.applyTo(builder);
      } else {
        builder.environment(variables);
      }
      if (platformUrl != null) {
        builder.platformUrl(platformUrl);
      }
      return builder.build();
    } catch (IllegalArgumentException e) {
      throw new CannotDo(String.valueOf(e.getMessage()));
    }
  }
}

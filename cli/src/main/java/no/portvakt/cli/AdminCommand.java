package no.portvakt.cli;

import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import no.portvakt.cli.AdminApiClient.NoAnswer;
import no.portvakt.cli.ClientKeyCommand.Keys;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.maskinporten.MaskinportenClient;
import no.portvakt.maskinporten.MaskinportenException;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** What all commands share that speak to the admin API of a Maskinporten. */
@Command(mixinStandardHelpOptions = true)
abstract class AdminCommand implements Callable<Integer> {
  @Mixin ClientOptions client = new ClientOptions();

  @Option(
      names = "--url",
      paramLabel = "BASE",
      description = {
        "The address of the admin API when it is not that of the issuer, such as",
        "https://api.test.samarbeid.digdir.no."
      })
  @Nullable String url;

  @Option(names = "--json", description = "Write JSON, one object a line.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  private @Nullable ClientFile speaker;

  @Override
  public final Integer call() throws IOException {
    Logging.start(Logging.Format.TEXT);
    ClientFile file = client.clientFile();
    speaker = file;
    String scopes = String.join(" ", client.scopes(file));
    if (scopes.isEmpty()) {
      throw new CannotDo(
          "The client has no scopes for the admin API; MASKINPORTEN_SCOPES or the member scopes of"
              + " the client file names them.");
    }
    String base = url == null ? client.issuer(file) : url;
    if (base == null) {
      throw new CannotDo("Where is the admin API? --url or MASKINPORTEN_ISSUER says it.");
    }
    PrintWriter out = spec.commandLine().getOut();
    try (MaskinportenClient maskinporten = client.open(file, null)) {
      return run(
          new AdminApiClient(
              AdminApiClient.base(base, client.allowsPlainHttp()),
              () -> token(maskinporten, scopes)),
          out);
    } finally {
      out.flush();
    }
  }

  private static String token(MaskinportenClient maskinporten, String scopes) {
    try {
      return maskinporten.token(scopes).value();
    } catch (MaskinportenException e) {
      throw refused(e);
    } catch (IllegalArgumentException e) { // of a scope
      throw new CannotDo(String.valueOf(e.getMessage()));
    }
  }

  abstract int run(AdminApiClient api, PrintWriter out) throws IOException;

  /** The same refusal, in one line for a person. */
  static CannotDo refused(MaskinportenException e) {
    return new CannotDo(String.valueOf(e.getMessage()).strip().replaceAll("\\s+", " "));
  }

  /**
   * Writes objects, as JSON or as a table.
   *
   * @param columns the members that the table shows
   */
  void print(PrintWriter out, List<Map<String, @Nullable Object>> objects, String... columns) {
    if (json) {
      objects.forEach(object -> out.println(Json.write(object)));
    } else {
      Table.print(out, objects, columns);
    }
  }

  /** Writes one object, as JSON or with a member a line. */
  void print(PrintWriter out, Map<String, @Nullable Object> object) {
    if (json) {
      out.println(Json.write(object));
    } else {
      Table.print(out, object);
    }
  }

  /**
   * Makes a key for a client, writes the client with it to a new file, and registers the public
   * half. The file stays when the key may be registered: nobody else has the private half.
   *
   * @param old the keys that the client has
   * @param kept those that it keeps
   */
  void registerNewKey(
      AdminApiClient api,
      PrintWriter out,
      Map<String, @Nullable Object> of,
      Keys old,
      List<?> kept,
      Path file) {
    RSAKey key = ClientFile.newKey();
    String id = String.valueOf(of.get("client_id"));
    List<String> scopes =
        of.get("scopes") instanceof List<?> list
            ? list.stream().map(String::valueOf).toList()
            : List.of();
    List<Object> keys = new ArrayList<>(kept);
    keys.add(key.toPublicJWK().toJSONObject());
    client.other(speaker, id, scopes, key).writeNew(file);
    try {
      old.replace(api, ClientCommand.path(id), keys);
    } catch (NoAnswer e) {
      throw new CannotDo(
          e.getMessage()
              + " The key "
              + key.getKeyID()
              + " may be registered, so its file "
              + file
              + " stays; `key list` shows whether it is.");
    } catch (CannotDo e) {
      try {
        Files.delete(file);
      } catch (IOException undeleted) {
        e.addSuppressed(new CannotDo("The file " + file + " can't be deleted."));
      }
      throw e;
    }
    say(out, "The client with its private key " + key.getKeyID() + " is in " + file + ".");
  }

  /** Writes a sentence for a person; nothing when JSON is wanted. */
  void say(PrintWriter out, String sentence) {
    if (!json) {
      out.println(sentence);
    }
  }
}

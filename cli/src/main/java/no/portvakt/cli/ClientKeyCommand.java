package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import no.portvakt.cli.AdminApiClient.Reply;
import no.portvakt.cli.Portvakt.CannotDo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten key}: the keys that clients sign their grants with. */
@Command(
    name = "key",
    description = "List and change the keys of a client.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ClientKeyCommand.ListCommand.class,
      ClientKeyCommand.AddCommand.class,
      ClientKeyCommand.RotateCommand.class,
      ClientKeyCommand.RemoveCommand.class
    })
final class ClientKeyCommand {
  /**
   * The keys of a client, as the admin API has them.
   *
   * @param keys JWKs; none of them has expired
   * @param registered whether there are keys, expired ones counted
   * @param tag their state, if the API says it
   */
  record Keys(List<Map<String, @Nullable Object>> keys, boolean registered, @Nullable String tag) {
    /** Those of a client that has none. */
    static final Keys NONE = new Keys(List.of(), false, null);

    static Keys of(AdminApiClient api, String client) {
      Reply reply = api.find(client + "/jwks"); // 404: there are none
      if (reply == null) {
        return NONE;
      }
      List<Map<String, @Nullable Object>> keys = new Reply(reply.object().get("keys"), null).list();
      // The API does not take back what has expired; it is of no use either.
      long now = Instant.now().getEpochSecond();
      return new Keys(
          keys.stream().filter(key -> !(key.get("exp") instanceof Long exp) || exp > now).toList(),
          true,
          reply.tag());
    }

    /** Registers others in the place of these, when these are still what is registered. */
    void replace(AdminApiClient api, String client, List<?> others) {
      String path = client + "/jwks";
      if (others.isEmpty()) {
        api.delete(path, tag);
      } else if (registered) {
        api.put(path, Map.of("keys", others), tag);
      } else {
        api.putNew(path, Map.of("keys", others));
      }
    }
  }

  /** {@code key list}. */
  @Command(name = "list", description = "List the keys.")
  static final class ListCommand extends ClientCommand.OnOneClient {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      String path = path(api);
      api.get(path); // so that no client and no key are told apart
      List<Map<String, @Nullable Object>> shown = new ArrayList<>();
      for (Map<String, @Nullable Object> key : Keys.of(api, path).keys()) {
        Map<String, @Nullable Object> row = new LinkedHashMap<>(key);
        if (!json && key.get("exp") instanceof Long exp) {
          row.put("exp", Instant.ofEpochSecond(exp).toString());
        }
        shown.add(row);
      }
      print(out, shown, "kid", "kty", "alg", "exp");
      return 0;
    }
  }

  /** {@code key add}. */
  @Command(name = "add", description = "Register one more key; at most five count.")
  static final class AddCommand extends ClientCommand.OnOneClient {
    @Parameters(
        index = "1",
        arity = "0..1",
        paramLabel = "FILE",
        description = "A public JWK, or PEM with a public key or a certificate.")
    @Nullable Path file;

    @Option(
        names = "--new",
        paramLabel = "FILE",
        description = "Make a key, and write the client with its private key to this new file.")
    @Nullable Path newKey;

    @Override
    int run(AdminApiClient api, PrintWriter out) throws IOException {
      if ((file == null) == (newKey == null)) {
        throw new CannotDo("Which key? Name a file with a public key, or use --new.");
      }
      Map<String, @Nullable Object> key = file == null ? null : PublicKeyFile.read(file);
      String path = path(api);
      Map<String, @Nullable Object> of = api.get(path).object();
      Keys old = Keys.of(api, path);
      if (newKey != null) {
        registerNewKey(api, out, of, old, old.keys(), newKey);
      } else if (key != null) {
        List<Object> keys = new ArrayList<>(old.keys());
        keys.removeIf(it -> Objects.equals(key.get("kid"), ((Map<?, ?>) it).get("kid")));
        keys.add(key);
        old.replace(api, path, keys);
        say(out, "The key " + key.get("kid") + " is registered.");
      }
      return 0;
    }
  }

  /** {@code key rotate}. */
  @Command(
      name = "rotate",
      description = {
        "Register a new key beside the old ones, so that the client can change over.",
        "The old ones stay until `key remove`, or go at once with --remove-old."
      })
  static final class RotateCommand extends ClientCommand.OnOneClient {
    @Option(
        names = "--new",
        required = true,
        paramLabel = "FILE",
        description = "Where the client with its new private key is written; a new file.")
    Path newKey = Path.of("");

    @Option(names = "--remove-old", description = "Let no other key count from now on.")
    boolean removeOld;

    @Override
    int run(AdminApiClient api, PrintWriter out) throws IOException {
      String path = path(api);
      Map<String, @Nullable Object> of = api.get(path).object();
      Keys old = Keys.of(api, path);
      registerNewKey(api, out, of, old, removeOld ? List.of() : old.keys(), newKey);
      for (Map<String, @Nullable Object> key : old.keys()) {
        say(
            out,
            removeOld
                ? "The key " + key.get("kid") + " does not count any more."
                : "The key "
                    + key.get("kid")
                    + " still counts; when nobody uses it: portvakt maskinporten key remove "
                    + of.get("client_id")
                    + (String.valueOf(key.get("kid")).startsWith("-") ? " -- " : " ") // no option
                    + key.get("kid"));
      }
      return 0;
    }
  }

  /** {@code key remove}. */
  @Command(name = "remove", description = "Let a key not count any more, from now on.")
  static final class RemoveCommand extends ClientCommand.OnOneClient {
    @Parameters(index = "1", paramLabel = "KID", description = "The key's id.")
    String kid = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      String path = path(api);
      Keys old = Keys.of(api, path);
      List<Map<String, @Nullable Object>> keys = new ArrayList<>(old.keys());
      if (!keys.removeIf(key -> kid.equals(key.get("kid")))) {
        throw new CannotDo("The client has no key " + kid + "; `key list` shows those it has.");
      }
      old.replace(api, path, keys);
      say(out, "The key " + kid + " does not count any more.");
      return 0;
    }
  }
}

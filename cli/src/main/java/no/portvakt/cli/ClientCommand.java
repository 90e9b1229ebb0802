package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.cli.AdminApiClient.Reply;
import no.portvakt.cli.ClientKeyCommand.Keys;
import no.portvakt.cli.Portvakt.CannotDo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten client}: the clients of one's own organisation. */
@Command(
    name = "client",
    description = "List, make and change the clients of your organisation.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ClientCommand.ListCommand.class,
      ClientCommand.ShowCommand.class,
      ClientCommand.CreateCommand.class,
      ClientCommand.UpdateCommand.class,
      ClientCommand.DeleteCommand.class
    })
final class ClientCommand {
  private static final String WHERE = "a client";

  /** What every command takes that is about one client. */
  abstract static class OnOneClient extends AdminCommand {
    @Parameters(
        index = "0",
        paramLabel = "CLIENT",
        description = "The client's id, or its name when no other has it.")
    String wanted = "";

    /** The client's address below the admin API. */
    String path(AdminApiClient api) {
      String path = ClientCommand.path(wanted);
      if (api.find(path) != null) { // also one of another organisation, or deleted
        return path;
      }
      List<String> ids =
          api.all("clients").stream()
              .filter(client -> wanted.equals(client.get("client_name")))
              .map(client -> String.valueOf(client.get("client_id")))
              .toList();
      if (ids.size() > 1) {
        throw new CannotDo(
            "Several clients are named " + wanted + ": " + String.join(", ", ids) + ".");
      }
      return ids.isEmpty() ? path : ClientCommand.path(ids.get(0)); // what is asked next says 404
    }
  }

  static String path(String id) {
    return "clients/" + AdminApiClient.encoded(id);
  }

  /** The scopes in options, each one scope or several with blanks between them. */
  private static List<String> split(List<String> options) {
    return options.stream()
        .flatMap(option -> List.of(option.split(" ", -1)).stream())
        .filter(scope -> !scope.isBlank())
        .toList();
  }

  /** {@code client list}. */
  @Command(name = "list", description = "List the clients.")
  static final class ListCommand extends AdminCommand {
    @Option(names = "--inactive", description = "Those that were deleted, instead.")
    boolean inactive;

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(
          out,
          api.get("clients" + (inactive ? "?inactive=true" : "")).list(),
          "client_id",
          "client_name",
          "client_orgno",
          "integration_type",
          "scopes");
      return 0;
    }
  }

  /** {@code client show}. */
  @Command(name = "show", description = "Show everything about a client.")
  static final class ShowCommand extends OnOneClient {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, api.get(path(api)).object());
      return 0;
    }
  }

  /** {@code client create}. */
  @Command(
      name = "create",
      description = {
        "Make a client, with --new-key also its key.",
        "With the file of --new-key `maskinporten token --client FILE` gets tokens at once. A client",
        "secret, for a client that has one, is shown this once."
      })
  static final class CreateCommand extends AdminCommand {
    @Parameters(paramLabel = "NAME", description = "Its name.")
    String name = "";

    @Option(names = "--description", description = "What it is for. Default: its name.")
    @Nullable String description;

    @Option(names = "--scope", description = "A scope that it may ask for; several times.")
    List<String> scopes = new ArrayList<>();

    @Option(
        names = "--org",
        description = "Its organisation's number when it is not yours; needs a special scope.")
    @Nullable String organisation;

    @Option(
        names = "--new-key",
        paramLabel = "FILE",
        description = "Make a key, and write the client with its private key to this new file.")
    @Nullable Path newKey;

    @Option(
        names = "--set",
        paramLabel = "MEMBER=VALUE",
        description = "Another setting, such as integration_type=idporten.")
    List<String> settings = new ArrayList<>();

    @Override
    int run(AdminApiClient api, PrintWriter out) throws IOException {
      if (newKey != null) {
        ClientFile.requireFree(newKey);
      }
      Map<String, @Nullable Object> body = new LinkedHashMap<>();
      body.put("client_name", name);
      body.put("description", description == null ? name : description);
      if (!scopes.isEmpty()) {
        body.put("scopes", split(scopes));
      }
      if (organisation != null) {
        body.put("client_orgno", organisation);
      }
      body.putAll(Members.read(WHERE, settings, Members.OF_CLIENT));
      Map<String, @Nullable Object> made = api.post("clients", body).object();
      print(out, made);
      if (newKey != null) {
        registerNewKey(api, out, made, Keys.NONE, List.of(), newKey);
      }
      return 0;
    }
  }

  /** {@code client update}. */
  @Command(
      name = "update",
      description = "Change settings of a client; one that was deleted becomes active again.")
  static final class UpdateCommand extends OnOneClient {
    @Option(names = "--scope", description = "All the scopes that it may ask for; several times.")
    List<String> scopes = new ArrayList<>();

    @Option(
        names = "--set",
        paramLabel = "MEMBER=VALUE",
        description = "A setting, such as access_token_lifetime=60; the others stay.")
    List<String> settings = new ArrayList<>();

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      Map<String, @Nullable Object> members = Members.read(WHERE, settings, Members.OF_CLIENT);
      if (!scopes.isEmpty()) {
        members.put("scopes", split(scopes));
      }
      if (members.isEmpty()) {
        throw new CannotDo("What is to change? --scope and --set say it.");
      }
      String path = path(api);
      Reply old = api.get(path);
      print(out, api.put(path, Members.changed(old.object(), members), old.tag()).object());
      return 0;
    }
  }

  /** {@code client delete}. */
  @Command(
      name = "delete",
      description = "Take a client out of use; `client update` with its id brings it back.")
  static final class DeleteCommand extends OnOneClient {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, api.delete(path(api), null).object());
      return 0;
    }
  }
}

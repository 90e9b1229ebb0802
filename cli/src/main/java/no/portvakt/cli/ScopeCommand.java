package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.cli.AdminApiClient.Reply;
import no.portvakt.cli.Portvakt.CannotDo;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten scope}: the scopes of one's own prefixes. */
@Command(
    name = "scope",
    description = "List, make and change the scopes of your organisation.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ScopeCommand.ListCommand.class,
      ScopeCommand.ShowCommand.class,
      ScopeCommand.CreateCommand.class,
      ScopeCommand.UpdateCommand.class,
      ScopeCommand.DeleteCommand.class
    })
final class ScopeCommand {
  private static final String WHERE = "a scope";

  /** What every command takes that is about one scope. */
  abstract static class OnOneScope extends AdminCommand {
    @Parameters(paramLabel = "SCOPE", description = "The scope's name, prefix:subscope.")
    String name = "";

    String path() {
      return ScopeCommand.path(name);
    }

    /** The scope, active or not. */
    Reply find(AdminApiClient api) {
      Reply scope = ScopeCommand.find(api, name);
      if (scope == null) {
        throw new CannotDo("Your organisation has no scope " + name + "; `scope list` shows all.");
      }
      return scope;
    }
  }

  static String path(String name) {
    return "scopes?scope=" + AdminApiClient.encoded(name);
  }

  /** A scope and its state, active or not; null: there is none of that name. */
  static @Nullable Reply find(AdminApiClient api, String name) {
    for (String suffix : List.of("", "&inactive=true")) {
      Reply reply = api.get(path(name) + suffix);
      for (Map<String, @Nullable Object> scope : reply.list()) {
        if (name.equals(scope.get("name"))) {
          return new Reply(scope, reply.tag());
        }
      }
    }
    return null;
  }

  /** {@code scope list}. */
  @Command(name = "list", description = "List the scopes.")
  static final class ListCommand extends AdminCommand {
    @Option(names = "--inactive", description = "Those that were deleted, instead.")
    boolean inactive;

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(
          out,
          api.get("scopes" + (inactive ? "?inactive=true" : "")).list(),
          "name",
          "visibility",
          "accessible_for_all",
          "at_max_age",
          "description");
      return 0;
    }
  }

  /** {@code scope show}. */
  @Command(name = "show", description = "Show everything about a scope.")
  static final class ShowCommand extends OnOneScope {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, find(api).object());
      return 0;
    }
  }

  /** {@code scope create}. */
  @Command(name = "create", description = "Make a scope below a prefix of your organisation.")
  static final class CreateCommand extends OnOneScope {
    @Option(names = "--description", required = true, description = "What it is for.")
    String description = "";

    @Option(
        names = "--set",
        paramLabel = "MEMBER=VALUE",
        description = "Another setting, such as at_max_age=60 or accessible_for_all=true.")
    List<String> settings = new ArrayList<>();

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      Map<String, @Nullable Object> body = named(name);
      body.put("description", description);
      body.putAll(Members.read(WHERE, settings, Members.OF_SCOPE));
      print(out, api.post("scopes", body).object());
      return 0;
    }
  }

  /** A document with the two parts of a scope's name. */
  static Map<String, @Nullable Object> named(String name) {
    int colon = name.indexOf(':');
    if (colon < 1 || colon == name.length() - 1) {
      throw new CannotDo(
          "A scope's name is a prefix, a colon and a subscope; " + name + " is not.");
    }
    Map<String, @Nullable Object> body = new LinkedHashMap<>();
    body.put("prefix", name.substring(0, colon));
    body.put("subscope", name.substring(colon + 1));
    return body;
  }

  /** {@code scope update}. */
  @Command(
      name = "update",
      description = "Change settings of a scope; one that was deleted becomes active again.")
  static final class UpdateCommand extends OnOneScope {
    @Option(
        names = "--set",
        required = true,
        paramLabel = "MEMBER=VALUE",
        description = "A setting, such as at_max_age=60; the others stay as they are.")
    List<String> settings = new ArrayList<>();

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      Map<String, @Nullable Object> members = Members.read(WHERE, settings, Members.OF_SCOPE);
      Reply old = find(api);
      print(out, api.put(path(), Members.changed(old.object(), members), old.tag()).object());
      return 0;
    }
  }

  /** {@code scope delete}. */
  @Command(
      name = "delete",
      description = "Take a scope out of use; its name stays taken, `scope update` brings it back.")
  static final class DeleteCommand extends OnOneScope {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, api.delete(path(), null).object());
      return 0;
    }
  }
}

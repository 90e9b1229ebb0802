package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten prefix}: who owns which prefix of scopes. */
@Command(
    name = "prefix",
    description = "Say which organisation owns which prefix of scopes; Digdir does in reality.",
    mixinStandardHelpOptions = true,
    subcommands = {
      PrefixCommand.ListCommand.class,
      PrefixCommand.PutCommand.class,
      PrefixCommand.RemoveCommand.class
    })
final class PrefixCommand {
  private static final String[] COLUMNS = {"prefix", "owner_orgno"};

  static String path(String prefix) {
    return "prefix/" + AdminApiClient.encoded(prefix);
  }

  /** {@code prefix list}. */
  @Command(name = "list", description = "List the prefixes of your organisation.")
  static final class ListCommand extends AdminCommand {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, api.get("prefix").list(), COLUMNS);
      return 0;
    }
  }

  /** {@code prefix put}. */
  @Command(name = "put", description = "Give a prefix to an organisation, whoever had it.")
  static final class PutCommand extends AdminCommand {
    @Parameters(index = "0", paramLabel = "PREFIX", description = "The prefix.")
    String prefix = "";

    @Parameters(index = "1", paramLabel = "ORGNO", description = "The organisation's number.")
    String organisation = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      Map<String, Object> body = Map.of("orgno", organisation);
      print(out, List.of(api.put(path(prefix), body, null).object()), COLUMNS);
      return 0;
    }
  }

  /** {@code prefix remove}. */
  @Command(name = "remove", description = "Take a prefix away that has no scopes.")
  static final class RemoveCommand extends AdminCommand {
    @Parameters(paramLabel = "PREFIX", description = "The prefix.")
    String prefix = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, List.of(api.delete(path(prefix), null).object()), COLUMNS);
      return 0;
    }
  }
}

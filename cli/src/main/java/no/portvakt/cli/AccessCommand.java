package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten access}: which organisations may use which scope. */
@Command(
    name = "access",
    description = "Say which organisations may use your scopes.",
    mixinStandardHelpOptions = true,
    subcommands = {
      AccessCommand.ListCommand.class,
      AccessCommand.GrantCommand.class,
      AccessCommand.DenyCommand.class
    })
final class AccessCommand {
  private static final String[] COLUMNS = {"scope", "consumer_orgno", "state", "last_updated"};

  /** {@code access list}. */
  @Command(name = "list", description = "List who may use a scope, or what you may use.")
  static final class ListCommand extends AdminCommand {
    @Option(names = "--scope", description = "A scope of yours. Default: what others gave you.")
    String scope = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      String path =
          scope.isEmpty()
              ? "scopes/access/all"
              : "scopes/access?scope=" + AdminApiClient.encoded(scope);
      print(out, api.get(path).list(), COLUMNS);
      return 0;
    }
  }

  /** What both changes take. */
  abstract static class OnOneAccess extends AdminCommand {
    @Parameters(index = "0", paramLabel = "SCOPE", description = "A scope of yours.")
    String scope = "";

    @Parameters(index = "1", paramLabel = "ORGNO", description = "The organisation's number.")
    String organisation = "";

    String path() {
      return AccessCommand.path(scope, organisation);
    }
  }

  static String path(String scope, String organisation) {
    return "scopes/access/"
        + AdminApiClient.encoded(organisation)
        + "?scope="
        + AdminApiClient.encoded(scope);
  }

  /** {@code access grant}. */
  @Command(name = "grant", description = "Let an organisation use a scope.")
  static final class GrantCommand extends OnOneAccess {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, List.of(api.put(path(), null, null).object()), COLUMNS);
      return 0;
    }
  }

  /** {@code access deny}. */
  @Command(name = "deny", description = "Take the access away again.")
  static final class DenyCommand extends OnOneAccess {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, List.of(api.delete(path(), null).object()), COLUMNS);
      return 0;
    }
  }
}

package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten system-user}: the users that parties have of vendors' systems. */
@Command(
    name = "system-user",
    description = "List, make and remove users of systems; the party does in reality.",
    mixinStandardHelpOptions = true,
    subcommands = {
      SystemUserCommand.ListCommand.class,
      SystemUserCommand.AddCommand.class,
      SystemUserCommand.RemoveCommand.class
    })
final class SystemUserCommand {
  private static final String[] COLUMNS = {"id", "system_id", "party_orgno", "external_ref"};

  static String path(String id) {
    return "systemusers/" + AdminApiClient.encoded(id);
  }

  /** The document of a new user. */
  static Map<String, Object> body(String system, String party, @Nullable String reference) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("system_id", system);
    body.put("party_orgno", party);
    if (reference != null) {
      body.put("external_ref", reference);
    }
    return body;
  }

  /** {@code system-user list}. */
  @Command(name = "list", description = "List the users of a system.")
  static final class ListCommand extends AdminCommand {
    @Parameters(paramLabel = "SYSTEM", description = "The system's id.")
    String system = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      String path = "systemusers?system_id=" + AdminApiClient.encoded(system);
      print(out, api.get(path).list(), COLUMNS);
      return 0;
    }
  }

  /** {@code system-user add}. */
  @Command(name = "add", description = "Make a user of a system for a party.")
  static final class AddCommand extends AdminCommand {
    @Parameters(index = "0", paramLabel = "SYSTEM", description = "The system's id.")
    String system = "";

    @Parameters(index = "1", paramLabel = "ORGNO", description = "The party's organisation number.")
    String party = "";

    @Option(
        names = "--ref",
        description = "Tells several users of one party apart. Default: the party's number.")
    @Nullable String reference;

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      Map<String, Object> body = body(system, party, reference);
      print(out, List.of(api.post("systemusers", body).object()), COLUMNS);
      return 0;
    }
  }

  /** {@code system-user remove}. */
  @Command(name = "remove", description = "Remove a user.")
  static final class RemoveCommand extends AdminCommand {
    @Parameters(paramLabel = "ID", description = "The user's id.")
    String id = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, List.of(api.delete(path(id), null).object()), COLUMNS);
      return 0;
    }
  }
}

package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten delegation}: which organisation lets which supplier act for it. */
@Command(
    name = "delegation",
    description = "Say who has delegated which scope to whom; Altinn does in reality.",
    mixinStandardHelpOptions = true,
    subcommands = {
      DelegationCommand.SourcesCommand.class,
      DelegationCommand.ListCommand.class,
      DelegationCommand.AddCommand.class,
      DelegationCommand.RemoveCommand.class
    })
final class DelegationCommand {
  /** The members that make a delegation, in the order of the table. */
  static final List<String> MEMBERS =
      List.of("scope", "consumer_orgno", "supplier_orgno", "source");

  private static final String[] COLUMNS = MEMBERS.toArray(String[]::new);

  /** The address of one delegation. */
  static String path(Map<String, ?> delegation) {
    return "delegations?"
        + MEMBERS.stream()
            .map(name -> name + "=" + AdminApiClient.encoded("" + delegation.get(name)))
            .collect(Collectors.joining("&"));
  }

  /** {@code delegation sources}. */
  @Command(name = "sources", description = "List who keeps delegations.")
  static final class SourcesCommand extends AdminCommand {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, api.get("delegationsources").list(), "issuer", "name");
      return 0;
    }
  }

  /** {@code delegation list}. */
  @Command(name = "list", description = "List what an organisation has given or got.")
  static final class ListCommand extends AdminCommand {
    @Parameters(paramLabel = "ORGNO", description = "The organisation's number.")
    String organisation = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      String path = "delegations?orgno=" + AdminApiClient.encoded(organisation);
      print(out, api.get(path).list(), COLUMNS);
      return 0;
    }
  }

  /** What both changes take. */
  abstract static class OnOneDelegation extends AdminCommand {
    @Parameters(index = "0", paramLabel = "SCOPE", description = "The scope.")
    String scope = "";

    @Parameters(index = "1", paramLabel = "CONSUMER", description = "Who delegates: its number.")
    String consumer = "";

    @Parameters(index = "2", paramLabel = "SUPPLIER", description = "To whom: its number.")
    String supplier = "";

    @Option(
        names = "--source",
        paramLabel = "ISSUER",
        description = "Who keeps it. Default: ${DEFAULT-VALUE}.")
    String source = "https://tt02.altinn.no/";

    Map<String, Object> delegation() {
      Map<String, Object> delegation = new LinkedHashMap<>();
      delegation.put("scope", scope);
      delegation.put("consumer_orgno", consumer);
      delegation.put("supplier_orgno", supplier);
      delegation.put("source", source);
      return delegation;
    }
  }

  /** {@code delegation add}. */
  @Command(
      name = "add",
      description = "Let a supplier act for a consumer with a scope that has a delegation source.")
  static final class AddCommand extends OnOneDelegation {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, List.of(api.put("delegations", delegation(), null).object()), COLUMNS);
      return 0;
    }
  }

  /** {@code delegation remove}. */
  @Command(name = "remove", description = "Take it back.")
  static final class RemoveCommand extends OnOneDelegation {
    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, List.of(api.delete(path(delegation()), null).object()), COLUMNS);
      return 0;
    }
  }
}

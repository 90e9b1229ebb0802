package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten system}: vendors' systems, whose users other parties make. */
@Command(
    name = "system",
    description = "List and change vendors' systems; Altinn does in reality.",
    mixinStandardHelpOptions = true,
    subcommands = {
      SystemCommand.ListCommand.class,
      SystemCommand.ShowCommand.class,
      SystemCommand.PutCommand.class
    })
final class SystemCommand {
  private static final String[] COLUMNS = {"system_id", "vendor_orgno", "name", "client_ids"};

  static String path(String id) {
    return "systems/" + AdminApiClient.encoded(id);
  }

  /** {@code system list}. */
  @Command(name = "list", description = "List a vendor's systems.")
  static final class ListCommand extends AdminCommand {
    @Parameters(paramLabel = "ORGNO", description = "The vendor's organisation number.")
    String vendor = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, api.get("systems?vendor_orgno=" + AdminApiClient.encoded(vendor)).list(), COLUMNS);
      return 0;
    }
  }

  /** {@code system show}. */
  @Command(name = "show", description = "Show a system.")
  static final class ShowCommand extends AdminCommand {
    @Parameters(paramLabel = "SYSTEM", description = "Its id.")
    String id = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, api.get(path(id)).object());
      return 0;
    }
  }

  /** {@code system put}. */
  @Command(name = "put", description = "Make a system, or replace what is known of it.")
  static final class PutCommand extends AdminCommand {
    @Parameters(paramLabel = "SYSTEM", description = "Its id, such as 991825827_payroll.")
    String id = "";

    @Option(names = "--vendor", required = true, description = "The vendor's organisation number.")
    String vendor = "";

    @Option(names = "--name", description = "Its name. Default: its id.")
    @Nullable String name;

    @Option(
        names = "--client-id",
        description = "A client of the vendor that may act as its users; several times.")
    List<String> clients = new ArrayList<>();

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      Map<String, Object> body = new LinkedHashMap<>();
      body.put("vendor_orgno", vendor);
      body.put("name", name == null ? id : name);
      body.put("client_ids", clients);
      print(out, List.of(api.put(path(id), body, null).object()), COLUMNS);
      return 0;
    }
  }
}

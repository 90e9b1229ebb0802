package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten consent}: who has consented to what. */
@Command(
    name = "consent",
    description = "List, make and remove consents; people and organisations do in reality.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ConsentCommand.ListCommand.class,
      ConsentCommand.AddCommand.class,
      ConsentCommand.RemoveCommand.class
    })
final class ConsentCommand {
  /** In bytes; the API takes no more. */
  private static final int LONGEST = 64 * 1024;

  // Without who gave it: that may be a person number. --json shows it.
  private static final String[] COLUMNS = {"id", "to", "consented", "validTo"};

  /** {@code consent list}. */
  @Command(name = "list", description = "List the consents that an organisation has got.")
  static final class ListCommand extends AdminCommand {
    @Parameters(paramLabel = "ORGNO", description = "The organisation's number.")
    String receiver = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(out, api.get("consents?to=" + AdminApiClient.encoded(receiver)).list(), COLUMNS);
      return 0;
    }
  }

  /** {@code consent add}. */
  @Command(
      name = "add",
      description = {
        "Make a consent of a JSON document: from, to, validTo, consentRights; see",
        "docs/protocol/maskinporten-admin.md."
      })
  static final class AddCommand extends AdminCommand {
    @Parameters(paramLabel = "FILE", description = "The document; `-`: standard input.")
    String file = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      Map<String, @Nullable Object> body;
      try {
        body = Json.readObject(Input.read(file, LONGEST));
      } catch (MalformedJson e) {
        throw new CannotDo("The consent " + e.reason() + ".");
      }
      print(out, List.of(api.post("consents", body).object()), COLUMNS);
      return 0;
    }
  }

  /** {@code consent remove}. */
  @Command(name = "remove", description = "Withdraw a consent.")
  static final class RemoveCommand extends AdminCommand {
    @Parameters(paramLabel = "ID", description = "The consent's id.")
    String id = "";

    @Override
    int run(AdminApiClient api, PrintWriter out) {
      print(
          out,
          List.of(api.delete("consents/" + AdminApiClient.encoded(id), null).object()),
          COLUMNS);
      return 0;
    }
  }
}

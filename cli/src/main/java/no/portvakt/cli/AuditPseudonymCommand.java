package no.portvakt.cli;

import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.PrivateKeys;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.database.Database;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portvakt audit pseudonym}: what stands for a person number in the audit. */
@Command(
    name = "pseudonym",
    description = {
      "Read a person number from standard input and print what stands for it in the audit, so that",
      "its records can be found."
    },
    mixinStandardHelpOptions = true)
final class AuditPseudonymCommand implements Callable<Integer> {
  @Mixin StoreOptions store = new StoreOptions();

  // Taken only to be refused without being repeated on the console.
  @Parameters(hidden = true, arity = "0..*")
  List<String> arguments = List.of();

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Logging.start(Logging.Format.TEXT);
    if (!arguments.isEmpty()) {
      throw new CannotDo(
          "The number is read from standard input: others may see arguments, and shells keep"
              + " them.");
    }
    Settings settings = store.settings();
    try (Database database = StoreOptions.open(settings)) {
      String number = Input.line();
      if (!number.matches("[0-9]{11}")) {
        throw new CannotDo("What was read is no number of eleven digits.");
      }
      PrintWriter out = spec.commandLine().getOut();
      out.println(
          Server.pseudonyms(database, PrivateKeys.master(settings), InstantSource.system())
              .of(number));
      out.flush();
      return 0;
    }
  }
}

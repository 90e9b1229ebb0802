package no.portvakt.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.Server;
import no.portvakt.server.database.Database;
import no.portvakt.server.registry.OrganisationImport;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.tokens.Json.MalformedJson;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portvakt import}: brings data in from files. */
@Command(
    name = "import",
    description = "Bring data in from files.",
    mixinStandardHelpOptions = true,
    subcommands = ImportCommand.OrganisationsCommand.class)
final class ImportCommand {
  /** {@code portvakt import organisations FILE}. */
  @Command(
      name = "organisations",
      description = {
        "Import organisations with a short code from a file of the form",
        "{\"orgs\":{\"<code>\":{\"orgnr\":\"<nine digits>\",\"name\":{\"nb\":\"…\"}}}}.",
        "A bad entry is reported by its code and left out; exit code 1 then."
      },
      mixinStandardHelpOptions = true)
  static final class OrganisationsCommand implements Callable<Integer> {
    private static final int LARGEST = 64 * 1024 * 1024;

    @Parameters(paramLabel = "FILE", description = "The file to read.")
    Path file = Path.of("");

    @Mixin StoreOptions store = new StoreOptions();

    @Spec CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
      Logging.start(Logging.Format.TEXT);
      PrintWriter out = spec.commandLine().getOut();
      byte[] bytes = Input.read(file, LARGEST);
      try (Database database = Server.openStore(store.settings())) {
        OrganisationImport.Result result =
            OrganisationImport.run(bytes, new OrganisationTable(database));
        out.printf("%d organisations imported.%n", result.imported());
        for (String problem : result.problems()) {
          spec.commandLine().getErr().println("left out: " + problem);
        }
        return result.problems().isEmpty() ? 0 : 1;
      } catch (MalformedJson e) {
        throw new CannotDo("The file " + file + " " + e.reason() + ".");
      }
    }
  }
}

package no.portvakt.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.Backup;
import no.portvakt.server.Settings;
import no.portvakt.server.database.Database;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portvakt backup DIR}: copies a store in a folder while it is in use. */
@Command(
    name = "backup",
    description = {
      "Copy the store into a new folder while nodes use it (SQLite).",
      "The master key, without which no signing key opens, is copied only when asked for."
    },
    mixinStandardHelpOptions = true)
final class BackupCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "The folder to make; it must not be there yet.")
  Path target = Path.of("");

  @Mixin StoreOptions store = new StoreOptions();

  @Option(names = "--with-master-key", description = "Copy the master key as well.")
  boolean withMasterKey;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Logging.start(Logging.Format.TEXT);
    PrintWriter out = spec.commandLine().getOut();
    Settings settings = store.settings();
    try (Database database = StoreOptions.open(settings)) {
      Path written = Backup.write(settings, database, target, withMasterKey);
      out.println("The store is copied to " + written + ".");
      if (!withMasterKey) {
        out.println("The master key is not in it; keep it elsewhere, or nothing of it can sign.");
      }
      out.flush();
      return 0;
    } catch (UnsupportedOperationException e) {
      throw new CannotDo(String.valueOf(e.getMessage()));
    }
  }
}

package no.portvakt.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import no.portvakt.server.Backup;
import no.portvakt.server.Settings;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portvakt restore DIR}: makes a data folder from a backup. */
@Command(
    name = "restore",
    description = {
      "Make a data folder from a backup, after checking that the backup is whole and that the master",
      "key opens it. A folder that holds a store already is left as it is."
    },
    mixinStandardHelpOptions = true)
final class RestoreCommand implements Callable<Integer> {
  @Parameters(paramLabel = "DIR", description = "The backup.")
  Path source = Path.of("");

  @Mixin StoreOptions store = new StoreOptions();

  @Option(
      names = "--master-key",
      description = {
        "The master key's file, in place of the one in the backup; it is copied into the folder.",
        "Not with settings that say where the master key is."
      })
  @Nullable Path masterKey;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    Logging.start(Logging.Format.TEXT);
    PrintWriter out = spec.commandLine().getOut();
    Settings settings = store.settings();
    Backup.Restored restored = Backup.restore(settings, source, masterKey);
    out.println("The store of " + restored.created() + " is in " + settings.data() + ".");
    out.println(restored.records() + " audit records are whole, and the master key fits.");
    out.println(
        // A grant's iat may be ahead by the skew and its exp past, to the end of that second.
        "Grants that were used after the backup could be used again: before the platform serves"
            + " wait maskinporten.grant-lifetime, twice maskinporten.clock-skew and 1 s.");
    out.flush();
    return 0;
  }
}

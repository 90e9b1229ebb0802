package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import no.portvakt.server.Addresses;
import no.portvakt.server.PrivateKeys;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.audit.Checkpoints;
import no.portvakt.server.database.Database;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portvakt audit export}: all records with what proves them, on standard output. */
@Command(
    name = "export",
    description = {
      "Write all records that are kept, with their checkpoints and a signed end, as JSON lines on",
      "standard output; `portvakt audit verify` checks it without a store."
    },
    mixinStandardHelpOptions = true)
final class AuditExportCommand implements Callable<Integer> {
  @Mixin StoreOptions store = new StoreOptions();

  @Option(names = "--key", description = "Write only the public key that signs, as a JWK.")
  boolean keyOnly;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws IOException {
    Logging.start(Logging.Format.TEXT);
    PrintWriter out = spec.commandLine().getOut();
    Settings settings = store.settings();
    try (Database database = StoreOptions.open(settings)) {
      Checkpoints checkpoints =
          Server.checkpoints(database, PrivateKeys.master(settings), InstantSource.system());
      if (keyOnly) {
        out.println(checkpoints.key().toJSONString());
      } else {
        checkpoints.export(out, Addresses.of(settings).platformIssuer());
      }
      out.flush();
      if (out.checkError()) {
        throw new Portvakt.CannotDo("The export could not be written to its end.");
      }
      return 0;
    }
  }
}

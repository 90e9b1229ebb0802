package no.portvakt.cli;

import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.Callable;
import no.portvakt.server.NamedFiles;
import no.portvakt.server.PrivateKeys;
import no.portvakt.server.Settings;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.http.HttpServer;
import no.portvakt.server.issuer.KeyCipher.WrongMasterKey;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code portvakt config}: looks at settings without starting anything. */
@Command(
    name = "config",
    description = "Look at settings without starting anything.",
    mixinStandardHelpOptions = true,
    subcommands = ConfigCommand.CheckCommand.class)
final class ConfigCommand {
  /** {@code portvakt config check FILE}. */
  @Command(
      name = "check",
      description = {
        "Check a settings file as `portvakt serve` would read it, with the variables of this",
        "environment, and read the certificates, keys and lists that it names; the store is not",
        "asked.",
        "Exit code 1: it does not hold."
      },
      mixinStandardHelpOptions = true)
  static final class CheckCommand implements Callable<Integer> {
    @Parameters(paramLabel = "FILE", description = "The file to check.")
    Path file = Path.of("");

    @Spec CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
      PrintWriter out = spec.commandLine().getOut();
      Settings settings;
      try {
        settings = ServeCommand.read(file);
      } catch (BadSettings | Portvakt.CannotDo e) {
        return refuse(e, out);
      }
      try {
        HttpServer.check(settings.listen(), InstantSource.system());
        PrivateKeys.check(settings);
        NamedFiles.check(settings);
      } catch (BadSettings
          | HttpServer.CannotListen
          | WrongMasterKey
          | UncheckedIOException e) { // the last one of a file that they name: they can be read
        return refuse(e, out);
      }
      out.println("The settings hold.");
      out.println("  roles     " + ServeCommand.names(settings.roles()));
      out.println("  base-url  " + settings.baseUrl());
      out.println(
          "  listen    "
              + settings.listen().host()
              + ":"
              + settings.listen().port()
              + (settings.listen().tls() == null ? "" : " with TLS"));
      out.println(
          "  store     "
              + (settings.store() != null
                  ? settings.store().url()
                  : "SQLite in " + settings.data()));
      out.println("  signing   " + String.join(", ", settings.signing().algorithms()));
      for (Path missing : NamedFiles.missing(settings)) {
        out.println("Not there yet: " + missing);
      }
      out.flush();
      return 0;
    }

    private static int refuse(RuntimeException reason, PrintWriter out) {
      out.println(reason.getMessage());
      out.flush();
      return 1;
    }
  }
}

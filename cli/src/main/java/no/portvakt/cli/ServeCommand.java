package no.portvakt.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.CryptoProvider;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.SettingsFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portvakt serve}: one node of the platform, until it is told to stop. */
@Command(
    name = "serve",
    description = {
      "Run one node of the platform, without test data, until it is told to stop.",
      "Settings come from --config and from variables such as PORTVAKT_LISTEN_PORT."
    },
    mixinStandardHelpOptions = true)
final class ServeCommand implements Callable<Integer> {
  @Option(names = "--config", description = "Settings in YAML; docs/operations.md lists the keys.")
  @Nullable Path config;

  @Option(names = "--log", description = "Logs as text or json. Default: ${DEFAULT-VALUE}.")
  Logging.Format log = Logging.Format.JSON;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    Logging.start(log);
    Settings settings = read(config);
    String provider = CryptoProvider.install();
    Server server = Server.start(settings);
    PrintWriter out = spec.commandLine().getOut();
    out.printf(
        "Portvakt serves %s at %s, cryptography by %s; ready in %d ms.%n",
        names(settings.roles()), server.addresses().base(), provider, StartTime.elapsedMillis());
    out.flush();
    DevCommand.serveUntilSignal(server);
    return 0;
  }

  /** The roles as settings name them. */
  static String names(Set<Settings.Role> roles) {
    return roles.stream()
        .map(it -> it.name().toLowerCase(Locale.ROOT))
        .sorted()
        .collect(Collectors.joining(", "));
  }

  /** The settings of a node; the public address must be given. */
  static Settings read(@Nullable Path config) {
    Settings settings = SettingsFile.read(config, System.getenv(), Settings.serving());
    if (settings.baseUrl() == null) {
      throw new CannotDo(
          "The setting base-url is missing: every issuer begins with it, as in"
              + " https://platform.example.com.");
    }
    return settings;
  }
}

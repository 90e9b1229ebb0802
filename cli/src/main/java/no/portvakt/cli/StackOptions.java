package no.portvakt.cli;

import java.nio.file.Path;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.Addresses;
import no.portvakt.server.Settings;
import no.portvakt.server.SettingsFile;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of every command that starts the platform for a developer. */
final class StackOptions {
  @Option(names = "--port", description = "The port to listen on; 0: any. Default: 7070.")
  @Nullable Integer port;

  @Option(names = "--data", description = "The data folder. Default: data.")
  @Nullable Path data;

  @Option(
      names = "--base-url",
      description = "The public address when it is not http://localhost:<port>.")
  @Nullable String baseUrl;

  @Option(names = "--in-memory", description = "Keep nothing.")
  boolean inMemory;

  @Option(names = "--config", description = "Settings in YAML; docs/operations.md lists the keys.")
  @Nullable Path config;

  @Option(names = "--log", description = "Logs as text or json. Default: ${DEFAULT-VALUE}.")
  Logging.Format log = Logging.Format.TEXT;

  Settings settings(int otherwisePort) {
    if (port != null && (port < 0 || port > 65_535)) {
      throw new CannotDo("--port must be from 0 to 65535.");
    }
    Path folder = inMemory ? null : data == null ? Path.of("data") : data;
    Settings base = Settings.development(folder, port == null ? otherwisePort : port);
    Settings all = SettingsFile.read(config, System.getenv(), base);
    // What the command line says goes over what the file and the variables say.
    if (inMemory || data != null) {
      all = all.withData(folder);
    }
    if (port != null) {
      all = all.withPort(port);
    }
    if (baseUrl != null) {
      String problem = Addresses.problemOf(baseUrl);
      if (problem != null) {
        throw new CannotDo("--base-url can't be used: " + problem + ".");
      }
      all = all.withBaseUrl(baseUrl);
    }
    return Addresses.withPort(all);
  }
}

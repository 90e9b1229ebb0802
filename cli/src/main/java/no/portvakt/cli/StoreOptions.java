package no.portvakt.cli;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.PlatformKeys;
import no.portvakt.server.PrivateKeys;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.SettingsFile;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/**
 * Which store a command works on: the one in a folder, or the one that a node here would have by
 * its settings file and variables.
 */
final class StoreOptions {
  private static final Path DATA = Path.of("data");

  @Option(
      names = "--data",
      description = "The data folder. Default: the settings' own store, or data.")
  @Nullable Path data;

  @Option(names = "--config", description = "The settings of the nodes whose store it is.")
  @Nullable Path config;

  /** The settings, as the nodes have them. */
  Settings settings() {
    Map<String, String> variables = System.getenv();
    boolean node = config != null || SettingsFile.anyIn(variables);
    Settings base =
        node ? Settings.serving() : Settings.development(data == null ? DATA : data, 7070);
    Settings all = SettingsFile.read(config, variables, base);
    return data == null ? all : all.withData(data);
  }

  /** Opens a store that must be there. */
  static Database open(Settings settings) {
    Path folder = settings.data();
    if (settings.store() == null && (folder == null || !Database.existsIn(folder))) {
      throw new CannotDo("The folder " + folder + " holds no store; name another with --data.");
    }
    return Server.openStore(settings);
  }

  /** The signing keys in a store; changes of them are recorded like those that nodes make. */
  static PlatformKeys keys(Settings settings, Database database, InstantSource clock) {
    AuditLog audit =
        new AuditLog(database, new AuditTable(database), (_, _, _) -> {}, RuleTrace::new);
    return PlatformKeys.of(settings, database, PrivateKeys.master(settings), clock, audit);
  }
}

package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import no.portvakt.server.PlatformKeys;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.SettingsFile;
import no.portvakt.server.database.Database;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code portvakt keys status} of a node as {@code serve} runs it, with keys from files. */
class KeysStatusTest {
  @TempDir private Path folder;

  /** Makes the store, with a key whose certificate is still valid for a time. */
  private Path node(Duration left) throws Exception {
    Path file = IssuedKey.ec(left).write(folder.resolve("key.pem"));
    Path config =
        Files.writeString(
            folder.resolve("settings.yaml"),
            "data: %s\nsigning: {algorithm: ES256, source: {type: files, files: [%s]}}\n"
                .formatted(folder.resolve("data"), file));
    Settings settings = SettingsFile.read(config, Map.of(), Settings.serving());
    try (Database database = Server.openStore(settings);
        PlatformKeys keys = StoreOptions.keys(settings, database, InstantSource.system())) {
      for (Settings.Role role : Settings.Role.values()) {
        keys.rotation(role).tend();
      }
    }
    return config;
  }

  private static Console status(Path config) {
    return Console.run("keys", "status", "--config", config.toString());
  }

  private static void complains(Console status, String... parts) {
    assertThat(status.code()).as(status.out()).isEqualTo(1);
    assertThat(status.err()).isEmpty();
    assertThat(status.out().lines().filter(it -> it.startsWith("Problem: ")))
        .singleElement()
        .asString()
        .contains(parts);
  }

  @Test
  void isContentWithASourceAndAsksForNoStandbyKey() throws Exception {
    String out = status(node(Duration.ofDays(31))).succeeds().out();
    assertThat(out.lines().toList())
        .hasSize(3)
        .anyMatch(it ->
            it.matches(
                "authentication ES256: [0-9A-F]{40} signs since .*Z, until the source has"
                    + " a newer key\\."))
        .anyMatch(it -> it.matches("maskinporten RS256: .* signs since .*Z and until .*Z\\."))
        .anyMatch(it -> it.matches("maskinporten RS256: .* is next, and may sign from .*Z\\."));
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 29})
  void saysThatACertificateEnds(long days) throws Exception {
    complains(
        status(node(Duration.ofDays(days))),
        "authentication ES256: the certificate of ",
        " ends at ",
        "; the key signs on.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "garbage"})
  void saysWhatIsWrongWithTheSource(String content) throws Exception {
    Path config = node(Duration.ofDays(90));
    Files.writeString(folder.resolve("key.pem"), content);
    complains(status(config), "authentication: Key file ", "key.pem: ");
  }
}

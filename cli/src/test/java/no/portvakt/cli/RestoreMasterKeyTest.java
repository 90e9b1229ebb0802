package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import no.portvakt.server.Addresses;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.SettingsFile;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code restore} of a store whose master key is not in its data folder. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class RestoreMasterKeyTest {
  private static final String MASTER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=";
  private static final String ANOTHER = Base64.getEncoder().encodeToString(new byte[32]);
  private static final String VARIABLE = "PORTVAKT_MASTER_KEY_TEXT";
  private static final String WRONG = "the master key is not the one it was stored with";

  @TempDir Path folder = Path.of("");

  private Path backup = Path.of("");
  private String keys = "";

  @BeforeAll
  void takeABackup(@TempDir Path home) throws IOException {
    backup = home.resolve("backup");
    Path config = settings(home, home.resolve("data"), "text: " + MASTER_KEY);
    Settings node =
        SettingsFile.read(config, Map.of(), Settings.development(home.resolve("data"), 0));
    Server.start(Addresses.withPort(node)).close();
    String[] line = {"backup", backup.toString(), "--config", config.toString()};
    Console.run(line).succeeds();
    assertThat(names(backup)).containsExactly("manifest.json", "portvakt.db");
    keys = Console.run("keys", "list", "--config", config.toString()).succeeds().out();
    assertThat(keys).hasLineCount(2);
    String[] with = {
      "backup", home.resolve("x").toString(), "--config", config.toString(), "--with-master-key"
    };
    assertThat(Console.run(with).fails()).contains("only one in the data folder is copied");
    assertThat(home.resolve("x")).doesNotExist();
  }

  @Test
  void restoresWithAMasterKeyFromTheEnvironment() throws Exception {
    Map<String, String> variables = Map.of(VARIABLE, MASTER_KEY);
    String[] line = {"restore", backup.toString(), "--data", "restored"};
    assertThat(CommandProcess.run(folder, variables, line).succeeds().out())
        .contains("The store of ", "audit records are whole, and the master key fits.")
        .doesNotContain(MASTER_KEY);
    assertThat(names(folder.resolve("restored"))).containsExactly("portvakt.db");
    assertThat(
            CommandProcess.run(folder, variables, "keys", "list", "--data", "restored")
                .succeeds()
                .out())
        .isEqualTo(keys);
  }

  @ParameterizedTest
  @ValueSource(strings = {"another", "short"})
  void refusesAnotherMasterKeyFromTheEnvironment(String which) throws Exception {
    String text = which.equals("another") ? ANOTHER : which;
    String[] line = {"restore", backup.toString(), "--data", "refused"};
    assertThat(CommandProcess.run(folder, Map.of(VARIABLE, text), line).fails())
        .contains(which.equals("another") ? WRONG : "is not 32 bytes in base64")
        .doesNotContain(text);
    assertNothingIn("refused");
  }

  @Test
  void restoresWithAMasterKeyInAFileThatTheSettingsNameAndBringsNoOther() throws Exception {
    Path key = Files.writeString(folder.resolve("elsewhere.key"), MASTER_KEY + "\n");
    Path restored = folder.resolve("from-file");
    Path config = settings(folder, restored, "file: " + key);
    Path copy = Files.createDirectory(folder.resolve("copy"));
    for (String name : names(backup)) {
      Files.copy(backup.resolve(name), copy.resolve(name));
    }
    Files.writeString(copy.resolve("master.key"), ANOTHER); // not what the settings name
    assertThat(restore(copy, "--config", config.toString()).succeeds().out())
        .contains(" is in " + restored + ".");
    assertThat(names(restored)).containsExactly("portvakt.db");
    assertThat(Console.run("keys", "list", "--config", config.toString()).succeeds().out())
        .isEqualTo(keys);
    assertThat(restore(copy, "--config", config.toString()).fails())
        .endsWith("holds a store already; name another.");
  }

  @Test
  void refusesAnotherMasterKeyInAFileThatTheSettingsName() throws IOException {
    Path key = folder.resolve("wrong.key");
    Path config = settings(folder, folder.resolve("refused"), "file: " + key);
    assertThat(restore(backup, "--config", config.toString()).fails())
        .endsWith("The master key " + key + " can't be read.");
    Files.writeString(key, "short");
    assertThat(restore(backup, "--config", config.toString()).fails())
        .contains("is not 32 bytes in base64");
    Files.writeString(key, ANOTHER);
    assertThat(restore(backup, "--config", config.toString()).fails()).contains(WRONG);
    assertNothingIn("refused");
  }

  @Test
  void refusesTwoMasterKeysAndNone() throws IOException {
    Path key = Files.writeString(folder.resolve("right.key"), MASTER_KEY);
    Path config = settings(folder, folder.resolve("two"), "file: " + key);
    String[] given = {"--data", folder.resolve("two").toString(), "--master-key", key + ""};
    List<String> both = new ArrayList<>(List.of(given));
    both.addAll(List.of("--config", config.toString()));
    assertThat(restore(backup, both.toArray(String[]::new)).fails())
        .endsWith("The settings have a master key already; leave --master-key out.");
    assertThat(restore(backup, "--data", folder.resolve("two").toString()).fails())
        .contains("has no master key; name its file with --master-key, or the settings");
    assertNothingIn("two");
    // Named for the folder it is brought there, as whoever has no settings wants it.
    restore(backup, given).succeeds();
    assertThat(names(folder.resolve("two"))).containsExactly("master.key", "portvakt.db");
  }

  @Test
  void refusesSettingsWhoseStoreIsInPostgresUntilAFolderIsNamed() throws IOException {
    Path key = Files.writeString(folder.resolve("nodes.key"), MASTER_KEY);
    Path config =
        Files.writeString(
            folder.resolve("settings.yaml"),
            "store: {url: 'jdbc:postgresql://db/p'}\nmaster-key: {file: " + key + "}\n");
    assertThat(restore(backup, "--config", config.toString()).fails())
        .endsWith("name the folder to make with --data.");
    Path restored = folder.resolve("of-nodes");
    restore(backup, "--config", config.toString(), "--data", restored.toString()).succeeds();
    assertThat(names(restored)).containsExactly("portvakt.db");
  }

  private void assertNothingIn(String name) {
    assertThat(folder.resolve(name)).doesNotExist();
    assertThat(folder.resolve(name + ".restoring")).doesNotExist();
  }

  private static Console restore(Path source, String... options) {
    return Console.run(
        Stream.concat(Stream.of("restore", source.toString()), Stream.of(options))
            .toArray(String[]::new));
  }

  private static Path settings(Path folder, Path data, String masterKey) throws IOException {
    return Files.writeString(
        folder.resolve("settings.yaml"), "data: " + data + "\nmaster-key: {" + masterKey + "}\n");
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(it -> String.valueOf(it.getFileName())).sorted().toList();
    }
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import java.util.List;
import no.portvakt.server.database.Database.UnusableData;
import no.portvakt.server.issuer.KeyCipher.WrongMasterKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The folder of the embedded store and its master key: what a start makes there, and refuses. */
class DataFolderTest {
  @TempDir private Path folder;

  @Test
  void makesAFolderForItsOwnerAlone() throws IOException {
    Path data = folder.resolve("new/data");
    try (TestStack stack =
        TestStack.start(
            it -> TestStack.withExchange(Settings.development(data, 0), it.exchange()))) {
      assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
      assertThat(permissions(data)).isEqualTo("rwx------");
      for (String file :
          List.of("portvakt.db", "portvakt.db-wal", "master.key", "dev/admin-client.json")) {
        assertThat(permissions(data.resolve(file))).as(file).isEqualTo("rw-------");
      }
    }
  }

  @Test
  void refusesAnotherMasterKey() throws IOException {
    TestStack.start(TestStack.in(folder)).close();
    Files.writeString(
        folder.resolve("master.key"), Base64.getEncoder().encodeToString(new byte[32]));
    assertThatExceptionOfType(WrongMasterKey.class)
        .isThrownBy(() -> TestStack.start(TestStack.in(folder)).close())
        .withMessageContaining("the master key is not the one it was stored with");
  }

  @Test
  void refusesToStartWithoutTheMasterKeyOfItsKeys() throws IOException {
    TestStack.start(TestStack.in(folder)).close();
    Files.delete(folder.resolve("master.key"));
    for (int i = 0; i < 2; i++) { // the first one does not make another key
      assertThatExceptionOfType(SettingsFile.BadSettings.class)
          .isThrownBy(() -> TestStack.start(TestStack.in(folder)).close())
          .withMessageContaining("holds a store but not master.key");
    }
    assertThat(folder.resolve("master.key")).doesNotExist();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "short", "not base64 at all!", "AAAA", "\n"})
  void refusesAMasterKeyThatIsNone(String content) throws IOException {
    Files.writeString(folder.resolve("master.key"), content);
    assertThatExceptionOfType(WrongMasterKey.class)
        .isThrownBy(() -> TestStack.start(TestStack.in(folder)).close())
        .withMessage(
            "The master key " + folder.resolve("master.key") + " is not 32 bytes in base64.");
  }

  @Test
  void refusesAFolderThatIsAFile() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() -> TestStack.start(TestStack.in(file)).close());
  }

  @Test
  void leavesNothingOpenAfterAStartThatFailed() throws IOException {
    Files.writeString(folder.resolve("master.key"), "short");
    for (int i = 0; i < 3; i++) {
      assertThatExceptionOfType(WrongMasterKey.class)
          .isThrownBy(() -> TestStack.start(TestStack.in(folder)).close());
    }
    Files.delete(folder.resolve("master.key"));
    try (TestStack stack = TestStack.start(TestStack.in(folder))) {
      assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
    }
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}

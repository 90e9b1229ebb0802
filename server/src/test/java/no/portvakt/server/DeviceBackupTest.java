package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.util.function.UnaryOperator;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyCipher;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A backup of the embedded store when its master key is in a PKCS#11 device. */
class DeviceBackupTest {
  @TempDir Path folder = Path.of("");

  @Test
  void isRestoredWithTheDeviceAndLeavesNothingWithAnotherKeyOfIt() throws Exception {
    SoftHsmToken token = SoftHsmToken.ofThisProcess();
    UnaryOperator<Settings> inDevice =
        KeySourceOutageTest.inDevice(token, TestStack.in(folder.resolve("data")));
    String kid;
    try (TestStack stack = TestStack.start(inDevice)) {
      kid = signs(stack);
    }
    Settings settings = inDevice.apply(Settings.development(null, 0));
    Path backup = folder.resolve("backup");
    try (Database database = Server.openStore(settings)) {
      assertThat(Backup.write(settings, database, backup, false)).isEqualTo(backup);
      assertThatExceptionOfType(SettingsFile.BadSettings.class)
          .isThrownBy(() -> Backup.write(settings, database, folder.resolve("with"), true))
          .withMessageContaining("only one in the data folder is copied");
    }
    Settings restored = settings.withData(folder.resolve("restored"));
    Settings wrong =
        restored.withMasterKey(new Settings.MasterKey(null, null, token.key("another")));
    assertThatExceptionOfType(KeyCipher.WrongMasterKey.class)
        .isThrownBy(() -> Backup.restore(wrong, backup, null))
        .withMessageContaining("the master key is not the one it was stored with");
    assertThatExceptionOfType(SettingsFile.BadSettings.class)
        .isThrownBy(() -> Backup.restore(restored, backup, folder))
        .withMessageContaining("leave --master-key out");
    assertThat(folder.resolve("restored")).doesNotExist();
    assertThat(folder.resolve("restored.restoring")).doesNotExist();
    assertThat(Backup.restore(restored, backup, null).records()).isPositive();
    assertThat(folder.resolve("restored/master.key")).doesNotExist();
    try (TestStack stack = TestStack.start(it -> inDevice.apply(it).withData(restored.data()))) {
      assertThat(signs(stack)).isEqualTo(kid);
    }
  }

  /** The key of a platform token; Maskinporten's is sealed in the store, and must be there too. */
  private static String signs(TestStack stack) {
    assertThat(stack.maskinportenToken("idporten:scopes.read")).isNotEmpty();
    String token = stack.exchange(stack.forge().compact()).body();
    return String.valueOf(TestStack.json(TestStack.part(token, 0)).get("kid"));
  }
}

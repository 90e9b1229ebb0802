package no.portvakt.server;

import static no.portvakt.server.TestStack.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyCipher;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A source of signing keys that goes away: tokens go on, then 503, then tokens again. */
class KeySourceOutageTest {
  private static final Duration OUTAGE = Duration.ofHours(2);

  @TempDir Path folder = Path.of("");

  @Test
  void answers503WhenTheSourceIsAwayForTooLongAndIsWellAgainByItself() throws Exception {
    SigningKeyFile key = SigningKeyFile.of("RSA2048", TestClock.START.minusSeconds(60));
    Path file = key.writePem(folder.resolve("key.pem"));
    try (TestStack stack = TestStack.start(from("files", List.of(file), null))) {
      HttpResponse<String> first = exchange(stack);
      assertThat(first.statusCode()).as(first.body()).isEqualTo(200);
      assertThat(TestStack.json(TestStack.part(first.body(), 0))).containsEntry("kid", key.keyId());

      Files.writeString(file, "garbage");
      stack.clock().advance(OUTAGE.dividedBy(2));
      assertThat(exchange(stack).statusCode()).isEqualTo(200);
      stack.clock().advance(OUTAGE);
      eventually("no signing key", () -> exchange(stack).statusCode() == 503);
      HttpResponse<String> refused = exchange(stack);
      assertThat(refused.headers().firstValue("Retry-After")).isPresent();
      assertThat(refused.body()).doesNotContain("key.pem", "garbage");
      assertThat(stack.get("/health/ready").statusCode()).isEqualTo(503);
      assertThat(stack.get(TestStack.DISCOVERY + "/jwks").body())
          .as("tokens that live are still verified")
          .contains(key.keyId());

      key.writePem(file);
      stack.clock().advance(Duration.ofMinutes(1));
      eventually("a signing key", () -> exchange(stack).statusCode() == 200);
      assertThat(stack.get("/health/ready").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void signsInADeviceAndUnderAMasterKeyInADevice() throws Exception {
    SoftHsmToken token = SoftHsmToken.make();
    token.keytool(
        "-genkeypair",
        "-alias",
        "sign",
        "-keyalg",
        "RSA",
        "-keysize",
        "2048",
        "-startdate",
        "2026/01/01 00:00:00",
        "-validity",
        "3650",
        "-dname",
        "CN=sign");
    for (String alias : List.of("master", "another")) {
      token.keytool("-genseckey", "-alias", alias, "-keyalg", "AES", "-keysize", "256");
    }
    Path pin = Files.writeString(folder.resolve("pin"), SoftHsmToken.PIN + "\n");
    Settings.Device device = new Settings.Device(token.library(), 0, pin, "sign");
    Settings.Device master = new Settings.Device(token.library(), 0, pin, "master");
    UnaryOperator<Settings> inDevice =
        it -> {
          Settings settings =
              from("pkcs11", List.of(), device).apply(TestStack.in(folder).apply(it));
          return settings.withMasterKey(new Settings.MasterKey(null, null, master));
        };
    String kid;
    try (TestStack stack = TestStack.start(inDevice)) {
      HttpResponse<String> answer = exchange(stack);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      SigningAlgorithmsTest.assertVerifies(
          answer.body(),
          "RS256",
          com.nimbusds.jose.jwk.JWKSet.parse(stack.get(TestStack.DISCOVERY + "/jwks").body()));
      kid = String.valueOf(TestStack.json(TestStack.part(answer.body(), 0)).get("kid"));
      assertThat(stack.maskinportenToken("idporten:scopes.read"))
          .isNotEmpty(); // sealed in the store
    }
    assertThat(Files.exists(folder.resolve("master.key"))).isFalse();
    try (TestStack again = TestStack.start(inDevice)) {
      assertThat(TestStack.json(TestStack.part(exchange(again).body(), 0)))
          .containsEntry("kid", kid);
    }
    restores(inDevice, new Settings.Device(token.library(), 0, pin, "another"), kid);
    refuses(inDevice, new Settings.Device(token.library(), 0, pin, "sign"), "has no AES key");
    refuses(inDevice, new Settings.Device(token.library(), 7, pin, "master"), "can't be used");
    refuses(
        inDevice, new Settings.Device(folder.resolve("no.so"), 0, pin, "master"), "can't be used");
  }

  private static void refuses(
      UnaryOperator<Settings> settings, Settings.Device master, String sentence) {
    Settings.MasterKey wrong = new Settings.MasterKey(null, null, master);
    assertThatExceptionOfType(SettingsFile.BadSettings.class)
        .isThrownBy(() -> TestStack.start(it -> settings.apply(it).withMasterKey(wrong)).close())
        .withMessageContaining(sentence)
        .withMessageNotContaining(SoftHsmToken.PIN);
  }

  private static UnaryOperator<Settings> from(
      String type, List<Path> files, Settings.@Nullable Device device) {
    return TestStack.signing(it ->
        new Settings.Signing(
            it.algorithms(),
            it.keysMaxAge(),
            it.skew(),
            it.together(),
            it.rotateAfter(),
            it.standby(),
            new Settings.Source(
                type, files, null, device, Map.of(), Duration.ofSeconds(30), OUTAGE)));
  }

  /** A backup of the store, restored with the device; with another key of it nothing is left. */
  private void restores(UnaryOperator<Settings> inDevice, Settings.Device another, String kid)
      throws Exception {
    Settings settings = inDevice.apply(Settings.development(null, 0));
    Path backup = folder.resolve("backup");
    try (Database database = Server.openStore(settings)) {
      assertThat(Backup.write(settings, database, backup, false)).isEqualTo(backup);
      assertThatExceptionOfType(SettingsFile.BadSettings.class)
          .isThrownBy(() -> Backup.write(settings, database, folder.resolve("with"), true))
          .withMessageContaining("only one in the data folder is copied");
    }
    Settings restored = settings.withData(folder.resolve("restored"));
    Settings wrong = restored.withMasterKey(new Settings.MasterKey(null, null, another));
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
      assertThat(TestStack.json(TestStack.part(exchange(stack).body(), 0)))
          .containsEntry("kid", kid);
      assertThat(stack.maskinportenToken("idporten:scopes.read")).isNotEmpty();
    }
  }

  private static HttpResponse<String> exchange(TestStack stack) {
    return stack.exchange(stack.forge().compact());
  }
}

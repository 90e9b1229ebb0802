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
    SoftHsmToken token = SoftHsmToken.ofThisProcess();
    UnaryOperator<Settings> inDevice = inDevice(token, TestStore.in(folder).settings());
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
    refuses(inDevice, token.key("sign"), "has no AES key");
    Settings.Device right = token.key("master");
    refuses(
        inDevice,
        new Settings.Device(right.library(), 7, right.pinFile(), "master"),
        "can't be used");
    refuses(
        inDevice,
        new Settings.Device(folder.resolve("no.so"), 0, right.pinFile(), "master"),
        "can't be used");
  }

  /** A change to a store whose master key is in a device, and to signing with a key there. */
  static UnaryOperator<Settings> inDevice(SoftHsmToken token, UnaryOperator<Settings> store) {
    UnaryOperator<Settings> signing = from("pkcs11", List.of(), token.key("sign"));
    Settings.MasterKey master = new Settings.MasterKey(null, null, token.key("master"));
    return it -> signing.apply(store.apply(it)).withMasterKey(master);
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

  private static HttpResponse<String> exchange(TestStack stack) {
    return stack.exchange(stack.forge().compact());
  }
}

package no.portvakt.server.issuer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.security.Provider;
import java.security.Security;
import java.util.Base64;
import java.util.Objects;
import javax.crypto.spec.SecretKeySpec;
import no.portvakt.server.issuer.KeyCipher.MasterKeyUnavailable;
import no.portvakt.server.issuer.KeyCipher.WrongMasterKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyCipherTest {
  private static final byte[] PLAIN = "a private key".getBytes(StandardCharsets.US_ASCII);

  private final KeyCipher cipher = KeyCipher.ephemeral();
  private final String sealed = cipher.encrypt("one", PLAIN);

  @Test
  void opensWhatItSealed() {
    assertThat(cipher.decrypt("one", sealed)).isEqualTo(PLAIN);
  }

  @Test
  void refusesAnotherKeyAndAnotherName() {
    refuses(KeyCipher.ephemeral(), "one", sealed);
    refuses(cipher, "other", sealed);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 11, 12, 27, 28, 40})
  void refusesWhatWasCutShort(int length) {
    byte[] whole = Base64.getDecoder().decode(sealed);
    assertThat(whole).hasSizeGreaterThan(length);
    byte[] part = java.util.Arrays.copyOf(whole, length);
    refuses(cipher, "one", Base64.getEncoder().encodeToString(part));
  }

  @Test
  void refusesWhatIsNoBase64() {
    refuses(cipher, "one", "-" + sealed);
  }

  // A device that is gone is no reason to look for another master key.
  @Test
  void saysThatTheDeviceDoesNotAnswer() {
    Provider without = Objects.requireNonNull(Security.getProvider("SUN"), "it has no AES");
    KeyCipher device = KeyCipher.inDevice(new SecretKeySpec(new byte[32], "AES"), without);
    assertThatExceptionOfType(MasterKeyUnavailable.class)
        .isThrownBy(() -> device.decrypt("one", sealed))
        .withMessageStartingWith("The device with the master key does not answer");
    assertThatExceptionOfType(MasterKeyUnavailable.class)
        .isThrownBy(() -> device.encrypt("one", PLAIN));
  }

  private static void refuses(KeyCipher cipher, String name, String sealed) {
    assertThatExceptionOfType(WrongMasterKey.class)
        .isThrownBy(() -> cipher.decrypt(name, sealed))
        .withMessageContaining("The key " + name + " can't be opened");
  }
}

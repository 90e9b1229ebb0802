package no.portvakt.server.issuer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.Security;
import java.util.Arrays;
import java.util.Base64;
import java.util.Objects;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
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
  void sealsWithAes256GcmANewNonceAndTheNameBesideIt() throws GeneralSecurityException {
    String sealed = KeyCipher.of("of a test", KeyNode.MASTER_KEY).encrypt("one", PLAIN);
    byte[] whole = Base64.getDecoder().decode(sealed);
    assertThat(whole).hasSize(12 + PLAIN.length + 16);
    assertThat(openWithJce(KeyNode.MASTER_KEY, whole, "one")).isEqualTo(PLAIN);
    assertThatExceptionOfType(AEADBadTagException.class)
        .isThrownBy(() -> openWithJce(KeyNode.MASTER_KEY, whole, "other"));
    assertThatExceptionOfType(AEADBadTagException.class)
        .isThrownBy(() -> openWithJce(KeyNode.OTHER_MASTER_KEY, whole, "one"));
    String again = KeyCipher.of("of a test", KeyNode.MASTER_KEY).encrypt("one", PLAIN);
    assertThat(again.substring(0, 16))
        .as("12 bytes of nonce")
        .isNotEqualTo(sealed.substring(0, 16));
  }

  /** Opens it without our own code. */
  private static byte[] openWithJce(String master, byte[] whole, String name)
      throws GeneralSecurityException {
    byte[] key = Base64.getDecoder().decode(master);
    assertThat(key).hasSize(32);
    Cipher aes = Cipher.getInstance("AES/GCM/NoPadding");
    aes.init(
        Cipher.DECRYPT_MODE,
        new SecretKeySpec(key, "AES"),
        new GCMParameterSpec(128, Arrays.copyOf(whole, 12)));
    aes.updateAAD(name.getBytes(StandardCharsets.UTF_8));
    return aes.doFinal(whole, 12, whole.length - 12);
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
    byte[] part = Arrays.copyOf(whole, length);
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

package no.portvakt.server.issuer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import no.portvakt.server.store.OwnerOnly;

/**
 * Encrypts private keys at rest: AES-256-GCM, a fresh nonce for each, the key's name bound to it.
 */
public final class KeyCipher {
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final SecretKey master;

  private KeyCipher(byte[] master) {
    this.master = new SecretKeySpec(master, "AES");
  }

  /** The master key does not open what is kept, or can't be read. */
  public static final class WrongMasterKey extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WrongMasterKey(String sentence, Throwable cause) {
      super(sentence, cause);
    }
  }

  /** A master key that nothing outlives. */
  public static KeyCipher ephemeral() {
    return new KeyCipher(fresh());
  }

  /**
   * The master key in a file (base64, 32 bytes), made with access for its owner alone when missing.
   *
   * @throws WrongMasterKey when the file holds anything else
   */
  public static KeyCipher fromFile(Path file) {
    try {
      createIfMissing(file);
      byte[] key = Base64.getDecoder().decode(Files.readString(file).strip());
      if (key.length != KEY_BYTES) {
        throw new IllegalArgumentException(key.length + " bytes");
      }
      return new KeyCipher(key);
    } catch (IOException e) {
      throw new UncheckedIOException("The master key " + file + " can't be read.", e);
    } catch (IllegalArgumentException e) {
      throw new WrongMasterKey(
          "The master key " + file + " is not " + KEY_BYTES + " bytes in base64.", e);
    }
  }

  /** Encrypts a private key; {@code name} must be given again to decrypt. */
  String encrypt(String name, byte[] plain) {
    try {
      byte[] nonce = new byte[NONCE_BYTES];
      RANDOM.nextBytes(nonce);
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, nonce, name);
      byte[] sealed = cipher.doFinal(plain);
      byte[] both = ByteBuffer.allocate(NONCE_BYTES + sealed.length).put(nonce).put(sealed).array();
      return Base64.getEncoder().encodeToString(both);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("AES-256-GCM is missing from this Java platform.", e);
    }
  }

  /**
   * @throws WrongMasterKey when this is not the key, or not the name, that it was encrypted with
   */
  byte[] decrypt(String name, String sealed) {
    try {
      byte[] both = Base64.getDecoder().decode(sealed);
      byte[] nonce = Arrays.copyOf(both, NONCE_BYTES);
      return cipher(Cipher.DECRYPT_MODE, nonce, name)
          .doFinal(both, NONCE_BYTES, both.length - NONCE_BYTES);
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new WrongMasterKey(
          "The signing key "
              + name
              + " can't be opened: the master key is not the one it was"
              + " stored with.",
          e);
    }
  }

  private Cipher cipher(int mode, byte[] nonce, String name) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, master, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(name.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  private static void createIfMissing(Path file) throws IOException {
    if (OwnerOnly.createFile(file)) {
      Files.writeString(
          file, Base64.getEncoder().encodeToString(fresh()) + "\n", StandardOpenOption.WRITE);
    }
  }

  private static byte[] fresh() {
    byte[] key = new byte[KEY_BYTES];
    RANDOM.nextBytes(key);
    return key;
  }
}

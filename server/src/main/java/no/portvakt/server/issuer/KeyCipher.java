package no.portvakt.server.issuer;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.GeneralSecurityException;
import java.security.Provider;
import java.security.ProviderException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import no.portvakt.server.database.OwnerOnly;
import org.jspecify.annotations.Nullable;

/**
 * Encrypts private keys at rest: AES-256-GCM, a fresh nonce for each, the key's name bound to it.
 */
public final class KeyCipher {
  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final SecretKey master;
  private final @Nullable Provider provider;

  private KeyCipher(SecretKey master, @Nullable Provider provider) {
    this.master = master;
    this.provider = provider;
  }

  /** The master key does not open what is kept, or can't be read. */
  public static final class WrongMasterKey extends RuntimeException {
    private static final long serialVersionUID = 1L;

    WrongMasterKey(String sentence, @Nullable Throwable cause) {
      super(sentence, cause);
    }
  }

  /** The device that holds the master key does not do its work now. */
  public static final class MasterKeyUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    MasterKeyUnavailable(Throwable cause) {
      super("The device with the master key does not answer, or can't compute AES-256-GCM.", cause);
    }
  }

  /** A master key that nothing outlives. */
  public static KeyCipher ephemeral() {
    return new KeyCipher(new SecretKeySpec(fresh(), "AES"), null);
  }

  /**
   * A master key in a device.
   *
   * @param key an AES key; it may have no encoding
   * @param provider who computes with it
   */
  public static KeyCipher inDevice(SecretKey key, Provider provider) {
    return new KeyCipher(key, provider);
  }

  /**
   * The master key as text.
   *
   * @param origin how the sentences to an operator name the text
   * @param text 32 bytes in base64
   * @throws WrongMasterKey when the text is anything else
   */
  public static KeyCipher of(String origin, String text) {
    byte[] key;
    try {
      key = Base64.getDecoder().decode(text.strip());
    } catch (IllegalArgumentException e) {
      key = new byte[0];
    }
    if (key.length != KEY_BYTES) {
      throw new WrongMasterKey(
          "The master key " + origin + " is not " + KEY_BYTES + " bytes in base64.", null);
    }
    return new KeyCipher(new SecretKeySpec(key, "AES"), null);
  }

  /**
   * The master key in a file (base64, 32 bytes).
   *
   * @param make whether a missing one is made, with access for its owner alone
   * @throws WrongMasterKey when the file holds anything else
   */
  public static KeyCipher fromFile(Path file, boolean make) {
    try {
      if (make) {
        createIfMissing(file);
      }
      return of(file.toString(), Files.readString(file));
    } catch (CharacterCodingException e) {
      throw new WrongMasterKey("The master key " + file + " is not text.", null);
    } catch (IOException e) {
      throw new UncheckedIOException("The master key " + file + " can't be read.", e);
    }
  }

  /**
   * Encrypts a private key; {@code name} must be given again to decrypt.
   *
   * @throws MasterKeyUnavailable when the device with the master key does not answer
   */
  String encrypt(String name, byte[] plain) {
    try {
      byte[] nonce = new byte[NONCE_BYTES];
      RANDOM.nextBytes(nonce);
      Cipher cipher = cipher(Cipher.ENCRYPT_MODE, nonce, name);
      byte[] sealed = cipher.doFinal(plain);
      byte[] both = ByteBuffer.allocate(NONCE_BYTES + sealed.length).put(nonce).put(sealed).array();
      return Base64.getEncoder().encodeToString(both);
    } catch (GeneralSecurityException | ProviderException e) {
      throw new MasterKeyUnavailable(e);
    }
  }

  /**
   * @throws WrongMasterKey when this is not the key, or not the name, that it was encrypted with
   * @throws MasterKeyUnavailable when the device with the master key does not answer
   */
  byte[] decrypt(String name, String sealed) {
    try {
      byte[] both = Base64.getDecoder().decode(sealed);
      if (both.length < NONCE_BYTES + TAG_BITS / Byte.SIZE) {
        throw wrong(name, null);
      }
      byte[] nonce = Arrays.copyOf(both, NONCE_BYTES);
      return cipher(Cipher.DECRYPT_MODE, nonce, name)
          .doFinal(both, NONCE_BYTES, both.length - NONCE_BYTES);
    } catch (AEADBadTagException | IllegalArgumentException e) {
      throw wrong(name, e);
    } catch (GeneralSecurityException | ProviderException e) {
      throw new MasterKeyUnavailable(e);
    }
  }

  private static WrongMasterKey wrong(String name, @Nullable Throwable cause) {
    return new WrongMasterKey(
        "The key " + name + " can't be opened: the master key is not the one it was stored with.",
        cause);
  }

  private Cipher cipher(int mode, byte[] nonce, String name) throws GeneralSecurityException {
    Cipher cipher =
        provider == null
            ? Cipher.getInstance("AES/GCM/NoPadding")
            : Cipher.getInstance("AES/GCM/NoPadding", provider);
    cipher.init(mode, master, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(name.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }

  // On disk before anything is encrypted with it, and whole or not there.
  private static void createIfMissing(Path file) throws IOException {
    if (Files.exists(file)) {
      return;
    }
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    boolean _ = OwnerOnly.createFile(fresh);
    try (FileChannel channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
      String text = Base64.getEncoder().encodeToString(fresh()) + "\n";
      ByteBuffer left = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
      while (left.hasRemaining()) {
        channel.write(left);
      }
      channel.force(true);
    }
    Files.move(fresh, file);
  }

  private static byte[] fresh() {
    byte[] key = new byte[KEY_BYTES];
    RANDOM.nextBytes(key);
    return key;
  }
}

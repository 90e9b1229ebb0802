package no.portvakt.server.audit;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.SecretKey;
import javax.crypto.spec.SecretKeySpec;

/**
 * What stands for a person number in the audit: the same for the same number, and worth nothing to
 * whoever lacks the key ({@code docs/protocol/audit.md}, "Masking"). Safe for use by several
 * threads; never shows the key.
 */
public final class Pseudonyms {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int KEY_BYTES = 32;

  /** 96 bits: enough that no two of a people's numbers have the same. */
  private static final int LENGTH = 16;

  private final SecretKey key;

  private Pseudonyms(SecretKey key) {
    this.key = key;
  }

  /**
   * The pseudonyms of a key.
   *
   * @param key 32 random bytes
   * @throws IllegalArgumentException when they are not 32
   */
  public static Pseudonyms of(byte[] key) {
    if (key.length != KEY_BYTES) {
      throw new IllegalArgumentException("The key of pseudonyms is not 32 bytes.");
    }
    return new Pseudonyms(new SecretKeySpec(key, ALGORITHM));
  }

  /** A new key, as {@link #of} takes it. It is a secret. */
  public static byte[] freshKey() {
    byte[] key = new byte[KEY_BYTES];
    new SecureRandom().nextBytes(key);
    return key;
  }

  /**
   * What stands for a person number: {@code p:} and the first {@value #LENGTH} characters of {@code
   * base64url(HMAC-SHA-256(key, number))}.
   *
   * @param number its digits, in ASCII
   */
  public String of(String number) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      byte[] code = mac.doFinal(number.getBytes(StandardCharsets.US_ASCII));
      return "p:" + Base64.getUrlEncoder().encodeToString(code).substring(0, LENGTH);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("HMAC-SHA-256 is missing from this Java platform.", e);
    }
  }

  @Override
  public String toString() {
    return "Pseudonyms[]";
  }
}

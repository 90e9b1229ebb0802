package no.portvakt.tokens;

import java.io.IOException;
import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.BadPaddingException;
import javax.crypto.Cipher;
import javax.crypto.EncryptedPrivateKeyInfo;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.PBEParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Reads private keys in the form PKCS#8 (RFC 5958). The exceptions have no cause: nothing about the
 * key or the password may get into a log.
 */
final class Pkcs8 {
  /** No sensible file asks for more rounds; one that does would hold up the start for minutes. */
  private static final int MAX_ITERATIONS = 5_000_000;

  /** How Java names the parameters of PBES2: what makes the key, what decrypts. */
  private static final Pattern PBES2 =
      Pattern.compile("PBEWithHmac(SHA[0-9/]+)AndAES_(128|256)", Pattern.CASE_INSENSITIVE);

  private static final List<String> TYPES = List.of("RSA", "EC", "Ed25519");
  private static final int SEQUENCE = 0x30;

  /** From here on the second byte of DER says how many bytes the length has. */
  private static final int LONG_FORM = 0x80;

  private Pkcs8() {}

  /**
   * The key.
   *
   * @throws IllegalArgumentException when it is damaged or of a type that does not sign here
   */
  static PrivateKey read(byte[] privateKeyInfo) {
    PKCS8EncodedKeySpec encoded = new PKCS8EncodedKeySpec(privateKeyInfo);
    for (String type : TYPES) {
      try {
        return KeyFactory.getInstance(type).generatePrivate(encoded);
      } catch (InvalidKeySpecException e) {
        // Not of this type; perhaps of the next.
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(type + " keys are missing from this Java platform.", e);
      }
    }
    throw new IllegalArgumentException(
        "The private key is damaged, or neither RSA, nor EC, nor Ed25519.");
  }

  /**
   * The key that is encrypted with PBES2 (RFC 8018 §6.2): PBKDF2 and AES-CBC.
   *
   * @param password any characters; PBKDF2 gets them as UTF-8, as OpenSSL on most terminals does
   * @throws IllegalArgumentException when the password is wrong, the key is damaged, or encrypted
   *     in another way
   */
  static PrivateKey read(byte[] encryptedPrivateKeyInfo, char[] password) {
    byte[] decrypted = decrypt(encryptedPrivateKeyInfo, password);
    try {
      // One wrong password in 256 leaves bytes that end like a message; these don't begin so.
      if (!isSequence(decrypted)) {
        throw wrongPassword();
      }
      return read(decrypted);
    } finally {
      Arrays.fill(decrypted, (byte) 0);
    }
  }

  private static byte[] decrypt(byte[] encryptedPrivateKeyInfo, char[] password) {
    EncryptedPrivateKeyInfo info;
    PBEParameterSpec parameters;
    Matcher pbes2;
    try {
      info = new EncryptedPrivateKeyInfo(encryptedPrivateKeyInfo);
      AlgorithmParameters encoded = info.getAlgParameters();
      pbes2 = PBES2.matcher(String.valueOf(encoded));
      if (encoded == null || !pbes2.matches()) {
        throw notPbes2();
      }
      parameters = encoded.getParameterSpec(PBEParameterSpec.class);
    } catch (IOException | GeneralSecurityException | RuntimeException e) {
      throw notPbes2();
    }
    if (parameters.getIterationCount() > MAX_ITERATIONS) {
      throw new IllegalArgumentException(
          "The private key's encryption asks for more than " + MAX_ITERATIONS + " rounds.");
    }
    PBEKeySpec derivation =
        new PBEKeySpec(
            password,
            parameters.getSalt(),
            parameters.getIterationCount(),
            Integer.parseInt(pbes2.group(2)));
    // Java's own ciphers for PBES2 take no password with a letter outside ASCII.
    byte[] key = {};
    try {
      key =
          SecretKeyFactory.getInstance("PBKDF2WithHmac" + pbes2.group(1))
              .generateSecret(derivation)
              .getEncoded();
      Cipher cipher = Cipher.getInstance("AES/CBC/PKCS5Padding");
      cipher.init(
          Cipher.DECRYPT_MODE, new SecretKeySpec(key, "AES"), parameters.getParameterSpec());
      return cipher.doFinal(info.getEncryptedData());
    } catch (BadPaddingException e) {
      throw wrongPassword();
    } catch (InvalidAlgorithmParameterException e) {
      throw notPbes2();
    } catch (GeneralSecurityException e) {
      throw wrongPassword();
    } finally {
      derivation.clearPassword();
      Arrays.fill(key, (byte) 0);
    }
  }

  /** Whether the bytes are one DER sequence (X.690 §8.1.3) and nothing after it. */
  private static boolean isSequence(byte[] der) {
    if (der.length < 2 || der[0] != SEQUENCE) {
      return false;
    }
    int first = der[1] & 0xff;
    int lengthBytes = first < LONG_FORM ? 0 : first - LONG_FORM;
    if (lengthBytes > 3 || der.length < 2 + lengthBytes) {
      return false;
    }
    int length = lengthBytes == 0 ? first : 0;
    for (int i = 2; i < 2 + lengthBytes; i++) {
      length = (length << 8) | (der[i] & 0xff);
    }
    return length == der.length - 2 - lengthBytes;
  }

  private static IllegalArgumentException wrongPassword() {
    return new IllegalArgumentException(
        "The password of the private key is wrong, or the key is damaged.");
  }

  private static IllegalArgumentException notPbes2() {
    return new IllegalArgumentException(
        "The encrypted private key is damaged, or not encrypted with PBKDF2 and AES-CBC, as"
            + " \"openssl pkcs8 -topk8 -v2 aes-256-cbc\" does it.");
  }
}

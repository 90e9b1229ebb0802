package no.portvakt.keyvault.azure;

import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeyStoreKeys;
import no.portvakt.tokens.PemKeys;
import org.jspecify.annotations.Nullable;

/**
 * Reads the secret that Key Vault keeps beside a certificate: PKCS#12 in base64 without a password,
 * or PEM with a PKCS#8 key. A key that may not leave the vault is not in it; then it holds the
 * certificates alone.
 *
 * <p>https://learn.microsoft.com/azure/key-vault/certificates/about-certificates
 */
final class KeyContent {
  private static final char[] NO_PASSWORD = new char[0];

  private KeyContent() {}

  /**
   * The key with its certificates.
   *
   * @param what how sentences call it
   * @throws VaultFailure a lasting one, when there is no usable key
   */
  static KeyMaterial read(String what, @Nullable String contentType, @Nullable String value)
      throws VaultFailure {
    if (value == null || value.isBlank()) {
      throw unusable(what, "has no content, as when its key may not leave the vault.");
    }
    try {
      if ("application/x-pkcs12".equals(contentType)) {
        return fromPkcs12(what, value);
      }
      if ("application/x-pem-file".equals(contentType)) {
        return PemKeys.read(value, null);
      }
    } catch (IllegalArgumentException e) {
      throw unusable(what, "can't be used (may its key leave the vault?). " + e.getMessage());
    }
    throw unusable(what, "is neither application/x-pkcs12 nor application/x-pem-file.");
  }

  private static KeyMaterial fromPkcs12(String what, String base64) throws VaultFailure {
    byte[] bytes;
    try {
      bytes = Base64.getMimeDecoder().decode(base64);
    } catch (IllegalArgumentException e) {
      throw unusable(what, "can't be used: it is not base64.");
    }
    List<KeyMaterial> keys = KeyStoreKeys.ofPkcs12(bytes, NO_PASSWORD);
    Arrays.fill(bytes, (byte) 0);
    if (keys.size() != 1) {
      throw unusable(what, "holds more than one private key.");
    }
    return keys.get(0);
  }

  private static VaultFailure unusable(String what, String rest) {
    return VaultFailure.lasting(what + " " + rest);
  }
}

package no.portvakt.tokens;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.Key;
import java.security.KeyStore;
import java.security.KeyStoreException;
import java.security.PrivateKey;
import java.security.ProviderException;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads private keys with their certificates from key stores. */
public final class KeyStoreKeys {
  /** The largest key store that is read from bytes. */
  public static final int MAX_BYTES = 1 << 20;

  private KeyStoreKeys() {}

  /**
   * All private keys of a PKCS#12 key store (RFC 7292), by alias.
   *
   * @param password of the store and of each key, in ASCII where Java is older than 25. It is only
   *     read.
   * @throws IllegalArgumentException when the password is wrong, or the store holds no private key
   *     or one that can't be used; the message is one sentence without any secret
   */
  public static List<KeyMaterial> ofPkcs12(byte[] keyStore, char[] password) {
    return of(pkcs12(keyStore, password), password);
  }

  /**
   * One private key of a PKCS#12 key store.
   *
   * @param password as above
   * @throws IllegalArgumentException as above, or when no private key has this alias
   */
  public static KeyMaterial ofPkcs12(byte[] keyStore, char[] password, String alias) {
    return of(pkcs12(keyStore, password), password, alias);
  }

  private static KeyStore pkcs12(byte[] keyStore, char[] password) {
    if (keyStore.length > MAX_BYTES) {
      throw new IllegalArgumentException("The key store is larger than " + MAX_BYTES + " bytes.");
    }
    try {
      KeyStore loaded = KeyStore.getInstance("PKCS12");
      loaded.load(new ByteArrayInputStream(keyStore), password);
      return loaded;
    } catch (IOException e) {
      throw new IllegalArgumentException(
          e.getCause() instanceof UnrecoverableKeyException
              ? "The password of the key store is wrong."
              : "The key store is damaged, or not in the form PKCS#12.");
    } catch (GeneralSecurityException | RuntimeException e) {
      throw new IllegalArgumentException("The key store is damaged, or not in the form PKCS#12.");
    }
  }

  /**
   * All private keys of a key store that is loaded, by alias. Entries of other kinds are passed
   * over.
   *
   * @param pin what opens the keys: the password of a file, a device's PIN (which may be null when
   *     loading the store has opened it). It is only read.
   * @throws IllegalArgumentException when the store holds no private key, or one that can't be
   *     used; the message names its alias
   */
  public static List<KeyMaterial> of(KeyStore keyStore, char @Nullable [] pin) {
    try {
      List<String> aliases = new ArrayList<>(Collections.list(keyStore.aliases()));
      Collections.sort(aliases);
      List<KeyMaterial> keys = new ArrayList<>();
      for (String alias : aliases) {
        KeyMaterial key = keyStore.isKeyEntry(alias) ? entry(keyStore, alias, pin) : null;
        if (key != null) {
          keys.add(key);
        }
      }
      if (keys.isEmpty()) {
        throw new IllegalArgumentException("The key store holds no private key.");
      }
      return keys;
    } catch (KeyStoreException | ProviderException e) {
      throw new IllegalArgumentException("The key store does not answer.", e);
    }
  }

  /**
   * The private key of one entry.
   *
   * @throws IllegalArgumentException when there is none, or it can't be used
   */
  static KeyMaterial of(KeyStore keyStore, char @Nullable [] pin, String alias) {
    try {
      KeyMaterial key = keyStore.isKeyEntry(alias) ? entry(keyStore, alias, pin) : null;
      if (key == null) {
        throw new IllegalArgumentException("There is no private key " + named(alias) + ".");
      }
      return key;
    } catch (KeyStoreException | ProviderException e) {
      throw new IllegalArgumentException("The key store does not answer.", e);
    }
  }

  /** The key, or null when the entry is a secret key. */
  private static @Nullable KeyMaterial entry(KeyStore keyStore, String alias, char @Nullable [] pin)
      throws KeyStoreException {
    Key key;
    try {
      key = keyStore.getKey(alias, pin);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "The key " + named(alias) + " can't be read with this password.");
    }
    if (!(key instanceof PrivateKey privateKey)) {
      return null;
    }
    List<X509Certificate> chain = new ArrayList<>();
    Certificate[] certificates = keyStore.getCertificateChain(alias);
    if (certificates != null) {
      for (Certificate certificate : certificates) {
        if (certificate instanceof X509Certificate x509) {
          chain.add(x509);
        }
      }
    }
    // A device may show the encoding of a key and still be the only one to sign with it.
    boolean inMemory =
        privateKey.getEncoded() != null && !keyStore.getType().equalsIgnoreCase("PKCS11");
    try {
      return KeyMaterial.of(privateKey, chain, inMemory ? null : keyStore.getProvider());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "The key " + named(alias) + " can't be used: " + e.getMessage(), e);
    }
  }

  private static String named(String alias) {
    return "\"" + RuleTrace.printable(alias) + "\"";
  }
}

package no.portvakt.server.certificates;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;

/**
 * A certificate with its private key.
 *
 * @param key the private key; it is not shown
 * @param chain the certificate first, then its issuers up to the root
 */
public record Issued(PrivateKey key, List<X509Certificate> chain) {
  private static final Base64.Encoder LINES = Base64.getMimeEncoder(64, new byte[] {'\n'});

  public Issued {
    chain = List.copyOf(chain);
  }

  public X509Certificate certificate() {
    return chain.get(0);
  }

  /** The items of a header {@code x5c} (RFC 7515 §4.1.6). */
  public List<String> x5c() {
    List<String> items = new ArrayList<>();
    for (X509Certificate each : chain) {
      items.add(Base64.getEncoder().encodeToString(der(each)));
    }
    return items;
  }

  /** The key in PKCS#8 and the chain, as PEM (RFC 7468). It is a secret. */
  public String toPem() {
    return pem("PRIVATE KEY", key.getEncoded()) + pem(chain);
  }

  /** Certificates as PEM. */
  public static String pem(List<X509Certificate> certificates) {
    StringBuilder text = new StringBuilder();
    certificates.forEach(each -> text.append(pem("CERTIFICATE", der(each))));
    return text.toString();
  }

  /** The key and the chain as PKCS#12 (RFC 7292). */
  public byte[] toPkcs12(String alias, char[] password) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      store.setKeyEntry(alias, key, password, chain.toArray(X509Certificate[]::new));
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      store.store(bytes, password);
      return bytes.toByteArray();
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException("No PKCS#12 can be made.", e);
    }
  }

  private static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("A certificate has no encoding.", e);
    }
  }

  private static String pem(String label, byte[] der) {
    return "-----BEGIN %s-----\n%s\n-----END %s-----\n"
        .formatted(label, LINES.encodeToString(der), label);
  }

  @Override
  public String toString() {
    return "Issued[" + certificate().getSubjectX500Principal() + "]";
  }
}

package no.portvakt.tokens;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads a private key with its certificates from PEM text (RFC 7468). */
public final class PemKeys {
  /** The longest text that is read, in characters. */
  public static final int MAX_LENGTH = 1 << 20;

  private PemKeys() {}

  /**
   * The one key of a text, which is PKCS#8, with its chain. The blocks may stand in any order. The
   * key's certificate is the one with its public half, of several the one that began last;
   * certificates that do not vouch for it are left out.
   *
   * @param password what decrypts the key; null: it is not encrypted. It is only read.
   * @throws IllegalArgumentException when the text does not hold one usable key with its
   *     certificate; the message is one sentence without any secret
   */
  public static KeyMaterial read(String pem, char @Nullable [] password) {
    List<X509Certificate> certificates = new ArrayList<>();
    PemBlock key = privateKeyBlock(pem, certificates);
    if (certificates.isEmpty()) {
      throw new IllegalArgumentException("The text holds no certificate.");
    }
    PrivateKey privateKey = privateKey(key, password);
    return KeyMaterial.of(privateKey, chain(leaf(privateKey, certificates), certificates));
  }

  /**
   * The one private key of a text, which is PKCS#8 and needs no certificate. Certificates in the
   * text are passed over.
   *
   * @param password what decrypts the key; null: it is not encrypted. It is only read.
   * @throws IllegalArgumentException when the text does not hold one private key that can be read;
   *     the message is one sentence without any secret
   */
  public static PrivateKey readPrivateKey(String pem, char @Nullable [] password) {
    return privateKey(privateKeyBlock(pem, new ArrayList<>()), password);
  }

  /** The block of the text's one private key; the certificates beside it are added to the list. */
  private static PemBlock privateKeyBlock(String pem, List<X509Certificate> certificates) {
    if (pem.length() > MAX_LENGTH) {
      throw new IllegalArgumentException(
          "The PEM text is longer than " + MAX_LENGTH + " characters.");
    }
    List<PemBlock> blocks = PemBlock.in(pem);
    if (blocks.isEmpty()) {
      throw new IllegalArgumentException("The text holds nothing in PEM form.");
    }
    @Nullable PemBlock key = null;
    for (PemBlock block : blocks) {
      switch (block.label()) {
        case "CERTIFICATE" -> certificates.add(certificate(block));
        case "PRIVATE KEY", "ENCRYPTED PRIVATE KEY" -> {
          if (key != null) {
            throw new IllegalArgumentException("The text holds more than one private key.");
          }
          key = block;
        }
        case "RSA PRIVATE KEY", "EC PRIVATE KEY" ->
            throw new IllegalArgumentException(
                "The private key is in the older form \""
                    + block.label()
                    + "\"; convert it with \"openssl pkcs8 -topk8 -in old.pem -out new.pem\".");
        case "EC PARAMETERS" -> {} // OpenSSL writes the curve before the key, which names it too
        default ->
            throw new IllegalArgumentException(
                "The text holds a PEM block that is neither a private key nor a certificate.");
      }
    }
    if (key == null) {
      throw new IllegalArgumentException("The text holds no private key.");
    }
    return key;
  }

  private static PrivateKey privateKey(PemBlock block, char @Nullable [] password) {
    byte[] bytes = block.bytes();
    try {
      if (block.label().equals("PRIVATE KEY")) {
        return Pkcs8.read(bytes);
      }
      if (password == null || password.length == 0) {
        throw new IllegalArgumentException(
            "The private key is encrypted, and there is no password.");
      }
      return Pkcs8.read(bytes, password);
    } finally {
      Arrays.fill(bytes, (byte) 0);
    }
  }

  private static X509Certificate certificate(PemBlock block) {
    try {
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(block.bytes()));
    } catch (CertificateException e) {
      throw new IllegalArgumentException("A certificate is damaged.", e);
    }
  }

  private static X509Certificate leaf(PrivateKey key, List<X509Certificate> certificates) {
    return certificates.stream()
        .filter(candidate -> KeyProbe.refusal(key, candidate.getPublicKey(), null) == null)
        .max(Comparator.comparing(X509Certificate::getNotBefore))
        .orElseThrow(() ->
            new IllegalArgumentException("None of the certificates belongs to the private key."));
  }

  private static List<X509Certificate> chain(
      X509Certificate leaf, List<X509Certificate> certificates) {
    List<X509Certificate> chain = new ArrayList<>();
    List<X509Certificate> others = new ArrayList<>(certificates);
    @Nullable X509Certificate next = leaf;
    while (next != null) {
      chain.add(next);
      others.remove(next);
      X509Certificate last = next;
      next = others.stream().filter(other -> issued(other, last)).findFirst().orElse(null);
    }
    return chain;
  }

  private static boolean issued(X509Certificate issuer, X509Certificate certificate) {
    if (!certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())
        || certificate.getIssuerX500Principal().equals(certificate.getSubjectX500Principal())) {
      return false;
    }
    try {
      certificate.verify(issuer.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false; // of the same name, but another key
    }
  }
}

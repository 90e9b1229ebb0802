package no.portvakt.tokens;

import java.security.PrivateKey;
import java.security.Provider;
import java.security.PublicKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A private key with the certificate that names it. Immutable; never shows the private key. */
public final class KeyMaterial {
  private final PrivateKey privateKey;
  private final List<X509Certificate> chain;
  private final @Nullable Provider provider;
  private final String keyId;

  private KeyMaterial(
      PrivateKey privateKey, List<X509Certificate> chain, @Nullable Provider provider) {
    this.privateKey = privateKey;
    this.chain = List.copyOf(chain);
    this.provider = provider;
    try {
      byte[] thumbprint = Digests.sha1(certificate().getEncoded());
      this.keyId = HexFormat.of().withUpperCase().formatHex(thumbprint);
    } catch (CertificateEncodingException e) {
      throw new IllegalArgumentException("The certificate can't be written.", e);
    }
  }

  /**
   * A key and its certificates.
   *
   * @param chain the key's certificate first, then those that vouch for it
   * @throws IllegalArgumentException when there is no certificate, the key is neither RSA of at
   *     least {@value VerificationKey#MIN_RSA_BITS} bits, nor on P-256, P-384 or P-521, nor
   *     Ed25519, or it is not the certificate's; the message is one sentence
   */
  public static KeyMaterial of(PrivateKey privateKey, List<X509Certificate> chain) {
    return of(privateKey, chain, null);
  }

  /**
   * A key that one provider signs with, and its certificates.
   *
   * @param chain the key's certificate first, then those that vouch for it
   * @param provider the device's provider; null: the Java platform chooses, as for keys in memory
   * @throws IllegalArgumentException as above, or when the provider can't sign with the key
   */
  public static KeyMaterial of(
      PrivateKey privateKey, List<X509Certificate> chain, @Nullable Provider provider) {
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("The key has no certificate.");
    }
    PublicKey publicKey = chain.get(0).getPublicKey();
    KeyType.of(publicKey);
    String refusal = KeyProbe.refusal(privateKey, publicKey, provider);
    if (refusal != null) {
      throw new IllegalArgumentException(refusal);
    }
    return new KeyMaterial(privateKey, chain, provider);
  }

  /** The private key; it may live in a device and have no encoding. */
  public PrivateKey privateKey() {
    return privateKey;
  }

  /** The public half. */
  public PublicKey publicKey() {
    return certificate().getPublicKey();
  }

  /** The certificate. */
  public X509Certificate certificate() {
    return chain.get(0);
  }

  /** The certificate and those that vouch for it, in this order. */
  public List<X509Certificate> chain() {
    return chain;
  }

  /**
   * The only provider that signs with the private key, because the key lives in its device; null
   * for a key in memory, which any provider takes.
   */
  public @Nullable Provider provider() {
    return provider;
  }

  /** Whether the certificate is valid then (RFC 5280 §4.1.2.5, both ends included). */
  public boolean isValidAt(Instant time) {
    return !time.isBefore(certificate().getNotBefore().toInstant())
        && !time.isAfter(certificate().getNotAfter().toInstant());
  }

  /** The platform's name for the key: the certificate's SHA-1 thumbprint in upper-case hex. */
  public String keyId() {
    return keyId;
  }

  @Override
  public String toString() {
    return "KeyMaterial[kid=" + keyId + "]";
  }
}

package no.portvakt.tokens;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfoBuilder;
import org.jspecify.annotations.Nullable;

/** A key pair with a certificate that was issued to it, and the forms that it is written in. */
final class Issued {
  static final Instant BEGIN = Instant.parse("2026-01-01T00:00:00Z");
  static final Duration VALIDITY = Duration.ofDays(365);

  private static final AtomicLong SERIAL = new AtomicLong(1);

  private final KeyPair pair;
  private final List<X509Certificate> chain;

  private Issued(KeyPair pair, List<X509Certificate> chain) {
    this.pair = pair;
    this.chain = chain;
  }

  /** A self-signed certificate for a new key. */
  static Issued selfSigned(String type) {
    return selfSigned(pair(type), BEGIN);
  }

  static Issued selfSigned(KeyPair pair, Instant begin) {
    return new Issued(pair, List.of(certificate("self", pair.getPublic(), "self", pair, begin)));
  }

  /** A certificate that this one issues, with the chain up to here. */
  Issued issue(String name, String type) {
    String issuer = chain.get(0).getSubjectX500Principal().getName().substring(3);
    KeyPair next = pair(type);
    List<X509Certificate> longer = new ArrayList<>();
    longer.add(certificate(name, next.getPublic(), issuer, pair, BEGIN));
    longer.addAll(chain);
    return new Issued(next, longer);
  }

  /**
   * A pair of keys: {@code RSA}, with its bits, the name of a curve, or another of Java's types.
   */
  static KeyPair pair(String type) {
    try {
      if (type.startsWith("secp")) {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec(type));
        return generator.generateKeyPair();
      }
      if (type.startsWith("RSA") && type.length() > 3 && Character.isDigit(type.charAt(3))) {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(Integer.parseInt(type.substring(3)));
        return generator.generateKeyPair();
      }
      return KeyPairGenerator.getInstance(type).generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static X509Certificate certificate(
      String name, PublicKey key, String issuer, KeyPair issuerPair, Instant begin) {
    String type = issuerPair.getPrivate().getAlgorithm();
    String algorithm =
        switch (type) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          case "DSA" -> "SHA256withDSA";
          case "EdDSA" -> issuerPair.getPublic().getEncoded().length < 50 ? "Ed25519" : "Ed448";
          default -> type;
        };
    try {
      return new JcaX509CertificateConverter()
          .getCertificate(
              new JcaX509v3CertificateBuilder(
                      new X500Principal("CN=" + issuer),
                      BigInteger.valueOf(SERIAL.getAndIncrement()),
                      Date.from(begin),
                      Date.from(begin.plus(VALIDITY)),
                      new X500Principal("CN=" + name),
                      key)
                  .build(new JcaContentSignerBuilder(algorithm).build(issuerPair.getPrivate())));
    } catch (OperatorCreationException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  KeyPair pair() {
    return pair;
  }

  PrivateKey key() {
    return pair.getPrivate();
  }

  List<X509Certificate> chain() {
    return chain;
  }

  X509Certificate certificate() {
    return chain.get(0);
  }

  KeyMaterial material() {
    return KeyMaterial.of(key(), chain);
  }

  /** The name that {@link KeyMaterial#keyId} gives it. */
  String keyId() {
    return material().keyId();
  }

  /** The key, not encrypted. */
  String keyPem() {
    return pem("PRIVATE KEY", key().getEncoded());
  }

  /** The key, encrypted by another library than the one that reads it. */
  String encryptedKeyPem(
      String password,
      ASN1ObjectIdentifier cipher,
      @Nullable AlgorithmIdentifier hash,
      int iterations) {
    JceOpenSSLPKCS8EncryptorBuilder encryption =
        new JceOpenSSLPKCS8EncryptorBuilder(cipher)
            .setProvider(new BouncyCastleProvider())
            .setIterationCount(iterations)
            .setPassword(password.toCharArray());
    try {
      return pem(
          "ENCRYPTED PRIVATE KEY",
          new PKCS8EncryptedPrivateKeyInfoBuilder(PrivateKeyInfo.getInstance(key().getEncoded()))
              .build((hash == null ? encryption : encryption.setPRF(hash)).build())
              .getEncoded());
    } catch (OperatorCreationException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  String encryptedKeyPem(String password) {
    return encryptedKeyPem(
        password, PKCS8Generator.AES_256_CBC, PKCS8Generator.PRF_HMACSHA256, 2048);
  }

  /** All certificates. */
  String chainPem() {
    StringBuilder text = new StringBuilder();
    for (X509Certificate certificate : chain) {
      text.append(pem(certificate));
    }
    return text.toString();
  }

  String pem() {
    return keyPem() + chainPem();
  }

  /** A PKCS#12 key store with this entry alone. */
  byte[] pkcs12(String password) {
    return pkcs12(password, List.of("key"), List.of(this));
  }

  static byte[] pkcs12(String password, List<String> aliases, List<Issued> entries) {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (int i = 0; i < entries.size(); i++) {
        Issued entry = entries.get(i);
        store.setKeyEntry(
            aliases.get(i),
            entry.key(),
            password.toCharArray(),
            entry.chain.toArray(new X509Certificate[0]));
      }
      return bytes(store, password);
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  static byte[] bytes(KeyStore store, String password)
      throws GeneralSecurityException, IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    store.store(out, password.toCharArray());
    return out.toByteArray();
  }

  static String pem(X509Certificate certificate) {
    try {
      return pem("CERTIFICATE", certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  static String pem(String label, byte[] bytes) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, "\n".getBytes(US_ASCII)).encodeToString(bytes)
        + "\n-----END "
        + label
        + "-----\n";
  }

  static char @Nullable [] chars(@Nullable String text) {
    return text == null ? null : text.toCharArray();
  }
}

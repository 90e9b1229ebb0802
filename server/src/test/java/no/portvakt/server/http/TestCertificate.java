package no.portvakt.server.http;

import java.io.IOException;
import java.io.OutputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import no.portvakt.server.TestClock;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.openssl.PKCS8Generator;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.openssl.jcajce.JcaPKCS8Generator;
import org.bouncycastle.openssl.jcajce.JceOpenSSLPKCS8EncryptorBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** A server certificate with its key and its chain, made on the spot. */
final class TestCertificate {
  private static final Instant FROM = TestClock.START.minus(Duration.ofDays(1));
  private static final Instant UNTIL = Instant.parse("2120-01-01T00:00:00Z");

  private final KeyPair keys;
  private final List<X509Certificate> chain;

  private TestCertificate(KeyPair keys, List<X509Certificate> chain) {
    this.keys = keys;
    this.chain = chain;
  }

  /** A certificate with an elliptic key below an authority of its own. */
  static TestCertificate named(String name) {
    return of("EC", 256, name, FROM, UNTIL);
  }

  static TestCertificate rsa(String name) {
    return of("RSA", 2048, name, FROM, UNTIL);
  }

  /** A kind of key that many callers can't verify. */
  static TestCertificate edwards(String name) {
    return of("Ed25519", 255, name, FROM, UNTIL);
  }

  static TestCertificate valid(String name, Instant from, Instant until) {
    return of("EC", 256, name, from, until);
  }

  private static TestCertificate of(
      String type, int bits, String name, Instant from, Instant until) {
    KeyPair root = keyPair(type, bits);
    KeyPair own = keyPair(type, bits);
    return new TestCertificate(
        own,
        List.of(
            issue(name + " root", root, name, own, from, until),
            issue(name + " root", root, name + " root", root, FROM, UNTIL)));
  }

  X509Certificate certificate() {
    return chain.getFirst();
  }

  List<X509Certificate> chain() {
    return chain;
  }

  String chainPem() {
    return pem(chain.toArray());
  }

  /** PKCS#8, not encrypted. */
  String keyPem() {
    return pem(pkcs8(null));
  }

  /** PKCS#8, encrypted. */
  String keyPem(String password) {
    return pem(pkcs8(password));
  }

  /** The older form, with the kind of the key in its label. */
  String labelledKeyPem() {
    return pem(keys.getPrivate());
  }

  /** Writes the chain and the key, and says where. */
  TlsFiles write(Path folder) {
    Path certificate = folder.resolve("tls.crt");
    Path key = folder.resolve("tls.key");
    try {
      Files.writeString(certificate, chainPem());
      Files.writeString(key, keyPem());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return TlsFiles.pem(certificate, key, null);
  }

  /** A PKCS#12 file with the keys of these certificates. */
  static void writePkcs12(Path file, String password, TestCertificate... entries) {
    try (OutputStream out = Files.newOutputStream(file)) {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, null);
      for (TestCertificate entry : entries) {
        store.setKeyEntry(
            "key " + store.size(),
            entry.keys.getPrivate(),
            password.toCharArray(),
            entry.chain.toArray(Certificate[]::new));
      }
      store.store(out, password.toCharArray());
    } catch (IOException | GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private PKCS8Generator pkcs8(@Nullable String password) {
    try {
      return password == null
          ? new PKCS8Generator(PrivateKeyInfo.getInstance(keys.getPrivate().getEncoded()), null)
          : new JcaPKCS8Generator(
              keys.getPrivate(),
              new JceOpenSSLPKCS8EncryptorBuilder(PKCS8Generator.AES_256_CBC)
                  .setProvider(new BouncyCastleProvider())
                  .setPassword(password.toCharArray())
                  .build());
    } catch (IOException | OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String pem(Object... blocks) {
    StringWriter text = new StringWriter();
    try (JcaPEMWriter writer = new JcaPEMWriter(text)) {
      for (Object block : new ArrayList<>(List.of(blocks))) {
        writer.writeObject(block);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return text.toString();
  }

  private static KeyPair keyPair(String type, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(type);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X509Certificate issue(
      String issuer, KeyPair by, String subject, KeyPair keys, Instant from, Instant until) {
    try {
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
              new X500Name("CN=" + issuer),
              BigInteger.valueOf(System.nanoTime()),
              Date.from(from),
              Date.from(until),
              new X500Name("CN=" + subject),
              SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded()));
      builder.addExtension(
          Extension.basicConstraints, true, new BasicConstraints(issuer.equals(subject)));
      String algorithm =
          switch (by.getPrivate().getAlgorithm()) {
            case "RSA" -> "SHA256withRSA";
            case "EC" -> "SHA256withECDSA";
            default -> "Ed25519";
          };
      return new JcaX509CertificateConverter()
          .getCertificate(
              builder.build(new JcaContentSignerBuilder(algorithm).build(by.getPrivate())));
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException(e);
    }
  }
}

package no.portvakt.keyvault.azure;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import javax.crypto.spec.PBEParameterSpec;
import no.portvakt.tokens.Digests;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** A self-made certificate with its key, in the forms in which a vault hands it out. */
final class Issued {
  private static final char[] NO_PASSWORD = new char[0];
  private static final KeyPair RSA = keyPair("RSA", 2048);
  private static final KeyPair OTHER_RSA = keyPair("RSA", 2048);

  private final X509Certificate certificate;
  private final KeyPair keys;

  private Issued(X509Certificate certificate, KeyPair keys) {
    this.certificate = certificate;
    this.keys = keys;
  }

  /** An RSA certificate; each has its own serial number, and all have one key. */
  static Issued rsa(String... dnsNames) {
    return issue(RSA, "Portvakt test", null, dnsNames);
  }

  static Issued otherRsa() {
    return issue(OTHER_RSA, "Portvakt test", null);
  }

  static Issued ec() {
    return issue(keyPair("EC", 256), "Portvakt test", null);
  }

  /** An RSA certificate that another one vouches for. */
  static Issued by(Issued authority) {
    return issue(RSA, "Portvakt leaf", authority);
  }

  static Issued weakRsa() {
    return issue(keyPair("RSA", 1024), "Portvakt test", null);
  }

  X509Certificate certificate() {
    return certificate;
  }

  PrivateKey privateKey() {
    return keys.getPrivate();
  }

  /** The form of {@code x5t}: the SHA-1 thumbprint in base64url without padding. */
  String x5t() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(Digests.sha1(der(certificate)));
  }

  /** PKCS#12 without a password, in base64. */
  String pkcs12(Issued... chain) {
    return pkcs12(NO_PASSWORD, new KeyStore.PasswordProtection(NO_PASSWORD), chain);
  }

  /** PKCS#12 whose key has the cipher that older software writes. */
  String oldPkcs12() {
    byte[] salt = {1, 2, 3, 4, 5, 6, 7, 8};
    return pkcs12(
        NO_PASSWORD,
        new KeyStore.PasswordProtection(
            NO_PASSWORD, "PBEWithSHA1AndDESede", new PBEParameterSpec(salt, 2000)));
  }

  String pkcs12WithPassword(String password) {
    char[] chars = password.toCharArray();
    return pkcs12(chars, new KeyStore.PasswordProtection(chars));
  }

  /** PKCS#12 with this key and another. */
  String pkcs12With(Issued other) {
    try {
      KeyStore store = empty();
      store.setKeyEntry("one", keys.getPrivate(), NO_PASSWORD, new Certificate[] {certificate});
      store.setKeyEntry(
          "two", other.privateKey(), NO_PASSWORD, new Certificate[] {other.certificate});
      return base64(store, NO_PASSWORD);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** What the vault holds for a key that may not leave it: the certificate alone. */
  String pkcs12WithoutKey() {
    try {
      KeyStore store = empty();
      store.setCertificateEntry("one", certificate);
      return base64(store, NO_PASSWORD);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  String keyPem() {
    return pem("PRIVATE KEY", keys.getPrivate().getEncoded());
  }

  String certificatePem() {
    return pem("CERTIFICATE", der(certificate));
  }

  static String pem(String label, byte[] der) {
    return "-----BEGIN "
        + label
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der)
        + "\n-----END "
        + label
        + "-----\n";
  }

  private String pkcs12(char[] password, KeyStore.PasswordProtection cipher, Issued... chain) {
    try {
      Certificate[] certificates = new Certificate[chain.length + 1];
      certificates[0] = certificate;
      for (int i = 0; i < chain.length; i++) {
        certificates[i + 1] = chain[i].certificate;
      }
      KeyStore store = empty();
      store.setEntry("one", new KeyStore.PrivateKeyEntry(keys.getPrivate(), certificates), cipher);
      return base64(store, password);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyStore empty() {
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, NO_PASSWORD);
      return store;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String base64(KeyStore store, char[] password) {
    try {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      store.store(out, password);
      return Base64.getEncoder().encodeToString(out.toByteArray());
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
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

  // Valid by the machine's own clock too: the stand-in's certificate is checked by real TLS.
  private static Issued issue(
      KeyPair keys, String commonName, @Nullable Issued authority, String... dnsNames) {
    X500Name name = new X500Name("CN=" + commonName);
    KeyPair signer = authority == null ? keys : authority.keys;
    boolean ec = signer.getPublic().getAlgorithm().equals("EC");
    try {
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
              authority == null ? name : new X500Name("CN=Portvakt test"),
              BigInteger.valueOf(System.nanoTime()),
              Date.from(TestClock.START.minus(Duration.ofDays(1000))),
              Date.from(TestClock.START.plus(Duration.ofDays(36500))),
              name,
              SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded()));
      if (dnsNames.length > 0) {
        GeneralName[] names =
            List.of(dnsNames).stream()
                .map(dns -> new GeneralName(GeneralName.dNSName, dns))
                .toArray(GeneralName[]::new);
        builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(names));
      }
      byte[] der =
          builder
              .build(
                  new JcaContentSignerBuilder(ec ? "SHA256withECDSA" : "SHA256withRSA")
                      .build(signer.getPrivate()))
              .getEncoded();
      return new Issued(
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der)),
          keys);
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException(e);
    }
  }
}

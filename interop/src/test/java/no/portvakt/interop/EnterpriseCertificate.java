package no.portvakt.interop;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** An enterprise certificate (or the root that issues them) with its key. */
record EnterpriseCertificate(X509Certificate certificate, KeyPair keys) {
  /** A new root. */
  static EnterpriseCertificate root() {
    X500Name subject = new X500NameBuilder().addRDN(BCStyle.CN, "Interop root").build();
    KeyPair keys = newKeys();
    return issue(subject, keys, subject, keys, true);
  }

  /** A certificate of an organisation, signed by this root. */
  EnterpriseCertificate of(String organisation) {
    X500Name subject =
        new X500NameBuilder()
            .addRDN(BCStyle.C, "NO")
            .addRDN(BCStyle.ORGANIZATION_IDENTIFIER, "NTRNO-" + organisation)
            .addRDN(BCStyle.O, "Interop AS")
            .addRDN(BCStyle.CN, "Interop AS")
            .build();
    X500Name issuer = X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded());
    return issue(subject, newKeys(), issuer, keys, false);
  }

  /** Writes it as the only trusted root. */
  void writeAnchor(Path file) throws IOException, GeneralSecurityException {
    String body = Base64.getMimeEncoder().encodeToString(certificate.getEncoded());
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.writeString(
        file, "-----BEGIN CERTIFICATE-----\n" + body + "\n-----END CERTIFICATE-----\n");
  }

  private static EnterpriseCertificate issue(
      X500Name subject, KeyPair keys, X500Name issuer, KeyPair signer, boolean authority) {
    Instant now = Instant.now();
    try {
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
              issuer,
              BigInteger.valueOf(System.nanoTime()),
              Date.from(now.minus(Duration.ofDays(1))),
              Date.from(now.plus(Duration.ofDays(365))),
              subject,
              SubjectPublicKeyInfo.getInstance(keys.getPublic().getEncoded()));
      builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(authority));
      builder.addExtension(
          Extension.keyUsage,
          true,
          new KeyUsage(authority ? KeyUsage.keyCertSign : KeyUsage.digitalSignature));
      byte[] der =
          builder
              .build(new JcaContentSignerBuilder("SHA256withRSA").build(signer.getPrivate()))
              .getEncoded();
      return new EnterpriseCertificate(
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der)),
          keys);
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static KeyPair newKeys() {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(2048);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public String toString() {
    return "EnterpriseCertificate[" + certificate.getSubjectX500Principal() + "]";
  }
}

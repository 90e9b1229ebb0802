package no.portvakt.server;

import com.nimbusds.jose.jwk.RSAKey;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.List;
import java.util.function.UnaryOperator;
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
import org.jspecify.annotations.Nullable;

/** Issues enterprise certificates of both generations, good ones and bad ones. */
final class EnterpriseCertificateAuthority {
  private static final KeyPair LEAF_KEY = keyPair("RSA", 2048);

  private final Issued self;

  private EnterpriseCertificateAuthority(Issued self) {
    this.self = self;
  }

  /** A certificate with its key. */
  record Issued(X509Certificate certificate, KeyPair keys) {
    /** The form of an item of {@code x5c}: DER in standard base64. */
    String x5c() {
      return Base64.getEncoder().encodeToString(der());
    }

    byte[] der() {
      try {
        return certificate.getEncoded();
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    /** The key in the form that forges tokens; it has no id. */
    RSAKey rsaKey() {
      return new RSAKey.Builder((RSAPublicKey) keys.getPublic())
          .privateKey(keys.getPrivate())
          .build();
    }

    @Override
    public String toString() {
      return "Issued[" + certificate.getSubjectX500Principal() + "]";
    }
  }

  /** What a certificate says. */
  record Content(
      X500Name subject, Instant from, Instant until, boolean authority, int usage, KeyPair keys) {
    Content subject(X500Name other) {
      return new Content(other, from, until, authority, usage, keys);
    }

    Content valid(Instant other, Instant otherUntil) {
      return new Content(subject, other, otherUntil, authority, usage, keys);
    }

    Content usage(int other) {
      return new Content(subject, from, until, authority, other, keys);
    }

    Content keys(KeyPair other) {
      return new Content(subject, from, until, authority, usage, other);
    }
  }

  /** A root of its own, valid around the time of the test clock. */
  static EnterpriseCertificateAuthority root(String name) {
    X500Name subject = new X500NameBuilder().addRDN(BCStyle.CN, name).build();
    return new EnterpriseCertificateAuthority(
        issue(subject, null, authority(subject, keyPair("RSA", 2048))));
  }

  /** An authority below this one. */
  EnterpriseCertificateAuthority below(String name) {
    X500Name subject = new X500NameBuilder().addRDN(BCStyle.CN, name).build();
    return new EnterpriseCertificateAuthority(
        issue(name(self), self.keys, authority(subject, keyPair("RSA", 2048))));
  }

  Issued certificate() {
    return self;
  }

  /** A certificate for an organisation, of the first generation (SEID 1). */
  Issued issue(String organisation) {
    return issue(seid1(organisation), content -> content);
  }

  /** A certificate for a subject, with changes. */
  Issued issue(X500Name subject, UnaryOperator<Content> change) {
    return signed(self, subject, change);
  }

  /** A certificate signed with the key of any other, be it an authority or not. */
  static Issued signed(Issued by, X500Name subject, UnaryOperator<Content> change) {
    Content content =
        new Content(
            subject,
            TestClock.START.minus(Duration.ofDays(30)),
            TestClock.START.plus(Duration.ofDays(700)),
            false,
            KeyUsage.digitalSignature,
            LEAF_KEY);
    return issue(name(by), by.keys, change.apply(content));
  }

  /** SEID 1: the organisation number is the subject's serialNumber. */
  static X500Name seid1(String organisation) {
    return new X500NameBuilder()
        .addRDN(BCStyle.C, "NO")
        .addRDN(BCStyle.O, "Test, \"AS\" + sønner")
        .addRDN(BCStyle.CN, "Test")
        .addRDN(BCStyle.SERIALNUMBER, organisation)
        .build();
  }

  /** SEID 2: the organisation number stands in organizationIdentifier. */
  static X500Name seid2(String identifier) {
    return new X500NameBuilder()
        .addRDN(BCStyle.C, "NO")
        .addRDN(BCStyle.ORGANIZATION_IDENTIFIER, identifier)
        .addRDN(BCStyle.O, "Test AS")
        .addRDN(BCStyle.CN, "Test")
        .build();
  }

  /** Writes roots as PEM. */
  static void writeAnchors(Path file, List<EnterpriseCertificateAuthority> roots) {
    StringBuilder pem = new StringBuilder();
    for (EnterpriseCertificateAuthority root : roots) {
      pem.append("-----BEGIN CERTIFICATE-----\n")
          .append(Base64.getMimeEncoder().encodeToString(root.self.der()))
          .append("\n-----END CERTIFICATE-----\n");
    }
    try {
      Files.writeString(file, pem);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static KeyPair keyPair(String type, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(type);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Content authority(X500Name subject, KeyPair keys) {
    return new Content(
        subject,
        TestClock.START.minus(Duration.ofDays(300)),
        TestClock.START.plus(Duration.ofDays(3000)),
        true,
        KeyUsage.keyCertSign | KeyUsage.cRLSign,
        keys);
  }

  private static X500Name name(Issued issued) {
    return X500Name.getInstance(issued.certificate.getSubjectX500Principal().getEncoded());
  }

  private static Issued issue(X500Name issuer, @Nullable KeyPair by, Content content) {
    KeyPair signer = by == null ? content.keys() : by;
    try {
      X509v3CertificateBuilder builder =
          new X509v3CertificateBuilder(
              issuer,
              BigInteger.valueOf(System.nanoTime()),
              Date.from(content.from()),
              Date.from(content.until()),
              content.subject(),
              SubjectPublicKeyInfo.getInstance(content.keys().getPublic().getEncoded()));
      if (content.authority()) {
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
      }
      builder.addExtension(Extension.keyUsage, true, new KeyUsage(content.usage()));
      byte[] der =
          builder
              .build(new JcaContentSignerBuilder("SHA256withRSA").build(signer.getPrivate()))
              .getEncoded();
      return new Issued(
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der)),
          content.keys());
    } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
      throw new IllegalStateException(e);
    }
  }
}

package no.portvakt.server.certificates;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.math.BigInteger;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.PemKeys;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.AccessDescription;
import org.bouncycastle.asn1.x509.AuthorityInformationAccess;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.CRLDistPoint;
import org.bouncycastle.asn1.x509.DistributionPoint;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/**
 * An authority for tests: issues enterprise certificates that look like those of the Norwegian
 * issuers and are worth nothing elsewhere. Its own keys are on P-256, because they are quick to
 * make; those of enterprises are RSA, because their grants are signed with RS256.
 */
public final class TestAuthority {
  private static final Duration VALIDITY = Duration.ofDays(10 * 365);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Issued self;

  private TestAuthority(Issued self) {
    this.self = self;
  }

  /** A new root of ten years. */
  public static TestAuthority root(String name, Instant now) {
    KeyPair keys = keyPair("EC", 256);
    Order order = authority(name, keys, now);
    X509Certificate certificate = sign(order, order.subject, keys);
    return new TestAuthority(new Issued(keys.getPrivate(), List.of(certificate)));
  }

  /** An authority with this certificate and key. */
  public static TestAuthority of(Issued self) {
    return new TestAuthority(self);
  }

  /**
   * An authority that was kept as {@link Issued#toPem}.
   *
   * @throws IllegalArgumentException when the file holds something else
   */
  public static TestAuthority read(Path file) throws IOException {
    KeyMaterial material = PemKeys.read(Files.readString(file), null);
    return of(new Issued(material.privateKey(), material.chain()));
  }

  /** A new authority of ten years below this one. */
  public TestAuthority below(String name, Instant now) {
    return new TestAuthority(issue(authority(name, keyPair("EC", 256), now)));
  }

  /** Its own certificate and key. */
  public Issued self() {
    return self;
  }

  /** Issues a certificate. */
  public Issued issue(Order order) {
    X500Name issuer =
        X500Name.getInstance(self.certificate().getSubjectX500Principal().getEncoded());
    KeyPair signer = new KeyPair(self.certificate().getPublicKey(), self.key());
    List<X509Certificate> chain = new ArrayList<>();
    chain.add(sign(order, issuer, signer));
    chain.addAll(self.chain());
    return new Issued(order.keys.getPrivate(), chain);
  }

  /**
   * What a certificate shall say.
   *
   * @param usage bits of {@link KeyUsage}
   * @param purposes the extended key usage; empty: none is stated
   * @param responder its OCSP responder
   * @param list its revocation list
   */
  public record Order(
      X500Name subject,
      KeyPair keys,
      Instant from,
      Instant until,
      boolean authority,
      int usage,
      List<KeyPurposeId> purposes,
      @Nullable URI responder,
      @Nullable URI list) {
    /** An enterprise certificate with these keys. */
    public static Order enterprise(X500Name subject, KeyPair keys, Instant from, Instant until) {
      return new Order(
          subject,
          keys,
          from,
          until,
          false,
          KeyUsage.digitalSignature,
          List.of(KeyPurposeId.id_kp_clientAuth, KeyPurposeId.id_kp_emailProtection),
          null,
          null);
    }

    @Override
    public String toString() {
      return "Order[" + subject + "]";
    }
  }

  /** New keys, such as RSA with 2048 bits. */
  public static KeyPair keyPair(String type, int bits) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(type);
      generator.initialize(bits);
      return generator.generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("No " + type + " keys can be made.", e);
    }
  }

  private static Order authority(String name, KeyPair keys, Instant now) {
    return new Order(
        new X500NameBuilder()
            .addRDN(BCStyle.C, "NO")
            .addRDN(BCStyle.O, "Portvakt, for tests only")
            .addRDN(BCStyle.CN, name)
            .build(),
        keys,
        now.minus(Duration.ofDays(1100)), // what is issued as expired was valid under it
        now.plus(VALIDITY),
        true,
        KeyUsage.keyCertSign | KeyUsage.cRLSign,
        List.of(),
        null,
        null);
  }

  private static X509Certificate sign(Order order, X500Name issuer, KeyPair signer) {
    try {
      JcaX509v3CertificateBuilder builder =
          new JcaX509v3CertificateBuilder(
              issuer,
              new BigInteger(126, RANDOM).setBit(125),
              Date.from(order.from),
              Date.from(order.until),
              order.subject,
              order.keys.getPublic());
      JcaX509ExtensionUtils extensions = new JcaX509ExtensionUtils();
      builder
          .addExtension(Extension.basicConstraints, true, new BasicConstraints(order.authority))
          .addExtension(Extension.keyUsage, true, new KeyUsage(order.usage))
          .addExtension(
              Extension.subjectKeyIdentifier,
              false,
              extensions.createSubjectKeyIdentifier(order.keys.getPublic()))
          .addExtension(
              Extension.authorityKeyIdentifier,
              false,
              extensions.createAuthorityKeyIdentifier(signer.getPublic()));
      if (!order.purposes.isEmpty()) {
        builder.addExtension(
            Extension.extendedKeyUsage,
            false,
            new ExtendedKeyUsage(order.purposes.toArray(KeyPurposeId[]::new)));
      }
      if (order.responder != null) {
        builder.addExtension(
            Extension.authorityInfoAccess,
            false,
            new AuthorityInformationAccess(AccessDescription.id_ad_ocsp, uri(order.responder)));
      }
      if (order.list != null) {
        DistributionPointName name = new DistributionPointName(new GeneralNames(uri(order.list)));
        builder.addExtension(
            Extension.cRLDistributionPoints,
            false,
            new CRLDistPoint(new DistributionPoint[] {new DistributionPoint(name, null, null)}));
      }
      byte[] der = builder.build(signer(signer)).getEncoded();
      return (X509Certificate)
          CertificateFactory.getInstance("X.509")
              .generateCertificate(new ByteArrayInputStream(der));
    } catch (GeneralSecurityException | IOException | OperatorCreationException e) {
      throw new IllegalStateException("No certificate can be issued.", e);
    }
  }

  private static GeneralName uri(URI address) {
    return new GeneralName(GeneralName.uniformResourceIdentifier, address.toString());
  }

  private static ContentSigner signer(KeyPair keys) throws OperatorCreationException {
    String algorithm =
        keys.getPublic().getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA";
    return new JcaContentSignerBuilder(algorithm).build(keys.getPrivate());
  }
}

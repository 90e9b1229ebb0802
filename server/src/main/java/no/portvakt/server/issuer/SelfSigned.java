package no.portvakt.server.issuer;

import java.io.IOException;
import java.math.BigInteger;
import java.security.KeyPair;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.SubjectPublicKeyInfo;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

/** Certificates for keys that are made here: verifiers in the field expect {@code x5c} and x5t. */
final class SelfSigned {
  /** From its making on. */
  static final Duration VALIDITY = Duration.ofDays(3 * 365);

  private SelfSigned() {}

  /** A self-signed certificate, DER. */
  static byte[] certificate(KeyPair pair, String commonName, Instant now) {
    String algorithm =
        switch (pair.getPublic().getAlgorithm()) {
          case "EC" -> "SHA256withECDSA";
          case "RSA" -> "SHA256withRSA";
          default -> "Ed25519";
        };
    var name = new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, commonName).build();
    try {
      return new X509v3CertificateBuilder(
              name,
              BigInteger.valueOf(now.toEpochMilli()),
              Date.from(now.minus(Duration.ofHours(1))),
              Date.from(now.plus(VALIDITY)),
              name,
              SubjectPublicKeyInfo.getInstance(pair.getPublic().getEncoded()))
          .build(new JcaContentSignerBuilder(algorithm).build(pair.getPrivate()))
          .getEncoded();
    } catch (OperatorCreationException | IOException e) {
      throw new IllegalStateException("No certificate can be made for a new key.", e);
    }
  }
}

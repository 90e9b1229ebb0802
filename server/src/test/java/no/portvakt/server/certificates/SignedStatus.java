package no.portvakt.server.certificates;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import no.portvakt.server.TestClock;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.CRLReason;
import org.bouncycastle.asn1.x509.DistributionPointName;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.IssuingDistributionPoint;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.X509v2CRLBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPRespBuilder;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.CertificateStatus;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReq;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.bouncycastle.cert.ocsp.RespID;
import org.bouncycastle.cert.ocsp.RevokedStatus;
import org.bouncycastle.cert.ocsp.UnknownStatus;
import org.bouncycastle.operator.ContentSigner;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.jspecify.annotations.Nullable;

/** Revocation lists and answers of OCSP, made by another library than the one that checks them. */
public final class SignedStatus {
  /** When what is made here begins and, an hour later, ends. */
  public static final Instant FROM = TestClock.START.minus(Duration.ofMinutes(10));

  public static final Instant UNTIL = FROM.plus(Duration.ofHours(1));
  public static final @Nullable CertificateStatus GOOD = CertificateStatus.GOOD;
  public static final CertificateStatus REVOKED =
      new RevokedStatus(Date.from(FROM.minusSeconds(60)), CRLReason.keyCompromise);
  public static final CertificateStatus UNKNOWN = new UnknownStatus();

  private SignedStatus() {}

  /** A list of an authority. */
  public static byte[] crl(Issued authority, X509Certificate... revoked) {
    return crl(authority, authority.key(), FROM, UNTIL, null, revoked);
  }

  /** A list in the name of an authority, signed with any key, for one distribution point or all. */
  public static byte[] crl(
      Issued authority,
      PrivateKey key,
      Instant from,
      @Nullable Instant until,
      @Nullable String point,
      X509Certificate... revoked) {
    try {
      X509v2CRLBuilder builder = new X509v2CRLBuilder(name(authority), Date.from(from));
      if (until != null) {
        builder.setNextUpdate(Date.from(until));
      }
      for (X509Certificate each : revoked) {
        builder.addCRLEntry(
            each.getSerialNumber(), Date.from(from.minusSeconds(60)), CRLReason.keyCompromise);
      }
      if (point != null) {
        DistributionPointName name =
            new DistributionPointName(
                new GeneralNames(new GeneralName(GeneralName.uniformResourceIdentifier, point)));
        builder.addExtension(
            Extension.issuingDistributionPoint,
            true,
            new IssuingDistributionPoint(name, false, false, null, false, false));
      }
      return builder.build(signer(key)).getEncoded();
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An answer to a question, signed by an authority or by somebody whom it made a responder. */
  public static byte[] ocsp(byte[] question, Issued by, @Nullable CertificateStatus status) {
    return ocsp(question, by.certificate(), by.key(), status, FROM, UNTIL);
  }

  /** An answer to a question, in anybody's name and signed with any key. */
  public static byte[] ocsp(
      byte[] question,
      X509Certificate by,
      PrivateKey key,
      @Nullable CertificateStatus status,
      Instant from,
      @Nullable Instant until) {
    try {
      return ocsp(
          new OCSPReq(question).getRequestList()[0].getCertID(), by, key, status, from, until);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An answer about another certificate of the same issuer. */
  public static byte[] ocspAbout(BigInteger serial, byte[] question, Issued by) {
    try {
      CertificateID asked = new OCSPReq(question).getRequestList()[0].getCertID();
      CertificateID other = CertificateID.deriveCertificateID(asked, serial);
      return ocsp(other, by.certificate(), by.key(), GOOD, FROM, UNTIL);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @SuppressWarnings("NullAway") // the library is not annotated: null means good, and no end
  private static byte[] ocsp(
      CertificateID id,
      X509Certificate by,
      PrivateKey key,
      @Nullable CertificateStatus status,
      Instant from,
      @Nullable Instant until) {
    try {
      X509CertificateHolder holder = new JcaX509CertificateHolder(by);
      BasicOCSPRespBuilder builder = new BasicOCSPRespBuilder(new RespID(holder.getSubject()));
      builder.addResponse(
          id, status, Date.from(from), until == null ? null : Date.from(until), null);
      return new OCSPRespBuilder()
          .build(
              OCSPRespBuilder.SUCCESSFUL,
              builder.build(signer(key), new X509CertificateHolder[] {holder}, Date.from(from)))
          .getEncoded();
    } catch (OCSPException | GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  /** An answer that is none, such as "try later". */
  public static byte[] ocspError(int status) {
    try {
      return new OCSPRespBuilder().build(status, null).getEncoded();
    } catch (OCSPException | IOException e) {
      throw new IllegalStateException(e);
    }
  }

  private static X500Name name(Issued authority) {
    return X500Name.getInstance(authority.certificate().getSubjectX500Principal().getEncoded());
  }

  private static ContentSigner signer(PrivateKey key) {
    try {
      return new JcaContentSignerBuilder(
              key.getAlgorithm().equals("EC") ? "SHA256withECDSA" : "SHA256withRSA")
          .build(key);
    } catch (OperatorCreationException e) {
      throw new IllegalStateException(e);
    }
  }
}

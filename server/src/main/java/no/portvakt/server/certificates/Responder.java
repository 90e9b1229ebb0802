package no.portvakt.server.certificates;

import java.io.IOException;
import java.net.URI;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.Date;
import java.util.EnumSet;
import java.util.Map;
import no.portvakt.server.certificates.Revocation.Options;
import no.portvakt.server.certificates.Revocation.Status;
import no.portvakt.server.certificates.Revocation.StatusUnknown;
import org.bouncycastle.asn1.DERNull;
import org.bouncycastle.asn1.oiw.OIWObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.ocsp.BasicOCSPResp;
import org.bouncycastle.cert.ocsp.CertificateID;
import org.bouncycastle.cert.ocsp.OCSPException;
import org.bouncycastle.cert.ocsp.OCSPReqBuilder;
import org.bouncycastle.cert.ocsp.OCSPResp;
import org.bouncycastle.cert.ocsp.SingleResp;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;

/**
 * Asks an OCSP responder (RFC 6960) by POST and without a nonce: a signed answer serves until its
 * {@code nextUpdate}. The Java platform checks it: signed by the issuer, or by a certificate that
 * the issuer made for signing such answers.
 */
final class Responder implements Revocation.Way {
  private static final int LARGEST = 64 * 1024;

  private final BoundedHttp http;
  private final Options options;

  Responder(BoundedHttp http, Options options) {
    this.http = http;
    this.options = options;
  }

  @Override
  public Status status(X509Certificate certificate, X509Certificate issuer, Instant now)
      throws StatusUnknown {
    URI responder = options.responder();
    if (responder == null) {
      responder = Pointers.responder(certificate);
    }
    if (responder == null) {
      throw new StatusUnknown("OCSP: the certificate names no responder");
    }
    byte[] answer;
    try {
      answer =
          http.post(responder, "application/ocsp-request", request(certificate, issuer), LARGEST);
    } catch (IOException e) {
      throw new StatusUnknown("OCSP of " + responder + ": " + e.getMessage());
    }
    try {
      boolean revoked = isRevoked(certificate, issuer, answer, now);
      Instant end = end(answer, now);
      return new Status(
          revoked,
          (revoked ? "revoked, by OCSP of " : "valid, by OCSP of ") + responder,
          Revocation.until(now, end, options.keep()),
          end);
    } catch (GeneralSecurityException | IOException | OCSPException | RuntimeException e) {
      // Runtime too: what a responder sends reaches parsers, which fail in every way.
      throw new StatusUnknown("OCSP of " + responder + ": " + e.getMessage());
    }
  }

  private static byte[] request(X509Certificate certificate, X509Certificate issuer) {
    // RFC 5019 §2.1.1: names and keys are hashed with SHA-1, which proves nothing here.
    AlgorithmIdentifier sha1 =
        new AlgorithmIdentifier(OIWObjectIdentifiers.idSHA1, DERNull.INSTANCE);
    try {
      CertificateID id =
          new CertificateID(
              new JcaDigestCalculatorProviderBuilder().build().get(sha1),
              new JcaX509CertificateHolder(issuer),
              certificate.getSerialNumber());
      return new OCSPReqBuilder().addRequest(id).build().getEncoded();
    } catch (OperatorCreationException | OCSPException | GeneralSecurityException | IOException e) {
      throw new IllegalStateException("No OCSP request can be made.", e);
    }
  }

  private static boolean isRevoked(
      X509Certificate certificate, X509Certificate issuer, byte[] answer, Instant now)
      throws GeneralSecurityException {
    SingleStep step = new SingleStep(certificate, issuer, Date.from(now));
    PKIXRevocationChecker checker = step.revocationChecker();
    checker.setOptions(EnumSet.of(PKIXRevocationChecker.Option.NO_FALLBACK));
    checker.setOcspResponses(Map.of(certificate, answer)); // so that it asks nobody itself
    step.parameters().addCertPathChecker(checker);
    try {
      step.validate();
      return false;
    } catch (CertPathValidatorException e) {
      if (e.getReason() == BasicReason.REVOKED) {
        return true;
      }
      throw e.getCause() instanceof IOException
          ? new GeneralSecurityException("no answer of OCSP", e)
          : e;
    }
  }

  /** The earliest end of what the answer says; what names none means this very moment. */
  private static Instant end(byte[] answer, Instant now) throws IOException, OCSPException {
    Instant end = Instant.MAX;
    BasicOCSPResp basic = (BasicOCSPResp) new OCSPResp(answer).getResponseObject();
    for (SingleResp single : basic.getResponses()) {
      Instant next = single.getNextUpdate() == null ? now : single.getNextUpdate().toInstant();
      end = next.isBefore(end) ? next : end;
    }
    return end;
  }
}

package no.portvakt.server.certificates;

import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.PKIXRevocationChecker;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.util.Date;
import java.util.List;
import java.util.Set;

/** The validation of one certificate under its proven issuer, for what is known of revocation. */
final class SingleStep {
  private final CertPathValidator validator;
  private final PKIXParameters parameters;
  private final X509Certificate certificate;

  SingleStep(X509Certificate certificate, X509Certificate issuer, Date now)
      throws GeneralSecurityException {
    this.validator = CertPathValidator.getInstance("PKIX");
    this.certificate = certificate;
    this.parameters = new PKIXParameters(Set.of(new TrustAnchor(issuer, null)));
    parameters.setDate(now);
  }

  PKIXParameters parameters() {
    return parameters;
  }

  PKIXRevocationChecker revocationChecker() {
    return (PKIXRevocationChecker) validator.getRevocationChecker();
  }

  void validate() throws GeneralSecurityException {
    validator.validate(
        CertificateFactory.getInstance("X.509").generateCertPath(List.of(certificate)), parameters);
  }
}

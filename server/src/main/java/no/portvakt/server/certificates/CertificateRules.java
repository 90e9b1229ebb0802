package no.portvakt.server.certificates;

import java.security.AlgorithmParameters;
import java.security.GeneralSecurityException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.PSSParameterSpec;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What a certificate must be, whoever issued it; each answer is a few words for operators. */
final class CertificateRules {
  private static final int MIN_RSA_BITS = 2048;
  private static final int DIGITAL_SIGNATURE = 0;
  private static final int NON_REPUDIATION = 1;
  private static final int KEY_CERT_SIGN = 5;

  /** RFC 5280 §4.2.1.12: id-kp-clientAuth and anyExtendedKeyUsage. */
  private static final Set<String> PURPOSES = Set.of("1.3.6.1.5.5.7.3.2", "2.5.29.37.0");

  private static final Set<String> SIGNATURES =
      Set.of(
          "SHA256withRSA",
          "SHA384withRSA",
          "SHA512withRSA",
          "SHA256withECDSA",
          "SHA384withECDSA",
          "SHA512withECDSA");
  private static final Set<String> PSS_DIGESTS = Set.of("SHA-256", "SHA-384", "SHA-512");

  private CertificateRules() {}

  /** Whether a certificate may issue others (RFC 5280 §4.2.1.3, §4.2.1.9). */
  static boolean isAuthority(X509Certificate certificate) {
    boolean[] usage = certificate.getKeyUsage();
    return certificate.getBasicConstraints() >= 0 && (usage == null || usage[KEY_CERT_SIGN]);
  }

  /** What is wrong with a leaf, or null: it must be able to sign a grant and to name a client. */
  static @Nullable String problemOfLeaf(X509Certificate leaf) {
    if (!(leaf.getPublicKey() instanceof RSAPublicKey)) {
      return "the certificate's key is not RSA";
    }
    if (leaf.getBasicConstraints() >= 0) {
      return "it is the certificate of an authority";
    }
    boolean[] usage = leaf.getKeyUsage();
    if (usage != null && !usage[DIGITAL_SIGNATURE] && !usage[NON_REPUDIATION]) {
      return "the certificate's key usage allows no signature";
    }
    try {
      List<String> purposes = leaf.getExtendedKeyUsage();
      return purposes == null || purposes.stream().anyMatch(PURPOSES::contains)
          ? null
          : "the certificate's extended key usage does not allow clients";
    } catch (CertificateParsingException e) {
      return "the certificate's extended key usage can't be read";
    }
  }

  /** What is wrong with any certificate below the anchor, or null: nothing weak. */
  static @Nullable String problemOf(X509Certificate certificate) {
    if (certificate.getPublicKey() instanceof RSAPublicKey rsa
        && rsa.getModulus().bitLength() < MIN_RSA_BITS) {
      return "an RSA key of less than 2048 bits";
    }
    return isStrong(certificate)
        ? null
        : "a certificate is signed with " + certificate.getSigAlgName();
  }

  private static boolean isStrong(X509Certificate certificate) {
    if (!certificate.getSigAlgName().equals("RSASSA-PSS")) {
      return SIGNATURES.contains(certificate.getSigAlgName());
    }
    // RFC 4055 §3.1: PSS names its digest in parameters, and without them it is SHA-1.
    byte[] encoded = certificate.getSigAlgParams();
    if (encoded == null) {
      return false;
    }
    try {
      AlgorithmParameters parameters = AlgorithmParameters.getInstance("RSASSA-PSS");
      parameters.init(encoded);
      return PSS_DIGESTS.contains(
          parameters.getParameterSpec(PSSParameterSpec.class).getDigestAlgorithm());
    } catch (GeneralSecurityException | java.io.IOException e) {
      return false;
    }
  }
}

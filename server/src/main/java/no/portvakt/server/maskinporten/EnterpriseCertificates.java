package no.portvakt.server.maskinporten;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.InvalidAlgorithmParameterException;
import java.security.cert.CertPathValidator;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import no.portvakt.tokens.OrganisationNumber;
import org.bouncycastle.asn1.ASN1String;
import org.bouncycastle.asn1.x500.AttributeTypeAndValue;
import org.bouncycastle.asn1.x500.RDN;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.jspecify.annotations.Nullable;

/**
 * Enterprise certificates (virksomhetssertifikat): trusted when a chain of them leads to a
 * configured anchor (RFC 5280 §6). The anchors are read again when their file changes.
 */
public final class EnterpriseCertificates {
  private static final int MOST_IN_CHAIN = 6;

  private final @Nullable Path anchorFile;
  private volatile Anchors anchors = new Anchors(Set.of(), -1, -1);

  private record Anchors(Set<TrustAnchor> anchors, long modified, long size) {}

  /**
   * @param anchorFile PEM with the trusted roots, or null to trust none; need not exist yet
   */
  public EnterpriseCertificates(@Nullable Path anchorFile) {
    this.anchorFile = anchorFile;
  }

  /** The chain in a header {@code x5c} (RFC 7515 §4.1.6), leaf first; empty when it is not one. */
  static List<X509Certificate> read(@Nullable Object header) {
    if (!(header instanceof List<?> items) || items.isEmpty() || items.size() > MOST_IN_CHAIN) {
      return List.of();
    }
    List<X509Certificate> chain = new ArrayList<>();
    try {
      CertificateFactory factory = CertificateFactory.getInstance("X.509");
      for (Object item : items) {
        if (!(item instanceof String text)) {
          return List.of();
        }
        byte[] der = Base64.getDecoder().decode(text);
        X509Certificate certificate =
            (X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der));
        if (!Arrays.equals(certificate.getEncoded(), der)) {
          return List.of(); // PEM, or bytes after the certificate
        }
        chain.add(certificate);
      }
      return chain;
    } catch (CertificateException | IllegalArgumentException e) {
      return List.of();
    }
  }

  /** What is wrong with a chain, in a few words for operators, or null when it is trusted. */
  @Nullable String problemOf(List<X509Certificate> chain, Instant now) {
    Set<TrustAnchor> trusted = anchors();
    if (trusted.isEmpty()) {
      return "no anchor is configured";
    }
    boolean[] usage = chain.get(0).getKeyUsage();
    if (usage != null && !usage[0] && !usage[1]) {
      return "the certificate's key usage allows no signature";
    }
    try {
      PKIXParameters parameters = new PKIXParameters(trusted);
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      // An anchor in the chain is trusted already, whatever is above it; PKIX wants the path below.
      int end = 1;
      while (end < chain.size() && !isAnchor(chain.get(end), trusted)) {
        end++;
      }
      CertPathValidator.getInstance("PKIX")
          .validate(
              CertificateFactory.getInstance("X.509").generateCertPath(chain.subList(0, end)),
              parameters);
      return null;
    } catch (CertPathValidatorException e) {
      return "the chain does not hold: " + e.getReason();
    } catch (InvalidAlgorithmParameterException | CertificateException e) {
      return "the chain can't be checked";
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("PKIX is missing from this Java platform.", e);
    }
  }

  private static boolean isAnchor(X509Certificate certificate, Set<TrustAnchor> trusted) {
    return trusted.stream().anyMatch(anchor -> certificate.equals(anchor.getTrustedCert()));
  }

  /**
   * The organisation number in the subject: {@code serialNumber} (SEID 1) or {@code
   * organizationIdentifier} = {@code NTRNO-…} (SEID 2); null when there is none.
   */
  static @Nullable OrganisationNumber organisationOf(X509Certificate certificate) {
    OrganisationNumber found = null;
    for (RDN rdn :
        X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()).getRDNs()) {
      for (AttributeTypeAndValue attribute : rdn.getTypesAndValues()) {
        String value = attribute.getValue() instanceof ASN1String text ? text.getString() : "";
        if (attribute.getType().equals(BCStyle.ORGANIZATION_IDENTIFIER)
            && value.startsWith("NTRNO-")) {
          return OrganisationNumber.parse(value.substring("NTRNO-".length()));
        }
        if (attribute.getType().equals(BCStyle.SERIALNUMBER)) {
          found = OrganisationNumber.parse(value);
        }
      }
    }
    return found;
  }

  private Set<TrustAnchor> anchors() {
    Path file = anchorFile;
    if (file == null || !Files.isRegularFile(file)) {
      return Set.of();
    }
    try {
      long modified = Files.getLastModifiedTime(file).toMillis();
      long size = Files.size(file);
      Anchors known = anchors;
      if (known.modified == modified && known.size == size) {
        return known.anchors;
      }
      Set<TrustAnchor> fresh = new HashSet<>();
      try (InputStream in = Files.newInputStream(file)) {
        for (var certificate : CertificateFactory.getInstance("X.509").generateCertificates(in)) {
          fresh.add(new TrustAnchor((X509Certificate) certificate, null));
        }
      }
      anchors = new Anchors(fresh, modified, size);
      return fresh;
    } catch (IOException | CertificateException e) {
      org.slf4j.LoggerFactory.getLogger(EnterpriseCertificates.class)
          .warn("The trusted roots in {} can't be read; the last good ones stay.", file, e);
      return anchors.anchors;
    }
  }
}

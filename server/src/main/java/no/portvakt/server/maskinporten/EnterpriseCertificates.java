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
import java.util.Base64;
import java.util.Date;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import javax.naming.InvalidNameException;
import javax.naming.ldap.LdapName;
import javax.naming.ldap.Rdn;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;

/**
 * Enterprise certificates (virksomhetssertifikat): trusted when a chain of them leads to a
 * configured anchor (RFC 5280 §6). The anchors are read again when their file changes.
 */
public final class EnterpriseCertificates {
  private static final int MOST_IN_CHAIN = 6;
  private static final String SERIAL_NUMBER = "2.5.4.5";
  private static final String ORGANISATION_IDENTIFIER = "2.5.4.97";

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
        chain.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
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
      // An anchor at the end of the chain is trusted already; PKIX wants the path without it.
      List<X509Certificate> path = new ArrayList<>(chain);
      X509Certificate last = path.get(path.size() - 1);
      if (path.size() > 1
          && trusted.stream().anyMatch(anchor -> last.equals(anchor.getTrustedCert()))) {
        path.remove(path.size() - 1);
      }
      CertPathValidator.getInstance("PKIX")
          .validate(CertificateFactory.getInstance("X.509").generateCertPath(path), parameters);
      return null;
    } catch (CertPathValidatorException e) {
      return "the chain does not hold: " + e.getReason();
    } catch (InvalidAlgorithmParameterException | CertificateException e) {
      return "the chain can't be checked";
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("PKIX is missing from this Java platform.", e);
    }
  }

  /**
   * The organisation number in the subject: {@code serialNumber} (SEID 1) or {@code
   * organizationIdentifier} = {@code NTRNO-…} (SEID 2); null when there is none.
   */
  static @Nullable OrganisationNumber organisationOf(X509Certificate certificate) {
    try {
      LdapName name =
          new LdapName(
              certificate
                  .getSubjectX500Principal()
                  .getName(
                      "RFC1779",
                      java.util.Map.of(SERIAL_NUMBER, "SERIAL", ORGANISATION_IDENTIFIER, "ORGID")));
      OrganisationNumber found = null;
      for (Rdn rdn : name.getRdns()) {
        String value = String.valueOf(rdn.getValue());
        if (rdn.getType().equals("ORGID") && value.startsWith("NTRNO-")) {
          return OrganisationNumber.parse(value.substring("NTRNO-".length()));
        }
        if (rdn.getType().equals("SERIAL")) {
          found = OrganisationNumber.parse(value);
        }
      }
      return found;
    } catch (InvalidNameException e) {
      return null;
    }
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

package no.portvakt.server.certificates;

import java.io.ByteArrayInputStream;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import no.portvakt.server.certificates.Revocation.Finding;
import no.portvakt.server.certificates.TrustedCertificates.ProvenPath;
import no.portvakt.server.certificates.TrustedCertificates.Untrusted;
import org.jspecify.annotations.Nullable;

/**
 * Decides whether a chain of an enterprise certificate is trusted: a path leads to a configured
 * anchor (RFC 5280 §6), the leaf may be used for this, and nothing was revoked
 * (docs/protocol/maskinporten-token.md, "Certificates"). What was found is kept, so that a
 * certificate that is used again costs little.
 */
public final class EnterpriseCertificates {
  private static final int MOST_IN_CHAIN = 6;

  private final Anchors anchors;
  private final Revocation revocation;

  public EnterpriseCertificates(Anchors anchors, Revocation revocation) {
    this.anchors = anchors;
    this.revocation = revocation;
  }

  /** The chain in a header {@code x5c} (RFC 7515 §4.1.6), leaf first; empty when it is not one. */
  public static List<X509Certificate> read(@Nullable Object header) {
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

  /**
   * Looks at a chain without asking anybody, and so not at whether something of it was revoked.
   *
   * @param chain the leaf first; what leads to the anchor may be left out where it is configured
   * @return whether it leads to an anchor, and why not in words for operators
   */
  public Finding path(List<X509Certificate> chain, Instant now) {
    try {
      ProvenPath _ = anchors.current().path(chain, now);
      return new Finding(true, "valid");
    } catch (Untrusted e) {
      return new Finding(false, e.reason());
    }
  }

  /**
   * Looks at a chain and at whether something of it was revoked. It may ask a responder or fetch a
   * list, within the limits of {@link Revocation.Options}.
   *
   * @param chain the leaf first; what leads to the anchor may be left out where it is configured
   * @return whether it is trusted, and why not in words for operators
   */
  public Finding check(List<X509Certificate> chain, Instant now) {
    try {
      TrustedCertificates trusted = anchors.current();
      ProvenPath path = trusted.path(chain, now);
      Finding first = null;
      for (int i = 0; i < path.certificates().size(); i++) {
        X509Certificate certificate = path.certificates().get(i);
        if (trusted.vouchesFor(certificate)) {
          continue; // its place in the file is the operator's word for it
        }
        Finding finding = revocation.check(certificate, path.issuerOf(i), now);
        if (!finding.holds()) {
          return finding;
        }
        first = first == null ? finding : first;
      }
      return first == null ? new Finding(true, "valid") : first;
    } catch (Untrusted e) {
      return new Finding(false, e.reason());
    }
  }
}

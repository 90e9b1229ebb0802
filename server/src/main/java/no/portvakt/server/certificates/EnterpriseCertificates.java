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
import no.portvakt.server.certificates.Revocation.Verdict;
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
  private static final Finding VALID = new Finding(Verdict.GOOD, "valid");

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
   * Whether a chain leads to an anchor.
   *
   * @param until the last moment at which every certificate of the path, its anchor too, is valid;
   *     without a path the moment of the look
   */
  public record Path(Finding finding, Instant until) {}

  /**
   * Looks at a chain without asking anybody, and so not at whether something of it was revoked.
   *
   * @param chain the leaf first; what leads to the anchor may be left out where it is configured
   */
  public Path path(List<X509Certificate> chain, Instant now) {
    try {
      return new Path(VALID, anchors.current().path(chain, now).until());
    } catch (Untrusted e) {
      return new Path(new Finding(Verdict.BAD, e.reason()), now);
    }
  }

  /**
   * Looks at a chain and at whether something of it was revoked. It may ask a responder or fetch a
   * list, within the limits of {@link Revocation.Options}.
   *
   * @param chain the leaf first; what leads to the anchor may be left out where it is configured
   * @return the worst that was found of its certificates
   */
  public Finding check(List<X509Certificate> chain, Instant now) {
    try {
      TrustedCertificates trusted = anchors.current();
      ProvenPath path = trusted.path(chain, now);
      Finding found = null;
      for (int i = 0; i < path.certificates().size(); i++) {
        X509Certificate certificate = path.certificates().get(i);
        if (trusted.vouchesFor(certificate)) {
          continue; // its place in the file is the operator's word for it
        }
        Finding finding = revocation.check(certificate, path.issuerOf(i), now);
        if (finding.verdict() == Verdict.BAD) {
          return finding;
        }
        // The leaf's, unless one above it is not known to be good.
        if (found == null || (found.holds() && !finding.holds())) {
          found = finding;
        }
      }
      return found == null ? VALID : found;
    } catch (Untrusted e) {
      return new Finding(Verdict.BAD, e.reason());
    }
  }
}

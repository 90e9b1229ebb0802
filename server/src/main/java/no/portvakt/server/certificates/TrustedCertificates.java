package no.portvakt.server.certificates;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertStore;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import no.portvakt.tokens.Digests;
import org.jspecify.annotations.Nullable;

/**
 * The configured certificates at one moment. Of those that may issue others, one whose issuer is
 * among them is an intermediate and every other an anchor, self-signed or not. Each of the rest is
 * pinned: trusted itself, and nothing below it. Proven paths are kept as long as they are valid.
 */
final class TrustedCertificates {
  private static final int MOST_PATHS = 1000;
  private static final int LONGEST_PATH = 5;

  private final Set<X509Certificate> all;
  private final Set<X509Certificate> authorities = new HashSet<>();
  private final Set<X509Certificate> anchors = new HashSet<>();
  private final Cache<String, ProvenPath> paths =
      Caffeine.newBuilder().maximumSize(MOST_PATHS).executor(Runnable::run).build();

  TrustedCertificates(Collection<X509Certificate> certificates) {
    this.all = Set.copyOf(certificates);
    for (X509Certificate certificate : all) {
      if (CertificateRules.isAuthority(certificate)) {
        authorities.add(certificate);
      }
    }
    for (X509Certificate certificate : authorities) {
      if (signed(certificate, certificate)
          || authorities.stream().noneMatch(issuer -> signed(issuer, certificate))) {
        anchors.add(certificate);
      }
    }
  }

  /**
   * A path from a leaf to an anchor.
   *
   * @param certificates the leaf first, without the anchor
   * @param anchor the leaf itself when it is pinned
   * @param from when all of them are valid, inclusive
   * @param until the last moment at which all of them are valid
   */
  record ProvenPath(
      List<X509Certificate> certificates, X509Certificate anchor, Instant from, Instant until) {
    X509Certificate issuerOf(int index) {
      return index + 1 < certificates.size() ? certificates.get(index + 1) : anchor;
    }

    boolean isValidAt(Instant now) {
      return !now.isBefore(from) && !now.isAfter(until);
    }
  }

  /** A chain is not trusted; the reason is for operators. */
  static final class Untrusted extends Exception {
    private static final long serialVersionUID = 1L;

    Untrusted(String reason) {
      super(reason, null, false, false);
    }

    String reason() {
      return String.valueOf(getMessage());
    }
  }

  /** Whether a certificate is a configured one. */
  boolean vouchesFor(X509Certificate certificate) {
    return all.contains(certificate);
  }

  /** The path of a chain at a moment. */
  ProvenPath path(List<X509Certificate> chain, Instant now) throws Untrusted {
    if (all.isEmpty()) {
      throw new Untrusted("no anchor is configured");
    }
    String name = digest(chain);
    ProvenPath path = paths.getIfPresent(name);
    if (path != null && path.isValidAt(now)) {
      return path;
    }
    path = prove(chain, now);
    paths.put(name, path);
    return path;
  }

  private ProvenPath prove(List<X509Certificate> chain, Instant now) throws Untrusted {
    X509Certificate leaf = chain.get(0);
    refuse(outsideItsTime(leaf, now));
    refuse(CertificateRules.problemOfLeaf(leaf));
    for (int i = 1; i < chain.size(); i++) {
      // RFC 7515 §4.1.6: each certificate certifies the one before it.
      if (!chain
          .get(i - 1)
          .getIssuerX500Principal()
          .equals(chain.get(i).getSubjectX500Principal())) {
        throw new Untrusted("the chain is out of order");
      }
    }
    ProvenPath path =
        all.contains(leaf)
            ? new ProvenPath(
                List.of(leaf),
                leaf,
                leaf.getNotBefore().toInstant(),
                leaf.getNotAfter().toInstant())
            : build(chain, now);
    for (X509Certificate certificate : path.certificates()) {
      refuse(CertificateRules.problemOf(certificate));
    }
    return path;
  }

  private ProvenPath build(List<X509Certificate> chain, Instant now) throws Untrusted {
    X509CertSelector leaf = new X509CertSelector();
    leaf.setCertificate(chain.get(0));
    Set<X509Certificate> known = new HashSet<>(authorities);
    known.addAll(chain);
    // RFC 5280 §6.1.1 leaves an anchor's time to us: one that is over vouches for nobody.
    Set<TrustAnchor> valid = new HashSet<>();
    for (X509Certificate anchor : anchors) {
      if (outsideItsTime(anchor, now) == null) {
        valid.add(new TrustAnchor(anchor, null));
      }
    }
    if (valid.isEmpty()) {
      throw new Untrusted("no anchor is valid now");
    }
    try {
      PKIXBuilderParameters parameters = new PKIXBuilderParameters(valid, leaf);
      parameters.addCertStore(
          CertStore.getInstance("Collection", new CollectionCertStoreParameters(known)));
      parameters.setRevocationEnabled(false);
      parameters.setDate(Date.from(now));
      parameters.setMaxPathLength(LONGEST_PATH);
      PKIXCertPathBuilderResult built =
          (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
      List<X509Certificate> certificates = new ArrayList<>();
      built.getCertPath().getCertificates().forEach(it -> certificates.add((X509Certificate) it));
      X509Certificate anchor = built.getTrustAnchor().getTrustedCert();
      Instant from = anchor.getNotBefore().toInstant();
      Instant until = anchor.getNotAfter().toInstant();
      for (X509Certificate certificate : certificates) {
        from = later(from, certificate.getNotBefore().toInstant());
        until = earlier(until, certificate.getNotAfter().toInstant());
      }
      return new ProvenPath(List.copyOf(certificates), anchor, from, until);
    } catch (CertPathBuilderException e) {
      throw new Untrusted("no valid path to an anchor" + why(e));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("PKIX is missing from this Java platform.", e);
    }
  }

  private static String why(CertPathBuilderException e) {
    return e.getCause() instanceof CertPathValidatorException cause
        ? ": " + cause.getReason() + ", " + cause.getMessage()
        : "";
  }

  private static void refuse(@Nullable String problem) throws Untrusted {
    if (problem != null) {
      throw new Untrusted(problem);
    }
  }

  private static @Nullable String outsideItsTime(X509Certificate certificate, Instant now) {
    Instant from = certificate.getNotBefore().toInstant();
    Instant until = certificate.getNotAfter().toInstant();
    return now.isBefore(from)
        ? "not valid before " + from
        : now.isAfter(until) ? "expired since " + until : null;
  }

  private static Instant later(Instant one, Instant other) {
    return one.isAfter(other) ? one : other;
  }

  private static Instant earlier(Instant one, Instant other) {
    return one.isBefore(other) ? one : other;
  }

  private static boolean signed(X509Certificate issuer, X509Certificate certificate) {
    if (!certificate.getIssuerX500Principal().equals(issuer.getSubjectX500Principal())) {
      return false;
    }
    try {
      certificate.verify(issuer.getPublicKey());
      return true;
    } catch (GeneralSecurityException e) {
      return false;
    }
  }

  /** A short name for certificates in their order; each says itself where it ends. */
  static String digest(List<X509Certificate> certificates) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try {
      for (X509Certificate certificate : certificates) {
        bytes.writeBytes(certificate.getEncoded());
      }
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("A certificate that was read has no encoding.", e);
    }
    return HexFormat.of().formatHex(Digests.sha256(bytes.toByteArray()));
  }
}

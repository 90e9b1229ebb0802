package no.portvakt.server.certificates;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.cert.CertPathValidatorException;
import java.security.cert.CertPathValidatorException.BasicReason;
import java.security.cert.CertStore;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.X509CRL;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import no.portvakt.server.certificates.Revocation.Options;
import no.portvakt.server.certificates.Revocation.Status;
import no.portvakt.server.certificates.Revocation.StatusUnknown;
import org.jspecify.annotations.Nullable;

/**
 * Looks a certificate up in lists of revoked ones (RFC 5280 §5). A list is fetched once for all
 * certificates that name it. The Java platform checks that it is the issuer's and whom it covers.
 */
final class RevocationLists implements Revocation.Way {
  private static final int LARGEST = 8 * 1024 * 1024;
  private static final int MOST_NAMED = 2;
  private static final int CRL_SIGN = 6;
  private static final Duration FILE_SERVES = Duration.ofMinutes(1);

  private final BoundedHttp http;
  private final Options options;
  private final Kept<Fetched> fetched = new Kept<>(Revocation.MOST_LISTS);

  RevocationLists(BoundedHttp http, Options options) {
    this.http = http;
    this.options = options;
  }

  /** A list, or why there is none. */
  private record Fetched(@Nullable X509CRL list, String problem, Instant until)
      implements Kept.Value {
    @Override
    public String toString() {
      return "Fetched[until=" + until + ", problem=" + problem + "]";
    }
  }

  /** Reads the list in a file once; whether it is current is for each use to say. */
  static void check(Path file) {
    try {
      X509CRL _ = parse(read(file));
    } catch (GeneralSecurityException | RuntimeException e) {
      throw new IllegalArgumentException("The file " + file + " is not a revocation list.", e);
    } catch (IOException e) {
      throw new UncheckedIOException("The file " + file + " can't be read.", e);
    }
  }

  @Override
  public Status status(X509Certificate certificate, X509Certificate issuer, Instant now)
      throws StatusUnknown {
    List<URI> places =
        options.lists().isEmpty()
            ? Pointers.lists(certificate).stream().limit(MOST_NAMED).toList()
            : options.lists();
    if (places.isEmpty()) {
      throw new StatusUnknown("CRL: the certificate names no list");
    }
    boolean[] usage = issuer.getKeyUsage();
    if (usage != null && !usage[CRL_SIGN]) {
      throw new StatusUnknown("CRL: the issuer's certificate does not allow it to sign lists");
    }
    List<X509CRL> lists = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    Instant until = Instant.MAX;
    Instant end = Instant.MAX;
    for (URI place : places) {
      Fetched one = fetched.get(place.toString(), now, last -> fetch(place, now, last));
      X509CRL list = one.list();
      if (list == null) {
        problems.add(one.problem());
      } else if (list.getIssuerX500Principal().equals(certificate.getIssuerX500Principal())) {
        lists.add(list);
        Instant next = list.getNextUpdate().toInstant();
        end = next.isBefore(end) ? next : end;
        until = one.until().isBefore(until) ? one.until() : until;
      }
    }
    if (lists.isEmpty()) {
      problems.add("no list of the issuer");
      throw new StatusUnknown("CRL: " + String.join(", ", problems));
    }
    boolean revoked = isRevoked(certificate, issuer, lists, now);
    return new Status(revoked, revoked ? "revoked, by CRL" : "valid, by CRL", until, end);
  }

  private static boolean isRevoked(
      X509Certificate certificate, X509Certificate issuer, List<X509CRL> lists, Instant now)
      throws StatusUnknown {
    try {
      // Without a checker of its own the platform looks in the given lists and fetches none.
      SingleStep step = new SingleStep(certificate, issuer, Date.from(now));
      step.parameters()
          .addCertStore(
              CertStore.getInstance("Collection", new CollectionCertStoreParameters(lists)));
      step.validate();
      return false;
    } catch (CertPathValidatorException e) {
      if (e.getReason() == BasicReason.REVOKED) {
        return true;
      }
      throw new StatusUnknown("CRL: no list that the issuer signed for this certificate");
    } catch (GeneralSecurityException | RuntimeException e) {
      throw new StatusUnknown("CRL: " + e.getMessage()); // parsers of lists fail in every way
    }
  }

  private Fetched fetch(URI place, Instant now, @Nullable Fetched last) {
    String problem;
    try {
      boolean file = place.getScheme().equals("file");
      X509CRL list = parse(file ? read(Path.of(place)) : http.get(place, LARGEST));
      if (isCurrent(list, now)) {
        Duration keep = file ? FILE_SERVES : options.keep();
        Instant next = list.getNextUpdate().toInstant();
        return new Fetched(list, "", Revocation.until(now, next, keep));
      }
      problem = "the list at " + place + " is out of date";
    } catch (GeneralSecurityException | RuntimeException e) {
      problem = "no list is at " + place;
    } catch (IOException e) {
      problem = place + ": " + e.getMessage();
    }
    Instant soon = now.plus(Revocation.AFTER_FAILURE);
    return last != null && last.list() != null && isCurrent(last.list(), now)
        ? new Fetched(last.list(), "", soon)
        : new Fetched(null, problem, soon);
  }

  // RFC 5280 §5.1.2.5: a list without nextUpdate does not conform, and might never be renewed.
  private static boolean isCurrent(X509CRL list, Instant now) {
    return list.getNextUpdate() != null
        && now.isBefore(list.getNextUpdate().toInstant())
        && !now.isBefore(list.getThisUpdate().toInstant());
  }

  private static X509CRL parse(byte[] bytes) throws GeneralSecurityException {
    return (X509CRL)
        CertificateFactory.getInstance("X.509").generateCRL(new ByteArrayInputStream(bytes));
  }

  private static byte[] read(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LARGEST + 1);
      if (bytes.length > LARGEST) {
        throw new IOException("it is larger than " + LARGEST + " bytes");
      }
      return bytes;
    }
  }
}

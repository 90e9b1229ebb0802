package no.portvakt.server.certificates;

import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Whether a certificate was revoked, by OCSP (RFC 6960) and by revocation lists (RFC 5280 §5). An
 * answer is kept until it must be renewed, and beyond that until it ends by its own word when no
 * newer one can be had.
 */
public final class Revocation {
  private static final Logger LOG = LoggerFactory.getLogger(Revocation.class);
  private static final int MOST = 10_000;
  static final Duration AFTER_FAILURE = Duration.ofSeconds(10);

  /** The most lists that {@link Options#lists()} may name: so many are kept. */
  public static final int MOST_LISTS = 16;

  private final Options options;
  private final Kept<Status> known = new Kept<>(MOST);
  private final List<Way> ways = new ArrayList<>();

  public Revocation(Options options) {
    this.options = options;
    if (!options.methods().isEmpty()) {
      BoundedHttp http = new BoundedHttp(options.timeout());
      for (Method method : options.methods()) {
        ways.add(
            switch (method) {
              case OCSP -> new Responder(http, options);
              case CRL -> new RevocationLists(http, options);
            });
      }
    }
  }

  /** A way to learn whether a certificate was revoked. */
  public enum Method {
    /** A responder is asked about one certificate. */
    OCSP,
    /** A list of all revoked certificates is fetched. */
    CRL
  }

  /**
   * How revocation is checked.
   *
   * @param methods the ways, the preferred one first; none: it is not checked
   * @param acceptUnknown whether a certificate is accepted when no way gives an answer
   * @param timeout for one request and its whole answer
   * @param keep the longest time for which an answer is used without asking again
   * @param responder who is asked in place of the responder that a certificate names; null: that
   * @param lists the lists (http, https or file) in place of those that a certificate names, at
   *     most {@link #MOST_LISTS}; empty: those
   */
  public record Options(
      List<Method> methods,
      boolean acceptUnknown,
      Duration timeout,
      Duration keep,
      @Nullable URI responder,
      List<URI> lists) {
    /** Answers that are used for an hour at most; requests of three seconds. */
    public static Options of(List<Method> methods) {
      return new Options(
          methods, false, Duration.ofSeconds(3), Duration.ofHours(1), null, List.of());
    }

    /** Those of the lists that are files. */
    public List<Path> files() {
      return lists.stream().filter(it -> it.getScheme().equals("file")).map(Path::of).toList();
    }
  }

  /**
   * Reads the lists in files once, as a later use will; those that are not there yet are none.
   *
   * @throws IllegalArgumentException when one can't be used; the message is a sentence
   * @throws UncheckedIOException when one can't be read
   */
  public static void check(Options options) {
    options.files().stream().filter(it -> !Files.notExists(it)).forEach(RevocationLists::check);
  }

  /** Whether a certificate may be used. */
  public enum Verdict {
    /** It may. */
    GOOD,
    /** Whether it was revoked can't be learnt now, so it may not. */
    UNKNOWN,
    /** It may not: it was revoked, or is not trusted at all. */
    BAD
  }

  /**
   * What a check found.
   *
   * @param what why, in words for operators
   */
  public record Finding(Verdict verdict, String what) {
    /** Whether the certificate may be used. */
    public boolean holds() {
      return verdict == Verdict.GOOD;
    }
  }

  /** One way to learn a status. */
  interface Way {
    /**
     * @throws StatusUnknown when there is no answer that can be believed
     */
    Status status(X509Certificate certificate, X509Certificate issuer, Instant now)
        throws StatusUnknown;
  }

  /** No answer can be had; the message says where and why. */
  static final class StatusUnknown extends Exception {
    private static final long serialVersionUID = 1L;

    StatusUnknown(String reason) {
      super(reason, null, false, false);
    }
  }

  /**
   * A certificate's status.
   *
   * @param revoked null: unknown
   * @param until from when on it is asked for again
   * @param end from when on it means nothing, by the word of whoever gave it
   */
  record Status(@Nullable Boolean revoked, String what, Instant until, Instant end)
      implements Kept.Value {}

  /** Looks at one certificate, whose issuer is proven. */
  Finding check(X509Certificate certificate, X509Certificate issuer, Instant now) {
    if (ways.isEmpty()) {
      return new Finding(Verdict.GOOD, "valid");
    }
    Status status =
        known.get(
            TrustedCertificates.digest(List.of(certificate)),
            now,
            last -> ask(certificate, issuer, now, last));
    return new Finding(verdict(status.revoked()), status.what());
  }

  private Verdict verdict(@Nullable Boolean revoked) {
    if (revoked == null) {
      return options.acceptUnknown() ? Verdict.GOOD : Verdict.UNKNOWN;
    }
    return revoked ? Verdict.BAD : Verdict.GOOD;
  }

  private Status ask(
      X509Certificate certificate, X509Certificate issuer, Instant now, @Nullable Status last) {
    List<String> reasons = new ArrayList<>();
    for (Way way : ways) {
      try {
        return way.status(certificate, issuer, now);
      } catch (StatusUnknown e) {
        reasons.add(RuleTrace.printable(e.getMessage())); // it may quote what a responder sent
      }
    }
    String what = "revocation unknown: " + String.join("; ", reasons);
    LOG.warn("No new answer about a certificate: {}", what);
    Instant soon = now.plus(AFTER_FAILURE);
    return last != null && last.revoked() != null && now.isBefore(last.end())
        ? new Status(last.revoked(), last.what(), soon, last.end())
        : new Status(null, what, soon, soon);
  }

  /** When an answer is asked for again: it must not be asked for at every request. */
  static Instant until(Instant now, Instant end, Duration keep) {
    Instant latest = now.plus(keep).isBefore(end) ? now.plus(keep) : end;
    Instant soonest = now.plus(AFTER_FAILURE);
    return latest.isBefore(soonest) ? soonest : latest;
  }
}

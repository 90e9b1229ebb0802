package no.portvakt.server.certificates;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where the trusted certificates come from. A file is read again when it changes. One that can't be
 * used, or can't be reached, is said so once, and the last good certificates stay. Only where there
 * certainly is no file nothing is trusted.
 */
public final class Anchors {
  private static final Logger LOG = LoggerFactory.getLogger(Anchors.class);
  private static final int LARGEST = 1024 * 1024;
  private static final int MOST = 200;

  private final Supplier<TrustedCertificates> source;

  private Anchors(Supplier<TrustedCertificates> source) {
    this.source = source;
  }

  /** No certificate is trusted. */
  public static Anchors none() {
    TrustedCertificates nothing = new TrustedCertificates(List.of());
    return new Anchors(() -> nothing);
  }

  /** The certificates in a PEM file, which need not exist yet. */
  public static Anchors in(Path file) {
    return new Anchors(new Watched(file)::current);
  }

  /**
   * Reads a PEM file once, as a later use will; one that is not there yet is none.
   *
   * @throws IllegalArgumentException when it can't be used; the message is a sentence
   * @throws UncheckedIOException when it can't be read
   */
  public static void check(Path file) {
    try {
      if (!Files.notExists(file)) { // what can't be reached is not absent
        List<X509Certificate> _ = certificates(file);
      }
    } catch (CertificateException e) {
      throw new IllegalArgumentException(
          "The file %s is not 1 to %d certificates in PEM, of 1 MiB at most.".formatted(file, MOST),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException("The file " + file + " can't be read.", e);
    }
  }

  private static List<X509Certificate> certificates(Path file)
      throws IOException, CertificateException {
    byte[] bytes;
    try (InputStream in = Files.newInputStream(file)) {
      bytes = in.readNBytes(LARGEST + 1);
    }
    if (bytes.length > LARGEST) {
      throw new CertificateException("it is larger than 1 MiB");
    }
    List<X509Certificate> read = new ArrayList<>();
    for (var certificate :
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(bytes))) {
      read.add((X509Certificate) certificate);
    }
    if (read.isEmpty() || read.size() > MOST) {
      throw new CertificateException("it holds " + read.size() + " certificates");
    }
    return read;
  }

  /** The certificates of an authority, which is asked for at the first use. */
  public static Anchors of(Supplier<TestAuthority> authority) {
    return new Anchors(
        new Supplier<>() {
          private @Nullable TrustedCertificates trusted;

          @Override
          public synchronized TrustedCertificates get() {
            if (trusted == null) {
              trusted = new TrustedCertificates(authority.get().self().chain());
            }
            return trusted;
          }
        });
  }

  TrustedCertificates current() {
    return source.get();
  }

  /** A file, and what it held when it was last read. */
  private static final class Watched {
    private final Path file;
    private final AtomicBoolean failing = new AtomicBoolean();
    private volatile Known known;

    /** What the file looked like, or null when it was not there, and what is trusted since. */
    private record Known(@Nullable Look look, TrustedCertificates trusted) {}

    private record Look(FileTime modified, long size, @Nullable Object key) {}

    Watched(Path file) {
      this.file = file;
      this.known = new Known(null, new TrustedCertificates(List.of()));
    }

    TrustedCertificates current() {
      try {
        Look look = look();
        if (!Objects.equals(look, known.look)) {
          readAgain(look);
        }
        if (failing.get()) {
          failing.set(false);
        }
      } catch (IOException e) {
        // It may pass without a change of the file, so the next use tries again.
        if (!failing.getAndSet(true)) {
          warn(e);
        }
      }
      return known.trusted;
    }

    /** What the file looks like; null when there certainly is none. */
    private @Nullable Look look() throws IOException {
      try {
        BasicFileAttributes it = Files.readAttributes(file, BasicFileAttributes.class);
        if (!it.isRegularFile()) {
          throw new IOException("it is not a regular file");
        }
        return new Look(it.lastModifiedTime(), it.size(), it.fileKey());
      } catch (NoSuchFileException e) {
        return null;
      }
    }

    private synchronized void readAgain(@Nullable Look look) throws IOException {
      Known last = known;
      if (Objects.equals(look, last.look)) {
        return; // another thread has read it
      }
      TrustedCertificates trusted = last.trusted;
      try {
        trusted = new TrustedCertificates(look == null ? List.of() : certificates(file));
      } catch (CertificateException e) {
        warn(e); // once: it stays so until the file changes
      }
      known = new Known(look, trusted);
    }

    private void warn(Exception e) {
      LOG.warn(
          "The trusted certificates in {} can't be read, the last good ones stay: {}",
          file,
          e.toString());
    }
  }
}

package no.portvakt.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;
import no.portvakt.server.TestClock;
import no.portvakt.server.http.HttpFixture.Caller;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A change of the certificate's files while the server runs. */
class TlsReloadTest {
  private static final TestCertificate OLD = TestCertificate.named("old");
  private static final TestCertificate NEW = TestCertificate.rsa("new");

  @TempDir private Path folder;

  private final HttpLogLines log = new HttpLogLines();
  private HttpFixture http = HttpFixture.plain("127.0.0.1");

  @BeforeEach
  void start() {
    http.close();
    http = HttpFixture.tls(OLD.write(folder));
  }

  @AfterEach
  void stop() {
    http.close();
    log.close();
  }

  /** What somebody does to the files, and what is said about it. */
  record Damage(String name, @Nullable String certificate, String key, String sentence) {
    @Override
    public String toString() {
      return name;
    }
  }

  static Stream<Damage> damages() {
    TestCertificate expired =
        TestCertificate.valid(
            "expired", Instant.parse("2020-01-01T00:00:00Z"), TestClock.START.minusSeconds(1));
    TestCertificate early =
        TestCertificate.valid(
            "early", TestClock.START.plusSeconds(60), Instant.parse("2120-01-01T00:00:00Z"));
    String half = NEW.chainPem().substring(0, 500);
    return Stream.of(
        new Damage("garbage", "garbage", "garbage", " is not certificates in PEM."),
        new Damage("empty files", "", "", " is not certificates in PEM."),
        new Damage("no file", null, NEW.keyPem(), " can't be read."),
        new Damage("half a certificate", half, NEW.keyPem(), " is not certificates in PEM."),
        new Damage(
            "broken base64",
            NEW.chainPem().replace("A", "!"),
            NEW.keyPem(),
            " is not certificates in PEM."),
        new Damage(
            "half a key",
            NEW.chainPem(),
            NEW.keyPem().substring(0, 500),
            " is not a private key in PEM (PKCS#8)."),
        new Damage(
            "the key alone not yet there",
            NEW.chainPem(),
            OLD.keyPem(),
            " is of no kind that fits."),
        new Damage(
            "the key of another",
            OLD.chainPem(),
            TestCertificate.named("other").keyPem(),
            "The private key is not that of the first certificate in "),
        new Damage(
            "a certificate for a key",
            NEW.chainPem(),
            NEW.chainPem(),
            " is not a private key in PEM (PKCS#8)."),
        new Damage(
            "an encrypted key",
            NEW.chainPem(),
            NEW.keyPem("secret"),
            " is encrypted, and there is no password file."),
        new Damage("expired", expired.chainPem(), expired.keyPem(), " expired at "),
        new Damage("not yet valid", early.chainPem(), early.keyPem(), " holds only from "));
  }

  @Test
  void servesTheNewOneToNewConnectionsAndKeepsTheOldOnes() throws IOException {
    try (Caller before = http.connect()) {
      assertThat(before.chain()).isEqualTo(OLD.chain());
      assertThat(before.get("/hello")).startsWith("HTTP/1.1 200 ");
      NEW.write(folder);
      http.server().reloadNow();
      assertThat(http.server().tlsProblem()).isNull();
      try (Caller after = http.connect()) {
        assertThat(after.chain()).isEqualTo(NEW.chain());
        for (Caller caller : List.of(before, after)) {
          assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ").endsWith("\"hello\"");
        }
        assertThat(before.chain()).isEqualTo(OLD.chain());
      }
    }
    assertThat(http.server().certificateExpires())
        .isEqualTo(NEW.certificate().getNotAfter().toInstant());
    assertThat(log.all()).anyMatch(it -> it.startsWith("INFO A new TLS certificate is in use"));
    assertThat(log.warnings()).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("damages")
  void keepsTheLastGoodOneAndSaysSoOnce(Damage damage) throws IOException {
    damage(damage);
    for (int i = 0; i < 3; i++) {
      http.server().reloadNow();
      assertThat(http.server().tlsProblem()).contains(damage.sentence()).endsWith(".");
      assertServes(OLD);
    }
    assertThat(log.warnings())
        .singleElement()
        .isEqualTo("WARN The TLS certificate in use stays: " + http.server().tlsProblem());
    NEW.write(folder);
    http.server().reloadNow();
    assertThat(http.server().tlsProblem()).isNull();
    assertServes(NEW);
  }

  @Test
  void forgetsTheProblemWhenTheOldFilesComeBack() throws IOException {
    Files.writeString(folder.resolve("tls.key"), "garbage");
    http.server().reloadNow();
    assertThat(http.server().tlsProblem()).isNotNull();
    OLD.write(folder);
    http.server().reloadNow();
    assertThat(http.server().tlsProblem()).isNull();
    assertServes(OLD);
    // The next problem is news again.
    Files.writeString(folder.resolve("tls.key"), "garbage");
    http.server().reloadNow();
    assertThat(log.warnings()).hasSize(2);
  }

  @Test
  void takesACertificateWhenItsTimeHasCome() throws IOException {
    Instant from = Instant.parse("2026-03-02T10:16:00Z");
    TestCertificate soon =
        TestCertificate.valid("soon", from, Instant.parse("2120-01-01T00:00:00Z"));
    soon.write(folder);
    http.server().reloadNow();
    assertThat(http.server().tlsProblem()).endsWith(" holds only from " + from + ".");
    http.clock().advance(Duration.ofMinutes(1));
    http.server().reloadNow();
    assertServes(soon);
  }

  @Test
  void saysWhenTheOneInUseHasExpired() throws IOException {
    TestCertificate brief =
        TestCertificate.valid(
            "brief", TestClock.START.minusSeconds(60), Instant.parse("2026-03-02T10:20:00Z"));
    brief.write(folder);
    http.server().reloadNow();
    assertThat(http.server().tlsProblem()).isNull();
    http.clock().advance(Duration.ofMinutes(10));
    http.server().reloadNow();
    http.server().reloadNow();
    assertThat(http.server().tlsProblem()).endsWith("tls.crt expired at 2026-03-02T10:20:00Z.");
    assertThat(log.warnings()).hasSize(1);
    assertServes(brief);
  }

  @Test
  void readsAFileThatIsReplacedByALink() throws IOException {
    Path other = Files.createDirectories(folder.resolve("other"));
    NEW.write(other);
    for (String name : List.of("tls.crt", "tls.key")) {
      Path link = Files.createSymbolicLink(folder.resolve("link"), other.resolve(name));
      Files.move(link, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }
    http.server().reloadNow();
    assertServes(NEW);
  }

  @Test
  void readsAKeyStoreWhosePasswordChangesToo(@TempDir Path own) throws IOException {
    Path store = own.resolve("tls.p12");
    Path password = Files.writeString(own.resolve("password"), "first secret\n");
    TestCertificate.writePkcs12(store, "first secret", OLD);
    try (HttpFixture pkcs12 = HttpFixture.tls(TlsFiles.pkcs12(store, password))) {
      TestCertificate.writePkcs12(store, "second secret", NEW);
      pkcs12.server().reloadNow();
      assertThat(pkcs12.server().tlsProblem())
          .isEqualTo("The file " + store + " is not PKCS#12, or its password is another.");
      try (Caller caller = pkcs12.connect()) {
        assertThat(caller.chain()).isEqualTo(OLD.chain());
      }
      Files.writeString(password, "second secret\n");
      pkcs12.server().reloadNow();
      try (Caller caller = pkcs12.connect()) {
        assertThat(caller.chain()).isEqualTo(NEW.chain());
      }
    }
    assertThat(String.join("\n", log.all())).doesNotContain("first secret", "second secret");
  }

  @Test
  void looksByItselfUntilItIsClosed() throws IOException {
    TlsFiles files = OLD.write(folder);
    TlsFiles often =
        new TlsFiles(files.certificate(), files.key(), null, null, Duration.ofMillis(5));
    HttpFixture own = HttpFixture.tls(often);
    try {
      NEW.write(folder);
      boolean seen = false;
      for (long start = System.nanoTime(); !seen; ) {
        assertThat(System.nanoTime() - start).isLessThan(30_000_000_000L);
        try (Caller caller = own.connect()) {
          seen = caller.chain().equals(NEW.chain());
        }
      }
    } finally {
      own.close();
    }
    http.close();
    for (long start = System.nanoTime(); isLooking(); Thread.onSpinWait()) {
      assertThat(System.nanoTime() - start).isLessThan(30_000_000_000L);
    }
  }

  private void damage(Damage damage) throws IOException {
    if (damage.certificate() == null) {
      Files.delete(folder.resolve("tls.crt"));
    } else {
      Files.writeString(folder.resolve("tls.crt"), damage.certificate());
    }
    Files.writeString(folder.resolve("tls.key"), damage.key());
  }

  private void assertServes(TestCertificate expected) throws IOException {
    try (Caller caller = http.connect()) {
      assertThat(caller.chain()).isEqualTo(expected.chain());
      assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ");
    }
  }

  private static boolean isLooking() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(it -> it.getName().equals("tls-files"));
  }
}

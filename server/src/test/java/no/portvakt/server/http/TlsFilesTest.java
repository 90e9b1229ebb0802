package no.portvakt.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import no.portvakt.server.TestClock;
import no.portvakt.server.http.HttpFixture.Caller;
import no.portvakt.server.http.HttpServer.UnusableTls;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms of a certificate that the server starts with, and those that it refuses. */
class TlsFilesTest {
  private static final TestCertificate CERTIFICATE = TestCertificate.named("served");
  private static final TestCertificate RSA = TestCertificate.rsa("served with RSA");
  private static final String SECRET = "pæssword 1";

  @TempDir private Path folder;

  private Path certificate = Path.of("tls.crt");
  private Path key = Path.of("tls.key");
  private Path keystore = Path.of("tls.p12");
  private Path password = Path.of("password");

  @BeforeEach
  void write() throws IOException {
    certificate = folder.resolve("tls.crt");
    key = folder.resolve("tls.key");
    keystore = folder.resolve("tls.p12");
    password = folder.resolve("password");
    CERTIFICATE.write(folder);
    Files.writeString(password, SECRET);
  }

  @Test
  void takesEllipticAndRsaKeys() throws IOException {
    assertServes(TlsFiles.pem(certificate, key, null), CERTIFICATE);
    RSA.write(folder);
    assertServes(TlsFiles.pem(certificate, key, null), RSA);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "\r\n"})
  void takesAnEncryptedKey(String end) throws IOException {
    Files.writeString(key, CERTIFICATE.keyPem(SECRET));
    Files.writeString(password, SECRET + end);
    assertServes(TlsFiles.pem(certificate, key, password), CERTIFICATE);
  }

  @Test
  void takesAKeyStore() throws IOException {
    TestCertificate.writePkcs12(keystore, SECRET, RSA);
    assertServes(TlsFiles.pkcs12(keystore, password), RSA);
  }

  @Test
  void takesOneFileWithTextAroundBoth() throws IOException {
    Files.writeString(
        certificate, "A note\n" + CERTIFICATE.keyPem() + "\nanother\n" + CERTIFICATE.chainPem());
    assertServes(TlsFiles.pem(certificate, certificate, null), CERTIFICATE);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "garbage",
        "-----BEGIN CERTIFICATE-----",
        "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
        "-----BEGIN NONSENSE-----\nMAA=\n-----END NONSENSE-----\n",
      })
  void refusesCertificatesThatAreNone(String text) throws IOException {
    Files.writeString(certificate, text);
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The file " + certificate + " is not certificates in PEM.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "garbage",
        "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\nMAA=\n-----END RSA PRIVATE KEY-----\n",
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n",
      })
  void refusesAKeyThatIsNone(String text) throws IOException {
    Files.writeString(key, text);
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The file " + key + " is not a private key in PEM (PKCS#8).");
  }

  @Test
  void refusesAKeyInTheOlderForm() throws IOException {
    Files.writeString(key, CERTIFICATE.labelledKeyPem());
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The file " + key + " is not a private key in PEM (PKCS#8).");
  }

  @Test
  void refusesFilesThatAreNotThere() throws IOException {
    Files.delete(key);
    assertRefused(TlsFiles.pem(certificate, key, null), "The file " + key + " can't be read.");
    assertRefused(TlsFiles.pem(folder, key, null), "The file " + folder + " can't be read.");
    assertRefused(TlsFiles.pkcs12(keystore, null), "The file " + keystore + " can't be read.");
  }

  @Test
  void refusesAKeyOfAnotherCertificate() throws IOException {
    Files.writeString(key, TestCertificate.named("other").keyPem());
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The private key is not that of the first certificate in " + certificate + ".");
  }

  @Test
  void refusesAChainThatBeginsElsewhere() throws IOException {
    Files.writeString(
        certificate, TestCertificate.named("root").chainPem() + CERTIFICATE.chainPem());
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The private key is not that of the first certificate in " + certificate + ".");
  }

  @Test
  void refusesAKeyOfAnotherKind() throws IOException {
    Files.writeString(key, RSA.keyPem());
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The private key in " + key + " is of no kind that fits.");
  }

  @Test
  void refusesAKeyThatIsNeitherRsaNorElliptic() {
    TestCertificate.edwards("edwards").write(folder);
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The key of " + certificate + " is neither RSA nor elliptic (EC).");
  }

  @Test
  void refusesAnExpiredCertificate() {
    Instant end = Instant.parse("2026-03-02T10:15:30Z");
    TestCertificate.valid("expired", Instant.parse("2020-01-01T00:00:00Z"), end).write(folder);
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The certificate in " + certificate + " expired at " + end + ".");
  }

  @Test
  void refusesACertificateOfTheFuture() {
    Instant from = Instant.parse("2026-03-02T10:15:31Z");
    TestCertificate.valid("early", from, Instant.parse("2120-01-01T00:00:00Z")).write(folder);
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The certificate in " + certificate + " holds only from " + from + ".");
  }

  @Test
  void refusesAnEncryptedKeyWithoutItsPassword() throws IOException {
    Files.writeString(key, CERTIFICATE.keyPem(SECRET));
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The private key in " + key + " is encrypted, and there is no password file.");
    Files.writeString(password, SECRET + " ");
    assertRefused(
        TlsFiles.pem(certificate, key, password),
        "The password in " + password + " does not open " + key + ".");
    Files.writeString(password, "");
    assertRefused(
        TlsFiles.pem(certificate, key, password),
        "The password in " + password + " does not open " + key + ".");
  }

  @Test
  void refusesAKeyStoreWithoutItsPassword() throws IOException {
    TestCertificate.writePkcs12(keystore, SECRET, CERTIFICATE);
    String sentence = "The file " + keystore + " is not PKCS#12, or its password is another.";
    assertRefused(TlsFiles.pkcs12(keystore, null), sentence);
    Files.writeString(password, "another");
    assertRefused(TlsFiles.pkcs12(keystore, password), sentence);
  }

  @Test
  void refusesAKeyStoreThatIsNone() throws IOException {
    String sentence = "The file " + keystore + " is not PKCS#12, or its password is another.";
    Files.writeString(keystore, "garbage");
    assertRefused(TlsFiles.pkcs12(keystore, password), sentence);
    Files.writeString(keystore, "");
    assertRefused(TlsFiles.pkcs12(keystore, password), sentence);
    Files.copy(certificate, folder.resolve("copy"));
    assertRefused(
        TlsFiles.pkcs12(folder.resolve("copy"), password), sentence.replace("tls.p12", "copy"));
  }

  @Test
  void refusesAKeyStoreOfNoneOrSeveralKeys() {
    String sentence = "The file " + keystore + " must hold one private key with its chain.";
    TestCertificate.writePkcs12(keystore, SECRET);
    assertRefused(TlsFiles.pkcs12(keystore, password), sentence);
    TestCertificate.writePkcs12(keystore, SECRET, CERTIFICATE, RSA);
    assertRefused(TlsFiles.pkcs12(keystore, password), sentence);
  }

  @Test
  void refusesAFileThatIsTooLarge() throws IOException {
    Files.writeString(certificate, CERTIFICATE.chainPem() + " ".repeat(1024 * 1024));
    assertRefused(
        TlsFiles.pem(certificate, key, null),
        "The file " + certificate + " has more than 1048576 bytes.");
  }

  @Test
  void refusesHalfOfOneFormAndBothForms() {
    Duration often = Duration.ofSeconds(1);
    assertNoForm(certificate, null, null, often);
    assertNoForm(null, key, null, often);
    assertNoForm(null, null, null, often);
    assertNoForm(certificate, key, keystore, often);
    assertNoForm(certificate, null, keystore, often);
    assertNoForm(certificate, key, null, Duration.ZERO);
  }

  private static void assertNoForm(
      @Nullable Path certificate, @Nullable Path key, @Nullable Path keystore, Duration lookEvery) {
    assertThatExceptionOfType(UnusableTls.class)
        .isThrownBy(() -> new TlsFiles(certificate, key, keystore, null, lookEvery))
        .withMessage("TLS takes a certificate and its key, or a key store and neither.");
  }

  private static void assertServes(TlsFiles files, TestCertificate expected) throws IOException {
    try (HttpFixture http = HttpFixture.tls(files);
        Caller caller = http.connect()) {
      assertThat(caller.chain()).isEqualTo(expected.chain());
      assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ");
      assertThat(http.server().certificateExpires()).isAfter(TestClock.START);
    }
  }

  private static void assertRefused(TlsFiles files, String sentence) {
    assertThatExceptionOfType(UnusableTls.class)
        .isThrownBy(() -> HttpFixture.tls(files).close())
        .withMessage(sentence)
        .withNoCause();
  }
}

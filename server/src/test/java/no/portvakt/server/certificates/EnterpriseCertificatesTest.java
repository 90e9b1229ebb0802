package no.portvakt.server.certificates;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import no.portvakt.server.TestClock;
import no.portvakt.server.certificates.Revocation.Finding;
import no.portvakt.server.certificates.Revocation.Method;
import no.portvakt.server.certificates.Revocation.Options;
import no.portvakt.server.certificates.Revocation.Verdict;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Paths, the rules for a leaf, and the file of what is trusted. */
class EnterpriseCertificatesTest {
  private static final Instant NOW = TestClock.START;
  private static final TestAuthority ROOT = TestOrder.root("Test Root CA");
  private static final TestAuthority MIDDLE = ROOT.below("Test Issuing CA", NOW);
  private static final TestAuthority LOW = MIDDLE.below("Test Enterprise CA", NOW);
  private static final Issued LEAF = TestOrder.of("991825827").by(LOW);

  private static final TestOrder RSA_AUTHORITY = TestOrder.of("974760673").authority();

  /** Ways in which a file is there and can't be read, which work for the superuser too. */
  private static final List<Unreachable> UNREACHABLE =
      List.of(
          Files::createDirectory,
          file -> Files.createSymbolicLink(file, file.getFileName()), // a loop
          file -> Files.createSymbolicLink(file, Path.of("/proc/self/mem"))); // fails when read

  @TempDir private Path folder;

  private interface Unreachable {
    void at(Path file) throws IOException;
  }

  @Test
  void findsTheWayFromALeafOverConfiguredIntermediates() {
    assertThat(trusting(ROOT, MIDDLE, LOW).check(alone(LEAF), NOW))
        .isEqualTo(new Finding(Verdict.GOOD, "valid"));
    assertThat(trusting(ROOT, MIDDLE).check(alone(LEAF), NOW).holds()).isFalse();
    assertThat(trusting(ROOT).check(alone(LEAF), NOW).what())
        .startsWith("no valid path to an anchor");
    assertThat(trusting(LOW).check(alone(LEAF), NOW).holds()).isTrue();
  }

  @Test
  void completesAPartOfAChain() {
    List<X509Certificate> part = LEAF.chain().subList(0, 2);
    assertThat(trusting(ROOT, MIDDLE).check(part, NOW).holds()).isTrue();
    assertThat(trusting(ROOT).check(part, NOW).holds()).isFalse();
    assertThat(trusting(ROOT).check(LEAF.chain(), NOW).holds()).isTrue();
  }

  // An intermediate is no anchor where its issuer is there: it expires, and can't be used alone.
  @Test
  void looksAtTheTimeOfAnIntermediate() {
    TestAuthority old =
        authority(
            "Old CA", TestAuthority.keyPair("EC", 256), KeyUsage.keyCertSign, Duration.ofDays(9));
    Issued leaf = TestOrder.of("991825827").by(old);
    EnterpriseCertificates certificates = trusting(ROOT, old);
    assertThat(certificates.check(alone(leaf), NOW).holds()).isTrue();
    assertThat(certificates.check(alone(leaf), NOW.plus(Duration.ofDays(10))).holds()).isFalse();
    assertThat(certificates.check(alone(leaf), NOW.plus(Duration.ofDays(8))).holds()).isTrue();
  }

  @Test
  void saysUntilWhenAllOfAPathIsValid() {
    KeyPair keys = TestAuthority.keyPair("EC", 256);
    TestAuthority old = authority("Old CA", keys, KeyUsage.keyCertSign, Duration.ofDays(9));
    Issued leaf = TestOrder.of("991825827").by(old);
    Instant ends = old.self().certificate().getNotAfter().toInstant();
    assertThat(trusting(ROOT, old).path(alone(leaf), NOW).until()).isEqualTo(ends);
    assertThat(trusting(old).path(alone(leaf), NOW).until()).isEqualTo(ends);
    for (TestAuthority trusted : List.of(LOW, TestAuthority.of(LEAF))) {
      assertThat(trusting(trusted).path(alone(LEAF), NOW).until())
          .isEqualTo(LEAF.certificate().getNotAfter().toInstant());
    }
    assertThat(trusting(ROOT).path(alone(leaf), NOW).until()).isEqualTo(NOW);
  }

  @Test
  void trustsAPinnedCertificateAndNothingThatItSigned() {
    for (int usage : new int[] {KeyUsage.digitalSignature, KeyUsage.keyCertSign}) {
      TestAuthority pinned =
          TestAuthority.of(
              TestOrder.of("991825827").usage(usage | KeyUsage.digitalSignature).by(LOW));
      Issued forged = TestOrder.of("974760673").by(pinned);
      for (TestAuthority[] trusted :
          List.of(
              new TestAuthority[] {pinned},
              new TestAuthority[] {pinned, LOW},
              new TestAuthority[] {pinned, ROOT, MIDDLE, LOW})) {
        EnterpriseCertificates certificates = trusting(trusted);
        assertThat(certificates.check(alone(pinned.self()), NOW))
            .isEqualTo(new Finding(Verdict.GOOD, "valid"));
        assertThat(certificates.check(alone(forged), NOW).holds()).isFalse();
        assertThat(certificates.check(forged.chain(), NOW).holds()).isFalse();
        assertThat(certificates.path(forged.chain(), NOW).finding().holds()).isFalse();
      }
    }
  }

  @Test
  void letsAnAuthorityThatMayNotIssueVouchForNobody() {
    TestAuthority mute =
        authority(
            "Mute CA", TestAuthority.keyPair("EC", 256), KeyUsage.cRLSign, Duration.ofDays(9));
    Issued leaf = TestOrder.of("991825827").by(mute);
    assertThat(trusting(mute).check(alone(leaf), NOW).holds()).isFalse();
    assertThat(trusting(mute, ROOT).check(leaf.chain(), NOW).holds()).isFalse();
    assertThat(trusting(mute).check(alone(mute.self()), NOW).holds()).isFalse();
  }

  @Test
  void looksAtTheTimeOfAPinnedCertificate() {
    EnterpriseCertificates certificates = trusting(TestAuthority.of(LEAF));
    assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
    assertThat(certificates.check(alone(LEAF), NOW.plus(Duration.ofDays(701))).what())
        .startsWith("expired since 20");
    assertThat(certificates.check(alone(LEAF), NOW.minus(Duration.ofDays(31))).holds()).isFalse();
  }

  @Test
  void looksAtTheTimeOfAnAnchor() {
    KeyPair keys = TestAuthority.keyPair("EC", 256);
    int usage = KeyUsage.keyCertSign;
    TestAuthority old = authority("Issuing CA", keys, usage, Duration.ofDays(9));
    Issued leaf = TestOrder.of("991825827").by(old);
    Instant later = NOW.plus(Duration.ofDays(10));
    EnterpriseCertificates alone = trusting(old);
    assertThat(alone.check(alone(leaf), NOW).holds()).isTrue();
    assertThat(alone.check(alone(leaf), NOW.plus(Duration.ofDays(8))).holds()).isTrue();
    assertThat(alone.check(alone(leaf), later).what()).isEqualTo("no anchor is valid now");
    assertThat(trusting(old, LOW).check(alone(leaf), later).holds()).isFalse();
    TestAuthority renewed = authority("Issuing CA", keys, usage, Duration.ofDays(99));
    assertThat(trusting(old, renewed).check(alone(leaf), later).holds()).isTrue();
  }

  @Test
  void saysWhenACertificateIsOutsideItsTime() {
    EnterpriseCertificates certificates = trusting(LOW);
    assertThat(certificates.check(alone(LEAF), NOW.plus(Duration.ofDays(701))).what())
        .startsWith("expired since 20");
    assertThat(certificates.check(alone(LEAF), NOW.minus(Duration.ofDays(31))).what())
        .startsWith("not valid before 20");
    assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
  }

  @Test
  void refusesALeafWhoseExtendedUseIsAnother() {
    EnterpriseCertificates certificates = trusting(ROOT);
    for (KeyPurposeId[] good :
        List.of(
            new KeyPurposeId[0],
            new KeyPurposeId[] {KeyPurposeId.id_kp_clientAuth},
            new KeyPurposeId[] {KeyPurposeId.anyExtendedKeyUsage})) {
      Issued leaf = TestOrder.of("991825827").purposes(good).by(ROOT);
      assertThat(certificates.check(alone(leaf), NOW).holds()).isTrue();
    }
    for (KeyPurposeId bad :
        List.of(
            KeyPurposeId.id_kp_serverAuth,
            KeyPurposeId.id_kp_OCSPSigning,
            KeyPurposeId.id_kp_codeSigning)) {
      Issued leaf = TestOrder.of("991825827").purposes(bad).by(ROOT);
      assertThat(certificates.check(alone(leaf), NOW))
          .isEqualTo(
              new Finding(
                  Verdict.BAD, "the certificate's extended key usage does not allow clients"));
    }
  }

  @Test
  void refusesTheCertificateOfAnAuthorityAsAClients() {
    assertThat(trusting(ROOT).check(alone(MIDDLE.self()), NOW).holds()).isFalse();
    TestAuthority rsa = TestAuthority.of(RSA_AUTHORITY.by(ROOT));
    assertThat(trusting(ROOT).check(alone(rsa.self()), NOW).what())
        .isEqualTo("it is the certificate of an authority");
  }

  @ParameterizedTest
  @CsvSource({
    "SHA1withRSA, false",
    "SHA1withRSAandMGF1, false",
    "SHA256withRSA, true",
    "SHA512withRSA, true",
    "SHA256withRSAandMGF1, true"
  })
  void refusesWeakSignatures(String algorithm, boolean holds) {
    TestAuthority rsa = TestAuthority.of(RSA_AUTHORITY.by(ROOT));
    Issued leaf = WeakCertificate.signedWith(algorithm, rsa.self());
    Finding finding = trusting(rsa).check(alone(leaf), NOW);
    assertThat(finding.holds()).as(finding.what()).isEqualTo(holds);
    if (!holds) {
      assertThat(finding.what()).startsWith("a certificate is signed with ");
    }
  }

  @Test
  void asksAboutEveryCertificateThatIsNotConfigured() {
    try (RevocationServer server = RevocationServer.start()) {
      Issued issuing = ROOT.issue(RSA_AUTHORITY.pointing(null, server.list()).order());
      TestAuthority middle = TestAuthority.of(issuing);
      try (RevocationServer below = RevocationServer.start()) {
        Issued leaf = TestOrder.of("991825827").pointing(null, below.list()).by(middle);
        below.crl(SignedStatus.crl(issuing));
        server.crl(SignedStatus.crl(ROOT.self(), issuing.certificate()));
        Options options = Options.of(List.of(Method.CRL));
        assertThat(trusting(options, ROOT).check(leaf.chain(), NOW))
            .isEqualTo(new Finding(Verdict.BAD, "revoked, by CRL"));
        assertThat(trusting(options, ROOT, middle).check(leaf.chain(), NOW))
            .isEqualTo(new Finding(Verdict.GOOD, "valid, by CRL"));
        below.crl(SignedStatus.crl(issuing, leaf.certificate()));
        assertThat(trusting(options, ROOT, middle).check(alone(leaf), NOW).holds()).isFalse();
        assertThat(server.fetches()).isEqualTo(1);
      }
    }
  }

  @Test
  void findsWhatIsRevokedAboveACertificateThatNobodyAnswersAbout() {
    try (RevocationServer server = RevocationServer.start();
        RevocationServer silent = RevocationServer.start()) {
      Issued issuing = ROOT.issue(RSA_AUTHORITY.pointing(null, server.list()).order());
      TestAuthority middle = TestAuthority.of(issuing);
      Issued leaf = TestOrder.of("991825827").pointing(null, silent.list()).by(middle);
      Options options = Options.of(List.of(Method.CRL));
      server.crl(SignedStatus.crl(ROOT.self()));
      assertThat(trusting(options, ROOT).check(leaf.chain(), NOW).verdict())
          .isEqualTo(Verdict.UNKNOWN);
      server.crl(SignedStatus.crl(ROOT.self(), issuing.certificate()));
      assertThat(trusting(options, ROOT).check(leaf.chain(), NOW))
          .isEqualTo(new Finding(Verdict.BAD, "revoked, by CRL"));
      silent.crl(SignedStatus.crl(issuing));
      server.crl("no list".getBytes(StandardCharsets.US_ASCII));
      assertThat(trusting(options, ROOT).check(leaf.chain(), NOW).verdict())
          .isEqualTo(Verdict.UNKNOWN);
    }
  }

  // Otherwise anybody could have us send requests to an address of their choice.
  @Test
  void asksNobodyThatAnUntrustedCertificateNames() {
    try (RevocationServer server = RevocationServer.start()) {
      Issued leaf =
          TestOrder.of("991825827")
              .pointing(server.responder(), server.list())
              .by(TestOrder.root("Test Root CA"));
      Options options = Options.of(List.of(Method.OCSP, Method.CRL));
      assertThat(trusting(options, ROOT).check(leaf.chain(), NOW).holds()).isFalse();
      assertThat(server.questions() + server.fetches()).isZero();
    }
  }

  @Test
  void saysOnceThatTheFileCanNotBeReadAndKeepsWhatWasGood() throws IOException {
    Path file = folder.resolve("anchors.pem");
    TestOrder.writeAnchors(file, LOW);
    Anchors anchors = Anchors.in(file);
    EnterpriseCertificates certificates =
        new EnterpriseCertificates(anchors, new Revocation(Options.of(List.of())));
    assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
    try (Warnings warnings = new Warnings()) {
      for (String bad :
          List.of("", "nothing", "-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n")) {
        Files.writeString(file, bad);
        assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
        assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
      }
      assertThat(warnings.lines()).hasSize(3).allMatch(line -> line.contains("anchors.pem"));
    }
    TestOrder.writeAnchors(file, TestOrder.root("Another"));
    assertThat(certificates.check(alone(LEAF), NOW).holds()).isFalse();
    Files.delete(file);
    assertThat(certificates.check(alone(LEAF), NOW).what()).isEqualTo("no anchor is configured");
  }

  @Test
  void keepsWhatWasGoodWhileTheFileCanNotBeReached() throws IOException {
    Path file = folder.resolve("anchors.pem");
    TestOrder.writeAnchors(file, LOW);
    EnterpriseCertificates certificates =
        new EnterpriseCertificates(Anchors.in(file), new Revocation(Options.of(List.of())));
    for (Unreachable unreachable : UNREACHABLE) {
      assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
      Files.delete(file);
      unreachable.at(file);
      try (Warnings warnings = new Warnings()) {
        for (int i = 0; i < 3; i++) {
          assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
        }
        assertThat(warnings.lines()).singleElement().asString().contains("anchors.pem");
      }
      assertThatThrownBy(() -> Anchors.check(file)).isInstanceOf(UncheckedIOException.class);
      Files.delete(file);
      TestOrder.writeAnchors(file, TestOrder.root("Another"));
      assertThat(certificates.check(alone(LEAF), NOW).holds()).isFalse();
      TestOrder.writeAnchors(file, ROOT, MIDDLE, LOW);
    }
    Files.delete(file);
    assertThat(certificates.check(alone(LEAF), NOW).what()).isEqualTo("no anchor is configured");
  }

  @Test
  void saysOnceThatAFileCanNotBeRead() throws IOException {
    Path file = folder.resolve("anchors.pem");
    Files.createSymbolicLink(file, Path.of("/proc/self/mem")); // a file that not even root can read
    EnterpriseCertificates certificates =
        new EnterpriseCertificates(Anchors.in(file), new Revocation(Options.of(List.of())));
    try (Warnings warnings = new Warnings()) {
      assertThat(certificates.check(alone(LEAF), NOW).holds()).isFalse();
      assertThat(certificates.check(alone(LEAF), NOW).holds()).isFalse();
      Files.delete(file);
      TestOrder.writeAnchors(file, LOW);
      assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
      assertThat(warnings.lines()).hasSize(1);
    }
  }

  @Test
  void seesAChangeOfTheSameLength() throws IOException {
    Path file = folder.resolve("anchors.pem");
    Files.writeString(file, Issued.pem(List.of(LOW.self().certificate())));
    Files.setLastModifiedTime(file, FileTime.from(NOW));
    EnterpriseCertificates certificates =
        new EnterpriseCertificates(Anchors.in(file), new Revocation(Options.of(List.of())));
    assertThat(certificates.check(alone(LEAF), NOW).holds()).isTrue();
    Files.writeString(file, "x".repeat((int) Files.size(file) - 1) + "\n");
    Files.writeString(file, Issued.pem(List.of(ROOT.self().certificate())));
    Files.setLastModifiedTime(file, FileTime.from(NOW.plusMillis(1)));
    assertThat(certificates.check(alone(LEAF), NOW).holds()).isFalse();
  }

  @Test
  void readsTheOrganisationOfBothGenerations() {
    assertThat(organisation(TestOrder.seid1("991825827"))).isEqualTo("991825827");
    assertThat(organisation(TestOrder.seid2("NTRNO-991825827"))).isEqualTo("991825827");
    assertThat(organisation(both("991825827", "NTRNO-991825827"))).isEqualTo("991825827");
    assertThat(organisation(both("UN:NO-12345", "NTRNO-991825827"))).isEqualTo("991825827");
  }

  @Test
  void readsNoOrganisationWhereTwoAreNamed() {
    assertThat(organisation(both("974760673", "NTRNO-991825827"))).isEqualTo("null");
    assertThat(organisation(both("991825827", "NTRSE-5560360793"))).isEqualTo("null");
    assertThat(organisation(both("991825827", "NTRNO-991825828"))).isEqualTo("null");
    X500Name twice =
        new X500NameBuilder()
            .addRDN(BCStyle.SERIALNUMBER, "991825827")
            .addRDN(BCStyle.SERIALNUMBER, "974760673")
            .build();
    assertThat(organisation(twice)).isEqualTo("null");
  }

  private static X500Name both(String serialNumber, String identifier) {
    return new X500NameBuilder()
        .addRDN(BCStyle.SERIALNUMBER, serialNumber)
        .addRDN(BCStyle.ORGANIZATION_IDENTIFIER, identifier)
        .build();
  }

  private static String organisation(X500Name subject) {
    return String.valueOf(Subject.organisationOf(TestOrder.of(subject).by(ROOT).certificate()));
  }

  /** An authority below the root that goes on for a time. */
  private static TestAuthority authority(String name, KeyPair keys, int usage, Duration time) {
    return TestAuthority.of(
        ROOT.issue(
            new TestAuthority.Order(
                new X500NameBuilder().addRDN(BCStyle.CN, name).build(),
                keys,
                NOW.minus(Duration.ofDays(90)),
                NOW.plus(time),
                true,
                usage,
                List.of(),
                null,
                null)));
  }

  private static List<X509Certificate> alone(Issued issued) {
    return List.of(issued.certificate());
  }

  private EnterpriseCertificates trusting(TestAuthority... authorities) {
    return trusting(Options.of(List.of()), authorities);
  }

  private EnterpriseCertificates trusting(Options options, TestAuthority... authorities) {
    Path file = folder.resolve("trusted.pem");
    TestOrder.writeAnchors(file, authorities);
    return new EnterpriseCertificates(Anchors.in(file), new Revocation(options));
  }
}

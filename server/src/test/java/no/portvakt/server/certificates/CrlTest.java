package no.portvakt.server.certificates;

import static no.portvakt.server.certificates.SignedStatus.FROM;
import static no.portvakt.server.certificates.SignedStatus.GOOD;
import static no.portvakt.server.certificates.SignedStatus.REVOKED;
import static no.portvakt.server.certificates.SignedStatus.UNTIL;
import static no.portvakt.server.certificates.SignedStatus.crl;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import no.portvakt.server.TestClock;
import no.portvakt.server.certificates.Revocation.Finding;
import no.portvakt.server.certificates.Revocation.Method;
import no.portvakt.server.certificates.Revocation.Options;
import no.portvakt.server.certificates.Revocation.Verdict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Revocation lists over real HTTP and from files (RFC 5280 §5). */
class CrlTest {
  private static final Instant NOW = TestClock.START;
  private static final Duration SHORT = Duration.ofMillis(800);
  private static final TestAuthority ROOT = TestOrder.root("Test Root CA");
  private static final TestAuthority STRANGER = TestOrder.root("Test Root CA");

  private final RevocationServer server = RevocationServer.start();
  private final Issued leaf = TestOrder.of("991825827").pointing(null, server.list()).by(ROOT);
  private final Issued other = TestOrder.of("974760673").pointing(null, server.list()).by(ROOT);
  private Duration timeout = Duration.ofSeconds(10);
  private Revocation revocation = fresh();

  @AfterEach
  void stop() {
    server.close();
  }

  private Revocation fresh(URI... lists) {
    return new Revocation(options(List.of(Method.CRL), lists));
  }

  private Options options(List<Method> methods, URI... lists) {
    return new Options(methods, false, timeout, Duration.ofMinutes(30), null, List.of(lists));
  }

  @Test
  void acceptsWhatIsNotInTheList() {
    server.crl(crl(ROOT.self()));
    assertThat(check(leaf)).isEqualTo(new Finding(Verdict.GOOD, "valid, by CRL"));
    revocation = fresh();
    server.crl(crl(ROOT.self(), other.certificate()));
    assertThat(check(leaf).holds()).isTrue();
  }

  @Test
  void refusesWhatIsInTheList() {
    server.crl(crl(ROOT.self(), leaf.certificate()));
    assertThat(check(leaf)).isEqualTo(new Finding(Verdict.BAD, "revoked, by CRL"));
    revocation = fresh();
    server.crl(crl(ROOT.self(), other.certificate(), leaf.certificate()));
    assertThat(check(leaf).holds()).isFalse();
  }

  @Test
  void believesNoListThatSomebodyElseSigned() {
    server.crl(crl(STRANGER.self()));
    refuses("no list that the issuer signed");
    server.crl(crl(ROOT.self(), STRANGER.self().key(), FROM, UNTIL, null));
    refuses("no list that the issuer signed");
    server.crl(crl(leaf));
    refuses("no list of the issuer");
  }

  @Test
  void believesNoListOutsideItsTime() {
    server.crl(crl(ROOT.self(), ROOT.self().key(), FROM, NOW, null));
    refuses("out of date");
    server.crl(crl(ROOT.self(), ROOT.self().key(), NOW.plusSeconds(60), UNTIL, null));
    refuses("out of date");
    server.crl(crl(ROOT.self(), ROOT.self().key(), FROM, null, null));
    refuses("out of date");
  }

  // Whoever stands between could bring the list for other certificates of the same authority.
  @Test
  void believesNoListForAnotherDistributionPoint() {
    server.crl(crl(ROOT.self(), ROOT.self().key(), FROM, UNTIL, server.list() + "/2"));
    refuses("no list that the issuer signed for this certificate");
    server.crl(crl(ROOT.self(), ROOT.self().key(), FROM, UNTIL, server.list().toString()));
    revocation = fresh();
    assertThat(check(leaf).holds()).isTrue();
  }

  @Test
  void saysWhatIsWrongWithAList() {
    server.crl("<html>".getBytes(StandardCharsets.US_ASCII));
    refuses("no list is at " + server.list());
    server.crl(new byte[0]);
    refuses("no list is at " + server.list());
    server.crl(new byte[8 * 1024 * 1024 + 1]);
    refuses("it does not answer");
    server.crlReply((exchange, question) -> RevocationServer.send(exchange, 404, new byte[0]));
    refuses("status 404");
    timeout = SHORT;
    server.crlReply(server.silence());
    refuses("longer than 800 ms");
    server.crlReply(server.endless());
    refuses("longer than 800 ms");
    server.close();
    refuses("it does not answer");
  }

  @Test
  void refusesEveryMutilatedListWithoutAnException() {
    byte[] good = crl(ROOT.self(), leaf.certificate());
    java.util.Random random = new java.util.Random(4711);
    for (int i = 0; i < 200; i++) {
      byte[] bad = good.clone();
      bad[random.nextInt(bad.length)] ^= (byte) (1 + random.nextInt(255));
      server.crl(bad);
      revocation = fresh();
      assertThat(check(leaf).holds()).isFalse();
    }
  }

  @Test
  void refusesWhenNoListIsNamed() {
    Issued silent = TestOrder.of("991825827").by(ROOT);
    assertThat(check(silent))
        .isEqualTo(
            new Finding(Verdict.UNKNOWN, "revocation unknown: CRL: the certificate names no list"));
    Issued file =
        TestOrder.of("991825827").pointing(null, URI.create("file:///etc/passwd")).by(ROOT);
    assertThat(check(file).what()).contains("names no list");
  }

  @Test
  void fetchesAListOnceForAllThatNameIt() {
    server.crl(crl(ROOT.self(), other.certificate()));
    assertThat(check(leaf).holds()).isTrue();
    assertThat(check(other).holds()).isFalse();
    assertThat(server.fetches()).isEqualTo(1);
    assertThat(check(leaf, NOW.plus(Duration.ofMinutes(29))).holds()).isTrue();
    assertThat(server.fetches()).isEqualTo(1);
  }

  @Test
  void fetchesAgainWhenTheListIsOldAndGoesOnWithItWhileItHolds() {
    server.crl(crl(ROOT.self()));
    assertThat(check(leaf).holds()).isTrue();
    server.crl("<html>".getBytes(StandardCharsets.US_ASCII));
    assertThat(check(leaf, NOW.plus(Duration.ofMinutes(31))).holds()).isTrue();
    assertThat(server.fetches()).isEqualTo(2);
    server.crl(crl(ROOT.self(), leaf.certificate()));
    assertThat(check(leaf, NOW.plus(Duration.ofMinutes(32))).holds()).isFalse();
    server.crl("<html>".getBytes(StandardCharsets.US_ASCII));
    assertThat(check(leaf, UNTIL).what()).startsWith("revocation unknown");
  }

  @Test
  void readsAListFromAFileInPlaceOfTheOneThatIsNamed(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("list.crl");
    revocation = fresh(file.toUri());
    assertThat(check(leaf).what()).contains("/list.crl: ");
    Files.write(file, crl(ROOT.self()));
    assertThat(check(leaf, NOW.plusSeconds(11)).holds()).isTrue();
    Files.write(file, crl(ROOT.self(), leaf.certificate()));
    assertThat(check(leaf, NOW.plusSeconds(75)).holds()).isFalse();
    assertThat(server.fetches()).isZero();
  }

  @Test
  void usesOfSeveralListsTheOneOfTheIssuer() {
    try (RevocationServer second = RevocationServer.start()) {
      TestAuthority another = TestOrder.root("Another Root CA");
      server.crl(crl(another.self()));
      second.crl(crl(ROOT.self(), leaf.certificate()));
      revocation = fresh(server.list(), second.list());
      assertThat(check(leaf)).isEqualTo(new Finding(Verdict.BAD, "revoked, by CRL"));
    }
  }

  @Test
  void triesTheOtherWayWhenOneSaysNothing() {
    Issued both = TestOrder.of("991825827").pointing(server.responder(), server.list()).by(ROOT);
    server.crl(crl(ROOT.self(), both.certificate()));
    revocation = new Revocation(options(List.of(Method.OCSP, Method.CRL)));
    assertThat(check(both).what()).isEqualTo("revoked, by CRL");
    server.ocsp(question -> SignedStatus.ocsp(question, ROOT.self(), GOOD));
    revocation = new Revocation(options(List.of(Method.OCSP, Method.CRL)));
    assertThat(check(both).what()).startsWith("valid, by OCSP");
    server.crl(crl(STRANGER.self()));
    server.ocsp(question -> SignedStatus.ocsp(question, ROOT.self(), REVOKED));
    revocation = new Revocation(options(List.of(Method.CRL, Method.OCSP)));
    assertThat(check(both).what()).startsWith("revoked, by OCSP");
  }

  @Test
  void saysOfEachWayWhyItSaidNothing() {
    revocation = new Revocation(options(List.of(Method.OCSP, Method.CRL)));
    Issued both = TestOrder.of("991825827").pointing(server.responder(), server.list()).by(ROOT);
    assertThat(check(both).what())
        .isEqualTo(
            "revocation unknown: OCSP of %s: it answers with status 404; CRL: %s: it answers with"
                    .formatted(server.responder(), server.list())
                + " status 404, no list of the issuer");
  }

  private Finding check(Issued issued) {
    return check(issued, NOW);
  }

  private Finding check(Issued issued, Instant now) {
    X509Certificate issuer = ROOT.self().certificate();
    return revocation.check(issued.certificate(), issuer, now);
  }

  private void refuses(String why) {
    revocation = fresh();
    Finding finding = check(leaf);
    assertThat(finding.what()).startsWith("revocation unknown: CRL: ").contains(why);
    assertThat(finding.verdict()).isEqualTo(Verdict.UNKNOWN);
  }
}

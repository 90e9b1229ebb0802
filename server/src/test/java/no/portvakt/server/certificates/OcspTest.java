package no.portvakt.server.certificates;

import static no.portvakt.server.certificates.SignedStatus.FROM;
import static no.portvakt.server.certificates.SignedStatus.GOOD;
import static no.portvakt.server.certificates.SignedStatus.REVOKED;
import static no.portvakt.server.certificates.SignedStatus.UNKNOWN;
import static no.portvakt.server.certificates.SignedStatus.UNTIL;
import static no.portvakt.server.certificates.SignedStatus.ocsp;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import no.portvakt.server.TestClock;
import no.portvakt.server.certificates.Revocation.Finding;
import no.portvakt.server.certificates.Revocation.Method;
import no.portvakt.server.certificates.Revocation.Options;
import no.portvakt.server.certificates.Revocation.Verdict;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.ocsp.OCSPRespBuilder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Questions to an OCSP responder over real HTTP (RFC 6960). */
class OcspTest {
  private static final Instant NOW = TestClock.START;
  private static final Duration SHORT = Duration.ofMillis(800);
  private static final TestAuthority ROOT = TestOrder.root("Test Root CA");
  private static final TestAuthority STRANGER = TestOrder.root("Test Root CA");

  private final RevocationServer server = RevocationServer.start();
  private final Issued leaf = TestOrder.of("991825827").pointing(server.responder(), null).by(ROOT);
  private Duration timeout = Duration.ofSeconds(10);
  private Revocation revocation = new Revocation(options(false, null));

  @AfterEach
  void stop() {
    server.close();
  }

  private Options options(boolean acceptUnknown, @Nullable URI responder) {
    return new Options(
        List.of(Method.OCSP), acceptUnknown, timeout, Duration.ofMinutes(30), responder, List.of());
  }

  @Test
  void acceptsWhatTheIssuerSaysIsGood() {
    server.ocsp(question -> ocsp(question, ROOT.self(), GOOD));
    assertThat(check(NOW))
        .isEqualTo(new Finding(Verdict.GOOD, "valid, by OCSP of " + server.responder()));
  }

  @Test
  void acceptsWhatAResponderOfTheIssuerSaysIsGood() {
    Issued responder = responder(ROOT, KeyPurposeId.id_kp_OCSPSigning);
    server.ocsp(question -> ocsp(question, responder, GOOD));
    assertThat(check(NOW).holds()).isTrue();
  }

  @Test
  void refusesARevokedCertificate() {
    server.ocsp(question -> ocsp(question, ROOT.self(), REVOKED));
    assertThat(check(NOW))
        .isEqualTo(new Finding(Verdict.BAD, "revoked, by OCSP of " + server.responder()));
    revocation = new Revocation(options(true, null));
    assertThat(check(NOW).holds()).isFalse();
  }

  @Test
  void refusesACertificateThatTheResponderDoesNotKnow() {
    server.ocsp(question -> ocsp(question, ROOT.self(), UNKNOWN));
    refuses("unknown");
  }

  @Test
  void believesNoAnswerThatSomebodyElseSigned() {
    for (Issued other :
        List.of(
            STRANGER.self(),
            responder(STRANGER, KeyPurposeId.id_kp_OCSPSigning),
            responder(ROOT, KeyPurposeId.id_kp_clientAuth),
            responder(ROOT),
            leaf)) {
      server.ocsp(question -> ocsp(question, other, GOOD));
      refuses("OCSP of " + server.responder());
    }
  }

  @Test
  void believesNoAnswerInTheIssuersNameWithAnotherKey() {
    server.ocsp(question ->
        ocsp(question, ROOT.self().certificate(), STRANGER.self().key(), GOOD, FROM, UNTIL));
    refuses("signature");
  }

  @Test
  void believesNoAnswerThatWasChanged() {
    server.ocsp(question -> {
      byte[] answer = ocsp(question, ROOT.self(), REVOKED);
      byte[] serial = leaf.certificate().getSerialNumber().toByteArray();
      int at = indexOf(answer, serial) + serial.length - 1;
      answer[at] ^= 1;
      return answer;
    });
    refuses("OCSP of");
  }

  @Test
  void believesNoAnswerOfAResponderThatHasExpired() {
    Issued responder =
        TestOrder.of("991825827")
            .purposes(KeyPurposeId.id_kp_OCSPSigning)
            .valid(NOW.minus(Duration.ofDays(9)), NOW.minus(Duration.ofHours(1)))
            .by(ROOT);
    server.ocsp(question -> ocsp(question, responder, GOOD));
    refuses("Responder's certificate");
  }

  @Test
  void believesNoAnswerAboutAnotherCertificate() {
    server.ocsp(question -> SignedStatus.ocspAbout(BigInteger.TEN, question, ROOT.self()));
    refuses("OCSP of");
  }

  @Test
  void believesNoAnswerOutsideItsTime() {
    Duration hour = Duration.ofHours(1);
    server.ocsp(question -> answer(question, NOW.minus(hour.multipliedBy(2)), NOW.minus(hour)));
    refuses("out-of-date");
    server.ocsp(question -> answer(question, NOW.plus(hour), NOW.plus(hour.multipliedBy(2))));
    refuses("out-of-date");
    server.ocsp(question -> answer(question, NOW.minus(hour), null));
    refuses("out-of-date");
  }

  @Test
  void saysWhatIsWrongWithAResponder() {
    server.ocsp(question -> SignedStatus.ocspError(OCSPRespBuilder.TRY_LATER));
    refuses("TRY_LATER");
    server.ocsp(question -> SignedStatus.ocspError(OCSPRespBuilder.UNAUTHORIZED));
    refuses("UNAUTHORIZED");
    server.ocsp(question -> "<html>".getBytes(StandardCharsets.US_ASCII));
    refuses("no answer of OCSP");
    server.ocsp(question -> new byte[] {0x30});
    refuses("no answer of OCSP");
    server.ocsp(question -> new byte[64 * 1024 + 1]);
    refuses("it does not answer");
    server.ocspReply((exchange, question) -> RevocationServer.send(exchange, 500, new byte[0]));
    refuses("status 500");
    timeout = SHORT;
    server.ocspReply(server.silence());
    refuses("longer than 800 ms");
    server.ocspReply(server.endless());
    refuses("longer than 800 ms");
  }

  @Test
  void followsNoRedirect() {
    try (RevocationServer other = RevocationServer.start()) {
      other.ocsp(question -> ocsp(question, ROOT.self(), GOOD));
      server.ocspReply((exchange, question) -> {
        exchange.getResponseHeaders().set("Location", other.responder().toString());
        RevocationServer.send(exchange, 307, new byte[0]);
      });
      refuses("status 307");
      assertThat(other.questions()).isZero();
    }
  }

  @Test
  void refusesEveryMutilatedAnswerWithoutAnException() {
    server.ocsp(question -> ocsp(question, ROOT.self(), REVOKED));
    java.util.Random random = new java.util.Random(4711);
    for (int i = 0; i < 200; i++) {
      server.ocsp(question -> {
        byte[] answer = ocsp(question, ROOT.self(), REVOKED);
        answer[random.nextInt(answer.length)] ^= (byte) (1 + random.nextInt(255));
        return answer;
      });
      revocation = new Revocation(options(false, null));
      assertThat(check(NOW).holds()).isFalse();
    }
  }

  @Test
  void refusesWhenNobodyListensAndWhenNobodyIsNamed() {
    server.close();
    refuses("it does not answer");
    Issued silent = TestOrder.of("991825827").by(ROOT);
    assertThat(revocation.check(silent.certificate(), ROOT.self().certificate(), NOW))
        .isEqualTo(
            new Finding(
                Verdict.UNKNOWN, "revocation unknown: OCSP: the certificate names no responder"));
    Issued elsewhere =
        TestOrder.of("991825827").pointing(URI.create("ldap://127.0.0.1/x"), null).by(ROOT);
    assertThat(revocation.check(elsewhere.certificate(), ROOT.self().certificate(), NOW).what())
        .contains("names no responder");
  }

  @Test
  void asksAFixedResponderInPlaceOfTheOneThatIsNamed() {
    try (RevocationServer other = RevocationServer.start()) {
      other.ocsp(question -> ocsp(question, ROOT.self(), GOOD));
      revocation = new Revocation(options(false, other.responder()));
      assertThat(check(NOW).what()).isEqualTo("valid, by OCSP of " + other.responder());
      assertThat(server.questions()).isZero();
    }
  }

  @Test
  void acceptsTheUnknownOnlyWhenToldTo() {
    revocation = new Revocation(options(true, null));
    Finding finding = check(NOW);
    assertThat(finding.holds()).isTrue();
    assertThat(finding.what()).startsWith("revocation unknown: OCSP of").contains("status 404");
  }

  @Test
  void asksOnceUntilTheAnswerIsOld() {
    server.ocsp(question -> ocsp(question, ROOT.self(), GOOD));
    check(NOW);
    check(NOW.plus(Duration.ofMinutes(29)));
    assertThat(server.questions()).isEqualTo(1);
    check(NOW.plus(Duration.ofMinutes(30)));
    assertThat(server.questions()).isEqualTo(2);
    check(UNTIL.minusSeconds(1)); // nextUpdate comes before the 30 minutes are over
    assertThat(server.questions()).isEqualTo(2);
    check(UNTIL);
    assertThat(server.questions()).isEqualTo(3);
  }

  @Test
  void seesARevocationOnceTheAnswerIsOld() {
    server.ocsp(question -> ocsp(question, ROOT.self(), GOOD));
    assertThat(check(NOW).holds()).isTrue();
    server.ocsp(question -> ocsp(question, ROOT.self(), REVOKED));
    assertThat(check(NOW.plus(Duration.ofMinutes(29))).holds()).isTrue();
    assertThat(check(NOW.plus(Duration.ofMinutes(30))).holds()).isFalse();
  }

  @Test
  void goesOnWithAnAnswerThatStillHoldsWhenTheResponderIsGone() {
    server.ocsp(question -> ocsp(question, ROOT.self(), GOOD));
    check(NOW);
    server.ocspReply((exchange, question) -> RevocationServer.send(exchange, 503, new byte[0]));
    assertThat(check(NOW.plus(Duration.ofMinutes(31))).holds()).isTrue();
    assertThat(check(UNTIL).holds()).isFalse();
  }

  @Test
  void asksAgainAfterAFailureButNotAtOnce() {
    assertThat(check(NOW).holds()).isFalse();
    server.ocsp(question -> ocsp(question, ROOT.self(), GOOD));
    assertThat(check(NOW.plusSeconds(9)).holds()).isFalse();
    assertThat(server.questions()).isEqualTo(1);
    assertThat(check(NOW.plusSeconds(10)).holds()).isTrue();
  }

  @Test
  void asksOnceForManyAtTheSameTime() throws ExecutionException, InterruptedException {
    server.ocsp(question -> ocsp(question, ROOT.self(), GOOD));
    List<FutureTask<Finding>> all = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      FutureTask<Finding> one = new FutureTask<>(() -> check(NOW));
      all.add(one);
      Thread.startVirtualThread(one);
    }
    for (FutureTask<Finding> one : all) {
      assertThat(one.get().holds()).isTrue();
    }
    assertThat(server.questions()).isEqualTo(1);
  }

  private Finding check(Instant now) {
    return revocation.check(leaf.certificate(), ROOT.self().certificate(), now);
  }

  private void refuses(String why) {
    revocation = new Revocation(options(false, null));
    Finding finding = check(NOW);
    assertThat(finding.what()).startsWith("revocation unknown: ").contains(why);
    assertThat(finding.verdict()).isEqualTo(Verdict.UNKNOWN);
  }

  private static Issued responder(TestAuthority authority, KeyPurposeId... purposes) {
    return TestOrder.of("991825827").purposes(purposes).by(authority);
  }

  private static byte[] answer(byte[] question, Instant from, @Nullable Instant until) {
    return ocsp(question, ROOT.self().certificate(), ROOT.self().key(), GOOD, from, until);
  }

  private static int indexOf(byte[] whole, byte[] part) {
    for (int i = 0; i + part.length <= whole.length; i++) {
      if (Arrays.equals(whole, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    throw new AssertionError("The answer does not name the certificate.");
  }
}

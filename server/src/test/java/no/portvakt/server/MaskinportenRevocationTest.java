package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.CERTIFICATE;
import static no.portvakt.server.MaskinportenClientFixture.ORGANISATION;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.SIGNATURE;
import static no.portvakt.server.MaskinportenClientFixture.UNAVAILABLE;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.security.KeyPair;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import no.portvakt.server.MaskinportenClientFixture.Expected;
import no.portvakt.server.certificates.Issued;
import no.portvakt.server.certificates.Revocation;
import no.portvakt.server.certificates.Revocation.Method;
import no.portvakt.server.certificates.RevocationServer;
import no.portvakt.server.certificates.SignedStatus;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.server.certificates.TestOrder;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Grants by certificate where revocation is checked, and keys that are locked to a certificate. */
class MaskinportenRevocationTest {
  private static final KeyPair RSA = TestAuthority.keyPair("RSA", 2048);

  private final RevocationServer server = RevocationServer.start();
  private final TestAuthority root = TestOrder.root("Test Root CA");
  private final Issued leaf = issue(DIGDIR);
  private final Path anchors;
  private final TestStack stack;
  private final TestStore store;

  MaskinportenRevocationTest(@TempDir Path folder) {
    store = TestStore.in(folder.resolve("data"));
    anchors = folder.resolve("anchors.pem");
    TestOrder.writeAnchors(anchors, root);
    stack =
        TestStack.start(it ->
            TestStack.withMaskinporten(
                store.settings().apply(it),
                own ->
                    own.withFiles(anchors, null).withRevocation(options(Method.OCSP, Method.CRL))));
    server.ocsp(question -> SignedStatus.ocsp(question, root.self(), SignedStatus.GOOD));
  }

  private static Revocation.Options options(Method... methods) {
    return new Revocation.Options(
        List.of(methods), false, Duration.ofSeconds(5), Duration.ofHours(1), null, List.of());
  }

  @AfterEach
  void stop() {
    stack.close();
    server.close();
  }

  @Test
  void givesATokenAndAsksOnce() {
    String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    for (int i = 0; i < 3; i++) {
      MaskinportenClientFixture.claims(stack.requestToken(grant(client).compact()));
    }
    assertThat(server.questions()).isEqualTo(1);
    assertThat(explained()).contains("valid, by OCSP of " + server.responder());
  }

  @Test
  void refusesARevokedCertificate() {
    server.ocsp(question -> SignedStatus.ocsp(question, root.self(), SignedStatus.REVOKED));
    String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    refuses(CERTIFICATE, grant(client));
    assertThat(explained()).contains("revoked, by OCSP of " + server.responder());
  }

  @Test
  void isUnavailableWhileNobodyAnswers() {
    server.ocspReply(server.silence());
    String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    String grant = grant(client).compact();
    HttpResponse<String> answer = stack.requestToken(grant);
    assertThat(assertRefused(stack, answer, UNAVAILABLE)).doesNotContain("OCSP", "127.0.0.1");
    assertThat(answer.headers().firstValue("Retry-After")).contains("5");
    assertThat(explained()).contains("revocation unknown: OCSP of", "longer than 5000 ms");
    AuditRecords.Stored record = AuditRecords.decisions(store.records()).getLast();
    assertThat(record.get("outcome")).isEqualTo("failed");
    assertThat(record.get("reason")).isEqualTo("client.certificate");
    refusesLocked(UNAVAILABLE);
    server.ocsp(question -> SignedStatus.ocsp(question, root.self(), SignedStatus.GOOD));
    stack.clock().advance(Duration.ofSeconds(10));
    MaskinportenClientFixture.claims(stack.requestToken(grant)); // it was not used up
  }

  @Test
  void refusesWhatIsOnAListAndAcceptsWhatIsNot() {
    Issued revoked = issue(DIGDIR);
    server.crl(SignedStatus.crl(root.self(), revoked.certificate()));
    try (TestStack own =
        TestStack.start(settings ->
            TestStack.withMaskinporten(
                settings, it -> it.withFiles(anchors, null).withRevocation(options(Method.CRL))))) {
      String client = MaskinportenClientFixture.newClientWithoutKeys(own, Map.of());
      MaskinportenClientFixture.claims(own.requestToken(grant(own, client, leaf).compact()));
      String grant = grant(own, client, revoked).compact();
      assertRefused(own, own.requestToken(grant), CERTIFICATE);
    }
    assertThat(server.fetches()).isEqualTo(1);
    assertThat(server.questions()).isZero();
  }

  // Otherwise anybody who has seen a certificate could have us send requests.
  @Test
  void asksNobodyAboutAGrantThatSomebodyElseSigned() {
    RSAKey other = TestOrder.rsaKey(TestOrder.of(DIGDIR).keys(RSA).by(root));
    String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    refuses(SIGNATURE, grant(client).signedWith(other));
    refuses(SIGNATURE, byKey(lockedClient(leaf)).signedWith(other));
    assertThat(server.questions() + server.fetches()).isZero();
    MaskinportenClientFixture.claims(stack.requestToken(grant(client).compact()));
    assertThat(server.questions()).isEqualTo(1);
  }

  @Test
  void asksNobodyAboutTheCertificateOfAnotherOrganisation() {
    String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    String other = TestOrder.x5c(issue(BRG));
    refuses(ORGANISATION, grant(client).header("x5c", List.of(other)));
    refuses(ORGANISATION, byKey(lockedClient(issue(BRG))));
    assertThat(server.questions() + server.fetches()).isZero();
  }

  @Test
  void tellsTheCallerNothingOfTheResponder() {
    server.ocsp(question -> SignedStatus.ocsp(question, root.self(), SignedStatus.REVOKED));
    String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    assertThat(refuses(CERTIFICATE, grant(client))).doesNotContain("OCSP", "127.0.0.1");
  }

  @Test
  void acceptsAKeyThatIsLockedToAGoodCertificate() {
    String client = lockedClient(leaf);
    Map<String, @Nullable Object> claims =
        MaskinportenClientFixture.claims(stack.requestToken(byKey(client).compact()));
    assertThat(claims).containsEntry("client_amr", "private_key_jwt");
    assertThat(server.questions()).isEqualTo(1);
  }

  @Test
  void refusesAKeyThatIsLockedToARevokedCertificate() {
    server.ocsp(question -> SignedStatus.ocsp(question, root.self(), SignedStatus.REVOKED));
    refusesLocked(CERTIFICATE);
  }

  @Test
  void refusesAKeyThatIsLockedToAnUntrustedCertificate() {
    Issued stranger = TestOrder.of(DIGDIR).by(TestOrder.root("Test Root CA"));
    refuses(CERTIFICATE, byKey(lockedClient(stranger)));
    assertThat(server.questions()).isZero();
  }

  @Test
  void refusesAKeyThatIsLockedToAnExpiredCertificate() {
    String client = lockedClient(leaf);
    MaskinportenClientFixture.claims(stack.requestToken(byKey(client).compact()));
    stack.clock().advance(Duration.ofDays(360));
    Issued shorter =
        TestOrder.of(DIGDIR)
            .valid(TestClock.START.minus(Duration.ofDays(9)), TestClock.START)
            .by(root);
    refuses(CERTIFICATE, byKey(lockedClient(shorter)));
  }

  @Test
  void registersNoKeyWithACertificateThatIsNotItsOwn() {
    Issued other = TestOrder.of(DIGDIR).keys(RSA).by(root);
    for (Object x5c :
        new Object[] {
          List.of(TestOrder.x5c(other)),
          List.of(),
          List.of("AAAA"),
          TestOrder.x5c(leaf),
          List.of(TestOrder.x5c(other), TestOrder.x5c(leaf))
        }) {
      String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
      HttpResponse<String> answer = register(client, x5c);
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(400);
      assertThat(answer.body()).contains("\"fieldIdentifier\":\"x5c\"");
    }
  }

  private Issued issue(String organisation) {
    return TestOrder.of(organisation).pointing(server.responder(), server.list()).by(root);
  }

  private TokenForge grant(String client) {
    return grant(stack, client, leaf);
  }

  private static TokenForge grant(TestStack stack, String client, Issued issued) {
    return stack
        .grant(new TestStack.Client(client, TestOrder.rsaKey(issued)), READ)
        .withoutHeader("kid")
        .header("x5c", List.of(TestOrder.x5c(issued)));
  }

  private TokenForge byKey(String client) {
    return stack
        .grant(new TestStack.Client(client, TestOrder.rsaKey(leaf)), READ)
        .header("kid", "locked");
  }

  private String lockedClient(Issued issued) {
    String client = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    HttpResponse<String> answer = register(client, List.of(TestOrder.x5c(issued)));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(201);
    return client;
  }

  private HttpResponse<String> register(String client, Object x5c) {
    RSAKey key = TestOrder.rsaKey(leaf);
    Map<String, Object> jwk = new HashMap<>(key.toPublicJWK().toJSONObject());
    jwk.put("kid", "locked");
    jwk.put("use", "sig");
    jwk.put("alg", "RS256");
    jwk.put("x5c", x5c);
    return stack.admin(
        "POST",
        "/maskinporten/clients/" + client + "/jwks",
        stack.adminToken(),
        TestStack.toJson(Map.of("keys", List.of(jwk))));
  }

  private void refusesLocked(Expected expected) {
    refuses(expected, byKey(lockedClient(leaf)));
  }

  private String refuses(Expected expected, TokenForge grant) {
    return assertRefused(stack, stack.requestToken(grant.compact()), expected);
  }

  /** What the rule says in the last decision by a certificate. */
  private @Nullable String explained() {
    return AuditRecords.decisions(store.records()).stream()
        .map(it -> it.rule("client.certificate"))
        .filter(Objects::nonNull)
        .reduce((one, next) -> next)
        .orElse(null);
  }
}

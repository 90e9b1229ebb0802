package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.EXPIRED;
import static no.portvakt.server.MaskinportenClientFixture.REPLAYED;
import static no.portvakt.server.MaskinportenClientFixture.SCOPE;
import static no.portvakt.server.MaskinportenClientFixture.SIGNATURE;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.UnaryOperator;
import no.portvakt.server.database.Database;
import no.portvakt.server.maskinporten.TokenEndpoint;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.trust.ReplayGuard;
import no.portvakt.tokens.Digests;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Contract §1.5: a grant can be used once. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenReplayTest {
  private final TestStack stack = TestStack.start();
  private final MaskinportenClientFixture client = MaskinportenClientFixture.of(stack);

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void refusesTheSameGrantAgain() {
    TokenForge grant = client.grant();
    client.accepts(grant);
    client.refuses(REPLAYED, grant);
    client.refuses(REPLAYED, grant);
  }

  @Test
  void refusesAnotherGrantWithTheSameJti() {
    TokenForge grant = client.grant().claim("jti", "once");
    client.accepts(grant);
    client.refuses(REPLAYED, client.grant().claim("jti", "once").claim("sub", "x"));
    client.refuses(REPLAYED, client.grant().claim("jti", "once").header("typ", "JWT"));
    client.accepts(client.grant().claim("jti", "Once"));
    client.accepts(client.grant().claim("jti", "once "));
  }

  @Test
  void refusesAGrantWithoutJtiAgain() {
    TokenForge grant = client.grant().without("jti");
    client.accepts(grant);
    client.refuses(REPLAYED, grant);
  }

  @Test
  void refusesTheSameClaimsSignedAgain() {
    String claims = client.grant().without("jti").claim("sub", "again").claimsJson();
    client.accepts(client.grant().rawClaims(claims));
    client.refuses(REPLAYED, client.grant().rawClaims(claims));
  }

  @Test
  void acceptsGrantsWithoutJtiThatDiffer() {
    client.accepts(client.grant().without("jti").claim("exp", stack.clock().seconds() + 50));
    client.accepts(client.grant().without("jti").claim("exp", stack.clock().seconds() + 51));
  }

  // "sha256:…" as a jti must not stand for a grant without one.
  @Test
  void keepsIdsOfBothKindsApart() {
    TokenForge without = client.grant().without("jti").claim("sub", "apart");
    client.accepts(without);
    client.accepts(client.grant().claim("jti", "sha256:" + fingerprint(without)));
    client.accepts(client.grant().claim("jti", fingerprint(without)));
  }

  @Test
  void acceptsTheSameJtiFromAnotherClient() {
    MaskinportenClientFixture other = MaskinportenClientFixture.of(stack);
    client.accepts(client.grant().claim("jti", "shared"));
    other.accepts(other.grant().claim("jti", "shared"));
    other.refuses(REPLAYED, other.grant().claim("jti", "shared"));
  }

  // Nobody but the client itself can use up its ids.
  @Test
  void remembersNoGrantThatWasRefused() {
    client.refuses(
        SIGNATURE, client.grant().claim("jti", "mine").signedWith(RemoteIssuer.newKey()));
    client.refuses(SCOPE, client.grant().claim("jti", "mine").claim("scope", "altinn:other"));
    client.accepts(client.grant().claim("jti", "mine"));
  }

  @Test
  void letsOneOfManyThroughThatComeTogether() throws Exception {
    String grant = client.grant().compact();
    List<Future<HttpResponse<String>>> answers = new ArrayList<>();
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i < 40; i++) {
        answers.add(threads.submit(() -> stack.requestToken(grant)));
      }
    }
    int granted = 0;
    for (Future<HttpResponse<String>> answer : answers) {
      if (answer.get().statusCode() == 200) {
        granted++;
      } else {
        assertRefused(stack, answer.get(), REPLAYED);
      }
    }
    assertThat(granted).isOne();
  }

  @Test
  void remembersAGrantUntilItsTimesRefuseIt() {
    try (TestStack own = TestStack.start()) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      TokenForge grant = fixture.grant();
      fixture.accepts(grant);
      own.clock().advance(Duration.ofSeconds(130));
      fixture.refuses(REPLAYED, grant);
      own.clock().advance(Duration.ofSeconds(1));
      fixture.refuses(EXPIRED, grant);
    }
  }

  // Another node, or the next start, may have another maskinporten.clock-skew.
  @Test
  void remembersAGrantForWhoeverWouldTakeItLongest(@TempDir Path folder) {
    TestStore store = TestStore.in(folder);
    String grant;
    int port;
    try (TestStack strict = TestStack.start(it -> skew(0).apply(store.settings().apply(it)));
        Database database = store.open()) {
      port = strict.server().port();
      grant = strict.adminGrant("idporten:scopes.read").compact();
      assertThat(strict.requestToken(grant).statusCode()).isEqualTo(200);
      strict.clock().advance(Duration.ofSeconds(130));
      assertRefused(strict, strict.requestToken(grant), EXPIRED);
      new ReplayGuard(new ReplayTable(database)).forgetExpired(strict.clock().instant());
    }
    try (TestStack lenient =
        TestStack.start(it ->
            skew(60).apply(store.settings().apply(it)).withBaseUrl("http://localhost:" + port))) {
      lenient.clock().advance(Duration.ofSeconds(130));
      assertRefused(lenient, lenient.requestToken(grant), REPLAYED);
      lenient.clock().advance(Duration.ofSeconds(51));
      assertRefused(lenient, lenient.requestToken(grant), EXPIRED);
    }
  }

  private static UnaryOperator<Settings> skew(long seconds) {
    return TestStack.grants(new TokenEndpoint.Options(120, seconds, true, true, false, false));
  }

  @Test
  void remembersAGrantAcrossARestart(@TempDir Path folder) {
    TestStore store = TestStore.in(folder);
    String grant;
    TestStack.Client admin;
    int port;
    try (TestStack first = TestStack.start(store.settings())) {
      admin = first.adminClient();
      port = first.server().port();
      grant = first.grant(admin, "idporten:scopes.read").compact();
      assertThat(first.requestToken(grant).statusCode()).isEqualTo(200);
    }
    try (TestStack second =
        TestStack.start(
            settings -> store.settings().apply(settings).withBaseUrl("http://localhost:" + port))) {
      assertRefused(second, second.requestToken(grant), REPLAYED);
      assertThat(second.tokenFor(second.adminClient(), "idporten:scopes.read")).isNotEmpty();
    }
  }

  private static String fingerprint(TokenForge grant) {
    byte[] input = grant.signingInput().getBytes(StandardCharsets.US_ASCII);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(Digests.sha256(input));
  }
}

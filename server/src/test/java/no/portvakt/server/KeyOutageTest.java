package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import no.portvakt.tokens.TrustedIssuer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** An issuer whose keys can't be had: 503, never 401, and well again by itself. */
class KeyOutageTest {
  private static final String BAD_KEY = "The token names no key of its issuer.";

  private static RemoteIssuer remote;
  private static TestStack stack;

  @BeforeAll
  static void start() {
    remote = RemoteIssuer.start();
    stack = TestStack.start(it -> it, remote);
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  /** Two days later nothing is left of what the test before this one made the server learn. */
  @BeforeEach
  void begin() {
    remote.begin();
    stack.clock().advance(Duration.ofDays(2));
  }

  @Test
  void learnsNothingFromMetadataOfAnotherIssuer() {
    remote.nameIssuer("https://evil.example/");
    unavailable();
    assertThat(remote.keyRequests()).isZero();
    remote.nameIssuer(remote.issuer().substring(0, remote.issuer().length() - 1));
    stack.clock().advance(Duration.ofMinutes(1));
    unavailable();
    assertThat(remote.keyRequests()).isZero();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "<html>",
        "{}",
        "{\"jwks_uri\":\"%s\"}",
        "{\"issuer\":\"%i\"}",
        "{\"issuer\":\"%i\",\"jwks_uri\":null}",
        "{\"issuer\":\"%i\",\"jwks_uri\":5}",
        "{\"issuer\":\"%i\",\"jwks_uri\":\"\"}",
        "{\"issuer\":\"%i\",\"jwks_uri\":\"no address\"}",
        "{\"issuer\":\"%i\",\"jwks_uri\":\"/jwks\"}",
        "{\"issuer\":\"%i\",\"jwks_uri\":\"jwks\"}",
        "{\"issuer\":\"%i\",\"jwks_uri\":\"file:///etc/passwd\"}",
        "{\"issuer\":\"%i\",\"jwks_uri\":\"ftp://127.0.0.1/x\"}",
        "{\"issuer\":\"%i\",\"jwks_uri\":\"http://\"}",
        "{\"issuer\":\"%i\",\"jwks_uri\":\"http://127.0.0.1:99999/\"}",
        "{\"issuer\":\"%i\",\"issuer\":\"%i\",\"jwks_uri\":\"%s\"}"
      })
  void isUnavailableWhileMetadataIsGarbage(String metadata) {
    remote.answerMetadataWith(
        200,
        metadata.replace("%i", remote.issuer()).replace("%s", remote.keysAddress().toString()));
    unavailable();
    recovers();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "<html>",
        "{}",
        "{\"keys\":null}",
        "{\"keys\":{}}",
        "{\"keys\":\"x\"}",
        "{\"keys\":[",
        "keys"
      })
  void isUnavailableWhileKeysAreGarbage(String keys) {
    remote.answerKeysWith(200, keys);
    unavailable();
    recovers();
  }

  @Test
  void isUnavailableWhileKeysAreTooLarge() {
    remote.answerKeysWith(200, "{\"keys\":[],\"filler\":\"" + "x".repeat(1024 * 1024) + "\"}");
    unavailable();
    recovers();
  }

  @ParameterizedTest
  @ValueSource(ints = {204, 301, 400, 401, 404, 429, 500, 503})
  void isUnavailableWhileTheIssuerRefuses(int status) {
    remote.answerKeysWith(status, status == 204 ? "" : "{\"keys\":[]}");
    unavailable();
    remote.recover();
    remote.answerMetadataWith(status, status == 204 ? "" : "{}");
    stack.clock().advance(Duration.ofSeconds(10));
    unavailable();
    recovers();
  }

  @Test
  void isUnavailableWhileNobodyListens() {
    URI nowhere = URI.create("http://127.0.0.1:1/jwks");
    Settings.Issuer issuer =
        new Settings.Issuer(
            "https://dead.example/", null, nowhere, TrustedIssuer.RSA_ALGORITHMS, Set.of());
    try (TestStack own = TestStack.start(TestStack.trusting(issuer))) {
      String token = own.forge().claim("iss", "https://dead.example/").compact();
      assertUnavailable(own.exchange(token), token);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void isUnavailableWhileTheIssuerHangs(boolean beforeTheAnswer) {
    if (beforeTheAnswer) {
      remote.hangOnKeys();
    } else {
      remote.stallInKeys();
    }
    // The tests' client gives up after 30 s: the server must do so before.
    unavailable();
    recovers();
  }

  @Test
  void asksOnceForAllWhoWaitWhileTheIssuerFails() {
    try (TestStack cold = TestStack.start()) {
      RemoteIssuer issuer = cold.remote();
      issuer.hangOnKeys();
      List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
      for (int i = 0; i < 10; i++) {
        waiting.add(later(cold, cold.forge().compact()));
      }
      issuer.awaitHangingRequest();
      issuer.answerKeysWith(500, "");
      issuer.release();
      assertThat(waiting).allSatisfy(it -> assertThat(it.join().statusCode()).isEqualTo(503));
      assertThat(issuer.keyRequests()).isEqualTo(1);
    }
  }

  @Test
  void doesNotAskAFailingIssuerForEachToken() {
    remote.answerKeysWith(500, "");
    for (int i = 0; i < 10; i++) {
      unavailable();
    }
    assertThat(remote.keyRequests()).isEqualTo(1);
    stack.clock().advance(Duration.ofSeconds(5));
    unavailable();
    assertThat(remote.keyRequests()).isEqualTo(2);
  }

  @Test
  void goesOnWithTheLastGoodKeysDuringAnOutage() {
    granted(stack.forge().compact());
    remote.answerKeysWith(500, "");
    for (int hours = 0; hours < 23; hours++) {
      stack.clock().advance(Duration.ofHours(1));
      granted(stack.forge().compact());
    }
    assertThat(ExchangeRefusal.of(stack, stack.forge().header("kid", "unknown").compact()))
        .isEqualTo(BAD_KEY);
    stack.clock().advance(Duration.ofHours(2));
    unavailable();
    recovers();
  }

  @Test
  void refusesWhatNeedsNoKeyDuringAnOutage() {
    remote.answerKeysWith(500, "");
    ExchangeRefusal.of(stack, "a.b.c");
    ExchangeRefusal.of(stack, stack.forge().claim("iss", "https://other.example/").compact());
    ExchangeRefusal.of(stack, stack.forge().header("alg", "HS256").compact());
    assertThat(remote.keyRequests()).isZero();
  }

  @Test
  void exchangesTokensOfOtherIssuersDuringAnOutage() {
    String other = stack.maskinportenToken("altinn:serviceowner/instances.read");
    remote.hangOnKeys();
    CompletableFuture<HttpResponse<String>> stuck = later(stack, stack.forge().compact());
    remote.awaitHangingRequest();
    granted(other);
    remote.recover();
    assertThat(stuck.join().statusCode()).isEqualTo(200);
  }

  private static void unavailable() {
    String token = stack.forge().compact();
    assertUnavailable(stack.exchange(token), token);
  }

  private static void recovers() {
    remote.recover();
    stack.clock().advance(Duration.ofSeconds(30));
    granted(stack.forge().compact());
  }

  private static void assertUnavailable(HttpResponse<String> answer, String token) {
    ExchangeRefusal.assertProblem(answer, 503, token);
    assertThat(answer.headers().firstValue("Retry-After").orElse("")).matches("[1-9][0-9]*");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
    assertThat(answer.headers().firstValue("WWW-Authenticate")).isEmpty();
  }

  private static CompletableFuture<HttpResponse<String>> later(TestStack at, String token) {
    return CompletableFuture.supplyAsync(() -> at.exchange(token), Thread::startVirtualThread);
  }

  private static void granted(String token) {
    HttpResponse<String> answer = stack.exchange(token);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }
}

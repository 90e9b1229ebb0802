package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
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

/** The keys of a remote issuer: found, kept, asked for again, and not to be had. */
class ExchangeKeysTest {
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
  void asksForKeysOnce() {
    for (int i = 0; i < 10; i++) {
      granted(stack.forge().compact());
    }
    assertThat(remote.metadataRequests()).isEqualTo(1);
    assertThat(remote.keyRequests()).isEqualTo(1);
  }

  @Test
  void asksForKeysAgainAfterTenMinutes() {
    granted(stack.forge().compact());
    stack.clock().advance(Duration.ofMinutes(10).minusSeconds(1));
    granted(stack.forge().compact());
    assertThat(remote.keyRequests()).isEqualTo(1);
    stack.clock().advance(Duration.ofSeconds(1));
    granted(stack.forge().compact());
    assertThat(remote.keyRequests()).isEqualTo(2);
  }

  @Test
  void asksOnceMoreForAnUnknownKeyAndThenRefuses() {
    granted(stack.forge().compact());
    stack.clock().advance(Duration.ofSeconds(30));
    String token = stack.forge().header("kid", "unknown").compact();
    assertThat(ExchangeRefusal.of(stack, token)).isEqualTo(BAD_KEY);
    assertThat(remote.keyRequests()).isEqualTo(2);
  }

  @Test
  void doesNotLetUnknownKeysFloodTheIssuer() {
    granted(stack.forge().compact());
    for (int i = 0; i < 60; i++) {
      stack.clock().advance(Duration.ofSeconds(1));
      ExchangeRefusal.of(stack, stack.forge().header("kid", "unknown-" + i).compact());
    }
    assertThat(remote.keyRequests()).isEqualTo(3);
  }

  @Test
  void learnsANewKeyAtItsFirstUse() {
    granted(stack.forge().compact());
    RSAKey fresh = RemoteIssuer.newKey();
    remote.publish(fresh);
    stack.clock().advance(Duration.ofSeconds(31));
    granted(signedBy(fresh));
    granted(stack.forge().compact());
    assertThat(remote.keyRequests()).isEqualTo(2);
  }

  @Test
  void forgetsAKeyThatIsWithdrawn() {
    RSAKey fresh = RemoteIssuer.newKey();
    remote.publish(fresh);
    granted(stack.forge().compact());
    remote.publishOnly(fresh);
    stack.clock().advance(Duration.ofMinutes(11));
    granted(signedBy(fresh));
    assertThat(ExchangeRefusal.of(stack, stack.forge().compact())).isEqualTo(BAD_KEY);
  }

  @Test
  void refusesNoOneWhileAnotherRequestLearnsTheNewKey() {
    granted(stack.forge().compact());
    RSAKey fresh = RemoteIssuer.newKey();
    remote.publish(fresh);
    stack.clock().advance(Duration.ofSeconds(31));
    remote.hangOnKeys();
    CompletableFuture<HttpResponse<String>> first = later(signedBy(fresh));
    remote.awaitHangingRequest();
    // The others come while the first one waits for the issuer; old keys serve meanwhile.
    List<CompletableFuture<HttpResponse<String>>> others = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      others.add(later(signedBy(fresh)));
    }
    for (int i = 0; i < 8; i++) {
      granted(stack.forge().compact());
    }
    remote.recover();
    assertThat(first.join().statusCode()).isEqualTo(200);
    assertThat(others).allSatisfy(it -> assertThat(it.join().statusCode()).isEqualTo(200));
    assertThat(remote.keyRequests()).isEqualTo(2);
  }

  @Test
  void acceptsATokenWithoutKeyIdFromAnIssuerWithOneKey() {
    granted(stack.forge().withoutHeader("kid").compact());
  }

  @Test
  void refusesATokenWithoutKeyIdFromAnIssuerWithTwoKeys() {
    remote.publish(RemoteIssuer.newKey());
    assertThat(ExchangeRefusal.of(stack, stack.forge().withoutHeader("kid").compact()))
        .isEqualTo(BAD_KEY);
  }

  @Test
  void passesOverKeysThatAreOfNoUse() throws Exception {
    String good = remote.key().toPublicJWK().toJSONString();
    String weak =
        new com.nimbusds.jose.jwk.gen.RSAKeyGenerator(1024, true)
            .keyID("weak")
            .generate()
            .toPublicJWK()
            .toJSONString();
    String encryption = good.replace("\"use\":\"sig\"", "\"use\":\"enc\"");
    for (String other :
        List.of(
            weak,
            encryption,
            "{}",
            "null",
            "5",
            "[]",
            "{\"kty\":\"RSA\",\"kid\":\"no-modulus\",\"e\":\"AQAB\"}",
            "{\"kty\":\"RSA\",\"kid\":\"bad\",\"n\":\"!!\",\"e\":\"AQAB\"}",
            "{\"kty\":\"RSA\",\"kid\":\"bad\",\"n\":\"\",\"e\":\"\"}",
            "{\"kty\":\"RSA\",\"kid\":5,\"n\":[],\"e\":{}}",
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"off\",\"x\":\"AQ\",\"y\":\"AQ\"}",
            "{\"kty\":\"oct\",\"kid\":\"secret\",\"k\":\"c2VjcmV0\"}",
            "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"ed\",\"x\":\"AQ\"}",
            "{\"kty\":\"new-kind\",\"kid\":\"n\"}",
            "{\"kty\":7}")) {
      remote.answerKeysWith(200, "{\"keys\":[" + other + "," + good + "]}");
      stack.clock().advance(Duration.ofMinutes(11));
      HttpResponse<String> answer = stack.exchange(stack.forge().compact());
      assertThat(answer.statusCode()).as(other).isEqualTo(200);
    }
  }

  @Test
  void doesNotUseAnEncryptionKeyOrAWeakKey() throws Exception {
    String good = remote.key().toPublicJWK().toJSONString();
    remote.answerKeysWith(200, "{\"keys\":[" + good.replace("\"sig\"", "\"enc\"") + "]}");
    assertThat(ExchangeRefusal.of(stack, stack.forge().compact())).isEqualTo(BAD_KEY);
    RSAKey weak =
        new com.nimbusds.jose.jwk.gen.RSAKeyGenerator(1024, true).keyID("weak").generate();
    remote.answerKeysWith(200, "{\"keys\":[" + weak.toPublicJWK().toJSONString() + "]}");
    stack.clock().advance(Duration.ofMinutes(11));
    assertThat(ExchangeRefusal.of(stack, signedBy(weak))).isEqualTo(BAD_KEY);
  }

  @Test
  void usesAKeyOnlyWithTheAlgorithmThatItIsPublishedFor() {
    JWK limited =
        new RSAKey.Builder(remote.key()).algorithm(com.nimbusds.jose.JWSAlgorithm.RS512).build();
    remote.publishOnly(limited);
    assertThat(ExchangeRefusal.of(stack, stack.forge().compact()))
        .isEqualTo("The token's signature does not hold.");
    granted(stack.forge().header("alg", "RS512").compact());
  }

  @Test
  void findsKeysAtAnAddressThatIsConfigured() {
    try (RemoteIssuer other = RemoteIssuer.start();
        TestStack own = TestStack.start(TestStack.trusting(byKeys(other)))) {
      assertThat(own.exchange(other.token(own.clock()).compact()).statusCode()).isEqualTo(200);
      assertThat(other.metadataRequests()).isZero();
    }
  }

  @Test
  void bindsEachIssuerToItsOwnKeys() {
    try (RemoteIssuer a = RemoteIssuer.start();
        RemoteIssuer b = RemoteIssuer.start();
        TestStack own = TestStack.start(TestStack.trusting(a.trusted(), byKeys(b)))) {
      assertThat(own.exchange(a.token(own.clock()).compact()).statusCode()).isEqualTo(200);
      assertThat(own.exchange(b.token(own.clock()).compact()).statusCode()).isEqualTo(200);
      String aForB = a.token(own.clock()).claim("iss", b.issuer()).compact();
      assertThat(ExchangeRefusal.of(own, aForB)).isEqualTo(BAD_KEY);
      TokenForge renamed = b.token(own.clock()).claim("iss", a.issuer());
      assertThat(ExchangeRefusal.of(own, renamed.header("kid", a.key().getKeyID()).compact()))
          .isEqualTo("The token's signature does not hold.");
    }
  }

  private static Settings.Issuer byKeys(RemoteIssuer issuer) {
    return new Settings.Issuer(
        issuer.issuer(), null, issuer.keysAddress(), TrustedIssuer.RSA_ALGORITHMS, Set.of());
  }

  private static String signedBy(RSAKey key) {
    return TokenForge.signedBy(key, stack.forge().claims()).compact();
  }

  private static CompletableFuture<HttpResponse<String>> later(String token) {
    return CompletableFuture.supplyAsync(() -> stack.exchange(token), Thread::startVirtualThread);
  }

  private static void granted(String token) {
    HttpResponse<String> answer = stack.exchange(token);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }
}

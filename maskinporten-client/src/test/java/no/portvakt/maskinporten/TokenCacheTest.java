package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.Maskinporten.eventually;
import static no.portvakt.maskinporten.ScriptedServer.after;
import static no.portvakt.maskinporten.ScriptedServer.json;
import static no.portvakt.maskinporten.ScriptedServer.refusal;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class TokenCacheTest {
  private static final TokenRequest READ = TokenRequest.of("altinn:read");

  private final Maskinporten maskinporten = new Maskinporten();
  private final ScriptedServer server = maskinporten.server;
  private final TestClock clock = maskinporten.clock;
  private MaskinportenClient client = maskinporten.builder().build();

  @AfterEach
  void stop() {
    client.close();
    maskinporten.close();
  }

  @Test
  void givesATokenWithOneCall() {
    server.at(TOKEN, token("abc.def", 119));
    AccessToken token = client.token("altinn:read");
    assertThat(token.value()).isEqualTo("abc.def");
    assertThat(token.authorization()).isEqualTo("Bearer abc.def");
    assertThat(token.scopes()).containsExactly("a:b");
    assertThat(token.expiresAt()).isEqualTo(clock.instant().plusSeconds(119));
    assertThat(maskinporten.requests())
        .singleElement()
        .satisfies(request -> {
          assertThat(request.method()).isEqualTo("POST");
          assertThat(request.header("Content-type")).isEqualTo("application/x-www-form-urlencoded");
          assertThat(request.form("grant_type"))
              .isEqualTo("urn:ietf:params:oauth:grant-type:jwt-bearer");
          assertThat(request.grant().header()).isEqualTo(Map.of("alg", "RS256", "kid", "key-1"));
          assertThat(request.claims())
              .containsEntry("aud", maskinporten.issuer())
              .containsEntry("iss", Maskinporten.CLIENT)
              .containsEntry("scope", "altinn:read")
              .containsEntry("iat", clock.instant().getEpochSecond())
              .containsEntry("exp", clock.instant().getEpochSecond() + 120)
              .containsKey("jti")
              .hasSize(6);
        });
  }

  @Test
  void asksOnceForTheSameScopesInAnyOrder() {
    server.at(TOKEN, token("first", 120), token("second", 120));
    AccessToken first = client.token("b a");
    assertThat(client.token("a b")).isSameAs(first);
    assertThat(client.token("a b a")).isSameAs(first);
    assertThat(client.token(TokenRequest.builder().scopes("b", "a").build())).isSameAs(first);
    assertThat(maskinporten.requests()).hasSize(1);
  }

  @Test
  void asksAnewForWhateverShapesAToken() {
    server.at(TOKEN, token("t", 120));
    List<TokenRequest.Builder> different =
        List.of(
            builder(),
            builder().scopes("altinn:write"),
            builder().consumerOrg("974760673"),
            builder().consumerOrg("991825827"),
            builder().onBehalfOf("974760673"),
            builder().resource("https://tt02.altinn.no"),
            builder().resource("https://tt02.altinn.no/"),
            builder().resource("https://a.no").resource("https://b.no"),
            builder().pid("01017012345"),
            builder().systemUser("974760673"),
            builder().systemUser("974760673", ""),
            builder().systemUser("974760673", "one"),
            builder().systemUser("991825827", "one"),
            builder()
                .consent(UUID.randomUUID(), "urn:altinn:organization:identifier-no:974760673"));
    Set<AccessToken> tokens = new HashSet<>();
    for (TokenRequest.Builder each : different) {
      tokens.add(client.token(each.build()));
      tokens.add(client.token(each.build()));
    }
    assertThat(tokens).hasSameSizeAs(different);
    assertThat(maskinporten.requests()).hasSameSizeAs(different);
  }

  @Test
  void neverHandsOutATokenShortOfItsMinimumLife() {
    client.close();
    client = maskinporten.builder().minimumLife(Duration.ofSeconds(150)).build();
    server.at(TOKEN, token("first", 3600), token("second", 3600));
    client.token(READ);
    clock.advance(Duration.ofMillis(3_449_999));
    assertThat(client.token(READ).value()).isEqualTo("first");
    assertThat(maskinporten.requests()).hasSize(1);
    clock.advance(Duration.ofMillis(1));
    assertThat(client.token(READ).value()).isEqualTo("second");
  }

  @Test
  void takesHalfOfALifeThatIsShorterThanTheMinimum() {
    server.at(TOKEN, token("first", 20), token("second", 20));
    client.token(READ);
    clock.advance(Duration.ofMillis(9_999));
    assertThat(client.token(READ).value()).isEqualTo("first");
    clock.advance(Duration.ofMillis(1));
    assertThat(client.token(READ).value()).isEqualTo("second");
  }

  @Test
  void letsARequestHaveAMinimumOfItsOwn() {
    server.at(TOKEN, token("first", 1000), token("second", 1000));
    AccessToken first = client.token(READ);
    clock.advance(Duration.ofMinutes(10));
    assertThat(client.token(READ)).isSameAs(first);
    TokenRequest long500 = builder().minimumLife(Duration.ofSeconds(450)).build();
    AccessToken second = client.token(long500);
    assertThat(second.value()).isEqualTo("second");
    assertThat(client.token(READ)).isSameAs(second);
    assertThat(maskinporten.requests()).hasSize(2);
  }

  @Test
  void renewsInTheBackgroundShortlyBeforeTheEnd() {
    CountDownLatch latch = new CountDownLatch(1);
    server.at(TOKEN, token("first", 3600), after(latch, token("second", 3600)));
    client.token(READ);
    clock.advance(Duration.ofSeconds(3479));
    assertThat(client.token(READ).value()).isEqualTo("first");
    assertThat(maskinporten.requests()).hasSize(1);
    clock.advance(Duration.ofSeconds(1));
    assertThat(client.token(READ).value()).isEqualTo("first"); // nobody waits
    assertThat(client.token(READ).value()).isEqualTo("first");
    latch.countDown();
    eventually(() -> client.token(READ).value().equals("second"));
    assertThat(maskinporten.requests()).hasSize(2);
  }

  @Test
  void renewsInTheSecondHalfOfAShortLife() {
    AtomicInteger renewals = countRenewals();
    server.at(TOKEN, token("first", 125), token("second", 125));
    client.token(READ);
    clock.advance(Duration.ofMillis(62_499));
    client.token(READ);
    assertThat(renewals).hasValue(0);
    clock.advance(Duration.ofMillis(1));
    eventually(() -> client.token(READ).value().equals("second"));
  }

  @Test
  void doesNotHurryWhenNobodyTakesTheRenewal() {
    AtomicInteger renewals = countRenewals();
    server.at(TOKEN, token("first", 120));
    client.token(READ);
    client.close(); // refuses work as a full queue does
    clock.advance(Duration.ofSeconds(60));
    for (int i = 0; i < 10; i++) {
      assertThat(client.token(READ).value()).isEqualTo("first");
    }
    assertThat(renewals).hasValue(1);
    clock.advance(Duration.ofSeconds(5));
    client.token(READ);
    assertThat(renewals).hasValue(2);
  }

  @Test
  void keepsTheTokenWhenItCantBeRenewedAndDoesNotHurry() {
    AtomicInteger renewals = countRenewals();
    CountDownLatch latch = new CountDownLatch(1);
    server.at(TOKEN, token("first", 3600), after(latch, refusal(403, "forbidden", "No", "MP-250")));
    client.token(READ);
    clock.advance(Duration.ofSeconds(3500));
    assertThat(client.token(READ).value()).isEqualTo("first");
    CompletableFuture<AccessToken> renewed =
        client.tokenLater(builder().minimumLife(Duration.ofSeconds(200)).build());
    latch.countDown();
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(renewed::join)
        .withCauseInstanceOf(TokenRefused.class);
    server.at(TOKEN, token("second", 3600));
    clock.advance(Duration.ofMillis(4_999));
    assertThat(client.token(READ).value()).isEqualTo("first");
    assertThat(renewals).hasValue(1);
    clock.advance(Duration.ofMillis(1));
    eventually(() -> client.token(READ).value().equals("second"));
    assertThat(maskinporten.requests()).hasSize(3);
  }

  @Test
  void forgetsTheLeastRecentlyUsed() {
    client.close();
    client = maskinporten.builder().cacheSize(2).build();
    server.at(TOKEN, token("t", 3600));
    AccessToken a = client.token("a");
    clock.advance(Duration.ofSeconds(2));
    client.token("b");
    clock.advance(Duration.ofSeconds(2));
    client.token("a");
    clock.advance(Duration.ofSeconds(2));
    client.token("c"); // takes the place of b
    assertThat(client.token("a")).isSameAs(a);
    assertThat(maskinporten.requests()).hasSize(3);
    client.token("b");
    assertThat(maskinporten.requests()).hasSize(4);
  }

  @Test
  void asksOnceForAHundredThreads() throws Exception {
    CountDownLatch latch = new CountDownLatch(1);
    server.at(TOKEN, after(latch, token("one", 120)), token("two", 120));
    Set<AccessToken> tokens = new HashSet<>();
    for (Future<AccessToken> each : hundred(latch)) {
      tokens.add(each.get());
    }
    assertThat(tokens).hasSize(1);
    assertThat(maskinporten.requests()).hasSize(1);
  }

  @Test
  void tellsAllWhoWaitOfARefusalAndForgetsIt() throws Exception {
    CountDownLatch latch = new CountDownLatch(1);
    server.at(
        TOKEN, after(latch, refusal(400, "invalid_grant", "No", "MP-100")), token("two", 120));
    int refused = 0;
    for (Future<AccessToken> each : hundred(latch)) {
      try {
        each.get();
      } catch (ExecutionException e) {
        assertThat(e.getCause()).isInstanceOf(TokenRefused.class);
        refused++;
      }
    }
    assertThat(refused).isPositive();
    assertThat(maskinporten.requests()).hasSizeLessThanOrEqualTo(2);
    assertThat(client.token(READ).value()).isEqualTo("two");
  }

  @Test
  void remembersForSecondsThatThereWasNoAnswer() {
    server.at(TOKEN, json(503, Map.of()));
    assertThatExceptionOfType(TokenUnavailable.class).isThrownBy(() -> client.token(READ));
    int tries = maskinporten.requests().size();
    server.at(TOKEN, token("t", 120));
    clock.advance(Duration.ofMillis(4_999));
    assertThatExceptionOfType(TokenUnavailable.class).isThrownBy(() -> client.token(READ));
    assertThat(maskinporten.requests()).hasSize(tries);
    clock.advance(Duration.ofMillis(1));
    assertThat(client.token(READ).value()).isEqualTo("t");
  }

  @Test
  void waitsNoLongerThanTheDeadline() {
    client.close();
    client =
        maskinporten
            .builder()
            .issuer(maskinporten.issuer()) // with the next line: no metadata within the deadline
            .tokenEndpoint(maskinporten.server.base() + TOKEN)
            .deadline(Duration.ofSeconds(1))
            .pacing(Pacing.REAL, () -> 0)
            .build();
    server.at(TOKEN, after(new CountDownLatch(1), token("late", 120)));
    assertThatExceptionOfType(TokenUnavailable.class)
        .isThrownBy(() -> client.token(READ))
        .withMessageMatching(".*(within|closed).*");
  }

  @Test
  void doesNotTrustATokenFromTheFuture() {
    server.at(TOKEN, token("first", 3600), token("second", 3600));
    client.token(READ);
    clock.advance(Duration.ofSeconds(-5));
    assertThat(client.token(READ).value()).isEqualTo("first");
    clock.advance(Duration.ofSeconds(-1));
    assertThat(client.token(READ).value()).isEqualTo("second");
  }

  @Test
  void getsAnotherWhenATokenIsForgotten() {
    server.at(TOKEN, token("first", 120), token("second", 120), token("third", 120));
    AccessToken first = client.token(READ);
    clock.advance(Duration.ofSeconds(10));
    assertThat(client.forget(READ, first)).isTrue();
    AccessToken second = client.token(READ);
    assertThat(second.value()).isEqualTo("second");
    assertThat(client.forget(READ, first)).isTrue(); // an old complaint
    assertThat(client.token(READ)).isSameAs(second);
  }

  @Test
  void keepsAYoungTokenWhateverIsSaidOfIt() {
    server.at(TOKEN, token("first", 120), token("second", 120));
    AccessToken first = client.token(READ);
    clock.advance(Duration.ofMillis(9_999));
    assertThat(client.forget(READ, first)).isFalse();
    assertThat(client.token(READ)).isSameAs(first);
  }

  @Test
  void givesATokenLater() {
    server.at(TOKEN, token("first", 120), refusal(400, "invalid_scope", "No", "MP-200"));
    assertThat(client.tokenLater(READ).join().value()).isEqualTo("first");
    assertThat(client.tokenLater(READ)).isCompleted();
    CompletableFuture<AccessToken> refused = client.tokenLater(TokenRequest.of("other"));
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(refused::join)
        .withCauseInstanceOf(TokenRefused.class);
  }

  @Test
  void usesTheScopesOfTheSettings() {
    assertThatIllegalStateException().isThrownBy(() -> client.token());
    client.close();
    client = maskinporten.builder().scopes("b a").build();
    server.at(TOKEN, token("t", 120));
    client.token();
    assertThat(maskinporten.requests().get(0).claims()).containsEntry("scope", "a b");
  }

  @Test
  void tellsThoseWhoWaitThatItIsClosed() {
    server.at(TOKEN, after(new CountDownLatch(1), token("late", 120)));
    CompletableFuture<AccessToken> waiting = client.tokenLater(READ);
    eventually(() -> maskinporten.requests().size() == 1);
    client.close();
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(waiting::join)
        .withCauseInstanceOf(TokenUnavailable.class);
    assertThatExceptionOfType(TokenUnavailable.class)
        .isThrownBy(() -> client.token("other"))
        .withMessageContaining("closed");
  }

  private List<Future<AccessToken>> hundred(CountDownLatch latch) {
    ExecutorService threads = Executors.newFixedThreadPool(100);
    CountDownLatch begun = new CountDownLatch(100);
    List<Future<AccessToken>> all = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      all.add(
          threads.submit(() -> {
            begun.countDown();
            return client.token(READ);
          }));
    }
    eventually(() -> begun.getCount() == 0);
    latch.countDown();
    threads.shutdown();
    return all;
  }

  /** Another client that counts how often it renews a token. */
  private AtomicInteger countRenewals() {
    AtomicInteger renewals = new AtomicInteger();
    client.close();
    client =
        maskinporten
            .builder()
            .metrics(
                new ClientMetrics() {
                  @Override
                  public void renewing() {
                    renewals.incrementAndGet();
                  }
                })
            .build();
    return renewals;
  }

  private static TokenRequest.Builder builder() {
    return TokenRequest.builder().scopes("altinn:read");
  }
}

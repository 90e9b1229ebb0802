package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.EXCHANGE;
import static no.portvakt.maskinporten.Maskinporten.METADATA;
import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.Maskinporten.eventually;
import static no.portvakt.maskinporten.ScriptedServer.after;
import static no.portvakt.maskinporten.ScriptedServer.json;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import no.portvakt.maskinporten.ScriptedServer.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One that does not answer must not take the threads from all others. */
class SlowPartyTest {
  private static final TokenRequest READ = TokenRequest.of("altinn:read");
  private static final int THREADS = 16;
  private static final int TRIES = 5;

  private final Maskinporten maskinporten = new Maskinporten();
  private final ScriptedServer server = maskinporten.server;
  private final CountDownLatch never = new CountDownLatch(1);

  @AfterEach
  void stop() {
    maskinporten.close();
  }

  @Test
  void renewsPlainTokensWhileThePlatformDoesNotAnswer() {
    server.at(TOKEN, token("first", 120));
    server.at(EXCHANGE, after(never, json(200, Map.of())));
    try (MaskinportenClient client =
        maskinporten.builder().requestTimeout(Duration.ofSeconds(2)).build()) {
      client.token(READ);
      List<CompletableFuture<AccessToken>> exchanges =
          IntStream.range(0, 100).mapToObj(i -> client.tokenLater(exchange(i))).toList();
      eventually(() -> server.seen(EXCHANGE).size() >= THREADS);
      server.at(TOKEN, token("second", 120));
      maskinporten.clock.advance(Duration.ofSeconds(60));
      eventually(() -> client.token(READ).value().equals("second"));
      assertThat(exchanges).noneMatch(CompletableFuture::isDone);

      exchanges.forEach(SlowPartyTest::isUnavailable);
      int asked = server.seen(EXCHANGE).size();
      assertThat(asked).isLessThanOrEqualTo(THREADS * TRIES);
      CompletableFuture<AccessToken> another = client.tokenLater(exchange(100));
      assertThat(another).isCompletedExceptionally(); // at once, on no thread
      isUnavailable(another);
      assertThat(server.seen(EXCHANGE)).hasSize(asked);
      assertThat(client.token("altinn:write").value()).isEqualTo("second");
    }
  }

  @Test
  void asksASilentServerAgainAfterFiveSeconds() {
    server.at(TOKEN, ScriptedServer.nothing());
    try (MaskinportenClient client = maskinporten.builder().build()) {
      assertThatExceptionOfType(TokenUnavailable.class).isThrownBy(() -> client.token("a"));
      server.at(TOKEN, token("t", 120));
      int asked = maskinporten.requests().size();
      maskinporten.clock.advance(Duration.ofMillis(4_999));
      assertThatExceptionOfType(TokenUnavailable.class).isThrownBy(() -> client.token("b"));
      assertThat(maskinporten.requests()).hasSize(asked);
      maskinporten.clock.advance(Duration.ofMillis(1));
      assertThat(client.token("b").value()).isEqualTo("t");
    }
  }

  @Test
  void takesAnErrorForOneRequestForNoSilence() {
    server.at(TOKEN, json(500, Map.of()));
    try (MaskinportenClient client = maskinporten.builder().build()) {
      assertThatExceptionOfType(TokenUnavailable.class).isThrownBy(() -> client.token("a"));
      server.at(TOKEN, token("t", 120));
      assertThat(client.token("b").value()).isEqualTo("t");
    }
  }

  @Test
  void takesItsOwnLatenessForNoSilence() {
    server.at(TOKEN, after(never, json(200, Map.of())));
    AtomicBoolean slow = new AtomicBoolean(true);
    GrantKey key =
        GrantKey.ofSigner(
            input -> {
              if (slow.get()) {
                maskinporten.pacing.pause(Duration.ofMillis(14_950)); // of the deadline's 15 s
              }
              return TestKey.RSA.sign("SHA256withRSA", input);
            },
            "RS256",
            "k");
    try (MaskinportenClient client = maskinporten.builder().key(key).build()) {
      assertThatExceptionOfType(TokenUnavailable.class)
          .isThrownBy(() -> client.token("a"))
          .withMessageContaining("did not answer within 50 ms");
      slow.set(false);
      server.at(TOKEN, token("t", 120));
      assertThat(client.token("b").value()).isEqualTo("t");
    }
  }

  @Test
  void givesTheTokenItsTimeAfterSlowMetadata() {
    Reply metadata = maskinporten.metadata(maskinporten.issuer());
    server.at(
        METADATA,
        (exchange, server) -> {
          maskinporten.pacing.pause(Duration.ofMillis(14_950)); // of the deadline's 15 s
          metadata.to(exchange, server);
        });
    server.at(TOKEN, json(503, Map.of(), "Retry-After", "10"), token("t", 120));
    try (MaskinportenClient client = maskinporten.builder().build()) {
      assertThat(client.token("a").value()).isEqualTo("t");
    }
  }

  @Test
  void remembersASilenceThoughTheLastTryHadNoTimeForIt() {
    server.at(TOKEN, after(never, json(200, Map.of())));
    try (MaskinportenClient client =
        maskinporten
            .builder()
            .requestTimeout(Duration.ofMillis(200))
            .deadline(Duration.ofMillis(900)) // pauses take 875 ms of it, tries none
            .build()) {
      assertThatExceptionOfType(TokenUnavailable.class)
          .isThrownBy(() -> client.token("a"))
          .withMessageContaining("within 25 ms");
      server.at(TOKEN, token("t", 120));
      assertThatExceptionOfType(TokenUnavailable.class).isThrownBy(() -> client.token("b"));
    }
  }

  @Test
  void losesNoThreadToAKeyThatHangs() {
    server.at(TOKEN, token("t", 120));
    AtomicInteger unsigned = new AtomicInteger();
    GrantKey hanging =
        GrantKey.ofSigner(
            input -> {
              waitDeafly(never);
              return TestKey.RSA.sign("SHA256withRSA", input);
            },
            "RS256",
            "k");
    try (MaskinportenClient client =
        maskinporten
            .builder()
            .key(hanging)
            .issuer(maskinporten.issuer()) // with the next line: no metadata within the deadline
            .tokenEndpoint(maskinporten.server.base() + TOKEN)
            .deadline(Duration.ofSeconds(2))
            .pacing(Pacing.REAL, () -> 0)
            .metrics(
                new ClientMetrics() {
                  @Override
                  public void requested(Step step, Outcome outcome, Duration duration) {
                    if (outcome == Outcome.NOT_SENT) {
                      unsigned.incrementAndGet();
                    }
                  }
                })
            .build()) {
      List<CompletableFuture<AccessToken>> all =
          IntStream.range(0, 40).mapToObj(i -> client.tokenLater(plain(i))).toList();
      assertThat(all)
          .allSatisfy(each -> {
            assertThatExceptionOfType(CompletionException.class)
                .isThrownBy(each::join)
                .withCauseInstanceOf(MaskinportenException.class);
          });
      eventually(() -> unsigned.get() == all.size());
      assertThatExceptionOfType(GrantNotSigned.class)
          .isThrownBy(() -> client.token(READ))
          .withMessageContaining("Too many grants");
      assertThat(maskinporten.requests()).isEmpty();
      never.countDown();
      eventually(() -> hasToken(client));
    }
  }

  private static void waitDeafly(CountDownLatch latch) {
    while (latch.getCount() > 0) {
      try {
        latch.await();
      } catch (InterruptedException e) {
        // whoever interrupts it
      }
    }
  }

  private static boolean hasToken(MaskinportenClient client) {
    try {
      return client.token(READ).value().equals("t");
    } catch (GrantNotSigned e) {
      return false;
    }
  }

  private static void isUnavailable(CompletableFuture<AccessToken> token) {
    assertThatExceptionOfType(CompletionException.class)
        .isThrownBy(token::join)
        .withCauseInstanceOf(TokenUnavailable.class);
  }

  private static TokenRequest plain(int number) {
    return TokenRequest.of("altinn:read." + number);
  }

  private static TokenRequest exchange(int number) {
    return TokenRequest.builder().scopes("altinn:read." + number).altinn().build();
  }
}

package no.portvakt.maskinporten;

import static java.nio.charset.StandardCharsets.UTF_8;
import static no.portvakt.maskinporten.Maskinporten.EXCHANGE;
import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.after;
import static no.portvakt.maskinporten.ScriptedServer.json;
import static no.portvakt.maskinporten.ScriptedServer.reply;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import no.portvakt.tokens.Json;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlatformExchangeTest {
  private static final TokenRequest ALTINN =
      TokenRequest.builder().scopes("altinn:read").altinn().build();

  private final Maskinporten maskinporten = new Maskinporten();
  private final ScriptedServer server = maskinporten.server;
  private final MaskinportenClient client = maskinporten.builder().build();

  @BeforeEach
  void giveTokens() {
    server.at(TOKEN, token("proof-1", 120), token("proof-2", 120));
  }

  @AfterEach
  void stop() {
    client.close();
    maskinporten.close();
  }

  @Test
  void exchangesInTheSameCall() {
    String platform = platformToken(1800);
    server.at(EXCHANGE, reply(200, "text/plain; charset=utf-8", platform));
    AccessToken token = client.token(ALTINN);
    assertThat(token.value()).isEqualTo(platform);
    assertThat(token.scopes()).containsExactly("altinn:read", "b");
    assertThat(Duration.between(maskinporten.clock.instant(), token.expiresAt()))
        .isBetween(Duration.ofSeconds(1790), Duration.ofSeconds(1810));
    assertThat(server.seen(EXCHANGE))
        .singleElement()
        .satisfies(request -> {
          assertThat(request.method()).isEqualTo("GET");
          assertThat(request.target()).isEqualTo(EXCHANGE);
          assertThat(request.header("Authorization")).isEqualTo("Bearer proof-1");
        });
  }

  @Test
  void readsTheFormOfAJsonString() {
    String platform = platformToken(1800);
    server.at(EXCHANGE, reply(200, "application/json", "\"" + platform + "\""));
    assertThat(client.token(ALTINN).value()).isEqualTo(platform);
  }

  @Test
  void keepsThePlatformTokenByItsOwnLife() {
    server.at(
        EXCHANGE,
        reply(200, "text/plain", platformToken(1800)),
        reply(200, "text/plain", platformToken(1801)));
    AccessToken first = client.token(ALTINN);
    maskinporten.clock.advance(Duration.ofSeconds(1600)); // the proof is long gone
    assertThat(client.token(ALTINN)).isSameAs(first);
    assertThat(server.seen(EXCHANGE)).hasSize(1);
    maskinporten.clock.advance(Duration.ofSeconds(190));
    assertThat(client.token(ALTINN)).isNotSameAs(first);
    assertThat(server.seen(EXCHANGE).get(1).header("Authorization")).isEqualTo("Bearer proof-2");
  }

  @Test
  void asksForTheTestOrganisation() {
    server.at(EXCHANGE, reply(200, "text/plain", platformToken(1800)));
    TokenRequest test = TokenRequest.builder().scopes("altinn:read").altinnTest().build();
    assertThat(client.token(test)).isNotSameAs(client.token(ALTINN));
    assertThat(server.seen(EXCHANGE).get(0).target()).isEqualTo(EXCHANGE + "?test=true");
    assertThat(server.seen(EXCHANGE)).hasSize(2);
    assertThat(maskinporten.requests()).hasSize(1); // one proof for both
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 401, 403, 410})
  void saysWhyThePlatformRefused(int status) {
    server.at(
        EXCHANGE,
        reply(
            status,
            "application/problem+json",
            "{\"detail\":\"The issuer is not trusted.\",\"decision_id\":\"01a1fbd7\"}"));
    ExchangeRefused refused = refused();
    assertThat(refused.status()).isEqualTo(status);
    assertThat(refused.detail()).isEqualTo("The issuer is not trusted.");
    assertThat(refused.traceId()).isEqualTo("01a1fbd7");
    assertThat(refused).hasMessageContaining("refused the exchange: " + status + ": The issuer");
    assertThat(server.seen(EXCHANGE)).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ab12345678901234567890123456789f",
        "00-4bf92f3577b34da6a12345678901234f-00f067aa0ba902b7-01"
      })
  void showsTheIdOfARefusalWholeWhateverDigitsItHas(String id) {
    server.at(EXCHANGE, json(403, Map.of("traceId", id)));
    assertThat(refused().traceId()).isEqualTo(id);
  }

  @Test
  void showsNoPersonNumberInPlaceOfAnId() {
    server.at(
        EXCHANGE, json(403, Map.of("traceId", "17817012345", "decision_id", "x 17817012345")));
    assertThat(refused()).hasMessageNotContaining("17817012345");
  }

  @Test
  void copesWithARefusalWithoutABody() {
    server.at(EXCHANGE, reply(403, "text/plain", ""));
    ExchangeRefused refused = refused();
    assertThat(refused.detail()).isNull();
    assertThat(refused.advice()).contains("scope");
  }

  @Test
  void takesAFreshProofInTheSameCallWhenTheFirstIsNotTaken() {
    server.at(EXCHANGE, json(401, Map.of()), reply(200, "text/plain", platformToken(9)));
    client.token("altinn:read");
    maskinporten.clock.advance(Duration.ofSeconds(10));
    client.token(ALTINN);
    assertThat(proofs()).containsExactly("Bearer proof-1", "Bearer proof-2");
  }

  @Test
  void takesNoThirdProof() {
    server.at(EXCHANGE, json(401, Map.of("traceId", "00-1")));
    client.token("altinn:read");
    maskinporten.clock.advance(Duration.ofSeconds(10));
    assertThat(refused().traceId()).isEqualTo("00-1");
    assertThat(proofs()).containsExactly("Bearer proof-1", "Bearer proof-2");
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 403, 410})
  void keepsAProofThatWasTaken(int status) {
    server.at(EXCHANGE, json(status, Map.of()), reply(200, "text/plain", platformToken(9)));
    client.token("altinn:read");
    maskinporten.clock.advance(Duration.ofSeconds(10));
    assertThat(refused().status()).isEqualTo(status);
    client.token(ALTINN);
    assertThat(proofs()).containsExactly("Bearer proof-1", "Bearer proof-1");
    assertThat(maskinporten.requests()).hasSize(1);
  }

  @Test
  void givesTheExchangeItsWholeDeadlineHoweverLongTheFirstStepTook() {
    ScriptedServer.Reply unknownKey =
        ScriptedServer.refusal(400, "invalid_grant", "Unknown key identifier (kid)", null);
    server.at(TOKEN, unknownKey, unknownKey, token("proof", 120));
    server.at(EXCHANGE, json(503, Map.of()), reply(200, "text/plain", platformToken(1800)));
    try (MaskinportenClient patient =
        maskinporten.builder().retryUnknownKey(Duration.ofMinutes(1)).build()) {
      patient.token(ALTINN);
    }
    assertThat(server.seen(EXCHANGE)).hasSize(2);
  }

  @Test
  void waitsForAllStepsAsLongAsAllMayTake() {
    Pacing frozen = // so there are five tries, each of a whole deadline
        new Pacing() {
          @Override
          public long nanoTime() {
            return 0;
          }

          @Override
          public void pause(Duration time) {}
        };
    ScriptedServer.Reply late = after(new CountDownLatch(1), reply(200, "text/plain", "late"));
    server.at(EXCHANGE, late);
    try (MaskinportenClient hurried =
        maskinporten.builder().deadline(Duration.ofMillis(800)).pacing(frozen, () -> 0).build()) {
      assertThatExceptionOfType(TokenUnavailable.class)
          .isThrownBy(() -> hurried.token(ALTINN))
          .withMessageContaining("within 2400 ms"); // metadata, token, exchange
      server.at(TOKEN, late);
      assertThatExceptionOfType(TokenUnavailable.class)
          .isThrownBy(() -> hurried.token("other"))
          .withMessageContaining("within 1600 ms");
    }
  }

  @Test
  void refusesWhatIsNoToken() {
    for (String body :
        List.of(
            "",
            "not a token",
            "\"broken",
            "17",
            "<html>",
            platformToken(-5),
            TestTokens.of(Map.of("scope", "a")),
            TestTokens.of(Map.of("exp", "soon")))) {
      server.at(EXCHANGE, reply(200, "text/plain", body));
      assertThatExceptionOfType(UnexpectedAnswer.class)
          .as(body)
          .isThrownBy(() -> client.token(ALTINN));
    }
    server.at(EXCHANGE, reply(404, "text/html", "<html>"));
    assertThatExceptionOfType(UnexpectedAnswer.class)
        .isThrownBy(() -> client.token(ALTINN))
        .withMessageContaining("look at the platform's address");
  }

  @Test
  void triesAgainWhenThePlatformIsOutOfOrder() {
    server.at(EXCHANGE, json(503, Map.of()), reply(200, "text/plain", platformToken(1800)));
    client.token(ALTINN);
    assertThat(server.seen(EXCHANGE)).hasSize(2);
  }

  @Test
  void tellsOfTheRefusalOfTheFirstStep() {
    server.at(TOKEN, ScriptedServer.refusal(400, "invalid_scope", "No", "MP-200"));
    assertThatExceptionOfType(TokenRefused.class).isThrownBy(() -> client.token(ALTINN));
    assertThat(server.seen(EXCHANGE)).isEmpty();
  }

  @Test
  void needsThePlatformsAddress() {
    try (MaskinportenClient without =
        MaskinportenClient.builder()
            .clientId("c")
            .key(GrantKey.ofJwk(Maskinporten.KEY.toJSONString()))
            .issuer(maskinporten.issuer())
            .build()) {
      assertThatIllegalStateException()
          .isThrownBy(() -> without.token(ALTINN))
          .withMessageContaining("platform-url");
    }
  }

  @Test
  void hasThreadsEnoughForManyExchangesAtOnce() {
    server.at(TOKEN, token("proof", 120));
    server.at(EXCHANGE, reply(200, "text/plain", platformToken(1800)));
    List<CompletableFuture<AccessToken>> all = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      TokenRequest.Builder request = TokenRequest.builder().scopes("altinn:read." + i);
      all.add(client.tokenLater(request.altinn().build()));
      all.add(client.tokenLater(TokenRequest.of("altinn:read." + i)));
    }
    all.forEach(CompletableFuture::join);
    assertThat(server.seen(EXCHANGE)).hasSize(200);
    assertThat(maskinporten.requests()).hasSize(200);
  }

  private List<String> proofs() {
    return server.seen(EXCHANGE).stream()
        .map(it -> String.valueOf(it.header("Authorization")))
        .toList();
  }

  private ExchangeRefused refused() {
    return assertThatExceptionOfType(ExchangeRefused.class)
        .isThrownBy(() -> client.token(ALTINN))
        .actual();
  }

  private static String platformToken(int seconds) {
    return TestTokens.of(
        Map.of("exp", Instant.now().getEpochSecond() + seconds, "scope", "altinn:read b"));
  }

  /** Tokens that look like tokens. */
  private static final class TestTokens {
    static String of(Map<String, ?> claims) {
      Base64.Encoder base64url = Base64.getUrlEncoder().withoutPadding();
      return base64url.encodeToString("{\"alg\":\"RS256\"}".getBytes(UTF_8))
          + "."
          + base64url.encodeToString(Json.write(claims).getBytes(UTF_8))
          + ".c2ln";
    }
  }
}

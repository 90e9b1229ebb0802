package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.Maskinporten.eventually;
import static no.portvakt.maskinporten.ScriptedServer.json;
import static no.portvakt.maskinporten.ScriptedServer.refusal;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ClientMetricsTest {
  private final Maskinporten maskinporten = new Maskinporten();
  private final List<String> told = new CopyOnWriteArrayList<>();

  @AfterEach
  void stop() {
    maskinporten.close();
  }

  @Test
  void tellsOfEachRequestAndOfEachLookAtTheCache() {
    try (MaskinportenClient client = maskinporten.builder().metrics(new Told()).build()) {
      maskinporten.server.at(TOKEN, json(503, Map.of()), token("a", 120), token("b", 120));
      client.token("a");
      client.token("a");
      assertThat(told)
          .containsExactly("miss", "METADATA OK", "TOKEN UNAVAILABLE", "TOKEN OK", "hit");
      maskinporten.clock.advance(Duration.ofSeconds(60));
      client.token("a");
      eventually(() -> told.size() == 8);
      assertThat(told.subList(5, 8)).containsExactlyInAnyOrder("renew", "hit", "TOKEN OK");
    }
  }

  @Test
  void tellsOfRefusalsAndOfAnswersThatAreNone() {
    try (MaskinportenClient client = maskinporten.builder().metrics(new Told()).build()) {
      maskinporten.server.at(
          TOKEN, refusal(400, "invalid_scope", "No", "MP-200"), json(200, Map.of()));
      assertThatExceptionOfType(TokenRefused.class).isThrownBy(() -> client.token("a"));
      assertThatExceptionOfType(UnexpectedAnswer.class).isThrownBy(() -> client.token("a"));
    }
    GrantKey dead =
        GrantKey.ofSigner(
            input -> {
              throw new IOException();
            },
            "RS256",
            "k");
    try (MaskinportenClient client = maskinporten.builder().key(dead).metrics(new Told()).build()) {
      assertThatExceptionOfType(GrantNotSigned.class).isThrownBy(() -> client.token("a"));
    }
    assertThat(told).contains("TOKEN REFUSED", "TOKEN UNEXPECTED", "TOKEN NOT_SENT");
  }

  @Test
  void goesOnWhenMetricsFail() {
    ClientMetrics broken =
        new ClientMetrics() {
          @Override
          public void requested(Step step, Outcome outcome, Duration duration) {
            throw new IllegalStateException("metrics");
          }

          @Override
          public void hit() {
            throw new IllegalStateException("metrics");
          }

          @Override
          public void missed() {
            throw new IllegalStateException("metrics");
          }

          @Override
          public void keyEnds(String key, Instant end) {
            throw new IllegalStateException("metrics");
          }
        };
    maskinporten.server.at(
        TOKEN, token("a", 120, "Portvakt-Key-Expires", "Tue, 01 Dec 2026 10:15:30 GMT"));
    try (MaskinportenClient client = maskinporten.builder().metrics(broken).build()) {
      assertThat(client.token("a")).isSameAs(client.token("a"));
    }
  }

  private final class Told implements ClientMetrics {
    @Override
    public void requested(Step step, Outcome outcome, Duration duration) {
      told.add(step + " " + outcome);
    }

    @Override
    public void hit() {
      told.add("hit");
    }

    @Override
    public void missed() {
      told.add("miss");
    }

    @Override
    public void renewing() {
      told.add("renew");
    }
  }
}

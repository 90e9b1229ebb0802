package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.after;
import static no.portvakt.maskinporten.ScriptedServer.json;
import static no.portvakt.maskinporten.ScriptedServer.nothing;
import static no.portvakt.maskinporten.ScriptedServer.refusal;
import static no.portvakt.maskinporten.ScriptedServer.reply;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RetriesTest {
  private static final TokenRequest READ = TokenRequest.of("altinn:read");
  private static final ScriptedServer.Reply UNKNOWN_KEY =
      refusal(400, "invalid_grant", "Unknown key identifier (kid) for client.", null);

  private final Maskinporten maskinporten = new Maskinporten();
  private final ScriptedServer server = maskinporten.server;
  private final TestPacing pacing = maskinporten.pacing;

  @AfterEach
  void stop() {
    maskinporten.close();
  }

  @Test
  void sendsANewGrantAfterAServerError() {
    server.at(TOKEN, json(500, Map.of()), reply(502, "text/html", "<html>"), token("t", 120));
    try (MaskinportenClient client = maskinporten.builder().build()) {
      assertThat(client.token(READ).value()).isEqualTo("t");
    }
    assertThat(maskinporten.requests()).hasSize(3);
    assertThat(maskinporten.requests().stream().map(it -> it.claims().get("jti")))
        .doesNotHaveDuplicates();
  }

  @Test
  void pausesLongerEachTimeAndGivesUpAfterFiveTries() {
    server.at(TOKEN, json(500, Map.of()));
    assertThat(unavailable(maskinporten.builder()).status()).isEqualTo(500);
    assertThat(maskinporten.requests()).hasSize(5);
    assertThat(pacing.pauses())
        .containsExactly(
            Duration.ofMillis(125),
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1));
  }

  @Test
  void triesAgainWhenTheConnectionIsClosed() {
    server.at(TOKEN, nothing(), token("t", 120));
    try (MaskinportenClient client = maskinporten.builder().build()) {
      assertThat(client.token(READ).value()).isEqualTo("t");
    }
    assertThat(maskinporten.requests()).hasSize(2);
  }

  @Test
  void triesAgainWhenAnAnswerTakesTooLong() {
    server.at(TOKEN, after(new CountDownLatch(1), token("late", 120)), token("t", 120));
    try (MaskinportenClient client =
        maskinporten.builder().requestTimeout(Duration.ofMillis(500)).build()) {
      assertThat(client.token(READ).value()).isEqualTo("t");
    }
  }

  @Test
  void waitsAsLongAsTheServerAsks() {
    server.at(TOKEN, json(429, Map.of(), "Retry-After", "7"), token("t", 120));
    try (MaskinportenClient client = maskinporten.builder().build()) {
      client.token(READ);
    }
    assertThat(pacing.pauses()).containsExactly(Duration.ofSeconds(7));
  }

  @Test
  void givesUpWhenTheServerAsksForMoreTimeThanThereIs() {
    server.at(TOKEN, json(429, Map.of(), "Retry-After", "16"), token("t", 120));
    TokenUnavailable failure = unavailable(maskinporten.builder());
    assertThat(failure.retryAfter()).isEqualTo(Duration.ofSeconds(16));
    assertThat(failure).hasMessageContaining("asked too often (429)");
    assertThat(maskinporten.requests()).hasSize(1);
  }

  @Test
  void triesNoLongerThanTheDeadline() {
    // What the server asks for is longer than the client's own pauses, so the deadline may be too:
    // a caller does not wait longer by the real time either.
    server.at(TOKEN, json(503, Map.of(), "Retry-After", "9"));
    unavailable(maskinporten.builder().deadline(Duration.ofSeconds(25)));
    assertThat(pacing.pauses()).containsExactly(Duration.ofSeconds(9), Duration.ofSeconds(9));
    assertThat(maskinporten.requests()).hasSize(3);
  }

  @Test
  void neverRepeatsWhatWasRefused() {
    server.at(TOKEN, refusal(400, "invalid_grant", "Grant is used before", "MP-012"));
    refused(maskinporten.builder());
    server.at(TOKEN, refusal(403, "forbidden", "No", "MP-250"));
    refused(maskinporten.builder());
    server.at(TOKEN, UNKNOWN_KEY);
    refused(maskinporten.builder());
    assertThat(maskinporten.requests()).hasSize(3);
    assertThat(pacing.pauses()).isEmpty();
  }

  @Test
  void waitsForANewKeyWhenItIsTold() {
    server.at(TOKEN, UNKNOWN_KEY, UNKNOWN_KEY, UNKNOWN_KEY, token("t", 120));
    try (MaskinportenClient client =
        maskinporten.builder().retryUnknownKey(Duration.ofMinutes(3)).build()) {
      assertThat(client.token(READ).value()).isEqualTo("t");
    }
    assertThat(pacing.pauses()).hasSize(3).containsOnly(Duration.ofSeconds(15));
  }

  @Test
  void doesNotWaitForANewKeyForEver() {
    server.at(TOKEN, UNKNOWN_KEY);
    refused(maskinporten.builder().retryUnknownKey(Duration.ofMinutes(1)));
    assertThat(maskinporten.requests()).hasSize(4);
  }

  @Test
  void saysThatNobodyListens() throws Exception {
    try (Socket bound = new Socket()) { // it keeps the port from others, and does not listen
      bound.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      String address = "http://127.0.0.1:" + bound.getLocalPort() + "/token";
      TokenUnavailable failure =
          unavailable(
              maskinporten.builder().issuer("https://maskinporten.no/").tokenEndpoint(address));
      assertThat(failure).hasMessageContaining(address + " can't be conn");
      assertThat(failure.status()).isZero();
      assertThat(pacing.pauses()).hasSize(4);
    }
  }

  @Test
  void triesOnlyOnceWhenTheServerCantProveWhoItIs() throws Exception {
    HttpsServer stranger =
        HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    stranger.setHttpsConfigurator(new HttpsConfigurator(TestKey.RSA.tls()));
    stranger.start();
    try {
      TokenUnavailable failure =
          unavailable(
              maskinporten
                  .builder()
                  .issuer("https://maskinporten.no/")
                  .tokenEndpoint("https://localhost:" + stranger.getAddress().getPort() + TOKEN));
      assertThat(failure).hasMessageContaining("the TLS handshake failed");
      assertThat(pacing.pauses()).isEmpty();
    } finally {
      stranger.stop(0);
    }
  }

  private static TokenUnavailable unavailable(MaskinportenClientBuilder builder) {
    try (MaskinportenClient client = builder.build()) {
      return assertThatExceptionOfType(TokenUnavailable.class)
          .isThrownBy(() -> client.token(READ))
          .actual();
    }
  }

  private static void refused(MaskinportenClientBuilder builder) {
    try (MaskinportenClient client = builder.build()) {
      assertThatExceptionOfType(TokenRefused.class).isThrownBy(() -> client.token(READ));
    }
  }
}

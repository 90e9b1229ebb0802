package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.refusal;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import no.portvakt.maskinporten.ScriptedServer.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** A server's warning that the client's key ends soon is passed on. */
class EndingKeyTest {
  private static final String HEADER = "Portvakt-Key-Expires";
  private static final String DATE = "Tue, 01 Dec 2026 10:15:30 GMT";
  private static final Instant END = Instant.parse("2026-12-01T10:15:30Z");
  private static final Reply WARNING = token("t", 120, HEADER, DATE);

  private final Maskinporten maskinporten = new Maskinporten();
  private final List<String> told = new CopyOnWriteArrayList<>();
  private final LogLines lines = new LogLines(EndingKey.class.getName());
  private final List<String> logged = lines.all();
  private final ClientMetrics metrics =
      new ClientMetrics() {
        @Override
        public void keyEnds(String key, Instant end) {
          told.add(key + " " + end);
        }
      };

  @AfterEach
  void stop() {
    lines.close();
    maskinporten.close();
  }

  private MaskinportenClientBuilder builder() {
    return maskinporten.builder().metrics(metrics);
  }

  @Test
  void tellsTheMetricsEachTimeAndTheLogOnceADay() {
    maskinporten.server.at(TOKEN, WARNING);
    try (MaskinportenClient client = builder().build()) {
      assertThat(client.token("a:1").value()).isEqualTo("t");
      maskinporten.clock.advance(Duration.ofDays(1).minusSeconds(1));
      client.token("a:2");
      assertThat(logged)
          .containsExactly(
              "WARNING The key key-1 of the Maskinporten client "
                  + Maskinporten.CLIENT
                  + " ends at "
                  + END
                  + "; there are no tokens with it after that.");
      maskinporten.clock.advance(Duration.ofSeconds(1));
      client.token("a:3");
    }
    assertThat(logged).hasSize(2);
    assertThat(told).hasSize(3).containsOnly("key key-1 " + END);
  }

  @Test
  void namesTheCertificate() {
    maskinporten.server.at(TOKEN, WARNING);
    GrantKey key = GrantKey.of(TestKey.RSA.material(), null);
    try (MaskinportenClient client = builder().key(key).build()) {
      client.token("a:1");
    }
    assertThat(told).containsExactly("certificate 1 " + END);
    assertThat(logged).singleElement().asString().startsWith("WARNING The certificate 1 of the");
  }

  @Test
  void saysNothingWithoutAWarningThatCanBeRead() {
    maskinporten.server.at(
        TOKEN,
        token("t", 120),
        token("t", 120, HEADER, "soon"),
        token("t", 120, HEADER, END.toString()),
        refusal(400, "invalid_grant", "Expired key.", null));
    try (MaskinportenClient client = builder().build()) {
      for (String scope : List.of("a:1", "a:2", "a:3")) {
        assertThat(client.token(scope).value()).isEqualTo("t");
      }
      assertThatExceptionOfType(TokenRefused.class).isThrownBy(() -> client.token("a:4"));
    }
    assertThat(told).isEmpty();
    assertThat(logged).isEmpty();
  }
}

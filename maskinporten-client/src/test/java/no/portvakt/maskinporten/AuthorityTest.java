package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.METADATA;
import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.Maskinporten.eventually;
import static no.portvakt.maskinporten.ScriptedServer.json;
import static no.portvakt.maskinporten.ScriptedServer.reply;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AuthorityTest {
  private final Maskinporten maskinporten = new Maskinporten();
  private final ScriptedServer server = maskinporten.server;

  @BeforeEach
  void giveTokens() {
    server.at(TOKEN, token("t", 10));
  }

  @AfterEach
  void stop() {
    maskinporten.close();
  }

  @ParameterizedTest
  @CsvSource({
    "/.well-known/oauth-authorization-server,",
    "/.well-known/oauth-authorization-server,/",
    "/.well-known/oauth-authorization-server/,/",
    "/.well-known/openid-configuration,",
    "/maskinporten/.well-known/oauth-authorization-server,/maskinporten/",
    "/.well-known/oauth-authorization-server/maskinporten,/maskinporten",
    "/anywhere/else,/maskinporten/"
  })
  void acceptsTheIssuerThatTheAddressBelongsTo(String path, String issuer) {
    String exact = server.base() + (issuer == null ? "" : issuer);
    server.at(path, maskinporten.metadata(exact));
    try (MaskinportenClient client =
        maskinporten.builder().wellKnownUrl(server.base() + path).build()) {
      client.token("a");
    }
    assertThat(maskinporten.requests().get(0).claims()).containsEntry("aud", exact);
  }

  @ParameterizedTest
  @CsvSource({
    "/.well-known/oauth-authorization-server,/maskinporten/",
    "/maskinporten/.well-known/oauth-authorization-server,/",
    "/.well-known/oauth-authorization-server/maskinporten,/",
    "/.well-known/oauth-authorization-server,//"
  })
  void refusesTheIssuerOfAnother(String path, String issuer) {
    server.at(path, maskinporten.metadata(server.base() + issuer));
    assertRefused(
        maskinporten.builder().wellKnownUrl(server.base() + path), "which has other metadata");
    server.at(path, maskinporten.metadata("https://maskinporten.no/"));
    assertRefused(
        maskinporten.builder().wellKnownUrl(server.base() + path), "which has other metadata");
  }

  @Test
  void comparesAConfiguredIssuerExactly() {
    try (MaskinportenClient client = maskinporten.builder().issuer(maskinporten.issuer()).build()) {
      client.token("a");
    }
    assertRefused(maskinporten.builder().issuer(server.base()), "look at the slash at the end");
    assertRefused(maskinporten.builder().issuer("https://maskinporten.no/"), "names the issuer");
  }

  @Test
  void looksForTheMetadataBelowTheIssuer() {
    MaskinportenClientBuilder builder =
        MaskinportenClient.builder()
            .clientId("c")
            .key(GrantKey.ofJwk(Maskinporten.KEY.toJSONString()))
            .issuer(maskinporten.issuer());
    try (MaskinportenClient client = builder.build()) {
      client.token("a");
    }
    assertThat(server.seen(METADATA)).hasSize(1);
  }

  @Test
  void asksForNoMetadataWhenBothAddressesAreGiven() {
    try (MaskinportenClient client =
        maskinporten
            .builder()
            .issuer("https://test.maskinporten.no/")
            .tokenEndpoint(server.base() + TOKEN)
            .build()) {
      client.token("a");
    }
    assertThat(server.seen(METADATA)).isEmpty();
    assertThat(maskinporten.requests().get(0).claims())
        .containsEntry("aud", "https://test.maskinporten.no/");
  }

  @Test
  void keepsTheMetadataForADayAndRenewsItInTheBackground() {
    try (MaskinportenClient client = maskinporten.builder().build()) {
      client.token("a");
      maskinporten.clock.advance(Duration.ofHours(24).minusMillis(1));
      client.token("a");
      assertThat(server.seen(METADATA)).hasSize(1);
      maskinporten.clock.advance(Duration.ofSeconds(10));
      client.token("a");
      eventually(() -> server.seen(METADATA).size() == 2);
    }
  }

  @Test
  void keepsTheLastGoodMetadata() {
    try (MaskinportenClient client = maskinporten.builder().build()) {
      client.token("a");
      server.at(METADATA, reply(404, "text/html", "<html>"));
      maskinporten.clock.advance(Duration.ofHours(24));
      client.token("a");
      eventually(() -> server.seen(METADATA).size() == 2);
      maskinporten.clock.advance(Duration.ofSeconds(29));
      client.token("a");
      assertThat(server.seen(METADATA)).hasSize(2);
      eventually(() -> {
        maskinporten.clock.advance(Duration.ofSeconds(30));
        client.token("a");
        return server.seen(METADATA).size() >= 3;
      });
    }
  }

  @Test
  void failsFastForHalfAMinuteAfterAFailure() {
    server.at(METADATA, json(500, Map.of()));
    try (MaskinportenClient client = maskinporten.builder().build()) {
      assertThatExceptionOfType(TokenUnavailable.class).isThrownBy(() -> client.token("a"));
      int tries = server.seen(METADATA).size();
      server.at(METADATA, maskinporten.metadata(maskinporten.issuer()));
      maskinporten.clock.advance(Duration.ofSeconds(29));
      assertThatExceptionOfType(TokenUnavailable.class).isThrownBy(() -> client.token("b"));
      assertThat(server.seen(METADATA)).hasSize(tries);
      maskinporten.clock.advance(Duration.ofSeconds(1));
      client.token("c");
      assertThat(server.seen(METADATA)).hasSize(tries + 1);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "[]|instead of metadata",
        "{}|names no issuer",
        "{\"issuer\":\"\"}|names no issuer",
        "{\"issuer\":\"BASE/\"}|names no token endpoint",
        "{\"issuer\":\"BASE/\",\"token_endpoint\":\"http://other.example/token\"}|is not HTTPS",
        "{\"issuer\":\"BASE/\",\"token_endpoint\":\"/token\"}|is not an address",
        "{\"issuer\":\"BASE/\",\"token_endpoint\":\"file:///etc/passwd\"}|is not an address"
      })
  void refusesMetadataThatCantBeUsed(String body, String reason) {
    server.at(METADATA, reply(200, "application/json", body.replace("BASE", server.base())));
    assertRefused(maskinporten.builder(), reason);
  }

  private static void assertRefused(MaskinportenClientBuilder builder, String reason) {
    try (MaskinportenClient client = builder.build()) {
      assertThatExceptionOfType(UnexpectedAnswer.class)
          .isThrownBy(() -> client.token("a"))
          .withMessageContaining(reason);
    }
  }
}

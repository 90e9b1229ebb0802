package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.reply;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import no.portvakt.maskinporten.ScriptedServer.Reply;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UnexpectedAnswerTest {
  private final Maskinporten maskinporten = new Maskinporten();
  private final MaskinportenClient client = maskinporten.builder().build();

  @AfterEach
  void stop() {
    client.close();
    maskinporten.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      textBlock =
          """
          answers 200 with application/json, not JSON | {"access_token":"eyJ
          answers 200 with application/json, not JSON | ["access_token"]
          answers 200 with application/json, not JSON | {"access_token":"a","access_token":"b"}
          without access_token | {"token_type":"Bearer","expires_in":119}
          without access_token | {"access_token":17,"token_type":"Bearer","expires_in":119}
          no header can carry | {"access_token":"","token_type":"Bearer","expires_in":119}
          no header can carry | {"access_token":"a\\r\\nX: b","token_type":"Bearer","expires_in":119}
          token_type is Bearer | {"access_token":"a","token_type":"DPoP","expires_in":119}
          token_type is Bearer | {"access_token":"a","expires_in":119}
          does not say expires_in | {"access_token":"a","token_type":"Bearer"}
          does not say expires_in | {"access_token":"a","token_type":"Bearer","expires_in":"119"}
          does not say expires_in | {"access_token":"a","token_type":"Bearer","expires_in":1.5}
          expires_in 0 | {"access_token":"a","token_type":"Bearer","expires_in":0}
          expires_in -1 | {"access_token":"a","token_type":"Bearer","expires_in":-1}
          expires_in 99999999999 | {"access_token":"a","token_type":"Bearer","expires_in":99999999999}
          """)
  void refusesAnAnswerThatBreaksTheProtocol(String reason, String body) {
    assertUnexpected(reply(200, "application/json", body), 200, reason);
  }

  @Test
  void acceptsAnyCaseOfBearerAndMembersThatItDoesNotKnow() {
    maskinporten.server.at(
        TOKEN,
        reply(
            200,
            "application/json",
            "{\"access_token\":\"a\",\"token_type\":\"bearer\",\"expires_in\":9,\"more\":null}"));
    assertThat(client.token("a b").scopes()).containsExactly("a", "b");
  }

  @Test
  void saysThatAWebPageIsNoAnswer() {
    String page = "<html><title>Blocked 01017012345</title></html>";
    assertUnexpected(reply(403, "text/html; charset=utf-8", page), 403, "403 with text/html");
    assertUnexpected(reply(200, "text/html", page), 200, "200 with text/html, not JSON");
    assertUnexpected(reply(404, "text/plain", ""), 404, "404 with text/plain");
  }

  @Test
  void followsNoRedirect() {
    Reply elsewhere =
        reply(307, "text/plain", "", "Location", maskinporten.server.base() + "/elsewhere");
    assertUnexpected(elsewhere, 307, "a redirect, which is not followed");
    assertThat(maskinporten.server.seen("/elsewhere")).isEmpty();
  }

  @Test
  void stopsReadingAnAnswerWithoutEnd() {
    assertUnexpected(
        reply(200, "application/json", " ".repeat(Http.MAX_BODY + 1)),
        200,
        "more than 262144 bytes");
  }

  private void assertUnexpected(Reply reply, int status, String reason) {
    maskinporten.server.at(TOKEN, reply);
    UnexpectedAnswer failure =
        assertThatExceptionOfType(UnexpectedAnswer.class)
            .isThrownBy(() -> client.token("altinn:read"))
            .withMessageContaining(reason)
            .withMessageStartingWith(maskinporten.server.base() + TOKEN + " ")
            .withMessageNotContaining("01017012345")
            .actual();
    assertThat(failure.status()).isEqualTo(status);
    assertThat(failure.advice()).isNotBlank();
  }
}

package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.METADATA;
import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.Maskinporten.eventually;
import static no.portvakt.maskinporten.ScriptedServer.refusal;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import no.portvakt.maskinporten.ScriptedServer.Reply;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

class TokenRequestTest {
  private static final String PID = "01017012345";

  @Test
  void becomesTheClaimsOfTheGrant() {
    assertThat(
            builder()
                .scopes("b:c  a:b", "a:b")
                .resource("https://a.no")
                .consumerOrg("974760673")
                .pid(PID)
                .systemUser("991825827", "søk_1-2")
                .build()
                .claims())
        .isEqualTo(
            Map.of(
                "scope",
                "a:b b:c",
                "resource",
                "https://a.no",
                "consumer_org",
                "974760673",
                "pid",
                PID,
                "authorization_details",
                List.of(
                    Map.of(
                        "type",
                        "urn:altinn:systemuser",
                        "systemuser_org",
                        Map.of("authority", "iso6523-actorid-upis", "ID", "0192:991825827"),
                        "externalRef",
                        "søk_1-2"))));
  }

  @Test
  void canHaveSeveralResourcesAConsentAndTheOlderWayToActForAnother() {
    UUID id = UUID.randomUUID();
    String from = "urn:altinn:person:identifier-no:" + PID;
    assertThat(
            builder()
                .scopes("a")
                .resource("https://a.no")
                .resource("https://b.no")
                .onBehalfOf("sub")
                .consent(id, from)
                .build()
                .claims())
        .containsEntry("resource", List.of("https://a.no", "https://b.no"))
        .containsEntry("iss_onbehalfof", "sub")
        .containsEntry(
            "authorization_details",
            List.of(Map.of("type", "urn:altinn:consent", "id", id.toString(), "from", from)));
  }

  @Test
  void refusesWhatMaskinportenWouldRefuse() {
    refuses(() -> TokenRequest.of(" "), "at least one scope");
    refuses(() -> TokenRequest.of("a\\b"), "no scope may have");
    for (String scope : List.of("a:ä", "a:a\u030a", "a:ß", "a:é", "a\u00a0b", "a\tb", "a:\u2028")) {
      refuses(() -> builder().scopes(scope), "no scope may have");
    }
    refuses(() -> builder().resource("tt02.altinn.no"), "absolute URI");
    refuses(() -> builder().resource("https://a.no/#b"), "without a fragment");
    refuses(() -> builder().consumerOrg("974760674"), "control digit");
    refuses(() -> builder().consumerOrg("0192:974760673"), "nine digits");
    refuses(() -> builder().pid("0101701234"), "eleven digits");
    refuses(() -> builder().systemUser("1"), "nine digits");
    refuses(() -> builder().systemUser("974760673", "a b"), "at most 255 letters");
    refuses(() -> builder().systemUser("974760673", "a".repeat(256)), "at most 255 letters");
    refuses(() -> builder().consent(UUID.randomUUID(), PID), "urn:altinn:person");
    refuses(
        () -> builder().systemUser("974760673").systemUser("991825827"), "one system user or one");
    refuses(
        () -> builder().scopes("a").consumerOrg("974760673").onBehalfOf("b").build(),
        "either consumerOrg or onBehalfOf");
    refuses(() -> builder().minimumLife(Duration.ofSeconds(-1)), "not negative");
  }

  @Test
  void takesScopesWithNorwegianLetters() {
    String scope = "altinn:prøve/målinger.les";
    assertThat(TokenRequest.of(scope).scope()).isEqualTo(scope);
    assertThat(TokenRequest.of("æøå:ÆØÅ a:b").claims()).containsEntry("scope", "a:b æøå:ÆØÅ");
  }

  @Test
  void isEqualToOneThatAsksForTheSame() {
    TokenRequest one = builder().scopes("a", "b").consumerOrg("974760673").build();
    TokenRequest same = builder().consumerOrg("974760673").scopes("b a").build();
    assertThat(one).isEqualTo(same).hasSameHashCodeAs(same);
    assertThat(one).isNotEqualTo(TokenRequest.of("a b"));
    assertThat(TokenRequest.of("a")).isNotEqualTo(builder().scopes("a").altinn().build());
    assertThat(TokenRequest.of("a"))
        .isNotEqualTo(builder().scopes("a").minimumLife(Duration.ZERO).build());
  }

  @Test
  void nothingThatCanBeShownShowsASecret() {
    TokenRequest request =
        builder()
            .scopes("a:b")
            .pid(PID)
            .consent(UUID.randomUUID(), "urn:altinn:person:identifier-no:" + PID)
            .build();
    try (Maskinporten maskinporten = new Maskinporten();
        MaskinportenClient client = maskinporten.builder().build()) {
      maskinporten.server.at(
          TOKEN, token("the-token", 120), refusal(400, "invalid_grant", "No " + PID, "MP-011"));
      AccessToken token = client.token(request);
      TokenRefused refused =
          assertThatExceptionOfType(TokenRefused.class)
              .isThrownBy(() -> client.token("other"))
              .actual();
      String assertion = maskinporten.requests().get(1).form("assertion");
      for (Object each : List.of(request, token, client, refused, refused.advice())) {
        assertThat(each.toString())
            .doesNotContain(PID)
            .doesNotContain("the-token")
            .doesNotContain(assertion)
            .doesNotContain(assertion.substring(assertion.lastIndexOf('.')));
      }
    }
  }

  @Test
  void nothingThatIsLoggedShowsASecret() {
    Duration life = Duration.ofHours(25); // with the token the metadata is renewed
    Reply echo =
        (exchange, server) -> {
          String sent = server.seen(TOKEN).get(1).form("assertion");
          refusal(400, PID, "No " + PID + " in " + sent + " pid=" + PID, null).to(exchange, server);
        };
    try (LogLines lines = new LogLines(TokenRequestTest.class.getPackageName());
        Maskinporten maskinporten = new Maskinporten();
        MaskinportenClient client = maskinporten.builder().metrics(new Broken()).build()) {
      maskinporten.server.at(TOKEN, token("the-token", (int) life.toSeconds()), echo);
      TokenRequest request = builder().scopes("a:b").pid(PID).build();
      client.token(request);
      maskinporten.server.at(METADATA, maskinporten.metadata("https://" + PID + "/"));
      maskinporten.clock.advance(life.minusSeconds(60));
      client.token(request);
      eventually(() -> lines.all().size() == 3);
      assertThat(lines.all())
          .anyMatch(line -> line.startsWith("WARNING A token was not renewed: "))
          .anyMatch(line -> line.startsWith("WARNING The metadata stays as it was: "))
          .anyMatch(line -> line.startsWith("WARNING The metrics of the Maskinporten client fail"));
      String assertion = maskinporten.requests().get(1).form("assertion");
      assertThat(lines.all())
          .noneMatch(line -> line.contains(PID))
          .noneMatch(line -> line.contains(assertion.substring(assertion.lastIndexOf('.') + 1)));
    }
  }

  private static final class Broken implements ClientMetrics {
    @Override
    public void missed() {
      throw new IllegalStateException("metrics");
    }
  }

  private static TokenRequest.Builder builder() {
    return TokenRequest.builder();
  }

  private static void refuses(ThrowingCallable made, String reason) {
    assertThatIllegalArgumentException()
        .isThrownBy(made)
        .withMessageContaining(reason)
        .withMessageNotContaining(PID);
  }
}

package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpClient;
import java.time.Duration;
import java.util.Map;
import no.portvakt.keyvault.azure.StandInVault.Answer;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the vault answers is no answer, and nothing is known yet. */
final class VaultRefusalsTest extends VaultFixture {
  private static final Duration SHORT = Duration.ofMillis(400);

  @ParameterizedTest
  @CsvSource({
    "401, Unauthorized, , 'does not know this server''s identity (status 401, Unauthorized).'",
    "403, Forbidden, ForbiddenByRbac, 'lets this server not read the certificate \"signing\""
        + " (status 403, ForbiddenByRbac).'",
    "403, Forbidden, ForbiddenByFirewall, '(status 403, ForbiddenByFirewall).'",
    "429, Throttled, , 'is asked too often (status 429, Throttled).'",
    "500, InternalServerError, , 'is out of order (status 500, InternalServerError).'",
    "503, ServiceUnavailable, , 'is out of order (status 503, ServiceUnavailable).'",
    "400, 'Bad parameter: SECRET', , 'is out of order (status 400).'",
  })
  void saysWhyTheVaultRefuses(int status, String code, String inner, String sentence) {
    put(1);
    vault.answer(path -> path.endsWith("/versions"), Answer.error(status, code, inner));

    refuses(sentence);
  }

  @Test
  void refusesWhenTheCertificateIsMissing() {
    refuses("has not got the certificate \"signing\".");
  }

  @Test
  void refusesWhenOnlyTheSecretsAreForbidden() {
    put(1);
    vault.answer(
        path -> path.startsWith("/secrets/"), Answer.error(403, "Forbidden", "ForbiddenByRbac"));

    refuses("lets this server not read the secret \"signing\" (status 403, ForbiddenByRbac).");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "SECRET-GARBAGE",
        "{",
        "null",
        "7",
        "[]",
        "{}",
        "{\"value\":7}",
        "{\"value\":null}",
        "{\"value\":[7]}",
        "{\"value\":[{}]}",
        "{\"value\":[{\"id\":\"https://x/certificates/signing/1\",\"attributes\":{\"exp\":\"x\"}}]}",
        "{\"value\":[{\"id\":\"https://x/certificates/signing/1\",\"attributes\":7}]}",
      })
  void refusesAListThatIsNone(String body) {
    put(1);
    vault.answer(path -> path.endsWith("/versions"), Answer.json(200, body));

    refuses("gives an answer that is none.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "SECRET-GARBAGE", "null", "7", "{}", "{\"value\":{\"a\":\"SECRET\"}}"})
  void refusesASecretThatIsNone(String body) {
    put(1);
    vault.answer(path -> path.startsWith("/secrets/"), Answer.json(200, body));

    refuses("gives an answer that is none.");
  }

  @Test
  void refusesAVersionThatIsNoName() {
    vault.answer(
        path -> path.endsWith("/versions"),
        Answer.json(
            200,
            "{\"value\":[{\"id\":\"https://x/certificates/signing/%2e%2e\","
                + "\"attributes\":{\"enabled\":true}}]}"));

    refuses("names a version of \"signing\" wrongly.");
  }

  @Test
  void refusesAnAnswerThatIsTooLong() {
    vault.answer(
        path -> path.endsWith("/versions"),
        Answer.json(200, "{\"value\":[]" + " ".repeat(ReadAnswer.LARGEST) + "}"));

    refuses("gives an answer that is none.");
  }

  @ParameterizedTest
  @ValueSource(ints = {200, 201, 204, 302, 500})
  void refusesAPageOfAProxy(int status) {
    put(1);
    vault.answer(
        path -> true,
        new Answer(
            status,
            "text/html",
            status == 204 ? "" : "<html>Log in. SECRET</html>",
            Map.of("Location", "https://" + StandInVault.ELSEWHERE + "/")));

    refuses("The key vault " + StandInVault.HOST + " ");
    assertThat(vault.requestsFor(StandInVault.ELSEWHERE)).isZero();
  }

  @Test
  void doesNotFollowAListToAnotherHost() {
    put(1);
    String next =
        "https://" + StandInVault.ELSEWHERE + ":" + vault.port() + "/certificates/signing/versions";
    vault.answer(
        path -> path.endsWith("/versions"),
        Answer.json(200, "{\"value\":[],\"nextLink\":\"" + next + "?api-version=7.6\"}"));

    refuses("points to another host.");
    assertThat(vault.requestsFor(StandInVault.ELSEWHERE)).isZero();
  }

  @Test
  void refusesAListWithoutEnd() {
    put(1);
    String next = vault.address() + "/certificates/signing/versions?api-version=7.6&$skiptoken=0";
    vault.answer(
        path -> path.endsWith("/versions"),
        Answer.json(200, "{\"value\":[],\"nextLink\":\"" + next + "\"}"));

    refuses("has too many versions of \"signing\".");
  }

  @Test
  void givesNoTokenToAChallengeForSomebodyElse() {
    put(1);
    vault.challenge(
        "Bearer authorization=\"https://login.microsoftonline.com/t\","
            + " resource=\"https://elsewhere.example\"");

    refuses("asks for a token that is meant for somebody else.");
    assertThat(vault.requests()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"Basic realm=\"x\"", "Bearer", "Bearer x", "Negotiate"})
  void givesNoTokenToAChallengeThatIsNone(String challenge) {
    put(1);
    vault.challenge(challenge);

    refuses("The key vault " + StandInVault.HOST + " ");
    assertThat(vault.requests()).isEmpty();
  }

  @Test
  void refusesAVaultThatDoesNotTakeTheToken() {
    put(1);

    refuses(
        AzureVault.at(
            vault.address(),
            new TestCredential("another"),
            StandInVault.client(),
            AzureVault.TIMEOUT),
        "does not know this server's identity (status 401, Unauthorized).");
  }

  @Test
  void refusesAVaultThatCannotProveWhoItIs() {
    put(1);

    refuses(
        AzureVault.at(
            vault.address(),
            new TestCredential(StandInVault.TOKEN),
            HttpClient.newBuilder(),
            AzureVault.TIMEOUT),
        "can't prove who it is, or breaks off TLS.");
    assertThat(vault.requests()).isEmpty();
  }

  @Test
  void refusesAVaultThatIsNotThere() {
    AzureVault gone = vault.vault();
    vault.close();

    refuses(gone, "can't be reached.");
  }

  @Test
  void refusesAVaultThatIsSilent() {
    put(1);
    vault.answer(path -> true, Answer.never());

    refuses(vault.vault(SHORT), "takes too long to answer.");
  }

  @Test
  void refusesAVaultThatStopsInTheMiddle() {
    put(1);
    vault.answer(path -> true, Answer.half());

    refuses(vault.vault(SHORT), "takes too long to answer.");
  }

  @Test
  void asksAgainAfterAFailureThatMayPassButNotForEver() {
    put(1);
    vault.answer(path -> true, Answer.error(503, "ServiceUnavailable", null));

    refuses("(status 503");
    assertThat(vault.requestsFor("/versions")).isEqualTo(3);
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 403, 404, 429, 501})
  void doesNotAskAgainAtOnceWhereThatIsOfNoUse(int status) {
    put(1);
    vault.answer(path -> true, Answer.error(status, "Any", null));

    refuses("");
    assertThat(vault.requestsFor("/versions")).isEqualTo(1);
  }

  @Test
  void doesNotWaitAsLongAsTheVaultWouldLike() {
    put(1);
    vault.answer(
        path -> true, new Answer(503, "application/json", "{}", Map.of("Retry-After", "86400")));

    refuses(vault.vault(SHORT), "takes too long to answer.");
  }

  @Test
  void waitsAWhileAfterAFailure() throws Exception {
    put(1);
    vault.answer(path -> true, Answer.error(403, "Forbidden", null));
    refuses("(status 403");
    vault.recover();
    clock.pass(Duration.ofSeconds(29));
    refuses("(status 403");

    clock.pass(Duration.ofSeconds(1));

    assertThat(keys.load()).hasSize(1);
    assertThat(keys.problem()).isNull();
  }

  @Test
  void givesNothingAfterTheEnd() throws Exception {
    put(1);
    keys.load();
    keys.close();

    assertThatThrownBy(keys::load)
        .isInstanceOf(KeySourceUnavailable.class)
        .hasMessage("The source over the key vault " + StandInVault.HOST + " is closed.");
  }

  private void refuses(String sentence) {
    refuses(keys, sentence);
  }

  private void refuses(AzureVault asked, String sentence) {
    try (AzureKeyVaultKeys source = new AzureKeyVaultKeys(asked, "signing", REFRESH, clock)) {
      refuses(source, sentence);
    }
  }

  private static void refuses(AzureKeyVaultKeys source, String sentence) {
    assertThatThrownBy(source::load)
        .isInstanceOf(KeySourceUnavailable.class)
        .hasNoCause()
        .hasMessageContaining(sentence)
        .hasMessageEndingWith(".")
        .hasMessageNotContaining("SECRET")
        .hasMessageNotContaining(StandInVault.TOKEN);
    assertThat(source.problem()).contains(sentence).endsWith(".");
  }
}

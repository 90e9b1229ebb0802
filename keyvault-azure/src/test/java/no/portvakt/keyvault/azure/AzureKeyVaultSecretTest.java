package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import no.portvakt.keyvault.azure.StandInVault.Answer;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class AzureKeyVaultSecretTest {
  private static final long NOW = TestClock.START.getEpochSecond();

  private final StandInVault vault = new StandInVault();
  private final TestClock clock = new TestClock();
  private final AzureKeyVaultSecret secret =
      new AzureKeyVaultSecret(vault.vault(), "master", VaultFixture.REFRESH, clock);

  @AfterEach
  void stop() {
    secret.close();
    vault.close();
  }

  @Test
  void givesTheNewestVersionAsItIs() throws Exception {
    put(" S3CRET\n\"ø\" ", "\"enabled\":true");

    assertThat(secret.value()).containsExactly(" S3CRET\n\"ø\" ".toCharArray());
    assertThat(secret.problem()).isNull();
  }

  @Test
  void givesEachCallerAnArrayOfItsOwn() throws Exception {
    put("S3CRET", "\"enabled\":true,\"nbf\":" + NOW + ",\"exp\":" + (NOW + 1));
    Arrays.fill(secret.value(), '0');

    assertThat(secret.value()).containsExactly("S3CRET".toCharArray());
    assertThat(vault.requestsFor("/secrets/master/")).isEqualTo(1);
  }

  @Test
  void takesANewVersionAfterTheRefreshTime() throws Exception {
    put("old", "\"enabled\":true");
    secret.value();
    put("new", "\"enabled\":true");
    assertThat(secret.value()).containsExactly('o', 'l', 'd');

    clock.pass(VaultFixture.REFRESH);

    assertThat(secret.value()).containsExactly('n', 'e', 'w');
  }

  @ParameterizedTest
  @ValueSource(ints = {401, 403, 404, 429, 500})
  void keepsTheLastGoodValueInAnOutage(int status) throws Exception {
    put("S3CRET", "\"enabled\":true");
    secret.value();
    vault.answer(path -> true, Answer.error(status, "Any", null));
    clock.pass(VaultFixture.REFRESH);

    assertThat(secret.value()).containsExactly("S3CRET".toCharArray());
    assertThat(secret.problem()).isNotNull().doesNotContain("S3CRET");
  }

  @Test
  void keepsTheLastGoodValueWhenItExpires() throws Exception {
    put("S3CRET", "\"enabled\":true,\"exp\":" + (NOW + 60));
    secret.value();
    clock.pass(VaultFixture.REFRESH);

    assertThat(secret.value()).containsExactly("S3CRET".toCharArray());
    assertThat(secret.problem()).contains("has expired.");
  }

  @ParameterizedTest
  @CsvSource({
    "'\"enabled\":false', is not enabled.",
    "'\"enabled\":true,\"exp\":1772366400', has expired.",
    "'\"enabled\":true,\"exp\":1', has expired.",
    "'\"enabled\":true,\"nbf\":1772366401', is not valid yet.",
  })
  void refusesASecretOutOfItsTime(String attributes, String sentence) {
    assertThat(NOW).isEqualTo(1772366400L);
    put("S3CRET", attributes);

    refuses(sentence);
  }

  @Test
  void refusesAnEmptySecret() {
    put("", "\"enabled\":true");

    refuses("is empty.");
  }

  @Test
  void refusesASecretWithoutAValue() {
    Map<String, String> members = members("S3CRET", "\"enabled\":true");
    members.remove("value");
    vault.putSecret("master/", members);

    refuses("is empty.");
  }

  @Test
  void refusesTheKeyOfACertificate() {
    Map<String, String> members = members("S3CRET", "\"enabled\":true");
    members.put("managed", "true");
    members.put("kid", StandInVault.quoted(vault.address() + "/keys/master/1"));
    vault.putSecret("master/", members);

    refuses("belongs to a certificate and is no password.");
  }

  @Test
  void refusesWhatIsMissing() {
    refuses("has not got the secret \"master\".");
  }

  @Test
  void refusesWhatItMayNotRead() {
    vault.answer(path -> true, Answer.error(403, "Forbidden", "SecretDisabled"));

    refuses("lets this server not read the secret \"master\" (status 403, SecretDisabled).");
  }

  @Test
  void refusesAfterTheEnd() throws Exception {
    put("S3CRET", "\"enabled\":true");
    secret.value();
    secret.close();

    refuses("is closed.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a/b", "..", "a b", "a?b", "å", "a.b", "a%2fb"})
  void refusesANameThatCannotBeOne(String name) {
    assertThatThrownBy(
            () -> new AzureKeyVaultSecret(vault.vault(), name, VaultFixture.REFRESH, clock))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S"})
  void refusesATimeThatIsNotPositive(Duration refresh) {
    assertThatThrownBy(() -> new AzureKeyVaultSecret(vault.vault(), "master", refresh, clock))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void showsNothingOfTheValue() throws Exception {
    put("S3CRET", "\"enabled\":true");
    secret.value();

    assertThat(secret).hasToString("AzureKeyVaultSecret[" + StandInVault.HOST + ", master]");
  }

  private void put(String value, String attributes) {
    vault.putSecret("master/", members(value, attributes));
  }

  private Map<String, String> members(String value, String attributes) {
    Map<String, String> members = new LinkedHashMap<>();
    members.put("value", StandInVault.quoted(value));
    members.put("id", StandInVault.quoted(vault.address() + "/secrets/master/1"));
    members.put("attributes", "{" + attributes + ",\"created\":1493938410}");
    return members;
  }

  private void refuses(String sentence) {
    assertThatThrownBy(secret::value)
        .isInstanceOf(KeySourceUnavailable.class)
        .hasNoCause()
        .hasMessageContaining(sentence)
        .hasMessageNotContaining("S3CRET");
  }
}

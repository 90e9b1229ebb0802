package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.ServiceLoader;
import no.portvakt.tokens.KeySource;
import no.portvakt.tokens.KeySourceProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class AzureKeyVaultKeyProviderTest {
  private static final String VAULT = "https://stand-in.vault.azure.net";

  @Test
  void isFoundByItsType() {
    assertThat(ServiceLoader.load(KeySourceProvider.class))
        .filteredOn(provider -> provider.type().equals("azure-key-vault"))
        .singleElement()
        .isInstanceOf(AzureKeyVaultKeyProvider.class);
  }

  @Test
  void opensASourceWithoutAskingAnybody() {
    try (KeySource source = open(Map.of("vault", VAULT + "/", "certificate", "signing"))) {
      assertThat(source).hasToString("AzureKeyVaultKeys[stand-in.vault.azure.net, signing]");
      assertThat(source.problem()).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT30S", "PT15M", "PT24H", "P1D"})
  void takesARefreshTime(String refresh) {
    open(Map.of("vault", VAULT, "certificate", "signing", "refresh", refresh)).close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"vault", "certificate"})
  void refusesWhatIsMissing(String name) {
    Map<String, String> settings = new HashMap<>(Map.of("vault", VAULT, "certificate", "signing"));
    settings.remove(name);
    refuses(settings, "needs the setting " + name + ".");
    settings.put(name, " ");
    refuses(settings, "needs the setting " + name + ".");
  }

  @ParameterizedTest
  @ValueSource(strings = {"Vault", "password", "certificates", ""})
  void refusesWhatIsUnknown(String name) {
    refuses(
        Map.of("vault", VAULT, "certificate", "signing", name, "SECRET"),
        "has no setting " + name + ".");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://stand-in.vault.azure.net",
        "stand-in.vault.azure.net",
        "stand-in",
        "https:///",
        "https://SECRET@stand-in.vault.azure.net",
        "https://stand-in.vault.azure.net/secrets",
        "https://stand-in.vault.azure.net?SECRET",
        "https://stand-in.vault.azure.net#x",
        "https://stand in",
        "file:///SECRET",
      })
  void refusesAnAddressThatIsNoVaults(String address) {
    refuses(
        Map.of("vault", address, "certificate", "signing"),
        "The setting vault is not like https://example.vault.azure.net.");
    assertThatThrownBy(() -> AzureVault.at(URI.create(address), new TestCredential("x")))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"a/b", "../x", "a b", "signing?x"})
  void refusesANameThatCannotBeOne(String name) {
    refuses(
        Map.of("vault", VAULT, "certificate", name),
        "The setting certificate is not the name of a certificate.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "15m", "15", "PT", "forever"})
  void refusesARefreshTimeThatIsNone(String refresh) {
    refuses(
        Map.of("vault", VAULT, "certificate", "signing", "refresh", refresh),
        "The setting refresh is not like PT15M.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-15M", "PT29S", "PT24H1S", "P365D"})
  void refusesARefreshTimeOutOfItsRange(String refresh) {
    refuses(
        Map.of("vault", VAULT, "certificate", "signing", "refresh", refresh),
        "The setting refresh must be from PT30S to PT24H.");
  }

  private static KeySource open(Map<String, String> settings) {
    return new AzureKeyVaultKeyProvider().open(settings, new TestClock());
  }

  private static void refuses(Map<String, String> settings, String sentence) {
    assertThatThrownBy(() -> open(settings))
        .isInstanceOf(IllegalArgumentException.class)
        .hasNoCause()
        .hasMessageContaining(sentence)
        .hasMessageNotContaining("SECRET");
  }
}

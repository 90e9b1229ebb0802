package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.MalformedURLException;
import java.net.URI;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class OnlyThisVaultTest {
  private final OnlyThisVault vault =
      new OnlyThisVault(URI.create("https://example.vault.azure.net"));

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://example.vault.azure.net/certificates/signing/versions?api-version=7.6",
        "https://example.vault.azure.net:443/certificates/signing/versions?$skiptoken=x",
        "https://EXAMPLE.vault.azure.net/secrets/signing/1",
      })
  void letsRequestsGoToTheVault(String address) throws MalformedURLException {
    assertThat(vault.isHere(URI.create(address).toURL())).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://example.vault.azure.net/",
        "http://example.vault.azure.net:443/",
        "https://example.vault.azure.net:8443/",
        "https://other.vault.azure.net/",
        "https://example.vault.azure.net.elsewhere.example/",
        "https://example.vault.azure.net@elsewhere.example/",
      })
  void refusesRequestsThatGoElsewhere(String address) throws MalformedURLException {
    assertThat(vault.isHere(URI.create(address).toURL())).isFalse();
  }
}

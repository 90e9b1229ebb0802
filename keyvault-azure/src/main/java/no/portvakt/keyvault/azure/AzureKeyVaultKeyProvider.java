package no.portvakt.keyvault.azure;

import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import no.portvakt.tokens.KeySource;
import no.portvakt.tokens.KeySourceProvider;
import org.jspecify.annotations.Nullable;

/**
 * Opens {@link AzureKeyVaultKeys} from the settings {@code vault} (its address), {@code
 * certificate} (its name) and {@code refresh} (an ISO 8601 duration from PT30S to PT24H; PT15M when
 * it is left out). The server's own identity opens the vault.
 */
public final class AzureKeyVaultKeyProvider implements KeySourceProvider {
  private static final String VAULT = "vault";
  private static final String CERTIFICATE = "certificate";
  private static final String REFRESH = "refresh";
  private static final Duration USUAL_REFRESH = Duration.ofMinutes(15);
  private static final Duration SHORTEST_REFRESH = Duration.ofSeconds(30);
  private static final Duration LONGEST_REFRESH = Duration.ofHours(24);

  @Override
  public String type() {
    return "azure-key-vault";
  }

  @Override
  public KeySource open(Map<String, String> settings, InstantSource clock) {
    Set<String> unknown = new TreeSet<>(settings.keySet());
    unknown.removeAll(Set.of(VAULT, CERTIFICATE, REFRESH));
    if (!unknown.isEmpty()) {
      throw new IllegalArgumentException(
          "A key source of type " + type() + " has no setting " + String.join(", ", unknown) + ".");
    }
    URI address = address(needed(settings, VAULT));
    String certificate = certificate(needed(settings, CERTIFICATE));
    Duration refresh = refresh(settings.get(REFRESH));
    return new AzureKeyVaultKeys(AzureVault.at(address), certificate, refresh, clock);
  }

  private String needed(Map<String, String> settings, String name) {
    String value = settings.get(name);
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException(
          "A key source of type " + type() + " needs the setting " + name + ".");
    }
    return value;
  }

  private static URI address(String text) {
    try {
      // No cause below: it would repeat the text, which may have somebody's password in it.
      return AzureVault.checked(URI.create(text));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "The setting " + VAULT + " is not like https://example.vault.azure.net.");
    }
  }

  private static String certificate(String text) {
    try {
      return AzureVault.checkedName(text);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "The setting " + CERTIFICATE + " is not the name of a certificate.");
    }
  }

  private static Duration refresh(@Nullable String text) {
    if (text == null) {
      return USUAL_REFRESH;
    }
    try {
      Duration refresh = Duration.parse(text);
      if (refresh.compareTo(SHORTEST_REFRESH) >= 0 && refresh.compareTo(LONGEST_REFRESH) <= 0) {
        return refresh;
      }
    } catch (DateTimeParseException e) {
      throw new IllegalArgumentException("The setting " + REFRESH + " is not like PT15M.");
    }
    throw new IllegalArgumentException("The setting " + REFRESH + " must be from PT30S to PT24H.");
  }
}

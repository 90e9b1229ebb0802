package no.portvakt.keyvault.azure;

import java.net.URI;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import no.portvakt.tokens.KeySource;
import no.portvakt.tokens.KeySourceProvider;

/** Opens what {@link AzureKeyVaultKeyProvider} opens, but trusts the stand-in and has its token. */
public final class StandInProvider implements KeySourceProvider {
  static final String TYPE = "stand-in";

  @Override
  public String type() {
    return TYPE;
  }

  @Override
  public KeySource open(Map<String, String> settings, InstantSource clock) {
    AzureVault vault =
        AzureVault.at(
            URI.create(Objects.requireNonNull(settings.get("vault"))),
            new TestCredential(StandInVault.TOKEN),
            StandInVault.client(),
            AzureVault.TIMEOUT);
    Duration refresh = Duration.parse(Objects.requireNonNull(settings.get("refresh")));
    return new AzureKeyVaultKeys(vault, "signing", refresh, clock);
  }
}

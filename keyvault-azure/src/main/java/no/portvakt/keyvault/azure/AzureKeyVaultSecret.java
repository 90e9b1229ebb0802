package no.portvakt.keyvault.azure;

import com.azure.security.keyvault.secrets.models.KeyVaultSecret;
import com.azure.security.keyvault.secrets.models.SecretProperties;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import no.portvakt.keyvault.azure.LastGood.Seen;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.jspecify.annotations.Nullable;

/**
 * A secret in Azure Key Vault, such as a master key or a password: its newest version. The vault is
 * asked again when the answer is older than the refresh time; while it does not answer, the last
 * good answer stays in use.
 */
public final class AzureKeyVaultSecret implements AutoCloseable {
  private final AzureVault vault;
  private final String name;
  private final InstantSource clock;
  private final LastGood<String> lastGood;

  /**
   * The vault is not asked before the first {@link #value}.
   *
   * @param name the secret's name in the vault
   * @param refresh how old an answer may be before the vault is asked again
   * @throws IllegalArgumentException when the name can't be one, or the time is not positive
   */
  public AzureKeyVaultSecret(AzureVault vault, String name, Duration refresh, InstantSource clock) {
    this.vault = vault;
    this.name = AzureVault.checkedName(name);
    this.clock = clock;
    this.lastGood = new LastGood<>(this::look, vault, refresh, clock);
  }

  /**
   * The value as it is in the vault, white space included; the array is the caller's own, who may
   * wipe it.
   *
   * @throws KeySourceUnavailable when the vault does not answer, or holds nothing that can be used,
   *     and no earlier answer is there
   */
  public char[] value() throws KeySourceUnavailable {
    return lastGood.get().toCharArray();
  }

  /** Why the last look at the vault failed, one sentence without any secret; null: it did not. */
  public @Nullable String problem() {
    return lastGood.problem();
  }

  /** Forgets the value. */
  @Override
  public void close() {
    lastGood.close();
  }

  @Override
  public String toString() {
    return "AzureKeyVaultSecret[" + vault.host() + ", " + name + "]";
  }

  private Seen<String> look() throws VaultFailure {
    KeyVaultSecret secret = vault.secret(name, null);
    SecretProperties properties = secret.getProperties();
    Instant now = clock.instant();
    String value = secret.getValue();
    if (value == null || value.isEmpty()) {
      throw unusable("is empty.");
    }
    if (!Boolean.TRUE.equals(properties.isEnabled())) {
      throw unusable("is not enabled.");
    }
    // The vault hands out a secret before and after its time; what to make of that is left to us.
    if (properties.getNotBefore() != null && properties.getNotBefore().toInstant().isAfter(now)) {
      throw unusable("is not valid yet.");
    }
    if (properties.getExpiresOn() != null && !properties.getExpiresOn().toInstant().isAfter(now)) {
      throw unusable("has expired.");
    }
    if (properties.getKeyId() != null) {
      throw unusable("belongs to a certificate and is no password.");
    }
    return new Seen<>(value, null);
  }

  private VaultFailure unusable(String rest) {
    return VaultFailure.lasting(
        "The secret \"" + name + "\" in the key vault " + vault.host() + " " + rest);
  }
}

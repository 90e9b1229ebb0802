package no.portvakt.keyvault.azure;

import com.azure.security.keyvault.certificates.models.CertificateProperties;
import com.azure.security.keyvault.secrets.models.KeyVaultSecret;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.Comparator;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import no.portvakt.keyvault.azure.LastGood.Seen;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeySource;
import org.jspecify.annotations.Nullable;

/**
 * The keys of a certificate in Azure Key Vault: those of its newest versions that are enabled and
 * valid, the newest last. The vault is asked again when the answer is older than the refresh time;
 * while it does not answer, the last good answer stays in use.
 */
public final class AzureKeyVaultKeys implements KeySource {
  /** How many versions are used at most. */
  public static final int MOST_VERSIONS = 3;

  private static final Pattern VERSION = Pattern.compile("[0-9A-Za-z]{1,64}");

  private final AzureVault vault;
  private final String certificate;
  private final InstantSource clock;
  private final LastGood<Found> lastGood;

  /**
   * What a look has found.
   *
   * @param versions the keys by their version's id, the newest last
   * @param keys the same keys
   * @param confirmed the ids of those whose version could be read again
   */
  private record Found(
      Map<String, KeyMaterial> versions, List<KeyMaterial> keys, Set<String> confirmed) {}

  /**
   * The vault is not asked before the first {@link #load}.
   *
   * @param certificate the certificate's name in the vault
   * @param refresh how old an answer may be before the vault is asked again
   * @throws IllegalArgumentException when the name can't be one, or the time is not positive
   */
  public AzureKeyVaultKeys(
      AzureVault vault, String certificate, Duration refresh, InstantSource clock) {
    this.vault = vault;
    this.certificate = AzureVault.checkedName(certificate);
    this.clock = clock;
    this.lastGood = new LastGood<>(this::look, vault, refresh, clock);
  }

  @Override
  public List<KeyMaterial> load() throws KeySourceUnavailable {
    return lastGood.get().keys;
  }

  @Override
  public Set<String> confirmed() {
    Found found = lastGood.known();
    return found == null || lastGood.failed() ? Set.of() : found.confirmed;
  }

  @Override
  public @Nullable String problem() {
    return lastGood.problem();
  }

  @Override
  public void close() {
    lastGood.close();
  }

  @Override
  public String toString() {
    return "AzureKeyVaultKeys[" + vault.host() + ", " + certificate + "]";
  }

  // A version that is of no use is complained of, and left out if it never was of any; an outage
  // leaves the last good keys as they are, so a request that fails never takes a key away.
  private Seen<Found> look() throws VaultFailure {
    Found before = lastGood.known();
    Map<String, KeyMaterial> versions = new LinkedHashMap<>();
    Set<String> confirmed = new HashSet<>();
    VaultFailure complaint = null;
    for (CertificateProperties version : usable(vault.versions(certificate))) {
      String id = String.valueOf(version.getVersion());
      try {
        KeyMaterial key = key(version);
        versions.put(id, key);
        confirmed.add(key.keyId());
      } catch (VaultFailure e) {
        if (!e.isLasting()) {
          throw e;
        }
        complaint = e;
        KeyMaterial earlier = before == null ? null : before.versions.get(id);
        if (earlier != null) {
          versions.put(id, earlier);
        }
      }
    }
    if (confirmed.isEmpty()) {
      throw complaint != null
          ? complaint
          : VaultFailure.lasting(
              "No version of the certificate \""
                  + certificate
                  + "\" in the key vault "
                  + vault.host()
                  + " is enabled and valid.");
    }
    Found found = new Found(versions, List.copyOf(versions.values()), Set.copyOf(confirmed));
    return new Seen<>(found, complaint == null ? null : complaint.getMessage());
  }

  private List<CertificateProperties> usable(List<CertificateProperties> all) {
    Instant now = clock.instant();
    List<CertificateProperties> usable =
        all.stream()
            .filter(version -> Boolean.TRUE.equals(version.isEnabled()))
            .filter(version -> !isAfter(version.getNotBefore(), now))
            .filter(
                version -> version.getExpiresOn() == null || isAfter(version.getExpiresOn(), now))
            .sorted(
                Comparator.comparing(AzureKeyVaultKeys::madeAt)
                    .thenComparing(version -> String.valueOf(version.getVersion())))
            .toList();
    return usable.subList(Math.max(0, usable.size() - MOST_VERSIONS), usable.size());
  }

  private KeyMaterial key(CertificateProperties listed) throws VaultFailure {
    String version = listed.getVersion();
    if (version == null || !VERSION.matcher(version).matches()) {
      throw VaultFailure.lasting(
          "The key vault " + vault.host() + " names a version of \"" + certificate + "\" wrongly.");
    }
    KeyVaultSecret secret = vault.secret(certificate, version);
    String what = "Version " + version + " of the certificate \"" + certificate + "\"";
    KeyMaterial key =
        KeyContent.read(what, secret.getProperties().getContentType(), secret.getValue());
    byte[] thumbprint = listed.getX509Thumbprint();
    if (thumbprint != null
        && !MessageDigest.isEqual(thumbprint, HexFormat.of().parseHex(key.keyId()))) {
      throw VaultFailure.lasting(what + " has the key of another certificate.");
    }
    return key;
  }

  private static Instant madeAt(CertificateProperties version) {
    OffsetDateTime at =
        version.getCreatedOn() != null ? version.getCreatedOn() : version.getNotBefore();
    return at == null ? Instant.MIN : at.toInstant();
  }

  private static boolean isAfter(@Nullable OffsetDateTime time, Instant now) {
    return time != null && time.toInstant().isAfter(now);
  }
}

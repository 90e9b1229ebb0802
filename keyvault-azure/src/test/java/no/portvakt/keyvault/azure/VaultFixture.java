package no.portvakt.keyvault.azure;

import java.time.Duration;
import java.time.Instant;
import no.portvakt.keyvault.azure.StandInVault.Version;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;

/** A stand-in vault with the certificate "signing", and a source over it. */
abstract class VaultFixture {
  static final String PKCS12 = "application/x-pkcs12";
  static final String PEM = "application/x-pem-file";
  static final Duration REFRESH = Duration.ofMinutes(15);

  final StandInVault vault = new StandInVault();
  final TestClock clock = new TestClock();
  final AzureKeyVaultKeys keys = new AzureKeyVaultKeys(vault.vault(), "signing", REFRESH, clock);

  @AfterEach
  void stop() {
    keys.close();
    vault.close();
  }

  /** A version that is enabled and valid. */
  static Version version(int number, @Nullable Issued issued) {
    long created = TestClock.START.minus(Duration.ofDays(100 - number)).getEpochSecond();
    long until = TestClock.START.plus(Duration.ofDays(300)).getEpochSecond();
    return new Version(
        "signing",
        String.format("%032x", number),
        true,
        created,
        until,
        created,
        issued == null ? null : issued.x5t());
  }

  static Version disabled(Version version) {
    return new Version(
        version.name(),
        version.id(),
        false,
        version.nbf(),
        version.exp(),
        version.created(),
        version.x5t());
  }

  static Version valid(Version version, Instant from, Instant until) {
    return new Version(
        version.name(),
        version.id(),
        true,
        from.getEpochSecond(),
        until.getEpochSecond(),
        version.created(),
        version.x5t());
  }

  /** Puts a good version in the vault. */
  Issued put(int number) {
    Issued issued = Issued.rsa();
    vault.put(version(number, issued), PKCS12, issued.pkcs12());
    return issued;
  }
}

package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.Signature;
import java.time.Duration;
import java.util.List;
import no.portvakt.keyvault.azure.StandInVault.Version;
import no.portvakt.tokens.KeyMaterial;
import org.junit.jupiter.api.Test;

final class AzureKeyVaultKeysTest extends VaultFixture {
  @Test
  void loadsAKeyThatSigns() throws Exception {
    Issued issued = put(1);

    KeyMaterial key = keys.load().get(0);

    Signature signing = Signature.getInstance("SHA256withRSA");
    signing.initSign(key.privateKey());
    byte[] signed = signing.sign();
    Signature checking = Signature.getInstance("SHA256withRSA");
    checking.initVerify(issued.certificate());
    assertThat(checking.verify(signed)).isTrue();
    assertThat(key.certificate()).isEqualTo(issued.certificate());
    assertThat(keys.problem()).isNull();
  }

  @Test
  void leavesOutCertificatesThatDoNotVouchForTheKey() throws Exception {
    Issued issued = Issued.ec();
    String stranger = Issued.rsa().certificatePem();
    vault.put(version(1, issued), PEM, issued.keyPem() + issued.certificatePem() + stranger);

    assertThat(keys.load().get(0).chain()).containsExactly(issued.certificate());
  }

  @Test
  void putsTheNewestOfManyPagesLast() throws Exception {
    vault.pageSize(2);
    put(5);
    Issued third = put(3);
    put(1);
    put(2);
    Issued fourth = put(4);

    assertThat(certificates())
        .hasSize(AzureKeyVaultKeys.MOST_VERSIONS)
        .startsWith(third.certificate(), fourth.certificate());
    assertThat(vault.requestsFor("/versions")).isEqualTo(3);
    assertThat(vault.requestsFor("/secrets/")).isEqualTo(3);
  }

  @Test
  void leavesOutAVersionThatIsDisabled() throws Exception {
    Issued good = put(1);
    Issued bad = Issued.rsa();
    vault.put(disabled(version(2, bad)), PKCS12, bad.pkcs12());

    assertThat(certificates()).containsExactly(good.certificate());
    assertThat(keys.problem()).isNull();
  }

  @Test
  void leavesOutAVersionThatHasExpired() throws Exception {
    Issued good = put(1);
    Issued old = Issued.rsa();
    vault.put(
        valid(version(2, old), TestClock.START.minusSeconds(100), TestClock.START),
        PKCS12,
        old.pkcs12());

    assertThat(certificates()).containsExactly(good.certificate());
  }

  @Test
  void leavesOutAVersionThatIsNotValidYet() throws Exception {
    Issued good = put(1);
    Issued early = Issued.rsa();
    vault.put(
        valid(
            version(2, early),
            TestClock.START.plusSeconds(60),
            TestClock.START.plus(Duration.ofDays(9))),
        PKCS12,
        early.pkcs12());

    assertThat(certificates()).containsExactly(good.certificate());
  }

  @Test
  void takesAVersionWhoseTimeComes() throws Exception {
    Issued early = Issued.rsa();
    put(1);
    vault.put(
        valid(
            version(2, early),
            TestClock.START.plusSeconds(60),
            TestClock.START.plus(Duration.ofDays(9))),
        PKCS12,
        early.pkcs12());
    keys.load();

    clock.pass(REFRESH);

    assertThat(certificates()).hasSize(2).endsWith(early.certificate());
  }

  @Test
  void asksAgainWhenTheAnswerIsOldAndNotBefore() throws Exception {
    put(1);
    keys.load();
    Issued second = put(2);
    clock.pass(REFRESH.minusMillis(1));
    assertThat(keys.load()).hasSize(1);
    assertThat(vault.requestsFor("/versions")).isEqualTo(1);

    clock.pass(Duration.ofMillis(1));

    assertThat(certificates()).hasSize(2).endsWith(second.certificate());
  }

  @Test
  void dropsAVersionThatIsDisabledLater() throws Exception {
    Issued good = put(1);
    Issued second = Issued.rsa();
    Version version = version(2, second);
    vault.put(version, PKCS12, second.pkcs12());
    assertThat(keys.load()).hasSize(2);

    vault.replace(version, disabled(version));
    clock.pass(REFRESH);

    assertThat(certificates()).containsExactly(good.certificate());
  }

  @Test
  void asksForATokenOfTheVaultsService() throws Exception {
    put(1);
    TestCredential credential = new TestCredential(StandInVault.TOKEN);
    try (AzureKeyVaultKeys source =
        new AzureKeyVaultKeys(
            AzureVault.at(vault.address(), credential, StandInVault.client(), AzureVault.TIMEOUT),
            "signing",
            REFRESH,
            clock)) {
      source.load();
    }

    assertThat(credential.scopes()).containsOnly("https://vault.azure.net/.default");
  }

  private List<java.security.cert.X509Certificate> certificates() throws Exception {
    return keys.load().stream().map(KeyMaterial::certificate).toList();
  }
}

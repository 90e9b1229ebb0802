package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import no.portvakt.tokens.KeyMaterial;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

final class KeyContentTest {
  private static final String PKCS12 = VaultFixture.PKCS12;
  private static final String PEM = VaultFixture.PEM;
  private static final Issued ISSUED = Issued.rsa();
  private static final String GOOD_PEM = ISSUED.keyPem() + ISSUED.certificatePem();

  @Test
  void readsPkcs12WithItsChain() throws Exception {
    Issued root = Issued.otherRsa();
    Issued leaf = Issued.by(root);

    assertThat(read(PKCS12, leaf.pkcs12(root)).chain())
        .containsExactly(leaf.certificate(), root.certificate());
  }

  @Test
  void readsPkcs12WithTheOlderCipher() throws Exception {
    assertThat(read(PKCS12, ISSUED.oldPkcs12()).certificate()).isEqualTo(ISSUED.certificate());
  }

  @Test
  void readsPkcs12WithAnEcKey() throws Exception {
    Issued ec = Issued.ec();

    assertThat(read(PKCS12, ec.pkcs12()).privateKey()).isEqualTo(ec.privateKey());
  }

  @Test
  void readsPemWithTheKeyLast() throws Exception {
    KeyMaterial key = read(PEM, "Bag Attributes\n" + ISSUED.certificatePem() + ISSUED.keyPem());

    assertThat(key.privateKey()).isEqualTo(ISSUED.privateKey());
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", " ", "\n"})
  void refusesNoContent(@Nullable String value) {
    refuses(PKCS12, value, "has no content, as when its key may not leave the vault.");
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(strings = {"", "text/plain", "application/octet-stream", "APPLICATION/X-PEM-FILE"})
  void refusesAnotherContentType(@Nullable String type) {
    refuses(type, GOOD_PEM, "is neither application/x-pkcs12 nor application/x-pem-file.");
  }

  @Test
  void refusesPkcs12CalledPem() {
    refuses(PEM, ISSUED.pkcs12(), "can't be used");
  }

  @Test
  void refusesPemCalledPkcs12() {
    refuses(PKCS12, GOOD_PEM, "can't be used");
  }

  @Test
  void refusesPkcs12ThatIsNone() {
    String garbage =
        Base64.getEncoder().encodeToString("SECRET garbage".getBytes(StandardCharsets.UTF_8));
    refuses(PKCS12, garbage, "can't be used");
    refuses(PKCS12, "SECRET, no base64 at all!", "can't be used");
    refuses(PKCS12, ISSUED.pkcs12().substring(0, 400), "can't be used");
  }

  @Test
  void refusesPkcs12WithAPassword() {
    refuses(PKCS12, ISSUED.pkcs12WithPassword("SECRET"), "can't be used");
  }

  @Test
  void refusesPkcs12WithoutAKey() {
    refuses(PKCS12, ISSUED.pkcs12WithoutKey(), "can't be used");
  }

  @Test
  void refusesPkcs12WithTwoKeys() {
    refuses(PKCS12, ISSUED.pkcs12With(Issued.otherRsa()), "holds more than one private key.");
  }

  @Test
  void refusesPemWithoutAKey() {
    refuses(PEM, ISSUED.certificatePem(), "can't be used");
  }

  @Test
  void refusesPemWithTwoKeys() {
    refuses(PEM, GOOD_PEM + ISSUED.keyPem(), "holds more than one private key.");
  }

  @Test
  void refusesPemWithoutACertificate() {
    refuses(PEM, ISSUED.keyPem(), "can't be used");
  }

  @Test
  void refusesAKeyOfAnotherCertificate() {
    refuses(PEM, Issued.otherRsa().keyPem() + ISSUED.certificatePem(), "can't be used");
    refuses(PEM, Issued.ec().keyPem() + ISSUED.certificatePem(), "can't be used");
    refuses(PEM, Issued.ec().keyPem() + Issued.ec().certificatePem(), "can't be used");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RSA PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY"})
  void refusesAKeyInAnotherForm(String label) {
    String key = Issued.pem(label, ISSUED.privateKey().getEncoded());

    refuses(PEM, key + ISSUED.certificatePem(), "can't be used");
  }

  @Test
  void refusesPemThatBreaksOff() {
    refuses(PEM, ISSUED.certificatePem() + ISSUED.keyPem().substring(0, 300), "can't be used");
    refuses(PEM, GOOD_PEM.replace("END PRIVATE KEY", "END SECRET"), "can't be used");
    refuses(PEM, ISSUED.keyPem() + Issued.pem("CERTIFICATE", new byte[] {48, 1}), "can't be used");
    refuses(
        PEM,
        Issued.pem("PRIVATE KEY", new byte[] {48, 1}) + ISSUED.certificatePem(),
        "can't be used");
  }

  @Test
  void refusesAWeakKey() {
    Issued weak = Issued.weakRsa();

    refuses(PKCS12, weak.pkcs12(), "can't be used");
    refuses(PEM, weak.keyPem() + weak.certificatePem(), "can't be used");
  }

  private static KeyMaterial read(String type, String value) throws VaultFailure {
    return KeyContent.read("It", type, value);
  }

  private static void refuses(@Nullable String type, @Nullable String value, String sentence) {
    assertThatThrownBy(() -> KeyContent.read("It", type, value))
        .isInstanceOfSatisfying(VaultFailure.class, e -> assertThat(e.isLasting()).isTrue())
        .hasNoCause()
        .hasMessageStartingWith("It ")
        .hasMessageContaining(sentence)
        .hasMessageEndingWith(".")
        .hasMessageNotContaining("SECRET");
  }
}

package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.security.KeyPair;
import java.security.cert.X509Certificate;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyMaterialTest {
  @ParameterizedTest
  @ValueSource(strings = {"RSA2048", "RSA3072", "secp256r1", "secp384r1", "secp521r1", "Ed25519"})
  void takesAKeyWithItsCertificate(String type) {
    Issued issued = Issued.selfSigned(type);
    KeyMaterial key = issued.material();
    assertThat(key.certificate()).isEqualTo(issued.certificate());
    assertThat(key.publicKey()).isEqualTo(issued.pair().getPublic());
    assertThat(key.provider()).isNull();
    assertThat(key.keyId()).matches("[0-9A-F]{40}");
    assertThat(key).hasToString("KeyMaterial[kid=" + key.keyId() + "]");
  }

  @ParameterizedTest
  @CsvSource({
    "RSA1024, 2048",
    "RSA2040, 2048",
    "RSASSA-PSS, RSASSA-PSS is not supported",
    "DSA, DSA is not supported",
    "Ed448, not supported"
  })
  void refusesAKeyOfAnotherTypeOrTooShort(String type, String sentence) {
    KeyPair pair = Issued.pair(type);
    X509Certificate certificate =
        Issued.certificate(
            "key", pair.getPublic(), "issuer", Issued.pair("secp256r1"), Issued.BEGIN);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyMaterial.of(pair.getPrivate(), List.of(certificate)))
        .withMessageContaining(sentence);
  }

  @Test
  void refusesAKeyWithoutCertificate() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyMaterial.of(Issued.pair("secp256r1").getPrivate(), List.of()))
        .withMessage("The key has no certificate.");
  }

  @ParameterizedTest
  @CsvSource({
    "RSA2048, RSA2048",
    "secp256r1, secp256r1",
    "Ed25519, Ed25519",
    "secp384r1, secp256r1",
    "RSA2048, secp256r1",
    "secp256r1, Ed25519",
    "Ed25519, RSA2048",
    "Ed448, Ed25519"
  })
  void refusesAKeyOfAnotherCertificate(String type, String certificateType) {
    KeyPair other = Issued.pair(type);
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> KeyMaterial.of(other.getPrivate(), Issued.selfSigned(certificateType).chain()))
        .withMessage("The private key does not belong to the certificate.");
  }

  @Test
  void refusesTheCertificatesInTheWrongOrder() {
    Issued leaf = Issued.selfSigned("secp256r1").issue("leaf", "secp256r1");
    assertThatIllegalArgumentException()
        .isThrownBy(
            () -> KeyMaterial.of(leaf.key(), List.of(leaf.chain().get(1), leaf.chain().get(0))))
        .withMessageContaining("does not belong");
  }

  @Test
  void saysWhenItsCertificateIsValid() {
    KeyMaterial key = Issued.selfSigned("secp256r1").material();
    assertThat(key.isValidAt(Issued.BEGIN.minusSeconds(1))).isFalse();
    assertThat(key.isValidAt(Issued.BEGIN)).isTrue();
    assertThat(key.isValidAt(Issued.BEGIN.plus(Issued.VALIDITY))).isTrue();
    assertThat(key.isValidAt(Issued.BEGIN.plus(Issued.VALIDITY).plusSeconds(1))).isFalse();
  }
}

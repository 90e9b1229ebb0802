package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.security.PublicKey;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Ed25519Test {
  /** RFC 8037 §A.2 and §A.4: the key and the token of the example. */
  private static final String X = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";

  private static final String SIGNATURE =
      "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

  /** The example's payload is no JSON object, so only the library's form can carry it. */
  private static final String SIGNING_INPUT =
      "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";

  private static PublicKey exampleKey() {
    return Ed25519Verifier.publicKey(Base64.getUrlDecoder().decode(X));
  }

  private static boolean holds(String signingInput, String signature) {
    return new Ed25519Verifier(exampleKey())
        .verify(
            new com.nimbusds.jose.JWSHeader(com.nimbusds.jose.JWSAlgorithm.EdDSA),
            signingInput.getBytes(java.nio.charset.StandardCharsets.US_ASCII),
            new com.nimbusds.jose.util.Base64URL(signature));
  }

  @Test
  void verifiesTheExampleOfRfc8037() {
    assertThat(holds(SIGNING_INPUT, SIGNATURE)).isTrue();
  }

  @Test
  void verifiesNothingElseThanTheExample() {
    assertThat(holds(SIGNING_INPUT + "A", SIGNATURE)).isFalse();
    assertThat(holds("", SIGNATURE)).isFalse();
    assertThat(holds(SIGNING_INPUT, SIGNATURE.replace('h', 'i'))).isFalse();
    for (int length : new int[] {0, 1, 63, 64, 65, 128}) {
      assertThat(holds(SIGNING_INPUT, Forge.encode(new byte[length]))).as("%s", length).isFalse();
    }
  }

  @Test
  void refusesASignatureWhoseNumberIsTooLarge() {
    // RFC 8032 §8.4: S must be below the group's order, or each signature has a second form.
    byte[] signature = Base64.getUrlDecoder().decode(SIGNATURE);
    for (int i = 32; i < 64; i++) {
      signature[i] = (byte) 0xff;
    }
    assertThat(holds(SIGNING_INPUT, Forge.encode(signature))).isFalse();
  }

  @Test
  void readsTheKeyOfASet() throws Exception {
    List<VerificationKey> keys =
        VerificationKey.fromJwkSet("{\"keys\":[" + jwk(X, ",\"kid\":\"ed\"") + "]}");
    assertThat(keys).extracting(VerificationKey::keyId).containsExactly("ed");
    assertThat(keys.get(0).supports("EdDSA")).isTrue();
    assertThat(keys.get(0).supports("Ed25519")).isTrue();
    for (String other : List.of("Ed448", "ES256", "RS256", "none", "eddsa")) {
      assertThat(keys.get(0).supports(other)).as(other).isFalse();
    }
  }

  @Test
  void usesAKeyOfOneNameWithNoOther() throws Exception {
    VerificationKey key =
        VerificationKey.fromJwkSet("{\"keys\":[" + jwk(X, ",\"alg\":\"Ed25519\"") + "]}").get(0);
    assertThat(key.supports("Ed25519")).isTrue();
    assertThat(key.supports("EdDSA")).isFalse();
  }

  @Test
  void verifiesWithTheKeyOfACertificate() throws Exception {
    KeyMaterial key = Issued.selfSigned("Ed25519").material();
    VerificationKey verifier = VerificationKey.of("ed", null, key.publicKey());
    CompactJws token = JwsSignerTest.signed(JwsSigner.of(key, "EdDSA"));
    assertThat(verifier.verifies(token, "EdDSA")).isTrue();
    assertThat(verifier.verifies(token, "Ed25519")).isTrue();
    assertThat(verifier.verifies(token, "ES256")).isFalse();
  }

  // RFC 7517 §5: keys that are malformed are ignored. The last two are no points of the curve.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "AAAA",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ",
        "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoA",
        "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "__________________________________________8"
      })
  void passesOverAKeyThatIsNone(String x) throws Exception {
    assertThat(VerificationKey.fromJwkSet("{\"keys\":[" + jwk(x, "") + "]}")).isEmpty();
  }

  @Test
  void passesOverOtherCurvesAndKeysForEncryption() throws Exception {
    for (String entry :
        List.of(
            jwk(X, "").replace("Ed25519", "X25519"),
            jwk(X, "").replace("Ed25519", "Ed448"),
            jwk(X, "").replace("Ed25519", "ed25519"),
            jwk(X, ",\"use\":\"enc\""))) {
      assertThat(VerificationKey.fromJwkSet("{\"keys\":[" + entry + "]}")).as(entry).isEmpty();
    }
  }

  @Test
  void refusesAPointThatIsNotOnTheCurve() {
    byte[] x = new byte[32];
    x[0] = 2;
    assertThatIllegalArgumentException()
        .isThrownBy(() -> VerificationKey.of(null, null, Ed25519Verifier.publicKey(x)))
        .withMessageContaining("no point");
  }

  private static String jwk(String x, String more) {
    return "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" + x + "\"" + more + "}";
  }
}

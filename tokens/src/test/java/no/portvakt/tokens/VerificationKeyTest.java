package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import java.security.KeyPairGenerator;
import java.text.ParseException;
import java.util.List;
import no.portvakt.tokens.CompactJws.MalformedToken;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VerificationKeyTest {
  /** RFC 7515 §A.2.1: the example's key and message. */
  private static final String RFC_7515_A2_KEY =
      """
      {"kty":"RSA","e":"AQAB","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp\
      -Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7O\
      Mg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5\
      ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"}
      """;

  private static final String RFC_7515_A2_TOKEN =
      """
      eyJhbGciOiJSUzI1NiJ9.\
      eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ\
      .cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5\
      jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1\
      L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYE\
      UipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw\
      """;

  @Test
  void verifiesTheExampleOfRfc7515() throws Exception {
    VerificationKey key =
        VerificationKey.of(null, null, RSAKey.parse(RFC_7515_A2_KEY).toPublicKey());
    CompactJws token = CompactJws.parse(RFC_7515_A2_TOKEN);
    assertThat(token.unverifiedClaims()).containsEntry("exp", 1_300_819_380L);
    assertThat(key.verifies(token, "RS256")).isTrue();
    assertThat(key.verifies(token, "RS384")).isFalse();
    assertThat(key.verifies(token, "PS256")).isFalse();
    assertThat(key.keyId()).isNull();
  }

  @Test
  void verifiesNothingElseThanTheExample() throws Exception {
    VerificationKey key =
        VerificationKey.of(null, null, RSAKey.parse(RFC_7515_A2_KEY).toPublicKey());
    int signature = RFC_7515_A2_TOKEN.lastIndexOf('.') + 1;
    for (int at : new int[] {signature, signature + 100, RFC_7515_A2_TOKEN.length() - 2}) {
      char other = RFC_7515_A2_TOKEN.charAt(at) == 'A' ? 'B' : 'A';
      String changed =
          RFC_7515_A2_TOKEN.substring(0, at) + other + RFC_7515_A2_TOKEN.substring(at + 1);
      assertThat(key.verifies(CompactJws.parse(changed), "RS256")).as("at %s", at).isFalse();
    }
    String message = RFC_7515_A2_TOKEN.substring(0, signature);
    for (int length : new int[] {1, 64, 255, 257, 512}) {
      CompactJws token = CompactJws.parse(message + Forge.encode(new byte[length]));
      assertThat(key.verifies(token, "RS256")).as("%s bytes", length).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "RS384", "RS512", "PS256"})
  void verifiesWithEachAlgorithmOfItsType(String algorithm) throws MalformedToken {
    VerificationKey key = Forge.verificationKey(Forge.RSA, null);
    CompactJws token = token(algorithm);
    for (String asked : List.of("RS256", "RS384", "RS512", "PS256")) {
      assertThat(key.verifies(token, asked)).as(asked).isEqualTo(asked.equals(algorithm));
    }
  }

  @Test
  void verifiesWithAKeyOnP256() throws Exception {
    VerificationKey key = VerificationKey.of("ec", null, Forge.EC.toPublicKey());
    CompactJws token =
        CompactJws.parse(Forge.sign("{}", "{}", "ES256", Forge.privateKey(Forge.EC)));
    assertThat(key.verifies(token, "ES256")).isTrue();
    assertThat(key.verifies(token, "RS256")).isFalse();
    assertThat(key.supports("ES384")).isFalse();
    CompactJws zero = CompactJws.parse("e30.e30." + Forge.encode(new byte[64]));
    assertThat(key.verifies(zero, "ES256")).isFalse();
  }

  @Test
  void usesAKeyOfOneAlgorithmWithNoOther() throws MalformedToken {
    VerificationKey key = Forge.verificationKey(Forge.RSA, "RS256");
    assertThat(key.verifies(token("RS256"), "RS256")).isTrue();
    for (String other : List.of("RS384", "RS512", "PS256")) {
      assertThat(key.supports(other)).as(other).isFalse();
      assertThat(key.verifies(token(other), other)).as(other).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "none", "HS256", "rs256", "RS256 ", "ES256", "RSA-OAEP"})
  void supportsNoAlgorithmThatItsTypeDoesNotHave(String algorithm) throws MalformedToken {
    VerificationKey key = Forge.verificationKey(Forge.RSA, null);
    assertThat(key.supports(algorithm)).isFalse();
    assertThat(key.verifies(token("RS256"), algorithm)).isFalse();
  }

  @Test
  void refusesShortRsaKeys() throws Exception {
    for (int bits : new int[] {1024, 2040, 2047}) {
      KeyPairGenerator generator = KeyPairGenerator.getInstance("RSA");
      generator.initialize(bits);
      assertThatIllegalArgumentException()
          .as("%s bits", bits)
          .isThrownBy(() -> VerificationKey.of("k", null, generator.generateKeyPair().getPublic()))
          .withMessageContaining("2048");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"Ed448", "DSA", "X25519"})
  void refusesKeysOfOtherTypes(String type) throws Exception {
    KeyPairGenerator generator = KeyPairGenerator.getInstance(type);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> VerificationKey.of("k", null, generator.generateKeyPair().getPublic()))
        .withMessageContaining("not supported");
  }

  @Test
  void readsTheUsableKeysOfASet() throws ParseException {
    RSAKey signing =
        new RSAKey.Builder(Forge.OTHER_RSA)
            .keyUse(KeyUse.SIGNATURE)
            .algorithm(JWSAlgorithm.RS256)
            .build();
    List<VerificationKey> keys =
        VerificationKey.fromJwkSet(
            set(
                Forge.RSA.toPublicJWK().toJSONString(),
                signing.toPublicJWK().toJSONString(),
                Forge.EC.toPublicJWK().toJSONString()));
    assertThat(keys).extracting(VerificationKey::keyId).containsExactly("rsa", "other", "ec");
    assertThat(keys.get(0).supports("RS512")).isTrue();
    assertThat(keys.get(1).supports("RS256")).isTrue();
    assertThat(keys.get(1).supports("RS512")).isFalse();
  }

  // RFC 7517 §5: keys that are not understood, lack members or are out of range are ignored.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"kty\":\"oct\",\"k\":\"AAAA\",\"kid\":\"bad\"}",
        "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}",
        "{\"kty\":\"XYZ\",\"kid\":\"bad\"}",
        "{\"kid\":\"bad\"}",
        "{\"kty\":\"RSA\",\"kid\":\"bad\"}",
        "{\"kty\":\"RSA\",\"n\":\"AQAB\",\"e\":\"AQAB\",\"kid\":\"bad\"}",
        "{\"kty\":\"RSA\",\"n\":5,\"e\":\"AQAB\",\"kid\":\"bad\"}",
        "{\"kty\":\"RSA\",\"n\":\"\",\"e\":\"\",\"kid\":\"bad\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-999\",\"x\":\"AQAB\",\"y\":\"AQAB\",\"kid\":\"bad\"}",
        "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AQAB\",\"y\":\"AQAB\",\"kid\":\"bad\"}"
      })
  void passesOverEntriesThatCanNotBeUsed(String entry) throws ParseException {
    String good = Forge.RSA.toPublicJWK().toJSONString();
    for (String json : List.of(set(entry, good), set(good, entry))) {
      assertThat(VerificationKey.fromJwkSet(json))
          .extracting(VerificationKey::keyId)
          .containsExactly("rsa");
    }
  }

  @Test
  void passesOverKeysForEncryptionAndKeysWithABrokenCertificate() throws ParseException {
    RSAKey encryption = new RSAKey.Builder(Forge.RSA).keyUse(KeyUse.ENCRYPTION).build();
    String odd = Forge.RSA.toPublicJWK().toJSONString().replaceFirst("\\}$", ",\"use\":\"tls\"}");
    assertThat(
            VerificationKey.fromJwkSet(
                set(encryption.toPublicJWK().toJSONString(), odd, Forge.EC.toJSONString())))
        .extracting(VerificationKey::keyId)
        .containsExactly("ec");
  }

  @Test
  void passesOverRsaKeysThatAreTooShort() throws ParseException {
    String tooShort = Forge.rsa("short", 1024).toPublicJWK().toJSONString();
    // The same number written with leading zero bytes is no longer key.
    String padded =
        new RSAKey.Builder(Forge.rsa("padded", 1024))
            .build()
            .toPublicJWK()
            .toJSONString()
            .replace("\"n\":\"", "\"n\":\"" + "A".repeat(172));
    assertThat(VerificationKey.fromJwkSet(set(tooShort, padded))).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "[]", "{}", "null", "{\"keys\":{}}", "{\"keys\":null}", "{\"keys\":5}"})
  void refusesADocumentThatIsNoKeySet(String json) {
    assertThatExceptionOfType(ParseException.class)
        .isThrownBy(() -> VerificationKey.fromJwkSet(json));
  }

  @Test
  void readsAnEmptySet() throws ParseException {
    assertThat(VerificationKey.fromJwkSet("{\"keys\":[]}")).isEmpty();
  }

  @Test
  void showsOnlyItsKeyId() {
    assertThat(Forge.verificationKey(Forge.RSA, null)).hasToString("VerificationKey{kid=rsa}");
  }

  private static CompactJws token(String algorithm) throws MalformedToken {
    return CompactJws.parse(Forge.sign("{}", "{}", algorithm, Forge.privateKey(Forge.RSA)));
  }

  private static String set(String... keys) {
    return "{\"keys\":[" + String.join(",", keys) + "]}";
  }
}

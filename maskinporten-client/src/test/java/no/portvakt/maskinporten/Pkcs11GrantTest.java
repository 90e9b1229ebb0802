package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jwt.SignedJWT;
import java.security.interfaces.RSAPublicKey;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.Pkcs11Keys;
import no.portvakt.tokens.Pkcs11Token;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Grants by a key that never leaves its device; skipped where SoftHSM is not installed. */
class Pkcs11GrantTest {
  private static final Maskinporten MASKINPORTEN = new Maskinporten();
  private static @Nullable SoftHsm softHsm;

  @BeforeAll
  static void makeKeys() throws Exception {
    SoftHsm hsm = SoftHsm.with("grants", "guarded"); // a login that held would let a wrong PIN pass
    hsm.generate("grants", "enterprise");
    hsm.generate("guarded", "enterprise");
    softHsm = hsm;
    MASKINPORTEN.server.at(TOKEN, token("t", 120));
  }

  @AfterAll
  static void stop() {
    MASKINPORTEN.close();
  }

  private static Pkcs11Keys keys(String label, String alias, String pin) throws Exception {
    SoftHsm hsm = softHsm;
    if (hsm == null) {
      throw new IllegalStateException("The tokens were not made.");
    }
    return new Pkcs11Keys(
        Pkcs11Token.atIndex(hsm.library(), hsm.index(label)),
        alias,
        pin.toCharArray(),
        Duration.ofMinutes(1),
        MASKINPORTEN.clock);
  }

  @Test
  void getsATokenWithAKeyInADevice() throws Exception {
    try (Pkcs11Keys device = keys("grants", "enterprise", SoftHsm.PIN)) {
      KeyMaterial key = device.load().get(0);
      String certificate = Base64.getEncoder().encodeToString(key.certificate().getEncoded());
      assertThat(key.privateKey().getEncoded()).as("stays in the device").isNull();
      assertThat(header(GrantKey.ofSource(device, "k", "RS512"), key))
          .isEqualTo(Map.of("alg", "RS512", "kid", "k"));
      assertThat(header(GrantKey.ofSource(device, null), key))
          .isEqualTo(Map.of("alg", "RS256", "x5c", List.of(certificate)));
    }
  }

  @Test
  void signsNoMoreWhenTheDeviceIsClosed() throws Exception {
    GrantKey key;
    try (Pkcs11Keys device = keys("grants", "enterprise", SoftHsm.PIN)) {
      key = GrantKey.ofSource(device, "k");
    }
    try (MaskinportenClient client = MASKINPORTEN.builder().key(key).build()) {
      assertThatExceptionOfType(GrantNotSigned.class).isThrownBy(() -> client.token("a:b"));
    }
  }

  @Test
  void refusesAWrongPin() throws Exception {
    try (Pkcs11Keys device = keys("guarded", "enterprise", "4321")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> GrantKey.ofSource(device, "k"))
          .withMessageContaining("the PIN is wrong, or the token is locked")
          .withMessageNotContaining("4321");
    }
  }

  @Test
  void refusesAnAliasThatIsNotThere() throws Exception {
    try (Pkcs11Keys device = keys("grants", "other", SoftHsm.PIN)) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> GrantKey.ofSource(device, null))
          .withMessageContaining("There is no private key")
          .withMessageContaining("other");
    }
  }

  /** The header of a grant that gave a token, whose signature is the key's. */
  private static Map<String, @Nullable Object> header(GrantKey grantKey, KeyMaterial key)
      throws Exception {
    try (MaskinportenClient client = MASKINPORTEN.builder().key(grantKey).build()) {
      assertThat(client.token("a:b").value()).isEqualTo("t");
    }
    ScriptedServer.Seen last = MASKINPORTEN.requests().get(MASKINPORTEN.requests().size() - 1);
    assertThat(
            SignedJWT.parse(last.form("assertion"))
                .verify(new RSASSAVerifier((RSAPublicKey) key.publicKey())))
        .isTrue();
    return last.grant().header();
  }
}

package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.security.KeyStore;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.List;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnJre;
import org.junit.jupiter.api.condition.JRE;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyStoreKeysTest {
  private static final Issued RSA = Issued.selfSigned("RSA2048");
  private static final Issued EC = RSA.issue("leaf", "secp256r1");
  private static final Issued ED = Issued.selfSigned("Ed25519");

  private static List<KeyMaterial> read(byte[] store, String password) {
    return KeyStoreKeys.ofPkcs12(store, password.toCharArray());
  }

  private static void refuses(byte[] store, String password, String sentence) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> read(store, password))
        .withMessageContaining(sentence);
  }

  private static KeyStore empty(String type) throws Exception {
    KeyStore store = KeyStore.getInstance(type);
    store.load(null, null);
    return store;
  }

  @Test
  void readsAllPrivateKeysByAlias() {
    byte[] store = Issued.pkcs12("pw", List.of("c", "a", "b"), List.of(RSA, EC, ED));
    List<KeyMaterial> keys = read(store, "pw");
    assertThat(keys)
        .extracting(KeyMaterial::keyId)
        .containsExactly(EC.keyId(), ED.keyId(), RSA.keyId());
    assertThat(keys.get(0).chain()).isEqualTo(EC.chain());
    assertThat(keys).extracting(KeyMaterial::provider).containsOnlyNulls();
  }

  @Test
  void readsTheKeyOfOneAlias() {
    byte[] store = Issued.pkcs12("pw", List.of("a", "b"), List.of(RSA, EC));
    assertThat(KeyStoreKeys.ofPkcs12(store, "pw".toCharArray(), "b").keyId()).isEqualTo(EC.keyId());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyStoreKeys.ofPkcs12(store, "pw".toCharArray(), "c"))
        .withMessage("There is no private key \"c\".");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyStoreKeys.ofPkcs12(store, "other".toCharArray(), "b"))
        .withMessageContaining("password of the key store is wrong");
  }

  @Test
  @DisabledOnJre(value = JRE.JAVA_17, disabledReason = "Java 17 takes ASCII passwords only.")
  void readsAStoreWhosePasswordIsInNorwegian() {
    assertThat(read(RSA.pkcs12("blåbær"), "blåbær")).hasSize(1);
    refuses(RSA.pkcs12("blåbær"), "blabar", "password of the key store is wrong");
  }

  @Test
  void passesOverCertificatesAndSecretKeys() throws Exception {
    KeyStore store = empty("PKCS12");
    store.setCertificateEntry("trusted", ED.certificate());
    store.setKeyEntry("secret", new SecretKeySpec(new byte[32], "AES"), "pw".toCharArray(), null);
    byte[] without = Issued.bytes(store, "pw");
    refuses(without, "pw", "The key store holds no private key.");
    store.setKeyEntry(
        "key", RSA.key(), "pw".toCharArray(), RSA.chain().toArray(X509Certificate[]::new));
    assertThat(read(Issued.bytes(store, "pw"), "pw")).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "PW", "pw ", "wrong"})
  void refusesAWrongPassword(String password) {
    refuses(RSA.pkcs12("pw"), password, "The password of the key store is wrong.");
  }

  @Test
  void refusesWhatIsNoKeyStore() {
    for (byte[] bytes :
        List.of(
            new byte[0],
            new byte[100],
            "junk".getBytes(java.nio.charset.StandardCharsets.US_ASCII))) {
      refuses(bytes, "pw", "damaged, or not in the form PKCS#12");
    }
  }

  @Test
  void refusesAStoreThatWasCutAnywhereOrChanged() {
    byte[] store = EC.pkcs12("pw");
    for (int length = 0; length < store.length; length += 61) {
      byte[] cut = Arrays.copyOf(store, length);
      assertThatIllegalArgumentException().as("%s", length).isThrownBy(() -> read(cut, "pw"));
    }
    byte[] changed = store.clone();
    changed[store.length / 2] ^= 1;
    assertThatIllegalArgumentException().isThrownBy(() -> read(changed, "pw"));
  }

  @Test
  void refusesAnOversizedStore() {
    refuses(new byte[KeyStoreKeys.MAX_BYTES + 1], "pw", "larger than 1048576 bytes");
  }

  @Test
  void refusesAnEntryThatCanNotBeUsedAndNamesIt() {
    Issued weak = Issued.selfSigned("RSA1024");
    byte[] store = Issued.pkcs12("pw", List.of("good", "weak"), List.of(RSA, weak));
    refuses(store, "pw", "The key \"weak\" can't be used: The RSA key is shorter than 2048 bits.");
  }

  @Test
  void refusesAnEntryWithTheCertificateOfAnotherKey() throws Exception {
    KeyStore store = empty("JKS");
    store.setKeyEntry(
        "mixed", RSA.key(), "pw".toCharArray(), new X509Certificate[] {ED.certificate()});
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyStoreKeys.of(store, "pw".toCharArray()))
        .withMessageContaining("\"mixed\"")
        .withMessageContaining("does not belong to the certificate");
  }

  @Test
  void refusesAnEntryWithAnotherPasswordAndNamesIt() throws Exception {
    KeyStore store = empty("PKCS12");
    store.setKeyEntry(
        "locked", RSA.key(), "other".toCharArray(), RSA.chain().toArray(X509Certificate[]::new));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyStoreKeys.of(store, "pw".toCharArray()))
        .withMessage("The key \"locked\" can't be read with this password.");
    assertThat(KeyStoreKeys.of(store, "other".toCharArray())).hasSize(1);
  }

  @Test
  void refusesAnAliasThatIsNotThere() throws Exception {
    KeyStore store = empty("PKCS12");
    store.setCertificateEntry("trusted", ED.certificate());
    for (String alias : List.of("nobody", "trusted", "")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> KeyStoreKeys.of(store, null, alias))
          .withMessage("There is no private key \"" + alias + "\".");
    }
  }

  @Test
  void refusesAStoreThatWasNotLoaded() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyStoreKeys.of(store, null))
        .withMessage("The key store does not answer.");
  }
}

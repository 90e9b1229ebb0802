package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SignatureException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Against a real PKCS#11 library; skipped where SoftHSM is not installed. */
class Pkcs11KeysTest {
  private static final Duration INTERVAL = Duration.ofSeconds(5);
  private static @Nullable SoftHsm softHsm;

  private final AtomicReference<Instant> now = new AtomicReference<>(Issued.BEGIN);
  private final List<Pkcs11Keys> open = new ArrayList<>();

  @BeforeAll
  static void makesTokens() throws Exception {
    SoftHsm hsm = SoftHsm.with("keys", "empty", "guarded", "leaving", "changing", "weak");
    String[] rsa = {"-keyalg", "RSA", "-keysize", "2048"};
    String[] ec = {"-keyalg", "EC", "-groupname", "secp256r1"};
    hsm.generate("keys", "ec", "-1d", ec);
    hsm.generate("keys", "rsa", "-2d", rsa);
    hsm.generate("guarded", "ec", "-1d", ec);
    hsm.generate("leaving", "ec", "-1d", ec);
    hsm.generate("weak", "good", "-1d", ec);
    hsm.generate("weak", "short", "-1d", "-keyalg", "RSA", "-keysize", "1024");
    softHsm = hsm;
  }

  @AfterEach
  void closes() {
    open.forEach(Pkcs11Keys::close);
  }

  private static SoftHsm hsm() {
    SoftHsm hsm = softHsm;
    if (hsm == null) {
      throw new IllegalStateException("The tokens were not made.");
    }
    return hsm;
  }

  private Pkcs11Keys source(Pkcs11Token token, @Nullable String alias, String pin) {
    Pkcs11Keys source = new Pkcs11Keys(token, alias, pin.toCharArray(), INTERVAL, now::get);
    open.add(source);
    return source;
  }

  private Pkcs11Keys source(String label) {
    return source(hsm().token(label), null, SoftHsm.PIN);
  }

  private void pass() {
    now.updateAndGet(time -> time.plus(INTERVAL));
  }

  private static List<String> names(Pkcs11Keys source) throws KeySourceUnavailable {
    return source.load().stream()
        .map(key -> key.certificate().getSubjectX500Principal().getName())
        .toList();
  }

  private static void isUnavailable(Pkcs11Keys source, String sentence) {
    assertThatExceptionOfType(KeySourceUnavailable.class)
        .isThrownBy(source::load)
        .withMessageContaining(sentence);
    assertThat(source.problem()).contains(sentence);
  }

  @Test
  void givesTheKeysOfATokenTheNewestLast() throws Exception {
    Pkcs11Keys source = source("keys");
    assertThat(names(source)).containsExactly("CN=rsa", "CN=ec");
    assertThat(source.problem()).isNull();
    for (KeyMaterial key : source.load()) {
      assertThat(key.provider()).isNotNull();
      assertThat(key.privateKey().getEncoded()).isNull();
    }
  }

  @Test
  void givesTheOneKeyThatIsNamed() throws Exception {
    assertThat(names(source(hsm().token("keys"), "rsa", SoftHsm.PIN))).containsExactly("CN=rsa");
  }

  @Test
  void findsATokenByItsPlaceInTheList() throws Exception {
    Pkcs11Token token = Pkcs11Token.atIndex(hsm().library(), hsm().index("keys"));
    assertThat(names(source(token, null, SoftHsm.PIN))).hasSize(2);
  }

  @Test
  void findsALibraryWhosePathHasASpace(@TempDir Path directory) throws Exception {
    Path link = directory.resolve("my library.so");
    Files.createSymbolicLink(link, hsm().library());
    assertThat(names(source(Pkcs11Token.inSlot(link, hsm().slot("keys")), "ec", SoftHsm.PIN)))
        .containsExactly("CN=ec");
  }

  @Test
  void signsInTheDeviceWithEachAlgorithm() throws Exception {
    for (KeyMaterial key : source("keys").load()) {
      VerificationKey verifier = VerificationKey.of(null, null, key.publicKey());
      for (String algorithm : JwsSigner.algorithmsFor(key.publicKey())) {
        CompactJws token = JwsSignerTest.signed(JwsSigner.of(key, algorithm));
        assertThat(verifier.verifies(token, algorithm)).as(algorithm).isTrue();
      }
    }
  }

  @Test
  void refusesAKeyOfTheDeviceWithoutItsProvider() throws Exception {
    for (KeyMaterial key : source("keys").load()) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> KeyMaterial.of(key.privateKey(), key.chain()))
          .withMessageContaining("is in a device");
    }
  }

  @Test
  void refusesAKeyOfTheDeviceWithAnotherCertificate() throws Exception {
    List<KeyMaterial> keys = source("keys").load();
    KeyMaterial rsa = keys.get(0);
    KeyMaterial ec = keys.get(1);
    for (Issued other : List.of(Issued.selfSigned("RSA2048"), Issued.selfSigned("secp256r1"))) {
      for (KeyMaterial key : keys) {
        assertThatIllegalArgumentException()
            .isThrownBy(() -> KeyMaterial.of(key.privateKey(), other.chain(), key.provider()))
            .withMessage("The private key does not belong to the certificate.");
      }
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> KeyMaterial.of(rsa.privateKey(), ec.chain(), rsa.provider()));
  }

  @Test
  void refusesAnAlgorithmThatTheKeyOfTheDeviceDoesNotHave() throws Exception {
    for (KeyMaterial key : source("keys").load()) {
      assertThatIllegalArgumentException().isThrownBy(() -> JwsSigner.of(key, "EdDSA"));
    }
  }

  @Test
  void isUnavailableWithoutKeyOrWithoutTheNamedOne() {
    isUnavailable(source("empty"), "The key store holds no private key.");
    isUnavailable(source(hsm().token("keys"), "nobody", SoftHsm.PIN), "no private key \"nobody\"");
  }

  @Test
  void isUnavailableWhenAKeyCanNotBeUsedAndNamesIt() throws Exception {
    isUnavailable(source("weak"), "The key \"short\" can't be used: The RSA key is shorter");
    assertThat(names(source(hsm().token("weak"), "good", SoftHsm.PIN))).containsExactly("CN=good");
  }

  @Test
  void triesAWrongPinOnlyOnce() {
    Pkcs11Keys source = source(hsm().token("guarded"), null, "999999");
    isUnavailable(source, "the PIN is wrong, or the token is locked");
    pass();
    isUnavailable(source, "the PIN was refused and is not tried again");
    assertThat(source.problem()).doesNotContain("999999");
  }

  @Test
  void isUnavailableWithoutSuchASlot() {
    isUnavailable(
        source(Pkcs11Token.inSlot(hsm().library(), 12345), null, SoftHsm.PIN),
        "CKR_SLOT_ID_INVALID");
    isUnavailable(
        source(Pkcs11Token.atIndex(hsm().library(), 99), null, SoftHsm.PIN), "fewer slots");
  }

  @Test
  void isUnavailableWithoutSuchALibrary(@TempDir Path directory) throws Exception {
    Path none = directory.resolve("none.so");
    isUnavailable(source(Pkcs11Token.atIndex(none, 0), null, SoftHsm.PIN), "no such library");
    Path text = Files.writeString(directory.resolve("text.so"), "no library");
    isUnavailable(source(Pkcs11Token.atIndex(text, 0), null, SoftHsm.PIN), "does not answer");
  }

  @ParameterizedTest
  @ValueSource(strings = {"libsofthsm2.so", "/a\nslot=3", "/a\"b", "/${user.home}/a", "/a\\b", ""})
  void refusesAPathThatCanNotBeConfigured(String path) {
    assertThatIllegalArgumentException().isThrownBy(() -> Pkcs11Token.inSlot(Path.of(path), 0));
    assertThatIllegalArgumentException().isThrownBy(() -> Pkcs11Token.atIndex(Path.of(path), 0));
  }

  @Test
  void refusesANegativeSlot() {
    Path library = Path.of("/lib.so");
    assertThatIllegalArgumentException().isThrownBy(() -> Pkcs11Token.inSlot(library, -1));
    assertThatIllegalArgumentException().isThrownBy(() -> Pkcs11Token.atIndex(library, -1));
  }

  @Test
  void keepsTheKeysOfADeviceThatIsGone() throws Exception {
    Pkcs11Keys source = source("leaving");
    List<KeyMaterial> before = source.load();
    Path token = hsm().directory("leaving");
    Files.move(token, token.resolveSibling("gone"));
    assertThat(source.load()).isEqualTo(before);
    assertThat(source.problem()).isNull(); // not looked yet
    for (int look = 0; look < 2; look++) {
      pass();
      assertThat(source.load()).isEqualTo(before);
      assertThat(source.problem()).startsWith("PKCS#11 ").endsWith(".");
    }
    isUnavailable(source("leaving"), "PKCS#11 ");
  }

  @Test
  void followsTheKeysOfAToken() throws Exception {
    hsm().generate("changing", "one", "-2d", "-keyalg", "EC", "-groupname", "secp256r1");
    Pkcs11Keys source = source("changing");
    assertThat(names(source)).containsExactly("CN=one");
    hsm().generate("changing", "two", "-1d", "-keyalg", "EC", "-groupname", "secp384r1");
    pass();
    assertThat(names(source)).containsExactly("CN=one", "CN=two");
    hsm().remove("changing", "one");
    hsm().remove("changing", "two");
    pass();
    assertThat(names(source)).containsExactly("CN=one", "CN=two"); // the last good ones
    assertThat(source.problem()).contains("holds no private key");
    hsm().generate("changing", "three", "-1d", "-keyalg", "EC", "-groupname", "secp256r1");
    pass();
    assertThat(names(source)).containsExactly("CN=three");
    assertThat(source.problem()).isNull();
  }

  @Test
  void signsNoMoreWhenItIsClosed() throws Exception {
    Pkcs11Keys source = source("keys");
    JwsSigner signer = JwsSigner.of(source.load().get(0), "RS256");
    source.close();
    assertThatExceptionOfType(SignatureException.class)
        .isThrownBy(() -> signer.sign(new byte[] {1}))
        .withMessage("The key did not sign with RS256.");
    pass();
    source.load();
    assertThat(source.problem()).contains("closed");
    isUnavailable(closed(), "closed");
  }

  private Pkcs11Keys closed() {
    Pkcs11Keys source = source("keys");
    source.close();
    return source;
  }

  @Test
  void showsNoPin() {
    Pkcs11Token token = Pkcs11Token.atIndex(Path.of("/lib.so"), 0);
    assertThat(source(token, null, "987654")).hasToString("Pkcs11Keys[/lib.so, slotListIndex=0]");
  }
}

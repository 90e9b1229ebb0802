package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.openssl.PKCS8Generator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PemKeysTest {
  private static final Issued ROOT = Issued.selfSigned("secp384r1");
  private static final Issued MIDDLE = ROOT.issue("middle", "RSA2048");
  private static final Issued LEAF = MIDDLE.issue("leaf", "secp256r1");
  private static final Issued OTHER = Issued.selfSigned("secp256r1");

  private static KeyMaterial read(String pem, @Nullable String password) {
    return PemKeys.read(pem, Issued.chars(password));
  }

  private static void refuses(String pem, @Nullable String password, String sentence) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> read(pem, password))
        .withMessageContaining(sentence);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RSA2048", "secp256r1", "secp384r1", "secp521r1", "Ed25519"})
  void readsAKeyWithItsCertificate(String type) {
    Issued issued = Issued.selfSigned(type);
    assertThat(read(issued.pem(), null).keyId()).isEqualTo(issued.keyId());
    assertThat(read(issued.pem(), "not needed").keyId()).isEqualTo(issued.keyId());
  }

  @Test
  void putsTheChainInOrderFromBlocksInAnyOrder() {
    List<X509Certificate> chain = LEAF.chain();
    String pem =
        "Bag Attributes\n  friendlyName: root\n"
            + Issued.pem(chain.get(2))
            + Issued.pem(OTHER.certificate())
            + Issued.pem(chain.get(0))
            + LEAF.keyPem()
            + Issued.pem(chain.get(1));
    assertThat(read(pem, null).chain()).isEqualTo(chain);
    assertThat(read(pem.replace("\n", "\r\n"), null).chain()).isEqualTo(chain);
  }

  @Test
  void readsAPrivateKeyThatHasNoCertificate() {
    assertThat(PemKeys.readPrivateKey(LEAF.keyPem(), null)).isEqualTo(LEAF.key());
    assertThat(PemKeys.readPrivateKey(OTHER.chainPem() + LEAF.keyPem(), null))
        .isEqualTo(LEAF.key());
    String encrypted = LEAF.encryptedKeyPem("correct horse");
    assertThat(PemKeys.readPrivateKey(encrypted, Issued.chars("correct horse")))
        .isEqualTo(LEAF.key());
    for (String pem : List.of(LEAF.chainPem(), LEAF.keyPem() + OTHER.keyPem(), encrypted, "")) {
      assertThatIllegalArgumentException().isThrownBy(() -> PemKeys.readPrivateKey(pem, null));
    }
  }

  @Test
  void keepsAChainWithAGap() {
    String pem = LEAF.pem().replace(Issued.pem(LEAF.chain().get(1)), "");
    assertThat(read(pem, null).chain()).containsExactly(LEAF.certificate());
  }

  @Test
  void leavesOutAnIssuerOfTheSameNameWithAnotherKey() {
    Issued impostor = Issued.selfSigned("secp384r1"); // also CN=self
    String pem = MIDDLE.keyPem() + Issued.pem(impostor.certificate()) + MIDDLE.chainPem();
    assertThat(read(pem, null).chain()).isEqualTo(MIDDLE.chain());
  }

  @Test
  void takesTheCertificateThatBeganLast() {
    Issued renewed = Issued.selfSigned(OTHER.pair(), Issued.BEGIN.plusSeconds(60));
    assertThat(read(renewed.chainPem() + OTHER.pem(), null).certificate())
        .isEqualTo(renewed.certificate());
  }

  @Test
  void readsAnEncryptedKey() {
    for (ASN1ObjectIdentifier cipher :
        List.of(PKCS8Generator.AES_128_CBC, PKCS8Generator.AES_256_CBC)) {
      for (AlgorithmIdentifier hash :
          List.of(
              PKCS8Generator.PRF_HMACSHA1,
              PKCS8Generator.PRF_HMACSHA256,
              PKCS8Generator.PRF_HMACSHA512)) {
        String pem = LEAF.encryptedKeyPem("correct horse", cipher, hash, 2048) + LEAF.chainPem();
        assertThat(read(pem, "correct horse").keyId()).isEqualTo(LEAF.keyId());
      }
    }
  }

  @Test
  void readsAKeyWhosePasswordIsInNorwegian() {
    String pem = LEAF.encryptedKeyPem("blåbærsyltetøy") + LEAF.chainPem();
    assertThat(read(pem, "blåbærsyltetøy").keyId()).isEqualTo(LEAF.keyId());
    refuses(pem, "blabarsyltetoy", "password of the private key is wrong");
  }

  @Test
  void readsWhatOpenSslWrites(@TempDir Path directory) throws Exception {
    Files.writeString(directory.resolve("password"), "blåbærsyltetøy");
    Files.writeString(directory.resolve("key"), LEAF.keyPem());
    Process openssl;
    try {
      openssl =
          new ProcessBuilder(
                  "openssl",
                  "pkcs8",
                  "-topk8",
                  "-in",
                  "key",
                  "-out",
                  "new",
                  "-passout",
                  "file:password")
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(directory.resolve("out").toFile())
              .start();
    } catch (IOException e) {
      Assumptions.abort("This test needs the program openssl: apt-get install openssl");
      return;
    }
    assertThat(openssl.waitFor()).isZero();
    String pem = Files.readString(directory.resolve("new")) + LEAF.chainPem();
    assertThat(pem).contains("ENCRYPTED");
    assertThat(read(pem, "blåbærsyltetøy").keyId()).isEqualTo(LEAF.keyId());
  }

  @Test
  void doesNotChangeThePassword() {
    char[] password = "secret".toCharArray();
    PemKeys.read(LEAF.encryptedKeyPem("secret") + LEAF.chainPem(), password);
    assertThat(password).containsExactly('s', 'e', 'c', 'r', 'e', 't');
  }

  @Test
  void refusesEveryWrongPassword() {
    // One in 256 decrypts to something that is padded like a message.
    String pem =
        LEAF.encryptedKeyPem("right", PKCS8Generator.AES_256_CBC, PKCS8Generator.PRF_HMACSHA256, 1)
            + LEAF.chainPem();
    for (int i = 0; i < 2000; i++) {
      refuses(pem, "wrong" + i, "The password of the private key is wrong");
    }
  }

  @Test
  void refusesAnEncryptedKeyWithoutPassword() {
    String pem = LEAF.encryptedKeyPem("right") + LEAF.chainPem();
    refuses(pem, null, "there is no password");
    refuses(pem, "", "there is no password");
  }

  @Test
  void refusesAnEncryptionThatIsNotPbes2OrTakesForever() {
    for (ASN1ObjectIdentifier other :
        List.of(PKCS8Generator.PBE_SHA1_3DES, PKCS8Generator.DES3_CBC)) {
      String pem = LEAF.encryptedKeyPem("right", other, null, 2048) + LEAF.chainPem();
      refuses(pem, "right", "not encrypted with PBKDF2 and AES-CBC");
    }
    // The number of rounds stands in clear.
    byte[] der =
        body(
            LEAF.encryptedKeyPem(
                "right", PKCS8Generator.AES_256_CBC, PKCS8Generator.PRF_HMACSHA256, 0x010000));
    int number = indexOf(der, new byte[] {0x02, 0x03, 0x01, 0x00, 0x00});
    der[number + 2] = 0x7f;
    String slow = Issued.pem("ENCRYPTED PRIVATE KEY", der);
    refuses(slow + LEAF.chainPem(), "right", "more than 5000000 rounds");
  }

  @Test
  void refusesTheFormsOfOpenSslBeforePkcs8AndSaysHowToConvertThem() {
    for (String label : List.of("RSA PRIVATE KEY", "EC PRIVATE KEY")) {
      String parameters = Issued.pem("EC PARAMETERS", new byte[] {6, 1, 1});
      String pem = parameters + Issued.pem(label, new byte[] {0x30, 0}) + LEAF.chainPem();
      refuses(pem, null, "\"" + label + "\"");
      refuses(pem, null, "openssl pkcs8 -topk8 -in old.pem -out new.pem");
    }
  }

  @Test
  void refusesSeveralPrivateKeys() {
    refuses(LEAF.keyPem() + OTHER.pem(), null, "more than one private key");
    refuses(LEAF.keyPem() + LEAF.pem(), null, "more than one private key");
    refuses(LEAF.encryptedKeyPem("x") + LEAF.pem(), "x", "more than one private key");
  }

  @Test
  void refusesATextWithoutKeyOrWithoutCertificate() {
    refuses(LEAF.chainPem(), null, "The text holds no private key.");
    refuses(LEAF.keyPem(), null, "The text holds no certificate.");
  }

  @Test
  void refusesAKeyOfAnotherCertificate() {
    refuses(LEAF.keyPem() + OTHER.chainPem(), null, "None of the certificates belongs");
    refuses(LEAF.keyPem() + ROOT.chainPem() + MIDDLE.chainPem(), null, "None of the certificates");
  }

  @Test
  void refusesAKeyThatIsTooShortOrOfAnotherType() {
    refuses(Issued.selfSigned("RSA1024").pem(), null, "shorter than 2048 bits");
    refuses(Issued.selfSigned("DSA").pem(), null, "neither RSA, nor EC, nor Ed25519");
    refuses(Issued.selfSigned("Ed448").pem(), null, "neither RSA, nor EC, nor Ed25519");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\n", "junk", "{}", "MIIB", "-----", "----BEGIN CERTIFICATE-----"})
  void refusesATextThatIsNotPem(String text) {
    refuses(text, null, "nothing in PEM form");
  }

  @Test
  void refusesATextThatWasCutAnywhere() {
    String pem = LEAF.chainPem() + LEAF.keyPem();
    for (int length = 0; length < pem.length() - 1; length += 7) {
      String cut = pem.substring(0, length);
      assertThatIllegalArgumentException().as("%s", length).isThrownBy(() -> read(cut, null));
    }
  }

  @Test
  void refusesBlocksThatAreDamaged() {
    refuses("-----BEGIN CERTIFICATE", null, "does not begin as it should");
    refuses("-----BEGIN A\n-----BEGIN B-----", null, "does not begin as it should");
    refuses("-----BEGIN CERTIFICATE-----\nMIIB\n-----END PRIVATE KEY-----", null, "has no end");
    refuses(LEAF.keyPem().replace("-----END PRIVATE KEY-----", "") + LEAF.chainPem(), null, "end");
    refuses(LEAF.pem().replaceFirst("\nM", "\n?"), null, "not base64");
    refuses(Issued.pem("PRIVATE KEY", new byte[40]) + LEAF.chainPem(), null, "is damaged");
    refuses(LEAF.keyPem() + Issued.pem("CERTIFICATE", new byte[40]), null, "is damaged");
    refuses(Issued.pem("ENCRYPTED PRIVATE KEY", new byte[40]) + LEAF.chainPem(), "x", "is damaged");
  }

  @Test
  void refusesBlocksOfOtherKinds() {
    for (String label :
        List.of("PUBLIC KEY", "X509 CRL", "TRUSTED CERTIFICATE", "", "DSA PRIVATE KEY")) {
      refuses(LEAF.pem() + Issued.pem(label, new byte[3]), null, "neither a private key nor");
    }
  }

  @Test
  void refusesAnOversizedText() {
    refuses(LEAF.pem() + " ".repeat(PemKeys.MAX_LENGTH), null, "longer than 1048576 characters");
    assertThat(read(LEAF.pem() + " ".repeat(PemKeys.MAX_LENGTH - LEAF.pem().length()), null))
        .isNotNull();
  }

  @Test
  void showsNoSecretInARefusal() {
    String key = Base64.getEncoder().encodeToString(LEAF.key().getEncoded());
    String broken = LEAF.keyPem().replace(key.substring(10, 14), key.substring(10, 13) + "!");
    String encrypted = LEAF.encryptedKeyPem("right");
    for (String pem : List.of(broken, LEAF.keyPem(), encrypted, LEAF.keyPem() + LEAF.keyPem())) {
      Throwable refusal =
          catchThrowableOfType(
              IllegalArgumentException.class, () -> read(pem + OTHER.chainPem(), "hunter2"));
      StringWriter trace = new StringWriter();
      refusal.printStackTrace(new PrintWriter(trace));
      assertThat(trace.toString()).doesNotContain("hunter2", key.substring(0, 20), "character 21");
    }
  }

  private static byte[] body(String pem) {
    return Base64.getMimeDecoder().decode(pem.replaceAll("-----[A-Z ]+-----", ""));
  }

  private static int indexOf(byte[] bytes, byte[] part) {
    for (int at = 0; at <= bytes.length - part.length; at++) {
      if (Arrays.equals(bytes, at, at + part.length, part, 0, part.length)) {
        return at;
      }
    }
    throw new IllegalStateException("The bytes do not hold the part.");
  }
}

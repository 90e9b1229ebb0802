package no.portvakt.tokens;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Base64;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class JwsSignerTest {
  private static final KeyMaterial RSA = Issued.selfSigned("RSA2048").material();

  static CompactJws signed(JwsSigner signer) throws Exception {
    String input = "e30." + Forge.encode("{\"n\":1}");
    return CompactJws.parse(input + "." + signer.sign(input.getBytes(US_ASCII)));
  }

  @ParameterizedTest
  @CsvSource({
    "RSA2048, RS256, 256",
    "RSA2048, RS384, 256",
    "RSA2048, RS512, 256",
    "RSA2048, PS256, 256",
    "secp256r1, ES256, 64",
    "secp384r1, ES384, 96",
    "secp521r1, ES512, 132",
    "Ed25519, EdDSA, 64",
    "Ed25519, Ed25519, 64"
  })
  void signsWithEachAlgorithmOfTheKey(String type, String algorithm, int length) throws Exception {
    KeyMaterial key = Issued.selfSigned(type).material();
    JwsSigner signer = JwsSigner.of(key, algorithm);
    assertThat(signer.algorithm()).isEqualTo(algorithm);
    assertThat(JwsSigner.algorithmsFor(key.publicKey())).contains(algorithm);
    VerificationKey verifier = VerificationKey.of(null, null, key.publicKey());
    assertThat(verifier.verifies(signed(signer), algorithm)).isTrue();
    assertThat(Base64.getUrlDecoder().decode(signer.sign(new byte[] {1}))).hasSize(length);
    assertThat(VerificationKey.of(null, null, Issued.pair(type).getPublic()))
        .satisfies(other -> assertThat(other.verifies(signed(signer), algorithm)).isFalse());
  }

  @ParameterizedTest
  @CsvSource({
    "RSA2048, ES256",
    "RSA2048, PS384",
    "RSA2048, none",
    "RSA2048, HS256",
    "RSA2048, rs256",
    "RSA2048, ''",
    "secp256r1, ES384",
    "secp256r1, RS256",
    "secp384r1, ES256",
    "secp521r1, ES256",
    "Ed25519, ES256",
    "Ed25519, Ed448"
  })
  void refusesAnAlgorithmThatTheKeyDoesNotHave(String type, String algorithm) {
    KeyMaterial key = Issued.selfSigned(type).material();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> JwsSigner.of(key, algorithm))
        .withMessageContaining("and with nothing else");
  }

  @Test
  void namesTheAlgorithmsOfAKeyTheUsualOneFirst() {
    assertThat(JwsSigner.algorithmsFor(RSA.publicKey()))
        .containsExactly("RS256", "RS384", "RS512", "PS256");
    assertThat(JwsSigner.algorithmsFor(Issued.pair("secp256r1").getPublic()))
        .containsExactly("ES256");
    assertThat(JwsSigner.algorithmsFor(Issued.pair("Ed25519").getPublic()))
        .containsExactly("EdDSA", "Ed25519");
  }

  @Test
  void namesNoAlgorithmForAKeyThatDoesNotSignHere() {
    for (String type : List.of("RSA1024", "RSASSA-PSS", "DSA", "Ed448", "X25519")) {
      assertThat(JwsSigner.algorithmsFor(Issued.pair(type).getPublic())).as(type).isEmpty();
    }
  }

  @Test
  void signsOnManyThreadsAtOnce() throws Exception {
    JwsSigner signer = JwsSigner.of(RSA, "RS256");
    VerificationKey verifier = VerificationKey.of(null, null, RSA.publicKey());
    ExecutorService threads = Executors.newFixedThreadPool(4);
    try {
      List<Callable<Boolean>> tasks =
          IntStream.range(0, 40)
              .<Callable<Boolean>>mapToObj(i -> () -> verifier.verifies(signed(signer), "RS256"))
              .toList();
      for (Future<Boolean> held : threads.invokeAll(tasks)) {
        assertThat(held.get()).isTrue();
      }
    } finally {
      threads.shutdown();
    }
  }

  @Test
  void showsOnlyItsAlgorithm() {
    assertThat(JwsSigner.of(RSA, "RS256")).hasToString("JwsSigner[alg=RS256]");
  }
}

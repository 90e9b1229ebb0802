package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Objects;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Platform tokens of every algorithm, verified with the published keys and nothing else. */
class SigningAlgorithmsTest {
  private static final List<String> ALL = List.of("RS256", "ES256", "PS256", "Ed25519", "EdDSA");

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "ES256", "PS256", "Ed25519", "EdDSA"})
  void signsWithTheAlgorithmOfTheSettings(String algorithm) throws Exception {
    try (TestStack stack = TestStack.start(TestStack.algorithms(algorithm))) {
      JWKSet published = published(stack);
      assertThat(published.getKeys()).hasSize(1);
      assertVerifies(token(stack), algorithm, published);
      assertThat(listed(stack)).isEqualTo(List.of(algorithm));
    }
  }

  @Test
  void publishesAKeyOfEachAlgorithmAndSignsWithTheFirst() throws Exception {
    List<String> order = ALL.reversed();
    try (TestStack stack = TestStack.start(TestStack.algorithms(order.toArray(String[]::new)))) {
      JWKSet published = published(stack);
      assertThat(published.getKeys())
          .extracting(key -> key.getAlgorithm().getName())
          .containsExactlyInAnyOrderElementsOf(ALL);
      assertThat(published.getKeys()).noneMatch(JWK::isPrivate);
      assertVerifies(token(stack), "EdDSA", published);
      assertThat(String.valueOf(listed(stack))).contains(ALL);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"ES256", "PS256", "Ed25519", "EdDSA"})
  void signsNothingThatAnotherKeyOrAChangedTokenVerifies(String algorithm) throws Exception {
    try (TestStack stack = TestStack.start(TestStack.algorithms(algorithm));
        TestStack other = TestStack.start(TestStack.algorithms(algorithm))) {
      String token = token(stack);
      CompactJws whole = CompactJws.parse(token);
      VerificationKey own = key(stack, whole);
      assertThat(own.verifies(whole, algorithm)).isTrue();
      assertThat(VerificationKey.fromJwkSet(other.get(KEYS).body()))
          .noneMatch(key -> key.verifies(whole, algorithm));
      String[] parts = token.split("\\.", -1);
      String changed = parts[0] + "." + token(stack).split("\\.", -1)[1] + "." + parts[2];
      assertThat(own.verifies(CompactJws.parse(changed), algorithm)).isFalse();
      for (String wrong : ALL) {
        assertThat(own.supports(wrong)).as(wrong).isEqualTo(wrong.equals(algorithm));
      }
    }
  }

  private static final String KEYS = TestStack.DISCOVERY + "/jwks";

  static void assertVerifies(String token, String algorithm, JWKSet published) throws Exception {
    SignedJWT jwt = SignedJWT.parse(token);
    assertThat(jwt.getHeader().getAlgorithm().getName()).isEqualTo(algorithm);
    JWK jwk = Objects.requireNonNull(published.getKeyByKeyId(jwt.getHeader().getKeyID()));
    assertThat(jwk.getAlgorithm()).isEqualTo(JWSAlgorithm.parse(algorithm));
    assertThat(jwk.getParsedX509CertChain()).hasSize(1);
    JWSVerifier strangers =
        switch (jwk.getKeyType().getValue()) {
          case "RSA" -> new RSASSAVerifier(jwk.toRSAKey());
          case "EC" -> new ECDSAVerifier(jwk.toECKey());
          default -> null; // the JOSE library would need one more library
        };
    if (strangers != null) {
      assertThat(jwt.verify(strangers)).isTrue();
    }
    VerificationKey ours =
        VerificationKey.fromJwkSet(published.toString()).stream()
            .filter(key -> jwk.getKeyID().equals(key.keyId()))
            .findFirst()
            .orElseThrow();
    assertThat(ours.verifies(CompactJws.parse(token), algorithm)).isTrue();
  }

  private static VerificationKey key(TestStack stack, CompactJws token) throws Exception {
    return VerificationKey.fromJwkSet(stack.get(KEYS).body()).stream()
        .filter(key -> String.valueOf(key.keyId()).equals(token.keyId()))
        .findFirst()
        .orElseThrow();
  }

  private static JWKSet published(TestStack stack) throws Exception {
    return JWKSet.parse(stack.get(KEYS).body());
  }

  private static @Nullable Object listed(TestStack stack) {
    return TestStack.json(stack.get(TestStack.DISCOVERY))
        .get("id_token_signing_alg_values_supported");
  }

  private static String token(TestStack stack) {
    HttpResponse<String> answer = stack.exchange(stack.forge().compact());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }
}

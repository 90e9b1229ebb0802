package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokens that anybody could have made: algorithm, header parameters, key and signature. */
class ExchangeSignatureTest {
  private static final String BAD_ALGORITHM = "The token's algorithm is not accepted.";
  private static final String BAD_SIGNATURE = "The token's signature does not hold.";
  private static final String BAD_KEY = "The token names no key of its issuer.";

  private static TestStack stack;
  private static RSAKey stranger;

  @BeforeAll
  static void start() {
    stack = TestStack.start();
    stranger = RemoteIssuer.newKey();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "none",
        "None",
        "NONE",
        "nOnE",
        "",
        " ",
        "HS256",
        "HS384",
        "HS512",
        "rs256",
        "Rs256",
        "RS256 ",
        " RS256",
        "RS1",
        "RS256\u0000",
        "PS256",
        "PS384",
        "PS512",
        "ES256",
        "ES256K",
        "ES384",
        "ES512",
        "EdDSA",
        "Ed25519",
        "RSA-OAEP",
        "A128KW",
        "dir",
        "SHA256withRSA"
      })
  void refusesOtherAlgorithms(@Nullable String algorithm) {
    String token = stack.forge().header("alg", algorithm).signedAs("RS256").compact();
    assertThat(ExchangeRefusal.of(stack, token)).isEqualTo(BAD_ALGORITHM);
  }

  @ParameterizedTest
  @ValueSource(strings = {"256", "true", "[\"RS256\"]", "{\"alg\":\"RS256\"}", "[]"})
  void refusesAnAlgorithmThatIsNoText(String json) {
    String kid = stack.remote().key().getKeyID();
    String header = "{\"kid\":\"" + kid + "\",\"alg\":" + json + "}";
    assertThat(ExchangeRefusal.of(stack, stack.forge().rawHeader(header).compact()))
        .isEqualTo(BAD_ALGORITHM);
  }

  @Test
  void refusesAMissingAlgorithm() {
    assertThat(ExchangeRefusal.of(stack, stack.forge().withoutHeader("alg").compact()))
        .isEqualTo(BAD_ALGORITHM);
  }

  @Test
  void refusesAnUnsignedToken() {
    for (String algorithm : List.of("none", "RS256")) {
      String token = stack.forge().header("alg", algorithm).signedAs("none").compact();
      assertThat(token).endsWith(".");
      assertThat(ExchangeRefusal.of(stack, token)).isEqualTo("The token has no signature.");
    }
    ExchangeRefusal.of(stack, stack.forge().header("alg", "none").signingInput() + ".AA");
  }

  @Test
  void refusesThePublicKeyAsASecret() {
    String hs256 = stack.forge().header("alg", "HS256").compact();
    assertThat(ExchangeRefusal.of(stack, hs256)).isEqualTo(BAD_ALGORITHM);
    // The same bytes under an algorithm that is accepted.
    assertThat(ExchangeRefusal.of(stack, stack.forge().signedAs("HS256").compact()))
        .isEqualTo(BAD_SIGNATURE);
  }

  @ParameterizedTest
  @ValueSource(strings = {"crit", "jwk", "jku", "x5u", "b64"})
  void refusesHeadersThatNameAKeyOrChangeTheMeaning(String name) {
    for (Object value :
        new @Nullable Object[] {
          null, "", "https://evil.example/keys", List.of(), List.of("exp"), true, false, Map.of()
        }) {
      String token = stack.forge().header(name, value).compact();
      assertThat(ExchangeRefusal.of(stack, token))
          .startsWith("The token's header has a parameter that is not accepted: " + name);
    }
  }

  @Test
  void refusesAKeyThatTheTokenBringsAlong() {
    TokenForge forge =
        TokenForge.signedBy(stranger, stack.forge().claims())
            .header("jwk", stranger.toPublicJWK().toJSONObject());
    ExchangeRefusal.of(stack, forge.compact());
    ExchangeRefusal.of(stack, forge.header("kid", stack.remote().key().getKeyID()).compact());
  }

  @Test
  void asksNobodyForAKeyThatTheTokenNames() {
    try (RemoteIssuer evil = RemoteIssuer.start()) {
      String jku = evil.keysAddress().toString();
      ExchangeRefusal.of(stack, stack.forge().signedWith(evil.key()).header("jku", jku).compact());
      ExchangeRefusal.of(stack, stack.forge().signedWith(evil.key()).header("x5u", jku).compact());
      ExchangeRefusal.of(stack, evil.token(stack.clock()).compact());
      assertThat(evil.keyRequests() + evil.metadataRequests()).isZero();
    }
  }

  @Test
  void refusesAWrongKeyUnderTheRightName() {
    assertThat(ExchangeRefusal.of(stack, stack.forge().signedWith(stranger).compact()))
        .isEqualTo(BAD_SIGNATURE);
  }

  @Test
  void refusesAStrangersKey() {
    String token = TokenForge.signedBy(stranger, stack.forge().claims()).compact();
    assertThat(ExchangeRefusal.of(stack, token)).isEqualTo(BAD_KEY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"null", "1", "true", "[]", "{}", "\"\"", "\" \""})
  void refusesAKeyIdThatIsNoName(String json) {
    String header = "{\"alg\":\"RS256\",\"kid\":" + json + "}";
    assertThat(ExchangeRefusal.of(stack, stack.forge().rawHeader(header).compact()))
        .isEqualTo(BAD_KEY);
  }

  @Test
  void refusesAKeyIdInAnotherSpelling() {
    String kid = stack.remote().key().getKeyID();
    for (String other : List.of(kid.toUpperCase(java.util.Locale.ROOT), kid + " ", " " + kid)) {
      assertThat(ExchangeRefusal.of(stack, stack.forge().header("kid", other).compact()))
          .isEqualTo(BAD_KEY);
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 32, 64, 128, 255, 257, 512, 5000})
  void refusesASignatureOfTheWrongLength(int bytes) {
    assertThat(ExchangeRefusal.of(stack, stack.forge().withSignatureCutTo(bytes)))
        .isEqualTo(BAD_SIGNATURE);
  }

  @Test
  void refusesASignatureOfNoLength() {
    assertThat(ExchangeRefusal.of(stack, stack.forge().withSignatureCutTo(0)))
        .isEqualTo("The token has no signature.");
    assertThat(ExchangeRefusal.of(stack, stack.forge().signingInput()))
        .isEqualTo("The token does not have three parts.");
  }

  @Test
  void refusesASignatureOfZerosOnesOrOneFlippedBit() {
    String input = stack.forge().signingInput();
    byte[] zeros = new byte[256];
    byte[] ones = new byte[256];
    java.util.Arrays.fill(ones, (byte) 0xff);
    byte[] one = new byte[256];
    one[255] = 1;
    for (byte[] signature : List.of(zeros, ones, one)) {
      String token =
          input + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature);
      assertThat(ExchangeRefusal.of(stack, token)).isEqualTo(BAD_SIGNATURE);
    }
    assertThat(ExchangeRefusal.of(stack, stack.forge().withSignatureBitFlipped()))
        .isEqualTo(BAD_SIGNATURE);
  }

  @Test
  void refusesASignatureOfAnotherAlgorithmThanTheHeaderSays() {
    for (String signed : List.of("RS256", "RS384", "RS512")) {
      for (String said : List.of("RS256", "RS384", "RS512")) {
        String token = stack.forge().header("alg", said).signedAs(signed).compact();
        if (signed.equals(said)) {
          assertThat(stack.exchange(token).statusCode()).isEqualTo(200);
        } else {
          assertThat(ExchangeRefusal.of(stack, token)).isEqualTo(BAD_SIGNATURE);
        }
      }
    }
  }

  @Test
  void refusesASignatureOfOtherClaims() {
    TokenForge forge = stack.forge();
    String other = forge.claimsJson().replace("dgm:police", "altinn:serviceowner");
    assertThat(ExchangeRefusal.of(stack, forge.withClaimsReplaced(other))).isEqualTo(BAD_SIGNATURE);
    // Not even a blank may change: the bytes are signed, not their meaning.
    assertThat(ExchangeRefusal.of(stack, forge.withClaimsReplaced(forge.claimsJson() + " ")))
        .isEqualTo(BAD_SIGNATURE);
  }

  @Test
  void refusesASignatureOfAnotherHeader() {
    String[] parts = stack.forge().compact().split("\\.", -1);
    String head = stack.forge().header("typ", "JWT").compact().split("\\.", -1)[0];
    assertThat(ExchangeRefusal.of(stack, head + "." + parts[1] + "." + parts[2]))
        .isEqualTo(BAD_SIGNATURE);
  }

  @Test
  void refusesATokenOfTheLocalMaskinportenSignedByTheRemoteOne() {
    String local = stack.addresses().maskinportenIssuer();
    assertThat(ExchangeRefusal.of(stack, stack.forge().claim("iss", local).compact()))
        .isEqualTo(BAD_KEY);
  }

  @Test
  void refusesAPlatformTokenAsProof() {
    String platform = stack.exchange(stack.forge().compact()).body();
    assertThat(ExchangeRefusal.of(stack, platform)).isEqualTo("The token's issuer is not trusted.");
  }

  @Test
  void refusesAGrantAsProof() {
    ExchangeRefusal.of(stack, stack.adminGrant("idporten:scopes.read").compact());
  }

  @Test
  void refusesAlgorithmsThatAreNotConfiguredForTheIssuer() {
    try (RemoteIssuer remote = RemoteIssuer.start();
        TestStack own =
            TestStack.start(
                TestStack.trusting(
                    new Settings.Issuer(
                        remote.issuer(),
                        remote.metadataAddress(),
                        null,
                        java.util.Set.of("RS512"),
                        java.util.Set.of())))) {
      TokenForge forge = remote.token(own.clock());
      assertThat(ExchangeRefusal.of(own, forge.compact())).isEqualTo(BAD_ALGORITHM);
      assertThat(own.exchange(forge.header("alg", "RS512").compact()).statusCode()).isEqualTo(200);
    }
  }
}

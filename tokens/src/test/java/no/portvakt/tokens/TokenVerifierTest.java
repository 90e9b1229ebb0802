package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jose.JOSEException;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.tokens.KeySet.KeySetUnavailable;
import no.portvakt.tokens.Verification.Refused;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenVerifierTest {
  private static final long NOW = 1_772_366_400;
  private static final String ISSUER = "https://maskinporten.example/";
  private static final String HEADER = "{\"kid\":\"rsa\",\"alg\":\"RS256\"}";

  private final RuleTrace trace = new RuleTrace();

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "RS384", "RS512"})
  void acceptsATokenOfATrustedIssuer(String algorithm) {
    String header = "{\"kid\":\"rsa\",\"alg\":\"" + algorithm + "\"}";
    String token =
        Forge.sign(header, claims("\"scope\":\"a b\""), algorithm, Forge.privateKey(Forge.RSA));
    Verification outcome = verifier().verify(token, trace);
    assertThat(outcome).isInstanceOf(Verified.class);
    Verified verified = (Verified) outcome;
    assertThat(verified.issuer().issuer()).isEqualTo(ISSUER);
    assertThat(verified.text("scope")).isEqualTo("a b");
    assertThat(verified.text("exp")).isNull();
    assertThat(verified.expiresAt()).isEqualTo(NOW + 60);
    assertThat(verified).hasToString("Verified[issuer=" + ISSUER + "]");
    assertThat(trace.rules())
        .extracting(RuleTrace.Rule::name)
        .containsExactly("token.form", "issuer", "algorithm", "key", "signature", "exp");
    assertThat(trace.firstFailure()).isNull();
  }

  @Test
  void acceptsExpiryTenSecondsAgoAndNoEarlier() {
    accepts(Forge.sign(HEADER, times("\"exp\":" + (NOW - 10))));
    refuses("exp", Forge.sign(HEADER, times("\"exp\":" + (NOW - 11))));
  }

  @Test
  void acceptsNotBeforeInTenSecondsAndNoLater() {
    accepts(Forge.sign(HEADER, claims("\"nbf\":" + (NOW + 10))));
    accepts(Forge.sign(HEADER, claims("\"nbf\":0")));
    refuses("nbf", Forge.sign(HEADER, claims("\"nbf\":" + (NOW + 11))));
  }

  @Test
  void refusesNotBeforeAfterExpiry() {
    refuses("nbf", Forge.sign(HEADER, times("\"exp\":" + NOW + ",\"nbf\":" + (NOW + 1))));
    accepts(Forge.sign(HEADER, times("\"exp\":" + NOW + ",\"nbf\":" + NOW)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"x\":1",
        "\"exp\":null",
        "\"exp\":\"1772366460\"",
        "\"exp\":true",
        "\"exp\":[1772366460]",
        "\"exp\":{}",
        "\"exp\":-1",
        "\"exp\":253402300800",
        "\"exp\":99999999999999999999",
        "\"exp\":1e400",
        "\"exp\":1e2147483647",
        "\"exp\":10e2147483646",
        "\"exp\":-0.5"
      })
  void refusesAnExpiryThatIsMissingOrNoTime(String exp) {
    refuses("exp", Forge.sign(HEADER, times(exp)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"null", "\"0\"", "false", "[]", "-1", "253402300800", "1e99", "1e2147483647"})
  void refusesANotBeforeThatIsNoTime(String nbf) {
    refuses("nbf", Forge.sign(HEADER, claims("\"nbf\":" + nbf)));
  }

  // RFC 7519 §2: a NumericDate may have a fraction.
  @Test
  void readsTimesWithFractionsAndExponents() {
    accepts(Forge.sign(HEADER, times("\"exp\":" + NOW + ".75")));
    accepts(Forge.sign(HEADER, times("\"exp\":1.7723665E9")));
    accepts(Forge.sign(HEADER, times("\"exp\":253402300799")));
    refuses("exp", Forge.sign(HEADER, times("\"exp\":0")));
    refuses("exp", Forge.sign(HEADER, times("\"exp\":1e-2147483647")));
    assertThat(NumericDate.seconds(new BigDecimal("1.9"))).isEqualTo(1);
    assertThat(NumericDate.seconds(null)).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "a.b.c.d.e",
        "Bearer x",
        "{\"a\":1}",
        "..",
        "æ"
      })
  void refusesWhatIsNoCompactJws(String token) {
    refuses("token.form", token);
  }

  @ParameterizedTest
  @ValueSource(strings = {"crit", "jwk", "jku", "x5u", "b64"})
  void refusesHeadersThatBringAKeyOrChangeTheReading(String name) {
    for (String value : List.of("null", "[]", "\"https://evil.example/\"", "false")) {
      String header = "{\"kid\":\"rsa\",\"alg\":\"RS256\",\"" + name + "\":" + value + "}";
      refuses("token.header", Forge.sign(header, claims("\"a\":1")));
    }
  }

  @Test
  void toleratesHarmlessHeaders() {
    String header =
        "{\"kid\":\"rsa\",\"alg\":\"RS256\",\"typ\":\"JWT\",\"x5t\":\"a\",\"x5c\":\"b\"}";
    accepts(Forge.sign(header, claims("\"a\":1")));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"\"",
        "null",
        "5",
        "[\"https://maskinporten.example/\"]",
        "\"https://maskinporten.example\"",
        "\"https://maskinporten.example//\"",
        "\"https://maskinporten.example/x\"",
        "\"http://maskinporten.example/\"",
        "\"HTTPS://maskinporten.example/\"",
        "\" https://maskinporten.example/\"",
        "\"https://evil.example/\"",
        "\"https://\""
      })
  void refusesAnyOtherIssuer(String issuer) {
    String payload = "{\"iss\":" + issuer + ",\"exp\":" + (NOW + 60) + "}";
    refuses("issuer", Forge.sign(HEADER, payload));
  }

  @Test
  void refusesAMissingIssuer() {
    refuses("issuer", Forge.sign(HEADER, "{\"exp\":" + (NOW + 60) + "}"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"none\"",
        "\"None\"",
        "\"HS256\"",
        "\"rs256\"",
        "\"RS256 \"",
        "\"\"",
        "null",
        "256",
        "[\"RS256\"]",
        "\"PS256\"",
        "\"PS512\"",
        "\"ES256\"",
        "\"EdDSA\"",
        "\"RS1\""
      })
  void refusesAlgorithmsThatTheIssuerDoesNotUse(String algorithm) {
    String header = "{\"kid\":\"rsa\",\"alg\":" + algorithm + "}";
    refuses("algorithm", Forge.sign(header, claims("\"a\":1")));
  }

  @Test
  void refusesAMissingAlgorithm() {
    refuses("algorithm", Forge.sign("{\"kid\":\"rsa\"}", claims("\"a\":1")));
  }

  @Test
  void refusesSignaturesThatWouldHoldUnderAnotherAlgorithm() throws JOSEException {
    String ps = "{\"kid\":\"rsa\",\"alg\":\"PS256\"}";
    String es = "{\"kid\":\"ec\",\"alg\":\"ES256\"}";
    String rs = "{\"kid\":\"rsa\",\"alg\":\"RS512\"}";
    String claims = claims("\"a\":1");
    refuses("algorithm", Forge.sign(ps, claims, "PS256", Forge.privateKey(Forge.RSA)));
    refuses("algorithm", Forge.sign(es, claims, "ES256", Forge.privateKey(Forge.EC)));
    refuses("signature", Forge.sign(HEADER, claims, "PS256", Forge.privateKey(Forge.RSA)));
    refuses("signature", Forge.sign(rs, claims, "RS256", Forge.privateKey(Forge.RSA)));
    refuses(
        "signature",
        Forge.sign(
            "{\"kid\":\"ec\",\"alg\":\"RS256\"}", claims, "ES256", Forge.privateKey(Forge.EC)));
    byte[] publicKey = Forge.RSA.toPublicKey().getEncoded();
    refuses("algorithm", Forge.mac("{\"kid\":\"rsa\",\"alg\":\"HS256\"}", claims, publicKey));
    refuses("signature", Forge.mac(HEADER, claims, publicKey));
  }

  @Test
  void acceptsPsAndEsOnlyWhereTheIssuerUsesThem() throws JOSEException {
    TrustedIssuer issuer =
        new TrustedIssuer(ISSUER, Set.of("PS256", "ES256"), keys(null), Set.of());
    TokenVerifier verifier = verifier(issuer);
    String claims = claims("\"a\":1");
    String ps = "{\"kid\":\"rsa\",\"alg\":\"PS256\"}";
    String es = "{\"kid\":\"ec\",\"alg\":\"ES256\"}";
    accepts(verifier, Forge.sign(ps, claims, "PS256", Forge.privateKey(Forge.RSA)));
    accepts(verifier, Forge.sign(es, claims, "ES256", Forge.privateKey(Forge.EC)));
    refuses(verifier, "algorithm", Forge.sign(HEADER, claims));
  }

  @Test
  void usesAKeyOfOneAlgorithmWithNoOther() throws JOSEException {
    TrustedIssuer issuer =
        new TrustedIssuer(ISSUER, TrustedIssuer.RSA_ALGORITHMS, keys("RS256"), Set.of());
    String rs512 = "{\"kid\":\"rsa\",\"alg\":\"RS512\"}";
    accepts(verifier(issuer), Forge.sign(HEADER, claims("\"a\":1")));
    refuses(
        verifier(issuer),
        "signature",
        Forge.sign(rs512, claims("\"a\":1"), "RS512", Forge.privateKey(Forge.RSA)));
  }

  @Test
  void refusesAnUnknownOrOddKeyId() {
    for (String kid : List.of("\"x\"", "\"\"", "\"RSA\"", "\"rsa \"", "5", "null", "[\"rsa\"]")) {
      String header = "{\"kid\":" + kid + ",\"alg\":\"RS256\"}";
      refuses("key", Forge.sign(header, claims("\"a\":1")));
    }
  }

  @Test
  void acceptsNoKeyIdOnlyWhenTheIssuerHasOneKey() {
    KeySet one = KeySet.of(List.of(Forge.verificationKey(Forge.RSA, null)));
    TokenVerifier single =
        verifier(new TrustedIssuer(ISSUER, TrustedIssuer.RSA_ALGORITHMS, one, Set.of()));
    accepts(single, Forge.sign("{\"alg\":\"RS256\"}", claims("\"a\":1")));
    refuses(single, "key", Forge.sign("{\"alg\":\"RS256\",\"kid\":5}", claims("\"a\":1")));
    refuses("key", Forge.sign("{\"alg\":\"RS256\"}", claims("\"a\":1")));
    TokenVerifier none =
        verifier(
            new TrustedIssuer(
                ISSUER, TrustedIssuer.RSA_ALGORITHMS, KeySet.of(List.of()), Set.of()));
    refuses(none, "key", Forge.sign("{\"alg\":\"RS256\"}", claims("\"a\":1")));
  }

  @Test
  void refusesASignatureByAnotherKey() {
    String claims = claims("\"a\":1");
    refuses("signature", Forge.sign(HEADER, claims, "RS256", Forge.privateKey(Forge.OTHER_RSA)));
    String good = Forge.sign(HEADER, claims);
    String signature = good.substring(good.lastIndexOf('.'));
    refuses("signature", Forge.encode(HEADER) + "." + Forge.encode(claims("\"a\":2")) + signature);
    refuses("signature", good.substring(0, good.length() - 6));
    refuses("token.form", good.substring(0, good.lastIndexOf('.') + 1));
  }

  @Test
  void bindsEachIssuerToItsOwnKeys() {
    String other = "https://other.example/";
    KeySet theirs = KeySet.of(List.of(Forge.verificationKey(Forge.OTHER_RSA, null)));
    TokenVerifier both =
        new TokenVerifier(
            Map.of(
                ISSUER,
                issuer(),
                other,
                new TrustedIssuer(other, TrustedIssuer.RSA_ALGORITHMS, theirs, Set.of())),
            () -> Instant.ofEpochSecond(NOW));
    String header = "{\"kid\":\"other\",\"alg\":\"RS256\"}";
    String claims = claims("\"a\":1");
    accepts(both, Forge.sign(HEADER, claims));
    accepts(
        both,
        Forge.sign(
            header, claims.replace(ISSUER, other), "RS256", Forge.privateKey(Forge.OTHER_RSA)));
    refuses(both, "key", Forge.sign(header, claims, "RS256", Forge.privateKey(Forge.OTHER_RSA)));
    refuses(both, "key", Forge.sign(HEADER, claims.replace(ISSUER, other)));
  }

  @Test
  void checksTheAudienceWhenOneIsConfigured() throws JOSEException {
    TokenVerifier verifier =
        verifier(
            new TrustedIssuer(
                ISSUER, TrustedIssuer.RSA_ALGORITHMS, keys(null), Set.of("https://a/", "b")));
    for (String aud : List.of("\"b\"", "[\"b\"]", "[\"x\",\"https://a/\"]", "[5,\"b\"]")) {
      accepts(verifier, Forge.sign(HEADER, claims("\"aud\":" + aud)));
    }
    for (String aud :
        List.of(
            "\"\"",
            "\"B\"",
            "\"b \"",
            "\"https://a\"",
            "[]",
            "[\"x\"]",
            "null",
            "5",
            "{}",
            "[[\"b\"]]",
            "\"b https://a/\"",
            "{\"b\":\"b\"}")) {
      refuses(verifier, "audience", Forge.sign(HEADER, claims("\"aud\":" + aud)));
    }
    refuses(verifier, "audience", Forge.sign(HEADER, claims("\"a\":1")));
  }

  @Test
  void checksNoAudienceWhenNoneIsConfigured() {
    accepts(Forge.sign(HEADER, claims("\"aud\":\"anybody\"")));
    accepts(Forge.sign(HEADER, claims("\"aud\":{}")));
  }

  @Test
  void letsAnUnreachableKeySetOutAsItIs() {
    KeySet unreachable =
        new KeySet() {
          @Override
          public @Nullable VerificationKey byId(String keyId) {
            throw new KeySetUnavailable("down", null);
          }

          @Override
          public List<VerificationKey> all() {
            throw new KeySetUnavailable("down", null);
          }
        };
    TokenVerifier verifier =
        verifier(new TrustedIssuer(ISSUER, TrustedIssuer.RSA_ALGORITHMS, unreachable, Set.of()));
    for (String header : List.of(HEADER, "{\"alg\":\"RS256\"}")) {
      String token = Forge.sign(header, claims("\"a\":1"));
      assertThatExceptionOfType(KeySetUnavailable.class)
          .isThrownBy(() -> verifier.verify(token, trace));
    }
    refuses(verifier, "algorithm", Forge.sign("{\"alg\":\"none\"}", claims("\"a\":1")));
  }

  @Test
  void trustsNoIssuerWithoutNameOrAlgorithm() {
    KeySet none = KeySet.of(List.of());
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TrustedIssuer(" ", Set.of("RS256"), none, Set.of()));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new TrustedIssuer(ISSUER, Set.of(), none, Set.of()));
  }

  @Test
  void neverQuotesTheTokenInItsDescription() {
    String payload = "{\"iss\":\"https://evil.example/\",\"pid\":\"15507600333\"}";
    Verification outcome = verifier().verify(Forge.sign(HEADER, payload), trace);
    assertThat(((Refused) outcome).description()).doesNotContain("evil").doesNotContain("155");
    assertThat(trace.rules().toString()).contains("evil").doesNotContain("155");
  }

  private static String claims(String more) {
    return times("\"exp\":" + (NOW + 60) + "," + more);
  }

  private static String times(String members) {
    return "{\"iss\":\"" + ISSUER + "\"," + members + "}";
  }

  private static KeySet keys(@Nullable String algorithm) throws JOSEException {
    return KeySet.of(
        List.of(
            Forge.verificationKey(Forge.RSA, algorithm),
            VerificationKey.of("ec", null, Forge.EC.toPublicKey())));
  }

  private static TrustedIssuer issuer() {
    try {
      return new TrustedIssuer(ISSUER, TrustedIssuer.RSA_ALGORITHMS, keys(null), Set.of());
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  private static TokenVerifier verifier() {
    return verifier(issuer());
  }

  private static TokenVerifier verifier(TrustedIssuer issuer) {
    return new TokenVerifier(Map.of(ISSUER, issuer), () -> Instant.ofEpochSecond(NOW));
  }

  private void accepts(String token) {
    accepts(verifier(), token);
  }

  private void accepts(TokenVerifier verifier, String token) {
    assertThat(verifier.verify(token, trace)).isInstanceOf(Verified.class);
  }

  private void refuses(String rule, String token) {
    refuses(verifier(), rule, token);
  }

  private static void refuses(TokenVerifier verifier, String rule, String token) {
    RuleTrace own = new RuleTrace();
    Verification outcome = verifier.verify(token, own);
    assertThat(outcome).as(token).isInstanceOf(Refused.class);
    assertThat(((Refused) outcome).rule()).as(token).isEqualTo(rule);
    assertThat(own.firstFailure()).isEqualTo(rule);
  }
}

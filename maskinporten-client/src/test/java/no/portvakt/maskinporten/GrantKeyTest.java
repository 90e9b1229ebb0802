package no.portvakt.maskinporten;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeySource;
import no.portvakt.tokens.KeyStoreKeys;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class GrantKeyTest {
  private static final Instant NOW = Instant.parse("2026-11-21T12:00:00Z");
  private static final String JWK = Maskinporten.KEY.toJSONString();

  @Test
  void signsWithAJwk() throws Exception {
    for (String jwk :
        List.of(
            JWK,
            " " + JWK + "\n",
            Base64.getEncoder().encodeToString(JWK.getBytes(UTF_8)),
            Base64.getMimeEncoder().encodeToString(JWK.getBytes(UTF_8)),
            Base64.getUrlEncoder().withoutPadding().encodeToString(JWK.getBytes(UTF_8)))) {
      String grant = grant(GrantKey.ofJwk(jwk));
      assertThat(SignedJWT.parse(grant).verify(new RSASSAVerifier(Maskinporten.KEY))).isTrue();
      assertThat(header(grant)).isEqualTo(Map.of("alg", "RS256", "kid", "key-1"));
    }
  }

  @Test
  void signsWithTheAlgorithmOfTheJwk() throws Exception {
    for (String algorithm : List.of("RS384", "RS512")) {
      String grant = grant(GrantKey.ofJwk(changed("alg", algorithm)));
      assertThat(SignedJWT.parse(grant).verify(new RSASSAVerifier(Maskinporten.KEY))).isTrue();
      assertThat(header(grant)).containsEntry("alg", algorithm);
    }
  }

  @Test
  void refusesAJwkThatIsNoUse() throws Exception {
    refuses(changed("alg", "PS256"), "RS256, RS384 and RS512 only");
    refuses(changed("alg", "none"), "RS256, RS384 and RS512 only");
    refuses(changed("kid", null), "has no kid");
    refuses(changed("kid", ""), "has no kid");
    refuses(changed("n", "%"), "no RSA key in the form of RFC 7518");
    refuses(Maskinporten.KEY.toPublicJWK().toJSONString(), "public key");
    refuses(new ECKeyGenerator(Curve.P_256).keyID("e").generate().toJSONString(), "no RSA key");
    refuses(
        new RSAKeyGenerator(1024, true).keyID("s").generate().toJSONString(),
        "1024 bits; at least 2048");
    refuses("{\"kty\":\"RSA\",\"kty\":\"RSA\"}", "duplicate member");
    refuses("{}", "no RSA key");
    refuses("not a key!", "neither a JSON object nor base64");
    refuses("", "is not");
  }

  @Test
  void signsWithAPemKeyAndItsId() {
    String grant = grant(GrantKey.ofPem(TestKey.RSA.keyPem(), null, "from-pem"));
    assertThat(TestKey.RSA.verifies("SHA256withRSA", grant)).isTrue();
    assertThat(header(grant)).isEqualTo(Map.of("alg", "RS256", "kid", "from-pem"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofPem(TestKey.RSA.certificatePem(), null, "k"))
        .withMessageContaining("no private key");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofPem(TestKey.of("EC", 256, NOW).keyPem(), null, "k"))
        .withMessageContaining("of type EC");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofPem(TestKey.RSA.keyPem(), null, " "))
        .withMessageContaining("key id is empty");
  }

  @Test
  void carriesTheCertificateOfAKeyStore() {
    KeyMaterial material =
        KeyStoreKeys.ofPkcs12(TestKey.RSA.pkcs12("secret", "a", "b"), "secret".toCharArray(), "b");
    String grant = grant(GrantKey.of(material, null));
    assertThat(TestKey.RSA.verifies("SHA256withRSA", grant)).isTrue();
    assertThat(header(grant)).isEqualTo(Map.of("alg", "RS256", "x5c", List.of(TestKey.RSA.der())));
    assertThat(header(grant(GrantKey.of(material, "k", "RS512"))))
        .isEqualTo(Map.of("alg", "RS512", "kid", "k"));
  }

  @Test
  void refusesACertificateOfAnotherType() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.of(TestKey.of("EC", 256, NOW).material(), null))
        .withMessageContaining("of type EC; Maskinporten takes RSA keys only");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.of(TestKey.RSA.material(), null, "PS256"))
        .withMessageContaining("RS256, RS384 and RS512 only");
  }

  @Test
  void signsWithTheAlgorithmThatIsSaid() {
    Source source = new Source();
    source.keys.add(TestKey.RSA.material());
    for (String bits : List.of("256", "384", "512")) {
      for (GrantKey key :
          List.of(
              GrantKey.ofPem(TestKey.RSA.keyPem(), null, "k", "RS" + bits),
              GrantKey.ofSource(source, "k", "RS" + bits),
              GrantKey.ofSource(source, null, "RS" + bits))) {
        String grant = grant(key);
        assertThat(TestKey.RSA.verifies("SHA" + bits + "withRSA", grant)).isTrue();
        assertThat(header(grant)).containsEntry("alg", "RS" + bits);
        assertThat(key.algorithm()).isEqualTo("RS" + bits);
      }
    }
    for (String other : List.of("PS256", "none", "rs256")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> GrantKey.ofPem(TestKey.RSA.keyPem(), null, "k", other))
          .withMessageContaining("RS256, RS384 and RS512 only");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> GrantKey.ofSource(source, "k", other))
          .withMessageContaining("RS256, RS384 and RS512 only");
    }
  }

  @Test
  void asksAnotherToSign() {
    GrantSigner service = input -> TestKey.RSA.sign("SHA384withRSA", input);
    String named = grant(GrantKey.ofSigner(service, "RS384", "in-the-cloud"));
    assertThat(TestKey.RSA.verifies("SHA384withRSA", named)).isTrue();
    assertThat(header(named)).isEqualTo(Map.of("alg", "RS384", "kid", "in-the-cloud"));
    String certified =
        grant(GrantKey.ofSigner(service, "RS384", List.of(TestKey.RSA.certificate())));
    assertThat(header(certified))
        .isEqualTo(Map.of("alg", "RS384", "x5c", List.of(TestKey.RSA.der())));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofSigner(service, "RS384", List.of()));
    assertThatIllegalArgumentException().isThrownBy(() -> GrantKey.ofSigner(service, "ES256", "k"));
  }

  @Test
  @SuppressWarnings("NullAway") // callers without such checks
  void refusesASignerWithoutAKeyId() {
    GrantSigner service = input -> TestKey.RSA.sign("SHA256withRSA", input);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofSigner(service, "RS256", (String) null))
        .withMessageContaining("key id is missing");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofSigner(service, "RS256", " "))
        .withMessageContaining("key id is empty");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofPem(TestKey.RSA.keyPem(), null, null))
        .withMessageContaining("key id is missing");
  }

  @Test
  void knowsTheCertificateOfTheNewestGrantWhateverBecameOfTheSource() {
    Source source = new Source();
    source.keys.add(TestKey.RSA.material());
    GrantKey key = GrantKey.ofSource(source, null);
    grant(key);
    source.broken = true;
    assertThatExceptionOfType(GrantNotSigned.class).isThrownBy(() -> grant(key));
    assertThat(key.certificate()).isEqualTo(TestKey.RSA.certificate());
    GrantKey named = GrantKey.of(TestKey.RSA.material(), "k");
    grant(named);
    assertThat(named.certificate()).isNull();
  }

  @Test
  void saysThatTheServiceDidNotSign() {
    GrantKey key =
        GrantKey.ofSigner(
            input -> {
              throw new IOException("secret detail");
            },
            "RS256",
            "k");
    assertThatExceptionOfType(GrantNotSigned.class)
        .isThrownBy(() -> grant(key))
        .withMessageContaining("did not sign")
        .withMessageNotContaining("secret detail");
    GrantKey broken =
        GrantKey.ofSigner(
            input -> {
              throw new IllegalStateException();
            },
            "RS256",
            "k");
    assertThatExceptionOfType(GrantNotSigned.class).isThrownBy(() -> grant(broken));
  }

  @Test
  void followsASourceWhoseKeyChanges() {
    TestKey next = TestKey.of("RSA", 2048, NOW);
    Source source = new Source();
    source.keys.add(TestKey.RSA.material());
    GrantKey key = GrantKey.ofSource(source, null);
    assertThat(TestKey.RSA.verifies("SHA256withRSA", grant(key))).isTrue();
    source.keys.add(next.material());
    assertThat(next.verifies("SHA256withRSA", grant(key))).isTrue();
    assertThat(header(grant(key))).containsEntry("x5c", List.of(next.der()));
    source.keys.clear();
    assertThatExceptionOfType(GrantNotSigned.class).isThrownBy(() -> grant(key));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofSource(source, null))
        .withMessageContaining("gone");
  }

  @Test
  void showsNothingSecret() {
    RSAKey jwk = Maskinporten.KEY;
    assertThat(GrantKey.ofJwk(JWK))
        .hasToString("GrantKey[alg=RS256, kid=key-1]")
        .asString()
        .doesNotContain(jwk.getModulus().toString())
        .doesNotContain(jwk.getPrivateExponent().toString());
    assertThat(GrantKey.of(TestKey.RSA.material(), null)).hasToString("GrantKey[alg=RS256, x5c]");
  }

  private static String grant(GrantKey key) {
    return JwtGrant.sign(key, "https://test.maskinporten.no/", "c", TokenRequest.of("a:b"), NOW);
  }

  private static Map<String, @Nullable Object> header(String grant) {
    try {
      return CompactJws.parse(grant).header();
    } catch (MalformedToken e) {
      throw new AssertionError(e);
    }
  }

  private static String changed(String member, @Nullable String value) {
    Map<String, Object> members = new HashMap<>(Maskinporten.KEY.toJSONObject());
    if (value == null) {
      members.remove(member);
    } else {
      members.put(member, value);
    }
    return Json.write(members);
  }

  private static void refuses(String jwk, String reason) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofJwk(jwk))
        .withMessageContaining(reason)
        .withMessageNotContaining(String.valueOf(Maskinporten.KEY.getPrivateExponent()));
  }

  private static final class Source implements KeySource {
    private final List<KeyMaterial> keys = new ArrayList<>();
    private boolean broken;

    @Override
    public List<KeyMaterial> load() throws KeySourceUnavailable {
      if (broken) {
        throw new IllegalStateException("a defect");
      }
      if (keys.isEmpty()) {
        throw new KeySourceUnavailable("The device is gone.", null);
      }
      return List.copyOf(keys);
    }

    @Override
    public Set<String> confirmed() {
      return Set.of();
    }

    @Override
    public @Nullable String problem() {
      return null;
    }

    @Override
    public void close() {}
  }
}

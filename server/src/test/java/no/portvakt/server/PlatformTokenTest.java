package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.http.HttpResponse;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import no.portvakt.server.exchange.PlatformClaims;
import no.portvakt.server.exchange.PlatformClaims.Family;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What comes out of an exchange: header, signature, claims and their JSON types. */
class PlatformTokenTest {
  private static final String SERVICE_OWNER = "altinn:serviceowner/instances.read";

  private static TestStack stack;

  @BeforeAll
  static void start() {
    stack = TestStack.start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @Test
  void namesItsKeyByTheThumbprintOfItsCertificate() throws Exception {
    String token = granted(stack, stack.forge());
    JWK key = JWKSet.parse(stack.get(TestStack.DISCOVERY + "/jwks").body()).getKeys().get(0);
    byte[] certificate = key.getX509CertChain().get(0).decode();
    byte[] sha1 = MessageDigest.getInstance("SHA-1").digest(certificate);
    assertThat(TestStack.part(token, 0))
        .isEqualTo(
            "{\"alg\":\"RS256\",\"kid\":\""
                + HexFormat.of().withUpperCase().formatHex(sha1)
                + "\",\"x5t\":\""
                + com.nimbusds.jose.util.Base64URL.encode(sha1)
                + "\",\"typ\":\"JWT\"}");
  }

  @Test
  void verifiesAgainstThePublishedKeys() throws Exception {
    SignedJWT token = SignedJWT.parse(granted(stack, stack.forge()));
    assertThat(token.verify(published(stack, token))).isTrue();
    assertThat(token.getJWTClaimsSet().getIssuer()).isEqualTo(stack.addresses().platformIssuer());
  }

  @Test
  void signsWithEs256WhenConfigured() throws Exception {
    try (TestStack own = TestStack.start(TestStack.algorithms("ES256"))) {
      SignedJWT token = SignedJWT.parse(granted(own, own.forge()));
      assertThat(token.getHeader().getAlgorithm().getName()).isEqualTo("ES256");
      assertThat(token.verify(published(own, token))).isTrue();
      assertThat(TestStack.json(own.get(TestStack.DISCOVERY)))
          .containsEntry("id_token_signing_alg_values_supported", List.of("ES256"));
    }
  }

  @Test
  void livesThirtyMinutesFromNowWhateverTheProofSays() {
    long now = TestClock.START.getEpochSecond();
    for (long seconds : new long[] {-9, 30, 120, 1_000_000}) {
      Map<String, @Nullable Object> claims =
          claims(stack.forge().claim("exp", now + seconds).claim("nbf", now - 60));
      assertThat(claims)
          .containsEntry("iat", now)
          .containsEntry("nbf", now)
          .containsEntry("exp", now + 1800);
    }
  }

  @Test
  void livesAsLongAsConfigured() {
    try (TestStack own = TestStack.start(TestStack.tokens(options(77, false, false)))) {
      Map<String, @Nullable Object> claims = TestStack.claims(granted(own, own.forge()));
      assertThat(claims).containsEntry("exp", own.clock().seconds() + 77);
    }
  }

  @Test
  void endsNoLaterThanItsProofWhenConfigured() {
    try (TestStack own = TestStack.start(TestStack.tokens(options(1800, true, false)))) {
      long now = own.clock().seconds();
      assertThat(TestStack.claims(granted(own, own.forge()))).containsEntry("exp", now + 120);
      assertThat(TestStack.claims(granted(own, own.forge().claim("exp", now + 9000))))
          .containsEntry("exp", now + 1800);
      assertThat(TestStack.claims(granted(own, own.forge().jsonClaim("exp", (now + 5) + ".9"))))
          .containsEntry("exp", now + 5);
    }
  }

  @Test
  void isNeverBornDeadWhenBoundToAProofThatHasJustExpired() {
    try (TestStack own = TestStack.start(TestStack.tokens(options(1800, true, false)))) {
      for (long ago : new long[] {0, 5, 10}) {
        ExchangeRefusal.of(own, own.forge().claim("exp", own.clock().seconds() - ago).compact());
      }
    }
  }

  @Test
  void hasIdsOfItsOwnEachTime() {
    String proof = stack.forge().claim("jti", "the-proof").claim("sid", "session").compact();
    Map<String, @Nullable Object> first = TestStack.claims(stack.exchange(proof).body());
    Map<String, @Nullable Object> second = TestStack.claims(stack.exchange(proof).body());
    assertThat((String) first.get("jti")).matches("[A-Za-z0-9_-]{22,}").isNotEqualTo("the-proof");
    assertThat(first.get("jti")).isNotEqualTo(second.get("jti"));
    assertThat((String) first.get("sid")).matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    assertThat(first.get("sid")).isNotEqualTo(second.get("sid"));
  }

  @Test
  void saysWhoItSpeaksForUnderBothFamiliesOfNames() {
    String payload = TestStack.part(granted(stack, stack.forge(SERVICE_OWNER)), 1);
    assertThat(payload)
        .contains("\"org\":\"digdir\"")
        .contains("\"orgNumber\":991825827,")
        .contains("\"AuthenticateMethod\":\"maskinporten\"")
        .contains("\"AuthenticationLevel\":3,")
        .contains("\"urn:altinn:org\":\"digdir\"")
        .contains("\"urn:altinn:orgNumber\":\"991825827\"")
        .contains("\"urn:altinn:authenticatemethod\":\"maskinporten\"")
        .contains("\"urn:altinn:authlevel\":3}");
  }

  @Test
  void leavesOutAFamilyOfNamesWhenConfigured() {
    for (Family family : Family.values()) {
      var options = new PlatformClaims.Options(1800, false, false, Set.of(family));
      try (TestStack own = TestStack.start(TestStack.tokens(options))) {
        Map<String, @Nullable Object> claims =
            TestStack.claims(granted(own, own.forge(SERVICE_OWNER)));
        boolean urn = family == Family.URN;
        assertThat(claims.containsKey("urn:altinn:org")).isEqualTo(urn);
        assertThat(claims.keySet().stream().anyMatch(it -> it.startsWith("urn:"))).isEqualTo(urn);
        assertThat(claims.containsKey("org")).isEqualTo(!urn);
        assertThat(claims.containsKey("orgNumber")).isEqualTo(!urn);
        assertThat(claims.containsKey("AuthenticateMethod")).isEqualTo(!urn);
        assertThat(claims.containsKey("AuthenticationLevel")).isEqualTo(!urn);
      }
    }
  }

  @Test
  void copiesClaimsWithTheirJsonTypes() {
    String payload =
        TestStack.part(
            granted(
                stack,
                stack
                    .forge()
                    .rawMembers(
                        """
                        "text":"æøå/+\\u0041😀","whole":-12,"fraction":0.10,"big":12345678901234567890,\
                        "power":1E+2,"yes":true,"no":false,\
                        "object":{"z":1,"a":{"b":[[1],[]]}},"list":[1,"2",null],\
                        "authorization_details":[{"type":"urn:altinn:systemuser","systemuser_id":["u"]}]\
                        """)),
            1);
    assertThat(payload)
        .contains("\"text\":\"æøå/+A😀\"")
        .contains("\"whole\":-12,")
        .contains("\"fraction\":0.10,")
        .contains("\"big\":12345678901234567890,")
        .contains("\"power\":1E+2,")
        .contains("\"yes\":true,\"no\":false,")
        .contains("\"object\":{\"z\":1,\"a\":{\"b\":[[1],[]]}}")
        .contains("\"list\":[1,\"2\",null]")
        .contains(
            "\"authorization_details\":[{\"type\":\"urn:altinn:systemuser\",\"systemuser_id\":[\"u\"]}]")
        .contains("\"token_type\":\"Bearer\"")
        .contains("\"client_id\":\"a-client-of-digdir\"")
        .contains(
            "\"consumer\":{\"authority\":\"iso6523-actorid-upis\",\"ID\":\"0192:991825827\"}");
  }

  @Test
  void leavesOutEmptyListsAndTurnsNullIntoEmptyText() {
    Map<String, @Nullable Object> claims =
        claims(stack.forge().jsonClaim("none", "[]").claim("nothing", null));
    assertThat(claims).doesNotContainKey("none").containsEntry("nothing", "");
  }

  @Test
  void collapsesListsOfOneWhenConfigured() {
    try (TestStack own = TestStack.start(TestStack.tokens(options(1800, false, true)))) {
      Map<String, @Nullable Object> claims =
          TestStack.claims(
              granted(
                  own,
                  own.forge()
                      .jsonClaim("authorization_details", "[{\"id\":[\"u\"]}]")
                      .jsonClaim("amr", "[\"BankID\"]")
                      .jsonClaim("two", "[1,2]")
                      .jsonClaim("nested", "[[1]]")));
      assertThat(claims)
          .containsEntry("authorization_details", Map.of("id", List.of("u")))
          .containsEntry("amr", "BankID")
          .containsEntry("two", List.of(1L, 2L))
          .containsEntry("nested", List.of(1L));
    }
  }

  @Test
  void doesNotPassOnWhatBelongsToTheProof() {
    Map<String, @Nullable Object> claims =
        claims(
            stack
                .forge()
                .jsonClaim("aud", "[\"a\",\"b\",\"c\"]")
                .claim("sid", "of-the-proof")
                .claim("client_amr", "x"));
    assertThat(claims)
        .doesNotContainKeys("aud", "client_amr")
        .containsEntry("iss", stack.addresses().platformIssuer());
    assertThat(claims.get("sid")).isNotEqualTo("of-the-proof");
  }

  @Test
  void doesNotPassOnNamesThatOnlyThePlatformMayGive() {
    TokenForge forge = stack.forge("dgm:police");
    for (String name :
        List.of(
            "org",
            "orgNumber",
            "AuthenticateMethod",
            "AuthenticationLevel",
            "nameid",
            "urn:altinn:org",
            "urn:altinn:orgNumber",
            "urn:altinn:authenticatemethod",
            "urn:altinn:authlevel",
            "urn:altinn:userid",
            "urn:altinn:party:uuid")) {
      forge.claim(name, "forged");
    }
    String payload = TestStack.part(granted(stack, forge), 1);
    assertThat(payload).doesNotContain("forged");
    assertThat(TestStack.json(payload))
        .containsEntry("orgNumber", 991825827L)
        .doesNotContainKeys("org", "urn:altinn:org", "urn:altinn:userid", "nameid");
  }

  @Test
  void renamesSubjectAndRoles() {
    Map<String, @Nullable Object> claims =
        claims(stack.forge().claim("sub", "a-subject").jsonClaim("roles", "[\"x\",\"y\"]"));
    assertThat(claims)
        .containsEntry("nameid", "a-subject")
        .containsEntry("role", List.of("x", "y"))
        .doesNotContainKeys("sub", "roles");
  }

  @Test
  void copiesTheScopeAsItIs() {
    String scope = "dgm:police  altinn:serviceowner/instances.read dgm:police";
    assertThat(claims(stack.forge(scope))).containsEntry("scope", scope);
  }

  private static PlatformClaims.Options options(long lifetime, boolean bound, boolean collapse) {
    return new PlatformClaims.Options(lifetime, bound, collapse, EnumSet.allOf(Family.class));
  }

  private static String granted(TestStack at, TokenForge proof) {
    HttpResponse<String> answer = at.exchange(proof.compact());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }

  private static Map<String, @Nullable Object> claims(TokenForge proof) {
    return TestStack.claims(granted(stack, proof));
  }

  private static JWSVerifier published(TestStack at, SignedJWT token) throws Exception {
    JWKSet keys = JWKSet.parse(at.get(TestStack.DISCOVERY + "/jwks").body());
    JWK key = Objects.requireNonNull(keys.getKeyByKeyId(token.getHeader().getKeyID()));
    return key.getKeyType().getValue().equals("EC")
        ? new ECDSAVerifier(key.toECKey())
        : new RSASSAVerifier(key.toRSAKey());
  }
}

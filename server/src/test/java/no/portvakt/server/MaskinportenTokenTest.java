package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.JWT_BEARER;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.SIGNATURE;
import static no.portvakt.server.MaskinportenClientFixture.TOKEN;
import static no.portvakt.server.MaskinportenClientFixture.WRITE;
import static no.portvakt.server.MaskinportenClientFixture.claims;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenTokenTest {
  private static final String FORM = "application/x-www-form-urlencoded";

  private final TestStack stack = TestStack.start();
  private final MaskinportenClientFixture client = MaskinportenClientFixture.of(stack);

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void answersWithTheFourMembersThatClientsRead() {
    HttpResponse<String> answer = stack.requestToken(client.grant().compact());
    assertThat(answer.statusCode()).isEqualTo(200);
    Map<String, @Nullable Object> body = TestStack.json(answer);
    assertThat(body.keySet())
        .containsExactlyInAnyOrder("access_token", "token_type", "expires_in", "scope");
    assertThat(body)
        .containsEntry("token_type", "Bearer")
        .containsEntry("scope", READ)
        .containsEntry("expires_in", 119L);
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
    assertThat(answer.headers().firstValue("Pragma")).contains("no-cache");
  }

  @Test
  void givesATokenLikeRealOnes() {
    long now = stack.clock().seconds();
    String token = token(client.grant());
    assertThat(TestStack.json(TestStack.part(token, 0)).keySet()).containsExactly("kid", "alg");
    Map<String, @Nullable Object> claims = TestStack.claims(token);
    assertThat(claims.keySet())
        .containsExactly(
            "scope",
            "iss",
            "client_amr",
            "token_type",
            "exp",
            "iat",
            "client_id",
            "jti",
            "consumer");
    assertThat(claims)
        .containsEntry("scope", READ)
        .containsEntry("iss", stack.addresses().maskinportenIssuer())
        .containsEntry("client_amr", "private_key_jwt")
        .containsEntry("token_type", "Bearer")
        .containsEntry("exp", now + 120)
        .containsEntry("iat", now)
        .containsEntry("client_id", client.client().id())
        .containsEntry(
            "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:991825827"));
    assertThat((String) claims.get("jti")).matches("[A-Za-z0-9_-]{22}");
  }

  @Test
  void signsWithAKeyThatIsPublished() throws Exception {
    SignedJWT token = SignedJWT.parse(token(client.grant()));
    JWKSet keys = JWKSet.parse(stack.get("/maskinporten/jwk").body());
    JWSVerifier verifier =
        new RSASSAVerifier(
            Objects.requireNonNull(keys.getKeyByKeyId(token.getHeader().getKeyID())).toRSAKey());
    assertThat(token.verify(verifier)).isTrue();
    assertThat(token.getHeader().getAlgorithm().getName()).isEqualTo("RS256");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "RS384", "RS512"})
  void acceptsTheAlgorithmThatTheKeyIsRegisteredFor(String algorithm) {
    TestStack.Client own = stack.newClient(List.of(READ), algorithm);
    assertThat(client.accepts(stack.grant(own, READ).header("alg", algorithm))).containsKey("jti");
    for (String other : List.of("RS256", "RS384", "RS512")) {
      if (!other.equals(algorithm)) {
        assertThat(client.refuses(SIGNATURE, stack.grant(own, READ).header("alg", other)))
            .contains("another alg than " + other);
      }
    }
  }

  @Test
  void acceptsAnAudienceThatIsAListOfOne() {
    String issuer = stack.addresses().maskinportenIssuer();
    assertThat(client.accepts(client.grant().claim("aud", List.of(issuer))))
        .doesNotContainKey("aud");
  }

  @Test
  void toleratesWhatRealClientsAdd() {
    long now = stack.clock().seconds();
    client.accepts(client.grant().header("typ", "JWT").header("x5t", "AAAA"));
    client.accepts(client.grant().claim("nbf", now));
    client.accepts(client.grant().claim("sub", client.client().id()));
    client.accepts(client.grant().without("jti"));
    client.accepts(client.grant().claim("iat", now + 0.5).claim("exp", now + 60.25));
  }

  @Test
  void restrictsTheAudienceToOneResource() {
    String resource = "https://api.example/orgs?a=b";
    assertThat(client.accepts(client.grant().claim("resource", resource)))
        .containsEntry("aud", resource);
    Map<String, @Nullable Object> claims =
        client.accepts(client.grant().claim("resource", List.of(resource)));
    assertThat(claims).containsEntry("aud", resource);
    assertThat(claims.keySet()).startsWith("aud", "scope");
  }

  @Test
  void restrictsTheAudienceToSeveralResources() {
    List<String> resources = List.of("https://a.example/", "urn:b");
    assertThat(client.accepts(client.grant().claim("resource", resources)))
        .containsEntry("aud", resources);
  }

  @Test
  void acceptsRawColonsAsKsNoSendsThem() {
    String body = "grant_type=" + JWT_BEARER + "&assertion=" + client.grant().compact();
    claims(stack.post(TOKEN, body, "Content-Type", FORM, "Charset", "UTF-8"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        FORM + "; charset=UTF-8",
        FORM + ";charset=utf-8",
        "Application/X-WWW-Form-Urlencoded"
      })
  void acceptsTheMediaTypeInItsForms(String contentType) {
    String grantType = URLEncoder.encode(JWT_BEARER, StandardCharsets.UTF_8);
    String body = "assertion=" + client.grant().compact() + "&grant_type=" + grantType;
    claims(stack.post(TOKEN, body, "Content-Type", contentType));
  }

  @Test
  void ignoresParametersThatItDoesNotKnow() {
    claims(
        stack.form(
            TOKEN,
            "client_id",
            "x",
            "grant_type",
            JWT_BEARER,
            "assertion",
            client.grant().compact(),
            "scope",
            "altinn:other"));
  }

  @Test
  void answersWithASlashAtTheEndToo() {
    claims(
        stack.form(TOKEN + "/", "grant_type", JWT_BEARER, "assertion", client.grant().compact()));
  }

  @Test
  void givesEachScopeOnceAndInOrder() {
    TokenForge grant = client.grant().claim("scope", WRITE + "  " + READ + " " + WRITE + " ");
    HttpResponse<String> answer = stack.requestToken(grant.compact());
    assertThat(claims(answer)).containsEntry("scope", WRITE + " " + READ);
    assertThat(TestStack.json(answer)).containsEntry("scope", WRITE + " " + READ);
  }

  @Test
  void givesEachTokenAnIdOfItsOwn() {
    Object first = client.accepts(client.grant()).get("jti");
    assertThat(client.accepts(client.grant()).get("jti")).isNotEqualTo(first);
  }

  @Test
  void speaksForTheOrganisationOfTheClient() {
    TestStack.Client other =
        stack.newClient(
            Map.of(
                "client_name",
                "brg",
                "description",
                "A test",
                "client_orgno",
                BRG,
                "scopes",
                List.of(READ)));
    assertThat(TestStack.claims(stack.tokenFor(other, READ)))
        .containsEntry("consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + BRG))
        .doesNotContainKey("client_orgno");
  }

  @Test
  void givesATokenThatTheExchangeTakes() {
    assertThat(stack.exchange(token(client.grant())).statusCode()).isEqualTo(200);
  }

  // Contract §1.7: the smallest at_max_age of the scopes, and the client's own; 0 says 120 s.
  @ParameterizedTest
  @CsvSource({
    "0, 0, 0, 120",
    "30, 0, 0, 30",
    "0, 45, 0, 45",
    "60, 45, 0, 45",
    "3600, 0, 0, 120",
    "0, 0, 600, 600",
    "300, 200, 600, 200",
    "0, 0, 7200, 7200",
    "86400, 0, 7200, 7200",
    "0, 0, 10, 10",
    "1, 0, 10, 1"
  })
  void livesAsLongAsScopesAndClientAllow(int one, int two, int own, int lifetime) {
    String name = "lifetime/n" + one + "n" + two + "n" + own;
    List<String> scopes = List.of(scope(name + "a", one), scope(name + "b", two));
    Map<String, Object> body = new HashMap<>();
    body.put("client_name", name);
    body.put("description", "A test");
    body.put("scopes", scopes);
    body.put("access_token_lifetime", own);
    TestStack.Client limited = stack.newClient(body);
    TokenForge grant = stack.grant(limited, String.join(" ", scopes));
    HttpResponse<String> answer =
        stack.requestToken(grant.claim("exp", stack.clock().seconds() + 5).compact());
    Map<String, @Nullable Object> claims = claims(answer);
    assertThat(claims).containsEntry("exp", stack.clock().seconds() + lifetime);
    // The clock stands in the middle of a second; a token that was given has at least one left.
    assertThat(TestStack.json(answer)).containsEntry("expires_in", Math.max(1L, lifetime - 1));
  }

  // Contract §7: floor(exp − now). The clock begins at .750 of a second.
  @ParameterizedTest
  @CsvSource({"0, 119", "249, 119", "250, 120", "251, 119", "1249, 119", "1250, 120"})
  void countsTheWholeSecondsThatAreLeft(int millis, long left) {
    try (TestStack own = TestStack.start()) {
      own.clock().advance(Duration.ofMillis(millis));
      HttpResponse<String> answer =
          own.requestToken(own.adminGrant("idporten:scopes.read").compact());
      assertThat(claims(answer))
          .containsEntry("iat", own.clock().seconds())
          .containsEntry("exp", own.clock().seconds() + 120);
      assertThat(TestStack.json(answer)).containsEntry("expires_in", left);
    }
  }

  private String scope(String subscope, int maxAge) {
    Map<String, Object> body =
        Map.of(
            "prefix",
            "altinn",
            "subscope",
            subscope,
            "description",
            "A test",
            "at_max_age",
            maxAge,
            "accessible_for_all",
            true);
    HttpResponse<String> made =
        stack.admin("POST", "/maskinporten/scopes", stack.adminToken(), TestStack.toJson(body));
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    return "altinn:" + subscope;
  }

  private String token(TokenForge grant) {
    HttpResponse<String> answer = stack.requestToken(grant.compact());
    claims(answer);
    return (String) Objects.requireNonNull(TestStack.json(answer).get("access_token"));
  }
}

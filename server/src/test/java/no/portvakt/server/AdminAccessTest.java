package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import no.portvakt.server.maskinporten.TokenEndpoint;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Contract §2.2: who may use the admin API. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminAccessTest {
  private static final String SCOPES = "/maskinporten/scopes";
  private static final List<String> ROUTES =
      List.of(
          "POST /scopes",
          "GET /scopes",
          "GET /scopes/access?scope=" + READ,
          "PUT /scopes/access/974760673?scope=" + READ,
          "POST /clients",
          "GET /clients",
          "GET /clients/x",
          "GET /clients/x/jwks",
          "POST /clients/x/jwks",
          "PUT /clients/x/jwks",
          "PUT /clients/x",
          "DELETE /clients/x",
          "POST /clients/x/secret",
          "DELETE /clients/x/jwks",
          "DELETE /clients/x/jwks/y",
          "PUT /scopes?scope=" + READ,
          "DELETE /scopes?scope=" + READ,
          "DELETE /scopes/access/974760673?scope=" + READ,
          "GET /scopes/access/all",
          "GET /prefix");

  private final TestStack stack = TestStack.start();

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void refusesEveryCallWithoutToken() {
    for (String base : List.of("/maskinporten", "/maskinporten/api/v1")) {
      for (String route : ROUTES) {
        String[] parts = route.split(" ", 2);
        HttpResponse<String> answer = stack.send(parts[0], base + parts[1], "{}");
        assertThat(answer.statusCode()).as(route).isEqualTo(401);
        assertThat(answer.headers().firstValue("WWW-Authenticate")).contains("Bearer");
        assertThat(answer.headers().firstValue("Content-Type"))
            .contains("application/problem+json");
      }
    }
  }

  @Test
  void refusesEveryCallWithATokenThatLacksTheScope() {
    String token = stack.tokenFor(stack.adminClient(), "idporten:dcr.altinn");
    for (String base : List.of("/maskinporten", "/maskinporten/api/v1")) {
      for (String route : ROUTES) {
        String[] parts = route.split(" ", 2);
        HttpResponse<String> answer = stack.admin(parts[0], base + parts[1], token, "{}");
        AdminRefusal.of(answer, 403, "insufficient_scope");
        assertThat(answer.headers().firstValue("WWW-Authenticate").orElse(""))
            .startsWith("Bearer error=\"insufficient_scope\", scope=\"idporten:");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({
    "idporten:scopes.read, GET /scopes, 200",
    "idporten:scopes.read, POST /scopes, 403",
    "idporten:scopes.read, GET /clients, 403",
    "idporten:scopes.write, GET /scopes, 200",
    "idporten:scopes.write, POST /scopes, 400",
    "idporten:scopes.write, POST /clients, 403",
    "idporten:dcr.read, GET /clients, 200",
    "idporten:dcr.read, POST /clients, 403",
    "idporten:dcr.read, POST /clients/x/jwks, 403",
    "idporten:dcr.read, GET /scopes, 403",
    "idporten:dcr.modify, GET /clients, 200",
    "idporten:dcr.modify, POST /clients, 403",
    "idporten:dcr.modify, PUT /clients/x/jwks, 404",
    "idporten:dcr.write, GET /clients, 200",
    "idporten:dcr.write, POST /clients, 400",
    "idporten:dcr.write, POST /clients/x/jwks, 404",
    "idporten:dcr.write, POST /scopes, 403"
  })
  void allowsWhatEachScopeIsFor(String scope, String route, int status) {
    String token = stack.tokenFor(stack.adminClient(), scope);
    String[] parts = route.split(" ", 2);
    String body = parts[0].equals("GET") ? null : "{}";
    HttpResponse<String> answer = stack.admin(parts[0], "/maskinporten" + parts[1], token, body);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
  }

  // docs/differences.md, "Not there yet": these belong to the portal, or take a person's token.
  @ParameterizedTest
  @CsvSource({
    "GET, /organizations/991825827",
    "GET, /auth/user",
    "POST, /auth/switch-synth-org",
    "GET, /datasharing/consumer/client",
    "POST, /datasharing/consumer/client",
    "GET, /datasharing/consumer/scope/access"
  })
  void hasNothingWhereOnlyThePortalAsks(String method, String path) {
    for (String base : List.of("/maskinporten", "/maskinporten/api/v1", "")) {
      HttpResponse<String> answer = stack.admin(method, base + path, stack.adminToken(), null);
      assertThat(answer.statusCode()).as(base).isEqualTo(404);
      assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
    }
  }

  @Test
  void namesTheScopesThatWouldDo() {
    String token = stack.tokenFor(stack.adminClient(), "idporten:dcr.read");
    HttpResponse<String> answer = stack.admin("GET", SCOPES, token, null);
    assertThat(answer.headers().firstValue("WWW-Authenticate"))
        .contains(
            "Bearer error=\"insufficient_scope\","
                + " scope=\"idporten:scopes.read idporten:scopes.write\"");
  }

  @Test
  void refusesAPlatformToken() {
    String proof = stack.adminToken();
    String platform = stack.exchange(proof).body();
    assertThat(stack.admin("GET", SCOPES, proof, null).statusCode()).isEqualTo(200);
    assertInvalid(platform);
  }

  @Test
  void refusesTokensOfOtherIssuers() {
    assertInvalid(stack.forge("idporten:scopes.read idporten:scopes.write").compact());
    assertInvalid(
        stack
            .forge("idporten:scopes.read")
            .claim("iss", stack.addresses().maskinportenIssuer())
            .compact());
    assertInvalid(stack.grant(stack.adminClient(), "idporten:scopes.read").compact());
  }

  @Test
  void refusesAChangedTokenAndRubbish() {
    String token = stack.adminToken();
    String claims = TestStack.part(token, 1);
    String[] parts = token.split("\\.", -1);
    String changed =
        TokenForge.signedBy(RemoteIssuer.newKey(), Map.of())
            .rawHeader(TestStack.part(token, 0))
            .rawClaims(claims)
            .compact();
    assertInvalid(changed);
    assertInvalid(parts[0] + "." + parts[1] + ".");
    assertInvalid(parts[0] + "." + parts[1]);
    assertInvalid(token.substring(0, token.length() - 6));
    assertInvalid(token.toUpperCase(Locale.ROOT));
    assertInvalid("x");
    assertInvalid("null");
  }

  @Test
  void refusesATokenThatHasExpired() {
    try (TestStack own = TestStack.start()) {
      String token = own.adminToken();
      own.clock().advance(Duration.ofSeconds(130));
      assertThat(own.admin("GET", SCOPES, token, null).statusCode()).isEqualTo(200);
      own.clock().advance(Duration.ofSeconds(1));
      assertThat(own.admin("GET", SCOPES, token, null).statusCode()).isEqualTo(401);
    }
  }

  @Test
  void refusesATokenForAnotherAudience() {
    String ours = stack.addresses().maskinportenIssuer();
    String other = "https://api.example/";
    assertInvalid(tokenFor(other));
    assertInvalid(tokenFor(List.of(other, ours + "x")));
    for (Object resource : List.of(ours, List.of(other, ours))) {
      assertThat(stack.admin("GET", SCOPES, tokenFor(resource), null).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void takesATokenOfTheOlderForm() {
    try (TestStack own =
        TestStack.start(
            TestStack.grants(new TokenEndpoint.Options(120, 10, true, true, false, true)))) {
      String token = own.adminToken();
      assertThat(TestStack.claims(token)).containsEntry("aud", "unspecified");
      assertThat(own.admin("GET", SCOPES, token, null).statusCode()).isEqualTo(200);
    }
  }

  private String tokenFor(Object resource) {
    TokenForge grant = stack.adminGrant("idporten:scopes.read").claim("resource", resource);
    return String.valueOf(TestStack.json(stack.requestToken(grant.compact())).get("access_token"));
  }

  @Test
  void refusesATokenWhoseClientIsNotActiveAnyMore() {
    TestStack.Client client = stack.newClient("idporten:scopes.read");
    String token = stack.tokenFor(client, "idporten:scopes.read");
    assertThat(stack.admin("GET", SCOPES, token, null).statusCode()).isEqualTo(200);
    String path = "/maskinporten/clients/" + client.id();
    assertThat(stack.admin("DELETE", path, stack.adminToken(), null).statusCode()).isEqualTo(200);
    assertInvalid(token);
  }

  @Test
  void refusesAnotherSchemeAndTwoHeaders() throws IOException {
    String token = stack.adminToken();
    for (String header : List.of("Basic " + token, token, "Bearer", "Bearer ", "Token " + token)) {
      HttpResponse<String> answer = stack.get(SCOPES, "Authorization", header);
      assertThat(answer.statusCode()).as(header).isEqualTo(401);
    }
    assertThat(
            stack
                .rawGet(SCOPES, "Authorization: Bearer " + token, "Authorization: Bearer " + token)
                .status())
        .isEqualTo(401);
    assertThat(stack.rawGet(SCOPES, "Autorization: Bearer " + token).status()).isEqualTo(401);
    assertThat(stack.get(SCOPES + "?access_token=" + token).statusCode()).isEqualTo(401);
  }

  @Test
  void checksTheCallerBeforeTheBody() {
    HttpResponse<String> answer = stack.admin("POST", SCOPES, "x", "not json");
    assertThat(answer.statusCode()).isEqualTo(401);
  }

  @Test
  void refusesTheScopeAndThePrefixOfAnotherOrganisation() {
    String other =
        MaskinportenClientFixture.tokenOf(
            stack, BRG, "idporten:scopes.write", "idporten:scopes.read");
    String scope = "{\"prefix\":\"altinn\",\"subscope\":\"not/ours\",\"description\":\"x\"}";
    AdminRefusal.of(stack.admin("POST", SCOPES, other, scope), 403, "forbidden");
    String grant = SCOPES + "/access/" + BRG + "?scope=" + READ;
    AdminRefusal.of(stack.admin("PUT", grant, other, null), 403, "forbidden");
    AdminRefusal.of(
        stack.admin("GET", SCOPES + "/access?scope=" + READ, other, null), 403, "forbidden");
    assertThat(stack.admin("GET", SCOPES, other, null).body()).isEqualTo("[]");
    assertThat(stack.admin("GET", SCOPES + "?scope=" + READ, other, null).body()).isEqualTo("[]");
  }

  // Nobody gives himself more than he has: the scopes of the admin API belong to digdir.
  @Test
  void refusesToGrantTheScopesOfTheAdminApiToOneself() {
    String other = MaskinportenClientFixture.tokenOf(stack, BRG, "idporten:scopes.write");
    String grant = SCOPES + "/access/" + BRG + "?scope=idporten:dcr.altinn";
    AdminRefusal.of(stack.admin("PUT", grant, other, null), 403, "forbidden");
  }

  private void assertInvalid(String token) {
    HttpResponse<String> answer = stack.admin("GET", SCOPES, token, null);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(401);
    assertThat(answer.headers().firstValue("WWW-Authenticate").orElse(""))
        .startsWith("Bearer error=\"invalid_token\"");
    assertThat(answer.body()).doesNotContain("\"" + token);
  }
}

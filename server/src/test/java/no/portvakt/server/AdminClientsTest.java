package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract §2.4: clients. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminClientsTest {
  private static final String CLIENTS = "/maskinporten/clients";

  /** The documented example, to the letter. */
  private static final String SEED_CLIENT =
      """
      {
          "client_name": "altinnOrgRead",
          "client_type": "CONFIDENTIAL",
          "description": "Client for accessing the my orgs app data",
          "scopes": [ "altinn:instances/metadata.read" ],
          "token_reference": "SELF_CONTAINED"
      }
      """;

  private final TestStack stack = TestStack.start();
  private final String admin = stack.adminToken();

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void makesTheClientOfTheSeed() {
    String scope =
        "{\"prefix\":\"altinn\",\"subscope\":\"instances/metadata.read\",\"description\":\"x\"}";
    assertThat(stack.admin("POST", "/maskinporten/scopes", admin, scope).statusCode())
        .isEqualTo(201);
    assertThat(AdminRefusal.ofField(post(SEED_CLIENT), "Client", "scopes"))
        .contains("has not been granted to organisation " + DIGDIR);
    String access =
        "/maskinporten/scopes/access/" + DIGDIR + "?scope=altinn:instances/metadata.read";
    assertThat(stack.admin("PUT", access, admin, null).statusCode()).isEqualTo(200);
    HttpResponse<String> made = post(SEED_CLIENT);
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    assertThat(made.headers().firstValue("Cache-Control")).contains("no-store");
    Map<String, @Nullable Object> client = TestStack.json(made);
    String id = String.valueOf(client.get("client_id"));
    assertThat(id).matches("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}");
    assertThat(client)
        .containsEntry("client_name", "altinnOrgRead")
        .containsEntry("integration_type", "maskinporten")
        .containsEntry("application_type", "web")
        .containsEntry("token_endpoint_auth_method", "private_key_jwt")
        .containsEntry("grant_types", List.of(MaskinportenClientFixture.JWT_BEARER))
        .containsEntry("scopes", List.of("altinn:instances/metadata.read"))
        .containsEntry("client_orgno", DIGDIR)
        .containsEntry("access_token_lifetime", 0L)
        .containsEntry("jwks_uri", "/clients/" + id + "/jwks")
        .containsEntry("active", true)
        .containsEntry("created", TestClock.START.toString())
        .doesNotContainKey("client_secret");
  }

  @Test
  void answersBelowBothBasePathsAndShowsWhatItMade() {
    HttpResponse<String> made =
        stack.admin("POST", "/maskinporten/api/v1/clients", admin, body(Map.of()));
    assertThat(made.statusCode()).isEqualTo(201);
    String id = String.valueOf(TestStack.json(made).get("client_id"));
    for (String base : List.of(CLIENTS, "/maskinporten/api/v1/clients")) {
      HttpResponse<String> shown = stack.admin("GET", base + "/" + id, admin, null);
      assertThat(shown.statusCode()).isEqualTo(200);
      assertThat(TestStack.json(shown)).isEqualTo(TestStack.json(made));
      assertThat(stack.admin("GET", base, admin, null).body()).contains(id);
    }
    assertThat(stack.admin("GET", CLIENTS + "?inactive=true", admin, null).body()).isEqualTo("[]");
  }

  @Test
  void keepsEachScopeOnceAndAcceptsNone() {
    assertThat(TestStack.json(post(body(Map.of("scopes", List.of(READ, READ))))))
        .containsEntry("scopes", List.of(READ));
    assertThat(TestStack.json(post(body(Map.of("scopes", List.of())))))
        .containsEntry("scopes", List.of());
  }

  @Test
  void takesAScopeThatIsOpenToAll() {
    String scope =
        "{\"prefix\":\"altinn\",\"subscope\":\"open/all\",\"description\":\"x\","
            + "\"accessible_for_all\":true}";
    assertThat(stack.admin("POST", "/maskinporten/scopes", admin, scope).statusCode())
        .isEqualTo(201);
    HttpResponse<String> made =
        post(body(Map.of("client_orgno", "889640782", "scopes", List.of("altinn:open/all"))));
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "{", "[]", "null", "5", "{\"a\":1,\"a\":2}", "{a:1}", "{}x"})
  void refusesABodyThatIsNoJsonObject(String body) {
    AdminRefusal.ofField(post(body), "Client", "(body)");
  }

  @Test
  void refusesMembersThatDoNotHold() {
    refuses("client_name", null, "", " ", 5, List.of("x"), "x".repeat(256));
    refuses("description", null, "", " ", 5, Map.of(), "x".repeat(1001));
    refuses("client_type", "PUBLIC", "confidential", 5, "");
    refuses("token_reference", "OPAQUE", "self_contained", true);
    refuses("integration_type", "idporten_saml2", "unknown", "", 5, List.of("maskinporten"));
    refuses("application_type", "browser", "native", "Web");
    refuses("token_endpoint_auth_method", "client_secret_basic", "none", "");
    refuses("access_token_lifetime", -1, 7201, "120", 1.5, true, Long.MAX_VALUE);
    refuses("scopes", READ, 5, Map.of(), List.of(5), Arrays.asList(READ, null));
    refuses("client_orgno", 5, "", "974760674", "97476067", "9747606730", "０", BRG + " ");
  }

  @Test
  void refusesScopesThatDoNotExistOrWereNotGranted() {
    refuses("scopes", List.of("altinn:none"), List.of(""), List.of(READ, "x"), List.of("*"));
    refuses("scopes", List.of(READ + " " + READ), List.of(READ.substring(0, 10)));
    HttpResponse<String> answer =
        post(body(Map.of("client_orgno", "889640782", "scopes", List.of(READ))));
    assertThat(AdminRefusal.ofField(answer, "Client", "scopes")).contains("889640782");
  }

  @Test
  void refusesTooManyScopesAndTooLargeABody() {
    refuses("scopes", Collections.nCopies(501, READ));
    assertThat(post(body(Map.of("description", "x".repeat(70_000)))).statusCode()).isEqualTo(413);
  }

  @Test
  void makesAClientForAnotherOrganisationWithTheRightScopeOnly() {
    HttpResponse<String> made = post(body(Map.of("client_orgno", BRG)));
    assertThat(TestStack.json(made)).containsEntry("client_orgno", BRG);
    String without = stack.tokenFor(stack.adminClient(), "idporten:dcr.write");
    HttpResponse<String> refused =
        stack.admin("POST", CLIENTS, without, body(Map.of("client_orgno", BRG)));
    AdminRefusal.of(refused, 403, "forbidden");
    HttpResponse<String> own =
        stack.admin("POST", CLIENTS, without, body(Map.of("client_orgno", DIGDIR)));
    assertThat(own.statusCode()).isEqualTo(201);
  }

  @Test
  void hidesTheClientsOfOtherOrganisations() {
    String id = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    String other =
        MaskinportenClientFixture.tokenOf(
            stack, TTD, "idporten:dcr.write", "idporten:dcr.read", "idporten:dcr.modify");
    String absent = CLIENTS + "/00000000-0000-4000-8000-000000000000";
    String keys = "{\"keys\":[]}";
    for (String path : List.of(CLIENTS + "/" + id, absent)) {
      AdminRefusal.of(stack.admin("GET", path, other, null), 404, "not_found");
      AdminRefusal.of(stack.admin("GET", path + "/jwks", other, null), 404, "not_found");
      AdminRefusal.of(stack.admin("POST", path + "/jwks", other, keys), 404, "not_found");
      AdminRefusal.of(stack.admin("PUT", path + "/jwks", other, keys), 404, "not_found");
    }
    String list = stack.admin("GET", CLIENTS, other, null).body();
    assertThat(list).doesNotContain(id).contains("\"client_orgno\":\"" + TTD + "\"");
    HttpResponse<String> known = stack.admin("GET", CLIENTS + "/" + id, other, null);
    HttpResponse<String> unknown = stack.admin("GET", absent, other, null);
    assertThat(TestStack.json(known).get("error_description"))
        .isEqualTo(TestStack.json(unknown).get("error_description"));
  }

  @Test
  void answersNotFoundToOddIds() {
    for (String id : List.of("x", "%00", "%ff", "..%2f", "%27%20OR%201=1", "%2e%2e", "a%2fb")) {
      int status = stack.admin("GET", CLIENTS + "/" + id, admin, null).statusCode();
      assertThat(status).as(id).isIn(400, 404);
    }
  }

  @Test
  void answersToNoOtherMethod() {
    String id = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    for (String method : List.of("POST", "PATCH")) {
      HttpResponse<String> answer = stack.admin(method, CLIENTS + "/" + id, admin, "{}");
      assertThat(answer.statusCode()).isEqualTo(405);
      assertThat(answer.headers().firstValue("Allow")).contains("DELETE, GET, HEAD, PUT");
    }
    for (String method : List.of("PUT", "DELETE", "PATCH")) {
      assertThat(stack.admin(method, CLIENTS, admin, "{}").statusCode()).isEqualTo(405);
    }
  }

  private void refuses(String name, @Nullable Object... values) {
    for (Object value : values) {
      Map<String, @Nullable Object> changes = new HashMap<>();
      changes.put(name, value);
      AdminRefusal.ofField(post(body(changes)), "Client", name);
    }
  }

  private HttpResponse<String> post(String body) {
    return stack.admin("POST", CLIENTS, admin, body);
  }

  private static String body(Map<String, ? extends @Nullable Object> changes) {
    Map<String, @Nullable Object> body = new HashMap<>();
    body.put("client_name", "test");
    body.put("description", "A test");
    body.put("scopes", List.of(READ));
    body.putAll(changes);
    return Json.write(body);
  }
}

package no.portvakt.server;

import static no.portvakt.server.AdminCaller.client;
import static no.portvakt.server.AdminCaller.scope;
import static no.portvakt.server.AdminCaller.text;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.net.http.HttpResponse;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.administration.AdminApi.StatusCodes;
import no.portvakt.server.registration.SubscopeGrammar;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The description of the admin API is true: every operation, every body, every answer, with either
 * setting of the statuses.
 */
@ParameterizedClass
@EnumSource
class AdminDescriptionTest {
  private static final String ALTINN = "/api/v1/altinn/admin";
  private static final String TT02 = "https://tt02.altinn.no/";

  private final StatusCodes codes;
  private final TestStack stack;
  private final AdminCaller admin;
  private final AdminDescription description;

  AdminDescriptionTest(StatusCodes codes) {
    this.codes = codes;
    this.stack =
        TestStack.start(it ->
            TestStack.withMaskinporten(
                it,
                own ->
                    own.withAdministration(
                        new Settings.Administration(Map.of(), SubscopeGrammar.EXTENDED, codes))));
    this.admin = AdminCaller.admin(stack);
    this.description = new AdminDescription(stack);
  }

  @AfterEach
  void stop() {
    stack.close();
  }

  @Test
  void everyOperationStandsWhereItIsDescribed() {
    for (String operation : description.operations()) {
      String[] parts = operation.split(" ", 2);
      String path = parts[1].replaceAll("\\{\\w+}", "x");
      boolean open = description.scopes(operation).isEmpty();
      List<String> bases =
          path.startsWith("/api/")
              ? List.of("/maskinporten")
              : List.of("/maskinporten", "/maskinporten/api/v1");
      for (String base : bases) {
        HttpResponse<String> answer = stack.send(parts[0], base + path, null);
        assertThat(answer.statusCode()).as(operation).isEqualTo(open ? 200 : 401);
        HttpResponse<String> other = stack.send("PATCH", base + path, null);
        assertThat(other.statusCode()).as(operation).isEqualTo(405);
        assertThat(other.headers().firstValue("Allow").orElse("")).contains(parts[0]);
      }
    }
  }

  @Test
  void describesTheScopesThatAnOperationTakes() {
    AdminCaller useless = AdminCaller.with(stack, "idporten:dcr.altinn");
    for (String operation : description.operations()) {
      String[] parts = operation.split(" ", 2);
      List<String> scopes = description.scopes(operation);
      if (!scopes.isEmpty() && !scopes.contains("idporten:dcr.altinn")) {
        HttpResponse<String> answer =
            useless.call(parts[0], parts[1].replaceAll("\\{\\w+}", "x"), null);
        assertThat(answer.headers().firstValue("WWW-Authenticate"))
            .as(operation)
            .contains(
                "Bearer error=\"insufficient_scope\", scope=\"" + String.join(" ", scopes) + "\"");
        description.check(operation, null, answer);
      }
    }
  }

  @Test
  void everyBodyAndEveryAnswerIsAsDescribed() {
    runClients("");
    runKeys();
    runScopes();
    runRegistry();
    runClients(ALTINN);
    runRefusals();
    assertThat(description.done()).isEqualTo(description.operations());
  }

  // A test of the test: what is not as described is noticed.
  @Test
  void noticesAnAnswerThatIsNotAsDescribed() {
    HttpResponse<String> prefixes = admin.call("GET", "/prefix", null);
    for (String other : List.of("GET /clients", "GET /delegationsources", "GET /clients/{id}")) {
      assertThatExceptionOfType(AssertionError.class)
          .isThrownBy(() -> description.check(other, null, prefixes));
    }
  }

  private void runClients(String base) {
    Map<String, Object> login = client(Map.of("integration_type", "api_klient"));
    login.put("client_orgno", DIGDIR);
    login.put("redirect_uris", List.of("https://a.no/back"));
    login.put("frontchannel_logout_uri", "https://a.no/out");
    login.put("grant_types", List.of("authorization_code", "refresh_token"));
    Map<String, @Nullable Object> made = run("POST " + base + "/clients", login);
    String id = text(made, "client_id");
    run(
        "POST " + base + "/clients",
        client(Map.of("client_orgno", DIGDIR, "scopes", List.of(READ))));
    run("GET " + base + "/clients", null);
    run("GET " + base + "/clients/{id}", null, id);
    run(
        "PUT " + base + "/clients/{id}",
        client(Map.of("redirect_uris", List.of("https://b.no/"))),
        id);
    Map<String, Object> keys = Map.of("keys", List.of(AdminKeyVersionsTest.jwk("a")));
    run("POST " + base + "/clients/{id}/jwks", keys, id);
    run("PUT " + base + "/clients/{id}/jwks", keys, id);
    run("GET " + base + "/clients/{id}/jwks", null, id);
    if (base.isEmpty()) {
      run("POST /clients/{id}/secret", null, id);
      run(
          "POST /clients/{id}/onbehalfof",
          Map.of("onbehalfof", "a", "name", "x", "orgno", BRG, "description", "y"),
          id);
      run("GET /clients/{id}/onbehalfof", null, id);
      run("GET /clients/{id}", null, id);
      run("GET /clients/{id}/onbehalfof/{obo}", null, id, "a");
      run("PUT /clients/{id}/onbehalfof/{obo}", Map.of("name", "z", "orgno", BRG), id, "a");
      run("DELETE /clients/{id}/onbehalfof/{obo}", null, id, "a");
    }
    run("DELETE " + base + "/clients/{id}", null, id);
  }

  private void runKeys() {
    String id = text(run("POST /clients", client(Map.of())), "client_id");
    run("POST /api/v2/clients/{id}/key", AdminKeyVersionsTest.jwk("a"), id);
    String pem = AdminKeyVersionsTest.pem();
    HttpResponse<String> answer =
        stack.post(
            "/maskinporten/api/v2/clients/" + id + "/key",
            pem,
            "Authorization",
            "Bearer " + admin.token(),
            "Content-Type",
            "text/plain");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(created());
    description.check("POST /api/v2/clients/{id}/key", "text/plain", pem, answer);
    run("PUT /clients/{id}/jwks", List.of(AdminKeyVersionsTest.jwk("a")), id);
    run("DELETE /clients/{id}/jwks/{kid}", null, id, "a");
    run("PUT /clients/{id}/jwks", List.of(AdminKeyVersionsTest.jwk("b")), id);
    run("DELETE /clients/{id}/jwks", null, id);
  }

  private void runScopes() {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("description#en", "text");
    members.put("long_description#nn", "text");
    members.put("delegation_source", TT02);
    members.put("enforced_aud_for_access_token", "a");
    members.put("allowed_integration_types", List.of("maskinporten"));
    run("POST /scopes", scope("described/one", members));
    String query = "?scope=altinn:described/one";
    run("PUT /scopes", Map.of("description", "new"), query);
    run("GET /scopes", null);
    run("GET /scopes/all", null);
    run("PUT /scopes/access/{orgno}", null, BRG, query);
    run("GET /scopes/access", null, query);
    run("DELETE /scopes/access/{orgno}", null, BRG, query);
    run("GET /scopes/access/all", null);
    run("DELETE /scopes", null, query);
  }

  private void runRegistry() {
    run("PUT /prefix/{prefix}", Map.of("orgno", BRG), "described");
    run("GET /prefix", null);
    run("DELETE /prefix/{prefix}", null, "described");
    run("PUT /delegationsources", Map.of("name", "x", "issuer", "https://x.example/"));
    run("GET /delegationsources", null);
    String query = "?source=" + TT02 + "&scope=" + READ + "&consumer_orgno=" + BRG;
    run(
        "PUT /delegations",
        Map.of("source", TT02, "scope", READ, "consumer_orgno", BRG, "supplier_orgno", TTD));
    run("GET /delegations", null, "?orgno=" + BRG);
    run("DELETE /delegations", null, query + "&supplier_orgno=" + TTD);
    run("PUT /systems/{id}", Map.of("vendor_orgno", TTD, "name", "x"), "s1");
    run("GET /systems/{id}", null, "s1");
    run("GET /systems", null, "?vendor_orgno=" + TTD);
    String user =
        text(run("POST /systemusers", Map.of("system_id", "s1", "party_orgno", BRG)), "id");
    run("GET /systemusers", null, "?system_id=s1");
    run("GET /systemusers/{id}", null, user);
    run("DELETE /systemusers/{id}", null, user);
    Map<String, Object> right =
        Map.of(
            "action",
            List.of("read"),
            "resource",
            List.of(Map.of("type", "t", "value", "v")),
            "metaData",
            Map.of("year", "2025"));
    String consent =
        text(
            run(
                "POST /consents",
                Map.of(
                    "from",
                    "urn:altinn:organization:identifier-no:" + BRG,
                    "to",
                    DIGDIR,
                    "validTo",
                    "2099-01-01T00:00:00Z",
                    "consentRights",
                    List.of(right))),
            "id");
    run("GET /consents", null, "?to=" + DIGDIR);
    run("GET /consents/{id}", null, consent);
    run("DELETE /consents/{id}", null, consent);
  }

  private void runRefusals() {
    check("POST /clients", "{}", "/clients");
    check("PUT /clients/{id}", "{}", "/clients/unknown");
    check("POST /scopes", Json.write(scope("ab", Map.of("prefix", "none"))), "/scopes");
    check("PUT /delegationsources", "[]", "/delegationsources");
    HttpResponse<String> none = stack.get("/maskinporten/clients");
    description.check("GET /clients", null, none);
  }

  private void check(String operation, String body, String path) {
    HttpResponse<String> answer = admin.call(operation.split(" ", 2)[0], path, body);
    assertThat(answer.statusCode()).as(operation).isBetween(400, 499);
    description.check(operation, body, answer);
  }

  private int created() {
    return codes == StatusCodes.OBSERVED ? 201 : 200;
  }

  /**
   * What an operation that succeeds answers: Altinn's family always what clients in the field meet.
   */
  private int expected(String operation) {
    boolean altinn = operation.contains(ALTINN);
    if (operation.startsWith("POST ") && !operation.endsWith("/secret")) {
      return altinn ? 201 : created();
    }
    return altinn && operation.startsWith("DELETE ") ? 204 : 200;
  }

  /** Calls an operation, which must succeed; its query comes last among the values. */
  private Map<String, @Nullable Object> run(
      String operation, @Nullable Object body, String... values) {
    String path = operation.split(" ", 2)[1];
    for (String value : values) {
      path = value.startsWith("?") ? path + value : path.replaceFirst("\\{\\w+}", value);
    }
    String text = body == null ? null : Json.write(body);
    HttpResponse<String> answer = admin.call(operation.split(" ", 2)[0], path, text);
    assertThat(answer.statusCode())
        .as("%s %s", operation, answer.body())
        .isEqualTo(expected(operation));
    description.check(operation, text, answer);
    return answer.body().startsWith("{") ? TestStack.json(answer) : Map.of();
  }
}

package no.portvakt.server;

import static no.portvakt.server.AdminCaller.scope;
import static no.portvakt.server.AdminCaller.text;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import no.portvakt.server.administration.AdminApi.StatusCodes;
import no.portvakt.server.registration.SubscopeGrammar;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Contract §2.6 and §2.7: changing and deleting scopes, public lists, taking accesses back. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminScopeChangesTest {
  private static final String TT02 = "https://tt02.altinn.no/";

  private final TestStack stack = TestStack.start();
  private final AdminCaller admin = AdminCaller.admin(stack);
  private final AdminCaller other =
      AdminCaller.of(stack, BRG, "idporten:scopes.write", "idporten:dcr.read");

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void keepsEveryMemberThatAScopeMayHave() {
    Map<String, Object> given = new HashMap<>();
    given.put("description#en", "A test in English");
    given.put("description#nn", "Ei prøve");
    given.put("long_description", "# Title\n\nText");
    given.put("long_description#en", "More");
    given.put("authorization_max_lifetime", 3600L);
    given.put("delegation_source", TT02);
    given.put("requires_user_consent", true);
    given.put("requires_user_authentication", true);
    given.put("requires_pseudonymous_tokens", true);
    given.put("supports_european_businesses", true);
    given.put("protected", true);
    given.put("enforced_aud_for_introspection", List.of("a", "b"));
    Map<String, Object> body = scope("every/member", given);
    body.put("enforced_aud_for_access_token", "https://api.example.no/");
    body.put("allowable_integration_types", List.of("maskinporten", "api_klient"));
    Map<String, @Nullable Object> made = admin.call(201, "POST", "/scopes", body);
    assertThat(made)
        .containsAllEntriesOf(given)
        .containsEntry("enforced_aud_for_access_token", List.of("https://api.example.no/"))
        .containsEntry("allowed_integration_types", List.of("maskinporten", "api_klient"));
    assertThat(admin.list("/scopes?scope=altinn:every/member")).containsExactly(made);
  }

  @Test
  void refusesMembersThatDoNotHold() {
    bad("description#en", 5, "x".repeat(1001));
    bad("long_description", 5, "x".repeat(10_001), "bell\u0007");
    bad("delegation_source", "https://unknown.example.no/", "https://tt02.altinn.no", 5);
    bad("authorization_max_lifetime", -1, "1", 31_536_001);
    bad("requires_user_consent", "true", 1);
    bad("protected", "yes", 0);
    bad("enforced_aud_for_access_token", 5, true, List.of(5), List.of(""), "x".repeat(501));
    bad("allowed_integration_types", List.of("Maskinporten"), "maskinporten");
    Map<String, Object> many = new HashMap<>();
    for (char c = 'a'; c <= 'z'; c++) {
      many.put("description#x" + c, "text");
    }
    admin.bad("Scope", "description", "POST", "/scopes", scope("too/many", many));
  }

  @Test
  void replacesAllSettings() {
    String path = path(admin.newScope("to/replace", Map.of("at_max_age", 60, "protected", true)));
    Map<String, Object> body = scope("to/replace", Map.of("description", "new"));
    body.put("active", false); // as a known client in the field sends it
    assertThat(admin.call(200, "PUT", path, body))
        .containsEntry("description", "new")
        .containsEntry("at_max_age", 0L)
        .containsEntry("protected", false)
        .containsEntry("active", true);
    admin.bad("Scope", "prefix", "PUT", path, scope("to/replace", Map.of("prefix", "idporten")));
    admin.bad("Scope", "subscope", "PUT", path, scope("to/rename", Map.of()));
    admin.bad("Scope", "name", "PUT", path, scope("to/replace", Map.of("name", "altinn:x")));
    admin.bad("Scope", "description", "PUT", path, scope("to/replace", Map.of("description", "")));
    admin.bad("Scope", "scope", "PUT", "/scopes", scope("to/replace", Map.of()));
    for (String none : List.of("altinn:none", "none", "", ":")) {
      admin.refused(404, "not_found", "PUT", "/scopes?scope=" + none, Map.of("description", "x"));
    }
  }

  @Test
  void deactivatesAScopeAndKeepsItsAccesses() {
    String name = admin.newScope("to/delete", Map.of());
    admin.call(200, "PUT", "/scopes/access/" + BRG + "?scope=" + name, null);
    assertThat(admin.call(200, "DELETE", path(name), null)).containsEntry("active", false);
    assertThat(admin.list("/scopes?inactive=true&scope=" + name)).hasSize(1);
    assertThat(admin.list("/scopes?scope=" + name)).isEmpty();
    assertThat(admin.list("/scopes/access?scope=" + name))
        .singleElement()
        .satisfies(it -> assertThat(it).containsEntry("state", "APPROVED"));
    assertThat(other.list("/scopes/access/all")).noneMatch(it -> name.equals(it.get("scope")));
    assertThat(other.list("/scopes/access/all?inactive=true"))
        .anyMatch(it -> name.equals(it.get("scope")) && Boolean.FALSE.equals(it.get("active")));
    admin.refused(409, "conflict", "POST", "/scopes", scope("to/delete", Map.of()));
    admin.refused(404, "not_found", "PUT", "/scopes/access/405003309?scope=" + name, null);
    admin.bad(
        "Client",
        "scopes",
        "POST",
        "/clients",
        AdminCaller.client(Map.of("client_orgno", BRG, "scopes", List.of(name))));
    assertThat(admin.call(200, "PUT", path(name), scope("to/delete", Map.of())))
        .containsEntry("active", true);
    assertThat(other.list("/scopes/access/all")).anyMatch(it -> name.equals(it.get("scope")));
  }

  @Test
  void refusesToChangeTheScopesOfOthers() {
    String name = admin.newScope("not/yours", Map.of());
    Object body = scope("not/yours", Map.of());
    other.refused(403, "forbidden", "PUT", path(name), body);
    other.refused(403, "forbidden", "DELETE", path(name), null);
    other.refused(403, "forbidden", "DELETE", "/scopes/access/" + BRG + "?scope=" + name, null);
    AdminCaller reader = AdminCaller.with(stack, "idporten:scopes.read");
    reader.refused(403, "insufficient_scope", "PUT", path(name), body);
    reader.refused(403, "insufficient_scope", "DELETE", path(name), null);
  }

  @Test
  void changesOnlyTheStateThatTheCallerSaw() {
    HttpResponse<String> made = admin.call("POST", "/scopes", scope("tagged/scope", Map.of()));
    String tag = made.headers().firstValue("ETag").orElseThrow();
    String path = path("altinn:tagged/scope");
    Object body = scope("tagged/scope", Map.of("description", "new"));
    admin.call(200, "PUT", path, body, "If-Match", tag);
    admin.refused(412, "precondition_failed", "PUT", path, body, "If-Match", tag);
    admin.refused(412, "precondition_failed", "DELETE", path, null, "If-Match", tag);
  }

  @Test
  void takesAnAccessBackFromTheNextToken() {
    MaskinportenClientFixture fixture = MaskinportenClientFixture.of(stack);
    String access = "/scopes/access/" + TestStack.DIGDIR + "?scope=" + READ;
    fixture.accepts(fixture.grant());
    assertThat(admin.call(200, "DELETE", access, null)).containsEntry("state", "DENIED");
    fixture.refuses(MaskinportenClientFixture.ACCESS, fixture.grant());
    assertThat(admin.call(200, "DELETE", access, null)).containsEntry("state", "DENIED");
    assertThat(admin.call(200, "PUT", access, null)).containsEntry("state", "APPROVED");
    fixture.accepts(fixture.grant());
  }

  @Test
  void refusesToTakeBackWhatWasNotGiven() {
    admin.refused(404, "not_found", "DELETE", "/scopes/access/889640782?scope=" + READ, null);
    admin.refused(404, "not_found", "DELETE", "/scopes/access/" + BRG + "?scope=altinn:x", null);
    admin.bad("ScopeAccess", "consumer_orgno", "DELETE", "/scopes/access/1?scope=" + READ, null);
  }

  @Test
  void showsAConsumerWhatItWasGranted() {
    String name = admin.newScope("for/logins", Map.of("allowed_integration_types", List.of("krr")));
    admin.call(200, "PUT", "/scopes/access/" + BRG + "?scope=" + name, null);
    assertThat(other.list("/scopes/access/all"))
        .anyMatch(it -> name.equals(it.get("scope")))
        .allMatch(it -> BRG.equals(it.get("consumer_orgno")));
    assertThat(other.list("/scopes/access/all?integration_type=KRR"))
        .anyMatch(it -> name.equals(it.get("scope")));
    assertThat(other.list("/scopes/access/all?integration_type=maskinporten"))
        .noneMatch(it -> name.equals(it.get("scope")));
  }

  @Test
  void namesTheStateOfTheOneScopeThatIsAskedFor() {
    String name = admin.newScope("state/one", Map.of());
    String first = tag(admin.call("GET", path(name), null));
    admin.call(200, "PUT", path(name), Map.of("description", "new"), "If-Match", first);
    String second = tag(admin.call("GET", path(name), null));
    admin.refused(
        412,
        "precondition_failed",
        "PUT",
        path(name),
        Map.of("description", "late"),
        "If-Match",
        first);
    HttpResponse<String> gone = admin.call("DELETE", path(name), null, "If-Match", second);
    assertThat(tag(admin.call("GET", path(name) + "&inactive=true", null))).isEqualTo(tag(gone));
    for (String list : List.of(path(name), path("altinn:state/none"), "/scopes")) {
      assertThat(admin.call("GET", list, null).headers().firstValue("ETag")).as(list).isEmpty();
    }
  }

  @Test
  void showsPublicScopesToEverybody() {
    admin.newScope("seen/public", Map.of("accessible_for_all", true));
    admin.newScope("seen/internal", Map.of("visibility", "INTERNAL"));
    admin.newScope("seen/private", Map.of("visibility", "PRIVATE"));
    admin.newScope("seen/delegated", Map.of("delegation_source", TT02));
    admin.newScope("seen/krr", Map.of("allowed_integration_types", List.of("krr")));
    assertThat(all("")).contains("altinn:seen/public", "altinn:seen/delegated", READ);
    assertThat(all("")).doesNotContain("altinn:seen/internal", "altinn:seen/private");
    assertThat(all("?accessible_for_all=true")).contains("altinn:seen/public").doesNotContain(READ);
    assertThat(all("?delegated_sources=true"))
        .contains("altinn:seen/delegated")
        .doesNotContain(READ);
    assertThat(all("?delegated_sources=" + TT02)).contains("altinn:seen/delegated");
    assertThat(all("?delegated_sources=https://other.no/")).isEmpty();
    for (String type : List.of("krr", "KRR", "Krr")) {
      assertThat(all("?integration_type=" + type))
          .contains("altinn:seen/krr", READ)
          .doesNotContain("altinn:seen/internal");
    }
    assertThat(all("?integration_type=maskinporten"))
        .contains(READ)
        .doesNotContain("altinn:seen/krr");
    assertThat(all("?integration_type=none")).contains(READ).doesNotContain("altinn:seen/krr");
    assertThat(all("?inactive=true")).doesNotContain("altinn:seen/public");
    HttpResponse<String> twice = stack.get("/maskinporten/scopes/all?inactive=true&inactive=x");
    AdminRefusal.ofField(twice, "Scope", "inactive");
  }

  @Test
  void showsDelegationSourcesToEverybody() {
    HttpResponse<String> answer = stack.get("/maskinporten/api/v1/delegationsources");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).contains("\"name\":\"altinn\",\"issuer\":\"" + TT02 + "\"");
  }

  @Test
  void answersWithTheDocumentedStatusesWhereThatIsSet() {
    try (TestStack own =
        TestStack.start(
            administration(
                new Settings.Administration(
                    Map.of(), SubscopeGrammar.SEED, StatusCodes.DOCUMENTED)))) {
      AdminCaller caller = AdminCaller.admin(own);
      caller.call(200, "POST", "/scopes", scope("any/name", Map.of()));
      // Every other creation: AdminDescriptionTest.
      // The first edition's grammar holds.
      caller.bad("Scope", "subscope", "POST", "/scopes", scope("ab:cd", Map.of()));
      caller.bad("Scope", "subscope", "POST", "/scopes", scope("ab.c.d", Map.of()));
    }
  }

  @Test
  void givesThePrefixesOfTheSettingsThatNobodyHas() {
    Settings.Administration prefixes =
        new Settings.Administration(
            Map.of("nav", "889640782", "altinn", "889640782"),
            SubscopeGrammar.EXTENDED,
            StatusCodes.OBSERVED);
    try (TestStack own = TestStack.start(administration(prefixes))) {
      AdminCaller nav =
          AdminCaller.of(own, "889640782", "idporten:scopes.write", "idporten:scopes.read");
      assertThat(nav.list("/prefix"))
          .containsExactly(Map.of("prefix", "nav", "owner_orgno", "889640782"));
      nav.call(201, "POST", "/scopes", scope("first/one", Map.of("prefix", "nav")));
      nav.refused(403, "forbidden", "POST", "/scopes", scope("first/one", Map.of()));
    }
  }

  private static UnaryOperator<Settings> administration(Settings.Administration it) {
    return settings -> TestStack.withMaskinporten(settings, own -> own.withAdministration(it));
  }

  private List<String> all(String query) {
    HttpResponse<String> answer = stack.get("/maskinporten/scopes/all" + query);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new AdminCaller(stack, admin.token())
        .list("/scopes/all" + query).stream().map(it -> text(it, "name")).toList();
  }

  private void bad(String name, Object... values) {
    for (Object value : values) {
      admin.bad("Scope", name, "POST", "/scopes", scope("not/good", Map.of(name, value)));
    }
  }

  private static String tag(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.headers().firstValue("ETag").orElseThrow();
  }

  private static String path(String name) {
    return "/scopes?scope=" + name;
  }
}

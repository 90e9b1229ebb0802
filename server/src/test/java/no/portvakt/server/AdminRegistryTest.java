package no.portvakt.server;

import static no.portvakt.server.AdminCaller.scope;
import static no.portvakt.server.AdminCaller.text;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What others decide in reality: prefixes, delegations, system users, consents. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminRegistryTest {
  private static final String TT02 = "https://tt02.altinn.no/";

  private final TestStack stack = TestStack.start();
  private final AdminCaller admin = AdminCaller.admin(stack);

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void asksForAScopeOfItsOwn() {
    AdminCaller others =
        AdminCaller.with(
            stack, "idporten:scopes.write", "idporten:dcr.write", "idporten:dcr.altinn");
    for (String operation :
        List.of(
            "PUT /prefix/x1",
            "DELETE /prefix/x1",
            "PUT /delegationsources",
            "PUT /delegations",
            "DELETE /delegations",
            "GET /delegations?orgno=1",
            "GET /systems?vendor_orgno=1",
            "GET /systems/x",
            "PUT /systems/x",
            "GET /systemusers?system_id=x",
            "POST /systemusers",
            "GET /systemusers/x",
            "DELETE /systemusers/x",
            "GET /consents?to=1",
            "POST /consents",
            "GET /consents/x",
            "DELETE /consents/x")) {
      String[] parts = operation.split(" ", 2);
      others.refused(403, "insufficient_scope", parts[0], parts[1], "{}");
      assertThat(stack.send(parts[0], "/maskinporten" + parts[1], "{}").statusCode())
          .as(operation)
          .isEqualTo(401);
    }
  }

  @Test
  void givesAPrefixToAnotherOrganisationWithItsScopes() {
    AdminCaller other = AdminCaller.of(stack, BRG, "idporten:scopes.write", "idporten:scopes.read");
    Object body = scope("first/one", Map.of("prefix", "brreg"));
    other.refused(403, "forbidden", "POST", "/scopes", body);
    assertThat(admin.call(200, "PUT", "/prefix/brreg", Map.of("orgno", DIGDIR)))
        .containsEntry("owner_orgno", DIGDIR);
    admin.call(201, "POST", "/scopes", body);
    admin.call(200, "PUT", "/prefix/brreg", Map.of("orgno", BRG));
    assertThat(other.list("/prefix"))
        .containsExactly(Map.of("prefix", "brreg", "owner_orgno", BRG));
    assertThat(other.list("/scopes")).extracting(it -> it.get("name")).contains("brreg:first/one");
    other.call(201, "POST", "/scopes", scope("second/one", Map.of("prefix", "brreg")));
    admin.refused(403, "forbidden", "DELETE", "/scopes?scope=brreg:first/one", null);
    assertThat(admin.list("/prefix")).noneMatch(it -> "brreg".equals(it.get("prefix")));
  }

  @Test
  void takesAPrefixAwayOnlyWhenNothingIsBelowIt() {
    admin.call(200, "PUT", "/prefix/gone", Map.of("orgno", DIGDIR));
    admin.newScope("some/scope", Map.of("prefix", "gone"));
    admin.refused(409, "conflict", "DELETE", "/prefix/gone", null);
    admin.call(200, "PUT", "/prefix/empty", Map.of("orgno", DIGDIR));
    admin.call(200, "DELETE", "/prefix/empty", null);
    admin.refused(404, "not_found", "DELETE", "/prefix/empty", null);
    admin.refused(403, "forbidden", "POST", "/scopes", scope("ab/cd", Map.of("prefix", "empty")));
  }

  @Test
  void takesAnOrganisationNumberAsThePrefixOfItsOrganisation() {
    admin.call(200, "PUT", "/prefix/" + DIGDIR, Map.of("orgno", DIGDIR));
    assertThat(admin.newScope("lookup", Map.of("prefix", DIGDIR))).isEqualTo(DIGDIR + ":lookup");
    admin.bad("Prefix", "orgno", "PUT", "/prefix/" + BRG, Map.of("orgno", DIGDIR));
    admin.bad("Prefix", "orgno", "PUT", "/prefix/x1", Map.of("orgno", "974760674"));
    admin.bad("Prefix", "orgno", "PUT", "/prefix/x1", Map.of());
  }

  @Test
  void leavesThePlatformsOwnPrefixesAlone() {
    for (String prefix : List.of("idporten", "portvakt")) {
      admin.refused(403, "forbidden", "PUT", "/prefix/" + prefix, Map.of("orgno", BRG));
      admin.refused(403, "forbidden", "DELETE", "/prefix/" + prefix, null);
    }
    for (String prefix : List.of("ALTINN", "a%20b", "a:b", "-a", "x".repeat(65))) {
      admin.bad("Prefix", "prefix", "PUT", "/prefix/" + prefix, Map.of("orgno", BRG));
    }
  }

  @Test
  void keepsDelegationsAndTheirSources() {
    Map<String, Object> source = Map.of("name", "other", "issuer", "https://delegation.example/");
    assertThat(admin.call(200, "PUT", "/delegationsources", source)).containsAllEntriesOf(source);
    Map<String, String> delegation =
        Map.of("source", TT02, "scope", READ, "consumer_orgno", BRG, "supplier_orgno", TTD);
    Map<String, @Nullable Object> made = admin.call(200, "PUT", "/delegations", delegation);
    assertThat(made).containsAllEntriesOf(delegation);
    assertThat(admin.call(200, "PUT", "/delegations", delegation)).isEqualTo(made);
    assertThat(admin.list("/delegations?orgno=" + BRG)).containsExactly(made);
    assertThat(admin.list("/delegations?orgno=" + TTD)).containsExactly(made);
    assertThat(admin.list("/delegations?orgno=" + DIGDIR)).isEmpty();
    String query =
        "/delegations?source="
            + TT02
            + "&scope="
            + READ
            + "&consumer_orgno="
            + BRG
            + "&supplier_orgno="
            + TTD;
    admin.call(200, "DELETE", query, null);
    admin.refused(404, "not_found", "DELETE", query, null);
    admin.bad("Delegation", "source", "DELETE", "/delegations?scope=" + READ, null);
  }

  @Test
  void refusesDelegationsThatDoNotHold() {
    Map<String, Object> good = new HashMap<>();
    good.putAll(Map.of("source", TT02, "scope", READ, "consumer_orgno", BRG));
    good.put("supplier_orgno", TTD);
    badDelegation(good, "source", "https://unknown.example/");
    badDelegation(good, "scope", "");
    badDelegation(good, "consumer_orgno", "974760674");
    badDelegation(good, "supplier_orgno", BRG);
    for (String issuer : List.of("x", "", "ftp://x.no/", "https://x.no/?a=b", "https://x.no/#a")) {
      admin.bad(
          "DelegationSource",
          "issuer",
          "PUT",
          "/delegationsources",
          Map.of("name", "x", "issuer", issuer));
    }
  }

  private void badDelegation(Map<String, Object> good, String field, Object value) {
    Map<String, Object> body = new HashMap<>(good);
    body.put(field, value);
    admin.bad("Delegation", field, "PUT", "/delegations", body);
  }

  @Test
  void keepsSystemsAndTheirUsers() {
    String client = admin.newClient(Map.of("client_orgno", TTD));
    Map<String, Object> system =
        Map.of("vendor_orgno", TTD, "name", "Accounting", "client_ids", List.of(client));
    assertThat(admin.call(200, "PUT", "/systems/405003309_accounting", system))
        .containsAllEntriesOf(system)
        .containsEntry("system_id", "405003309_accounting");
    admin.call(200, "GET", "/systems/405003309_accounting", null);
    assertThat(admin.list("/systems?vendor_orgno=" + TTD))
        .anyMatch(it -> "Accounting".equals(it.get("name")));
    assertThat(admin.list("/systems?vendor_orgno=" + DIGDIR)).isEmpty();
    Map<String, Object> user = Map.of("system_id", "405003309_accounting", "party_orgno", BRG);
    Map<String, @Nullable Object> made = admin.call(201, "POST", "/systemusers", user);
    assertThat(made).containsAllEntriesOf(user).containsEntry("external_ref", BRG);
    admin.refused(409, "conflict", "POST", "/systemusers", user);
    Map<String, Object> second = new HashMap<>(user);
    second.put("external_ref", "Avdeling_Ø-1");
    admin.call(201, "POST", "/systemusers", second);
    assertThat(admin.list("/systemusers?system_id=405003309_accounting")).hasSize(2);
    String path = "/systemusers/" + text(made, "id");
    assertThat(admin.call(200, "GET", path, null)).isEqualTo(made);
    admin.call(200, "DELETE", path, null);
    admin.refused(404, "not_found", "GET", path, null);
    admin.refused(404, "not_found", "DELETE", path, null);
  }

  @Test
  void refusesSystemsAndUsersThatDoNotHold() {
    String path = "/systems/s1";
    String foreign = admin.newClient(Map.of("client_orgno", BRG));
    Map<String, Object> system = Map.of("vendor_orgno", TTD, "name", "x");
    for (List<?> clients : List.of(List.of(foreign), List.of("none"), List.of(5))) {
      Map<String, Object> body = new HashMap<>(system);
      body.put("client_ids", clients);
      admin.bad("System", "client_ids", "PUT", path, body);
    }
    admin.bad("System", "vendor_orgno", "PUT", path, Map.of("name", "x"));
    admin.bad("System", "name", "PUT", path, Map.of("vendor_orgno", TTD));
    admin.bad("System", "system_id", "PUT", "/systems/a%20b", system);
    admin.refused(404, "not_found", "GET", path, null);
    admin.call(200, "PUT", path, system);
    Map<String, Object> user = Map.of("system_id", "s1", "party_orgno", BRG);
    for (Object reference : List.of("a b", "a/b", 5, "x".repeat(256))) {
      Map<String, Object> body = new HashMap<>(user);
      body.put("external_ref", reference);
      admin.bad("SystemUser", "external_ref", "POST", "/systemusers", body);
    }
    admin.bad("SystemUser", "party_orgno", "POST", "/systemusers", Map.of("system_id", "s1"));
    admin.refused(
        404, "not_found", "POST", "/systemusers", Map.of("system_id", "none", "party_orgno", BRG));
  }

  @Test
  void keepsConsents() {
    Map<String, Object> consent = consent();
    Map<String, @Nullable Object> made = admin.call(201, "POST", "/consents", consent);
    assertThat(made)
        .containsEntry("from", consent.get("from"))
        .containsEntry("to", DIGDIR)
        .containsEntry("consented", TestClock.START.toString())
        .containsEntry("validTo", "2099-01-31T00:00:00Z")
        .containsEntry("consentRights", consent.get("consentRights"));
    String path = "/consents/" + text(made, "id");
    assertThat(admin.call(200, "GET", path, null)).isEqualTo(made);
    assertThat(admin.list("/consents?to=" + DIGDIR)).contains(made);
    assertThat(admin.list("/consents?to=" + BRG)).isEmpty();
    admin.call(200, "DELETE", path, null);
    admin.refused(404, "not_found", "GET", path, null);
    admin.refused(404, "not_found", "DELETE", path, null);
  }

  @Test
  void refusesConsentsThatDoNotHold() {
    badConsent("from", "15507600333", "urn:altinn:person:identifier-no:1550760033", "", 5);
    badConsent("from", "urn:altinn:person:identifier-no:15507600334"); // a control digit
    badConsent("from", "urn:altinn:person:identifier-no:17817012345"); // the other one
    badConsent("from", "urn:altinn:organization:identifier-no:974760674");
    badConsent("to", "974760674", 5, "");
    badConsent("validTo", "2099-01-31", "x", 5, "2001-01-01T00:00:00Z");
    badConsent("consented", "yesterday", "2100-01-01T00:00:00Z".repeat(3));
    badConsent("consentRights", List.of(), "x", List.of("x"), List.of(Map.of("action", "read")));
    badConsent(
        "consentRights",
        List.of(Map.of("action", List.of(5), "resource", List.of())),
        List.of(Map.of("action", List.of("read"), "resource", List.of(Map.of("type", "x")))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "", "{", "5", "null"})
  void refusesBodiesThatAreNoObjects(String body) {
    admin.bad("Prefix", "(body)", "PUT", "/prefix/x1", body);
    admin.bad("Delegation", "(body)", "PUT", "/delegations", body);
    admin.bad("DelegationSource", "(body)", "PUT", "/delegationsources", body);
    admin.bad("System", "(body)", "PUT", "/systems/x", body);
    admin.bad("SystemUser", "(body)", "POST", "/systemusers", body);
    admin.bad("Consent", "(body)", "POST", "/consents", body);
  }

  private void badConsent(String field, Object... values) {
    for (Object value : values) {
      Map<String, Object> body = consent();
      body.put(field, value);
      admin.bad("Consent", field, "POST", "/consents", body);
    }
  }

  private static Map<String, Object> consent() {
    Map<String, Object> consent = new HashMap<>();
    consent.put("from", "urn:altinn:person:identifier-no:15507600333");
    consent.put("to", DIGDIR);
    consent.put("validTo", "2099-01-31T01:00:00+01:00");
    consent.put("consentRights", IncomeConsent.RIGHTS);
    return consent;
  }
}

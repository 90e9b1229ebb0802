package no.portvakt.server;

import static no.portvakt.server.AdminCaller.text;
import static no.portvakt.server.MaskinportenClientFixture.ACCESS;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.DETAILS_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.INVALID_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static no.portvakt.server.MaskinportenClientFixture.delegation;
import static no.portvakt.server.MaskinportenRows.SOURCE;
import static no.portvakt.server.MaskinportenRows.party;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.MaskinportenClientFixture.Expected;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/**
 * What is registered through the admin API takes effect with the next token, and so does its end.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenRegistryTest {
  private static final String SYSTEM = BRG + "_registry";
  private static final String GIVER = "urn:altinn:person:identifier-no:15507600333";

  private final TestStack stack = TestStack.start();
  private final AdminCaller admin = AdminCaller.admin(stack);

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void actsForAConsumerWhileItsDelegationLasts() {
    String scope = admin.newScope("registry/shared", Map.of("delegation_source", SOURCE));
    String access = "/scopes/access/" + TTD + "?scope=" + scope;
    TestStack.Client supplier = client(BRG, scope);
    refuses(ACCESS, supplier, scope, Map.of("consumer_org", TTD));
    admin.call(200, "PUT", access, null);
    Expected missing = delegation(TTD, scope, BRG);
    refuses(missing, supplier, scope, Map.of("consumer_org", TTD));

    Map<String, String> delegation =
        Map.of("source", SOURCE, "scope", scope, "consumer_orgno", TTD, "supplier_orgno", BRG);
    admin.call(200, "PUT", "/delegations", delegation);
    assertThat(accepts(supplier, scope, Map.of("consumer_org", TTD)))
        .containsEntry("consumer", party(TTD))
        .containsEntry("supplier", party(BRG))
        .containsEntry("delegation_source", SOURCE);
    refuses(
        delegation(TTD, scope, DIGDIR), client(DIGDIR, scope), scope, Map.of("consumer_org", TTD));

    admin.call(200, "DELETE", "/delegations?" + query(delegation), null);
    refuses(missing, supplier, scope, Map.of("consumer_org", TTD));
    admin.call(200, "PUT", "/delegations", delegation);
    accepts(supplier, scope, Map.of("consumer_org", TTD));
    admin.call(200, "DELETE", access, null);
    refuses(ACCESS, supplier, scope, Map.of("consumer_org", TTD));
  }

  @Test
  void actsOnBehalfOfAnOrganisationWhileItIsRegistered() {
    TestStack.Client supplier = client(BRG, READ);
    String path = "/clients/" + supplier.id() + "/onbehalfof";
    Map<String, String> claim = Map.of("iss_onbehalfof", "customer");
    refuses(INVALID_VALUE, supplier, READ, claim);
    admin.call(201, "POST", path, Map.of("onbehalfof", "customer", "name", "x", "orgno", TTD));
    assertThat(accepts(supplier, READ, claim))
        .containsEntry("consumer", party(TTD))
        .containsEntry("supplier", party(BRG));
    refuses(INVALID_VALUE, client(BRG, READ), READ, claim);
    admin.call(200, "DELETE", path + "/customer", null);
    refuses(INVALID_VALUE, supplier, READ, claim);
  }

  @Test
  void actsAsASystemUserWhileSystemAndUserLast() {
    TestStack.Client vendors = client(BRG, READ);
    Map<String, Object> asked =
        asking(Map.of("type", "urn:altinn:systemuser", "systemuser_org", party(TTD)));
    refuses(DETAILS_VALUE, vendors, READ, asked);
    putSystem(vendors.id());
    refuses(DETAILS_VALUE, vendors, READ, asked);
    Map<String, String> user = Map.of("system_id", SYSTEM, "party_orgno", TTD);
    String id = text(admin.call(201, "POST", "/systemusers", user), "id");
    assertThat(accepts(vendors, READ, asked))
        .containsEntry(
            "authorization_details",
            List.of(
                Map.of(
                    "type",
                    "urn:altinn:systemuser",
                    "systemuser_id",
                    List.of(id),
                    "systemuser_org",
                    party(TTD),
                    "system_id",
                    SYSTEM)));

    putSystem(); // lists no client any more
    refuses(DETAILS_VALUE, vendors, READ, asked);
    putSystem(vendors.id());
    accepts(vendors, READ, asked);
    admin.call(200, "DELETE", "/systemusers/" + id, null);
    refuses(DETAILS_VALUE, vendors, READ, asked);
  }

  @Test
  void usesAConsentWhileItLasts() {
    TestStack.Client client = client(BRG, READ);
    Map<String, Object> consent = new HashMap<>();
    consent.put("from", GIVER);
    consent.put("to", BRG);
    consent.put("validTo", "2099-01-31T00:00:00Z");
    consent.put("consentRights", IncomeConsent.RIGHTS);
    String id = text(admin.call(201, "POST", "/consents", consent), "id");
    Map<String, Object> asked =
        asking(Map.of("type", "urn:altinn:consent", "id", id, "from", GIVER));
    Map<String, Object> granted = new HashMap<>(consent);
    granted.putAll(
        Map.of(
            "type",
            "urn:altinn:consent",
            "id",
            id,
            "to",
            party(BRG),
            "consented",
            TestClock.START.toString()));
    assertThat(accepts(client, READ, asked))
        .containsEntry("authorization_details", List.of(granted));
    refuses(DETAILS_VALUE, client(TTD, READ), READ, asked);
    admin.call(200, "DELETE", "/consents/" + id, null);
    refuses(DETAILS_VALUE, client, READ, asked);
  }

  private void putSystem(String... clients) {
    Map<String, Object> system =
        Map.of("vendor_orgno", BRG, "name", "Registry", "client_ids", List.of(clients));
    admin.call(200, "PUT", "/systems/" + SYSTEM, system);
  }

  /** A client of an organisation, which may have the scope without an access of its own. */
  private TestStack.Client client(String organisation, String scope) {
    return stack.newClient(
        AdminCaller.client(Map.of("client_orgno", organisation, "scopes", List.of(scope))));
  }

  private static Map<String, Object> asking(Map<String, ?> detail) {
    return Map.of("authorization_details", List.of(detail));
  }

  private static String query(Map<String, String> parameters) {
    return String.join(
        "&", parameters.entrySet().stream().map(it -> it.getKey() + "=" + it.getValue()).toList());
  }

  private Map<String, @Nullable Object> accepts(
      TestStack.Client client, String scope, Map<String, ?> claims) {
    return MaskinportenClientFixture.claims(ask(client, scope, claims));
  }

  private void refuses(
      Expected expected, TestStack.Client client, String scope, Map<String, ?> claims) {
    assertRefused(stack, ask(client, scope, claims), expected);
  }

  private HttpResponse<String> ask(TestStack.Client client, String scope, Map<String, ?> claims) {
    TokenForge grant = stack.grant(client, scope);
    claims.forEach(grant::claim);
    return stack.requestToken(grant.compact());
  }
}

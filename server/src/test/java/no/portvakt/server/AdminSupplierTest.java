package no.portvakt.server;

import static no.portvakt.server.AdminCaller.client;
import static no.portvakt.server.AdminCaller.text;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** Contract §2.2 and §2.4: clients for others, by suppliers and by Altinn; on behalf of. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminSupplierTest {
  private static final String ALTINN = "/api/v1/altinn/admin/clients";

  private final TestStack stack = TestStack.start();
  private final AdminCaller admin = AdminCaller.admin(stack);
  private final AdminCaller supplier = AdminCaller.of(stack, TTD, "idporten:dcr.supplier");

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void makesClientsForOthersAsTheirSupplier() {
    Map<String, @Nullable Object> made =
        supplier.call(
            201, "POST", "/clients", client(Map.of("client_orgno", BRG, "supplier_orgno", "x")));
    assertThat(made).containsEntry("client_orgno", BRG).containsEntry("supplier_orgno", TTD);
    String path = "/clients/" + text(made, "client_id");
    assertThat(supplier.call(200, "GET", path, null)).containsEntry("supplier_orgno", TTD);
    assertThat(supplier.list("/clients")).anyMatch(it -> BRG.equals(it.get("client_orgno")));
    supplier.call(200, "PUT", path, client(Map.of("client_name", "changed")));
    supplier.call(200, "DELETE", path, null);
    assertThat(supplier.call(201, "POST", "/clients", client(Map.of())))
        .containsEntry("client_orgno", TTD)
        .doesNotContainKey("supplier_orgno");
  }

  @Test
  void refusesASupplierTheClientsThatOthersMadeThemselves() {
    String id = admin.newClient(Map.of("client_orgno", BRG));
    supplier.refused(404, "not_found", "GET", "/clients/" + id, null);
    supplier.refused(404, "not_found", "PUT", "/clients/" + id, client(Map.of()));
    AdminCaller another = AdminCaller.of(stack, BRG, "idporten:dcr.supplier");
    String supplied = supplier.newClient(Map.of("client_orgno", DIGDIR));
    another.refused(404, "not_found", "GET", "/clients/" + supplied, null);
    another.refused(404, "not_found", "DELETE", "/clients/" + supplied, null);
  }

  @Test
  void refusesClientsForOthersWithoutTheScopeForThem() {
    AdminCaller writer = AdminCaller.of(stack, TTD, "idporten:dcr.write");
    writer.refused(403, "forbidden", "POST", "/clients", client(Map.of("client_orgno", BRG)));
    String supplied = supplier.newClient(Map.of("client_orgno", BRG));
    writer.refused(404, "not_found", "GET", "/clients/" + supplied, null);
  }

  @Test
  void checksTheScopesOfTheClientsOrganisation() {
    Map<String, Object> body = client(Map.of("client_orgno", "889640782", "scopes", List.of(READ)));
    assertThat(supplier.bad("Client", "scopes", "POST", "/clients", body)).contains("889640782");
    admin.newScope("delegated/read", Map.of("delegation_source", "https://tt02.altinn.no/"));
    supplier.newClient(Map.of("scopes", List.of("altinn:delegated/read")));
    admin.newScope("logins/read", Map.of("allowed_integration_types", List.of("api_klient")));
    admin.call(200, "PUT", "/scopes/access/" + TTD + "?scope=altinn:logins/read", null);
    assertThat(
            supplier.bad(
                "Client",
                "scopes",
                "POST",
                "/clients",
                client(Map.of("scopes", List.of("altinn:logins/read")))))
        .contains("not for clients of the type maskinporten");
  }

  @Test
  void answersAltinnsOwnFamilyWithItsStatuses() {
    AdminCaller altinn = AdminCaller.with(stack, "idporten:dcr.altinn");
    Map<String, Object> body = client(Map.of("client_orgno", TTD, "scopes", List.of(READ)));
    String path = ALTINN + "/" + text(altinn.call(201, "POST", ALTINN, body), "client_id");
    assertThat(altinn.call(200, "GET", path, null)).doesNotContainKey("supplier_orgno");
    altinn.refused(404, "not_found", "GET", path + "/jwks", null);
    Map<String, Object> jwk = AdminKeyVersionsTest.jwk("a");
    altinn.call(201, "POST", path + "/jwks", Map.of("keys", List.of(jwk)));
    altinn.call(200, "GET", path + "/jwks", null);
    altinn.call(200, "PUT", path, body);
    assertThat(altinn.call("DELETE", path, null).body()).isEmpty();
    altinn.call(204, "DELETE", path, null);
    assertThat(altinn.call(200, "GET", path, null)).containsEntry("active", false);
  }

  @Test
  void refusesWhatAltinnsOwnFamilyForbids() {
    AdminCaller altinn = AdminCaller.with(stack, "idporten:dcr.altinn");
    altinn.bad("Client", "client_orgno", "POST", ALTINN, client(Map.of()));
    altinn.bad(
        "Client",
        "supplier_orgno",
        "POST",
        ALTINN,
        client(Map.of("client_orgno", TTD, "supplier_orgno", DIGDIR)));
    altinn.bad(
        "Client",
        "scopes",
        "POST",
        ALTINN,
        client(Map.of("client_orgno", DIGDIR, "scopes", List.of("idporten:dcr.altinn"))));
    String path = ALTINN + "/" + admin.newClient(Map.of());
    Map<String, Object> power = client(Map.of("scopes", List.of("idporten:dcr.altinn")));
    altinn.bad("Client", "scopes", "PUT", path, power);
    supplier.refused(403, "insufficient_scope", "POST", ALTINN, "{}");
    AdminCaller writer = AdminCaller.with(stack, "idporten:dcr.write", "idporten:dcr.read");
    writer.refused(403, "insufficient_scope", "GET", ALTINN, null);
  }

  @Test
  void keepsForWhomAClientMayAct() {
    String client = "/clients/" + admin.newClient(Map.of());
    String path = client + "/onbehalfof";
    AdminCaller only = AdminCaller.of(stack, BRG, "idporten:dcr/onbehalfof:write");
    only.refused(404, "not_found", "GET", path, null);
    only.refused(403, "insufficient_scope", "GET", client, null);
    Map<String, Object> body = Map.of("onbehalfof", "kunde1", "name", "Kunde", "orgno", BRG);
    assertThat(admin.call(201, "POST", path, body)).containsAllEntriesOf(body);
    admin.refused(409, "conflict", "POST", path, body);
    assertThat(admin.list(path)).hasSize(1);
    assertThat(admin.call(200, "PUT", path + "/kunde1", Map.of("name", "Ny", "orgno", TTD)))
        .containsEntry("name", "Ny")
        .containsEntry("orgno", TTD);
    assertThat(admin.call(200, "GET", path + "/kunde1", null)).containsEntry("name", "Ny");
    assertThat(admin.call(200, "GET", client, null).get("onbehalfof")).isInstanceOf(List.class);
    assertThat(admin.call(200, "DELETE", path + "/kunde1", null)).isEmpty();
    admin.refused(404, "not_found", "DELETE", path + "/kunde1", null);
    admin.refused(404, "not_found", "GET", path + "/kunde1", null);
    admin.refused(404, "not_found", "PUT", path + "/kunde1", Map.of("name", "x", "orgno", BRG));
  }

  @Test
  void refusesActingForNobody() {
    String path = "/clients/" + admin.newClient(Map.of()) + "/onbehalfof";
    for (Object name : new Object[] {"", "a b", "a/b", 5, "x".repeat(101)}) {
      admin.bad(
          "OnBehalfOf",
          "onbehalfof",
          "POST",
          path,
          Map.of("onbehalfof", name, "name", "x", "orgno", BRG));
    }
    admin.bad("OnBehalfOf", "orgno", "POST", path, Map.of("onbehalfof", "a", "name", "x"));
    admin.bad(
        "OnBehalfOf", "name", "POST", path, Map.of("onbehalfof", "a", "name", " ", "orgno", BRG));
    admin.refused(
        404,
        "not_found",
        "POST",
        "/clients/unknown/onbehalfof",
        Map.of("onbehalfof", "a", "name", "x", "orgno", BRG));
  }
}

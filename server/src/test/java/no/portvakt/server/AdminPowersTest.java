package no.portvakt.server;

import static no.portvakt.server.AdminCaller.client;
import static no.portvakt.server.AdminCaller.text;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import no.portvakt.server.AuditRecords.Stored;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Nobody gets more power over the admin API than the operator gave him. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminPowersTest {
  private static final String FAMILY = "/api/v1/altinn/admin/clients";
  private static final String WRITE = "idporten:dcr.write";

  private final TestStore store;
  private final TestStack stack;
  private final AdminCaller operator;
  private final AdminCaller supplier;
  private final AdminCaller altinn;

  AdminPowersTest(@TempDir Path folder) {
    store = TestStore.in(folder);
    stack = TestStack.start(store.settings());
    operator = AdminCaller.admin(stack);
    supplier = AdminCaller.of(stack, TTD, "idporten:dcr.supplier");
    altinn = AdminCaller.of(stack, BRG, "idporten:dcr.altinn", WRITE);
  }

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void letsOnlyWhomTheOperatorTrustsActForAnotherOrganisation() {
    AdminCaller writer = AdminCaller.of(stack, TTD, WRITE);
    String path = "/clients/" + writer.newClient(Map.of()) + "/onbehalfof";
    Map<String, String> entry = Map.of("onbehalfof", "theirs", "name", "x", "orgno", BRG);
    assertRecorded(writer.call("POST", path, entry), "admin.client.onbehalfof", "forbidden");
    AdminCaller only = AdminCaller.of(stack, TTD, "idporten:dcr/onbehalfof:write");
    only.refused(403, "forbidden", "POST", path, entry);
    supplier.call(201, "POST", path, entry);
    Map<String, String> own = Map.of("onbehalfof", "own", "name", "x", "orgno", TTD);
    writer.call(201, "POST", path, own);

    String theirs = path + "/theirs";
    writer.refused(403, "forbidden", "PUT", theirs, Map.of("name", "y", "orgno", BRG));
    writer.refused(403, "forbidden", "PUT", theirs, Map.of("name", "y", "orgno", TTD));
    writer.refused(403, "forbidden", "PUT", path + "/own", Map.of("name", "y", "orgno", BRG));
    assertThat(operator.call(200, "GET", theirs, null)).containsEntry("name", "x");
    operator.call(200, "PUT", theirs, Map.of("name", "y", "orgno", DIGDIR));
    writer.call(200, "DELETE", theirs, null);
  }

  @Test
  void refusesATokenThatASupplierGotForAnother() {
    operator.call(200, "PUT", "/scopes/access/" + TTD + "?scope=" + WRITE, null);
    TestStack.Client client =
        stack.newClient(
            Map.of(
                "client_name",
                "x",
                "description",
                "x",
                "client_orgno",
                BRG,
                "scopes",
                List.of(WRITE)));
    String path = "/clients/" + client.id();
    operator.call(
        201, "POST", path + "/onbehalfof", Map.of("onbehalfof", "c", "name", "x", "orgno", TTD));
    AdminCaller acting =
        new AdminCaller(stack, token(stack.grant(client, WRITE).claim("iss_onbehalfof", "c")));
    acting.refused(403, "forbidden", "GET", "/clients", null);
    assertRecorded(
        acting.call("POST", "/clients", client(Map.of())), "admin.client.create", "forbidden");
    new AdminCaller(stack, stack.tokenFor(client, WRITE)).call(200, "GET", path, null);
  }

  @Test
  void givesNoScopeOfThePlatformToAClientOfAnother() {
    for (String scope : List.of(WRITE, "idporten:dcr.altinn", "portvakt:registry.write")) {
      Map<String, Object> body = client(Map.of("client_orgno", DIGDIR, "scopes", List.of(scope)));
      assertRecorded(supplier.call("POST", "/clients", body), "admin.client.create", "forbidden");
      altinn.refused(403, "forbidden", "POST", "/clients", body);
      String supplied = "/clients/" + supplier.newClient(Map.of("client_orgno", DIGDIR));
      supplier.refused(403, "forbidden", "PUT", supplied, body);
      altinn.refused(403, "forbidden", "PUT", supplied, body);
    }
    Map<String, Object> body = client(Map.of("client_orgno", DIGDIR, "scopes", List.of(WRITE)));
    altinn.refused(403, "forbidden", "POST", FAMILY, body);
    String id = operator.newClient(Map.of());
    altinn.refused(403, "forbidden", "PUT", FAMILY + "/" + id, body);
    assertThat(operator.call(200, "GET", "/clients/" + id, null))
        .containsEntry("scopes", List.of());
    supplier.newClient(Map.of("scopes", List.of("idporten:dcr.supplier")));
    operator.newClient(Map.of("client_orgno", BRG, "scopes", List.of(WRITE)));
  }

  @Test
  void leavesAPowerfulClientOfAnotherAlone() {
    String id = stack.adminClient().id();
    Map<String, Object> keys = Map.of("keys", List.of(AdminKeyVersionsTest.jwk("a")));
    for (String at : List.of("/clients/" + id, FAMILY + "/" + id)) {
      altinn.call(200, "GET", at, null);
      altinn.refused(403, "forbidden", "PUT", at, client(Map.of()));
      altinn.refused(403, "forbidden", "DELETE", at, null);
      altinn.refused(403, "forbidden", "PUT", at + "/jwks", keys);
      altinn.refused(403, "forbidden", "POST", at + "/jwks", keys);
    }
    assertRecorded(
        altinn.call("PUT", FAMILY + "/" + id + "/jwks", keys), "admin.client.keys", "forbidden");
    String path = "/clients/" + id;
    String key = Json.write(AdminKeyVersionsTest.jwk("a"));
    altinn.refused(403, "forbidden", "POST", "/api/v2" + path + "/key", key);
    altinn.refused(403, "forbidden", "POST", path + "/secret", null);
    altinn.refused(403, "forbidden", "DELETE", path + "/jwks", null);
    altinn.refused(403, "forbidden", "DELETE", path + "/jwks/a", null);
    Map<String, String> entry = Map.of("onbehalfof", "a", "name", "x", "orgno", BRG);
    altinn.refused(403, "forbidden", "POST", path + "/onbehalfof", entry);
    operator.call(200, "GET", path, null);
  }

  @Test
  void shutsASupplierOutOnceTheOwnerGaveTheClientPower() {
    String path = "/clients/" + supplier.newClient(Map.of("client_orgno", BRG));
    Map<String, Object> keys = Map.of("keys", List.of(AdminKeyVersionsTest.jwk("a")));
    supplier.call(200, "PUT", path + "/jwks", keys);
    altinn.call(200, "PUT", path, client(Map.of("scopes", List.of(WRITE))));
    supplier.refused(403, "forbidden", "PUT", path + "/jwks", keys);
    String key = Json.write(AdminKeyVersionsTest.jwk("b"));
    supplier.refused(403, "forbidden", "POST", "/api/v2" + path + "/key", key);
    supplier.refused(403, "forbidden", "PUT", path, client(Map.of()));
    supplier.refused(403, "forbidden", "DELETE", path, null);
    altinn.call(200, "PUT", path + "/jwks", keys);
  }

  @Test
  void listsWhatTheCallerMadeInAltinnsOwnFamily() {
    Map<String, Object> body = client(Map.of("client_orgno", TTD, "scopes", List.of(READ)));
    Map<String, @Nullable Object> made = altinn.call(201, "POST", FAMILY, body);
    assertThat(made).doesNotContainKey("supplier_orgno");
    String id = text(made, "client_id");
    assertThat(altinn.list(FAMILY))
        .anyMatch(it -> id.equals(it.get("client_id")))
        .anyMatch(it -> BRG.equals(it.get("client_orgno")))
        .noneMatch(it -> DIGDIR.equals(it.get("client_orgno")))
        .noneMatch(it -> it.containsKey("supplier_orgno"));
    AdminCaller other = AdminCaller.with(stack, "idporten:dcr.altinn");
    assertThat(other.list(FAMILY)).noneMatch(it -> id.equals(it.get("client_id")));
    altinn.call(204, "DELETE", FAMILY + "/" + id, null);
    assertThat(altinn.list(FAMILY)).noneMatch(it -> id.equals(it.get("client_id")));
    assertThat(altinn.list(FAMILY + "?inactive=true"))
        .anyMatch(it -> id.equals(it.get("client_id")));
    // Who made a client for whom is no matter of its tokens.
    assertThat(TestStack.claims(altinn.token())).doesNotContainKey("supplier");
  }

  @Test
  void tellsNobodyOfScopesThatAreNotForHim() {
    String internal = operator.newScope("secret/internal", Map.of("visibility", "INTERNAL"));
    String hidden =
        operator.newScope(
            "secret/hidden",
            Map.of("visibility", "PRIVATE", "allowed_integration_types", List.of("krr")));
    String open = operator.newScope("secret/not", Map.of());
    String unknown = badScope("altinn:none");
    assertThat(badScope(internal)).isEqualTo(unknown);
    assertThat(badScope(hidden)).isEqualTo(unknown);
    assertThat(badScope(open)).isNotEqualTo(unknown).contains("has not been granted");
    operator.call(200, "PUT", "/scopes/access/" + TTD + "?scope=" + internal, null);
    supplier.newClient(Map.of("scopes", List.of(internal)));
  }

  private String badScope(String scope) {
    return supplier.bad(
        "Client", "scopes", "POST", "/clients", client(Map.of("scopes", List.of(scope))));
  }

  private String token(TokenForge grant) {
    HttpResponse<String> answer = stack.requestToken(grant.compact());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return (String) Objects.requireNonNull(TestStack.json(answer).get("access_token"));
  }

  private void assertRecorded(HttpResponse<String> answer, String event, String reason) {
    AdminRefusal.of(answer, 403, reason);
    Stored record =
        AuditRecords.of(store.records(), text(TestStack.json(answer), "correlation_id"));
    assertThat(record.get("event")).isEqualTo(event);
    assertThat(record.get("outcome")).isEqualTo("refused");
    assertThat(record.get("reason")).isEqualTo(reason);
  }
}

package no.portvakt.server;

import static no.portvakt.server.AdminCaller.client;
import static no.portvakt.server.AdminCaller.scope;
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
import no.portvakt.server.AuditRecords.Stored;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every change through the admin API has its record, and so has every change refused. */
class AdminAuditTest {
  @SuppressWarnings("NullAway.Init") // set before each test
  private TestStore store;

  @SuppressWarnings("NullAway.Init")
  private TestStack stack;

  @SuppressWarnings("NullAway.Init")
  private AdminCaller admin;

  @BeforeEach
  void start(@TempDir Path folder) {
    store = TestStore.in(folder);
    stack = TestStack.start(store.settings());
    admin = AdminCaller.admin(stack);
  }

  @AfterEach
  void stop() {
    stack.close();
  }

  @Test
  void recordsWhoChangedWhatAndNoValue() {
    String id = admin.newClient(Map.of("scopes", List.of(READ)));
    Stored made = last();
    assertThat(made.get("event")).isEqualTo("admin.client.create");
    assertThat(made.get("outcome")).isEqualTo("changed");
    assertThat(made.get("client_id")).isEqualTo(stack.adminClient().id());
    assertThat(made.get("organisation")).isEqualTo(DIGDIR);
    assertThat(made.get("target")).isEqualTo(id);
    assertThat(made.get("before")).isNull();
    assertThat(String.valueOf(made.get("after"))).matches("[0-9a-f]{64}");

    admin.call(200, "PUT", "/clients/" + id, client(Map.of("client_name", "hidden name")));
    Stored changed = last();
    assertThat(changed.get("event")).isEqualTo("admin.client.update");
    assertThat(changed.get("members")).isEqualTo(List.of("client_name", "scopes"));
    assertThat(changed.get("before")).isEqualTo(made.get("after"));
    assertThat(changed.get("after")).isNotEqualTo(made.get("after"));
    assertThat(changed.json()).doesNotContain("hidden name");
  }

  @Test
  void recordsEachKindOfChange() {
    String id = admin.newClient(Map.of());
    String client = "/clients/" + id;
    admin.call(
        201, "POST", client + "/jwks", Map.of("keys", List.of(AdminKeyVersionsTest.jwk("a"))));
    assertLast("admin.client.keys", id);
    admin.call(200, "DELETE", client + "/jwks/a", null);
    assertLast("admin.client.keys", id);
    admin.call(
        201, "POST", client + "/onbehalfof", Map.of("onbehalfof", "a", "name", "x", "orgno", BRG));
    assertLast("admin.client.onbehalfof", id);
    admin.call(200, "DELETE", client, null);
    assertLast("admin.client.delete", id);
    assertThat(last().get("members")).isEqualTo(List.of("active"));
    String name = admin.newScope("kept/scope", Map.of());
    assertLast("admin.scope.create", name);
    admin.call(200, "PUT", "/scopes/access/" + BRG + "?scope=" + name, null);
    assertLast("admin.access.update", name + " " + BRG);
    assertThat(last().get("members")).isEqualTo(List.of("state"));
    admin.call(200, "DELETE", "/scopes?scope=" + name, null);
    assertLast("admin.scope.delete", name);
    assertThat(last().get("members")).isEqualTo(List.of("active"));
    admin.call(200, "PUT", "/prefix/nav", Map.of("orgno", BRG));
    assertLast("admin.prefix.update", "nav");
    AuditRecords.assertChained(store.records());
  }

  @Test
  void recordsWhoseItWas() {
    String id = admin.newClient(Map.of("client_orgno", BRG));
    assertThat(last().get("client_orgno")).isEqualTo(BRG);
    assertThat(last().get("supplier_orgno")).isEqualTo(DIGDIR);
    admin.call(
        201,
        "POST",
        "/clients/" + id + "/onbehalfof",
        Map.of("onbehalfof", "customer", "name", "x", "orgno", TTD));
    assertThat(last().get("onbehalfof")).isEqualTo("customer");
    admin.call(200, "DELETE", "/clients/" + id + "/onbehalfof/customer", null);
    assertThat(last().get("onbehalfof")).isEqualTo("customer");
    assertThat(last().get("client_orgno")).isEqualTo(BRG);
    admin.call(200, "PUT", "/scopes/access/" + BRG + "?scope=" + READ, null);
    assertThat(last().get("consumer_orgno")).isEqualTo(BRG);
    String source = "https://tt02.altinn.no/";
    admin.call(
        200,
        "PUT",
        "/delegations",
        Map.of("source", source, "scope", READ, "consumer_orgno", BRG, "supplier_orgno", TTD));
    assertThat(last().get("source")).isEqualTo(source);
    admin.call(200, "PUT", "/systems/accounting", Map.of("vendor_orgno", BRG, "name", "x"));
    assertThat(last().get("vendor_orgno")).isEqualTo(BRG);
  }

  @Test
  void recordsTheWholeOfALongName() {
    String name = admin.newScope("long/" + "x".repeat(240), Map.of());
    assertLast("admin.scope.create", name);
    admin.call(200, "PUT", "/scopes/access/" + BRG + "?scope=" + name, null);
    assertLast("admin.access.update", name + " " + BRG);
  }

  @Test
  void keepsNoSecretAndNoPersonNumber() {
    Map<String, @Nullable Object> made =
        admin.call(
            201,
            "POST",
            "/clients",
            client(
                Map.of("integration_type", "idporten", "redirect_uris", List.of("https://a.no/"))));
    Map<String, Object> consent =
        Map.of(
            "from",
            "urn:altinn:person:identifier-no:15507600333",
            "to",
            DIGDIR,
            "validTo",
            "2099-01-01T00:00:00Z",
            "consentRights",
            List.of(
                Map.of(
                    "action",
                    List.of("read"),
                    "resource",
                    List.of(Map.of("type", "x", "value", "y")))));
    admin.call(201, "POST", "/consents", consent);
    assertThat(last().get("event")).isEqualTo("admin.consent.create");
    assertThat(last().get("to")).isEqualTo(DIGDIR);
    assertThat(String.valueOf(last().get("from")))
        .matches("urn:altinn:person:identifier-no:p:[A-Za-z0-9_-]{16}");
    admin.call(200, "PUT", "/systems/15507600333", Map.of("vendor_orgno", BRG, "name", "x"));
    assertThat(String.valueOf(last().get("target"))).startsWith("p:");
    String all = String.join("\n", store.records().stream().map(Stored::json).toList());
    assertThat(all)
        .doesNotContain(text(made, "client_secret"))
        .doesNotContain("15507600333")
        .doesNotContain("https://a.no/");
  }

  @Test
  void recordsChangesThatWereRefused() {
    AdminCaller other = AdminCaller.of(stack, BRG, "idporten:scopes.write", "idporten:dcr.read");
    HttpResponse<String> foreign = other.call("POST", "/scopes", scope("not/yours", Map.of()));
    assertRefused(foreign, "admin.scope.create", "forbidden");
    HttpResponse<String> lacking = other.call("POST", "/clients", client(Map.of()));
    assertRefused(lacking, "admin.client.create", "insufficient_scope");
    int before = store.records().size();
    other.bad("Scope", "description", "POST", "/scopes", Map.of("prefix", "x", "subscope", "ab"));
    other.list("/scopes");
    assertThat(store.records()).hasSize(before);
  }

  private void assertRefused(HttpResponse<String> answer, String event, String reason) {
    assertThat(answer.statusCode()).isEqualTo(403);
    String id = text(TestStack.json(answer), "correlation_id");
    Stored record = AuditRecords.of(store.records(), id);
    assertThat(record.get("event")).isEqualTo(event);
    assertThat(record.get("outcome")).isEqualTo("refused");
    assertThat(record.get("reason")).isEqualTo(reason);
    assertThat(record.get("organisation")).isEqualTo(BRG);
  }

  private void assertLast(String event, String target) {
    Stored last = last();
    assertThat(last.get("event")).isEqualTo(event);
    assertThat(last.get("target")).isEqualTo(target);
  }

  private Stored last() {
    return store.records().getLast();
  }
}

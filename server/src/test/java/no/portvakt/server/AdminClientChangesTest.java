package no.portvakt.server;

import static no.portvakt.server.AdminCaller.client;
import static no.portvakt.server.AdminCaller.text;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.TTD;
import static no.portvakt.server.MaskinportenClientFixture.WRITE;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.ClientTable;
import no.portvakt.tokens.Digests;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Contract §2.3 and §2.4: changing and deleting clients; their secrets. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminClientChangesTest {
  private final TestStack stack = TestStack.start();
  private final AdminCaller admin = AdminCaller.admin(stack);

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void replacesAllSettings() {
    String id = admin.newClient(Map.of("scopes", List.of(READ), "access_token_lifetime", 60));
    String path = "/clients/" + id;
    Map<String, @Nullable Object> before = admin.call(200, "GET", path, null);
    Map<String, Object> body = client(Map.of("client_name", "new", "scopes", List.of(WRITE)));
    // What a client got, it may send back.
    body.put("client_id", id);
    body.put("created", "x");
    body.put("jwks_uri", "x");
    assertThat(admin.call(200, "PUT", path, body))
        .containsEntry("client_name", "new")
        .containsEntry("scopes", List.of(WRITE))
        .containsEntry("access_token_lifetime", 0L)
        .containsEntry("created", before.get("created"));
    assertThat(admin.call(200, "GET", path, null)).containsEntry("client_name", "new");
  }

  @Test
  void takesEffectWithTheNextToken() {
    MaskinportenClientFixture fixture = MaskinportenClientFixture.of(stack);
    String path = "/clients/" + fixture.client().id();
    fixture.accepts(fixture.grant());
    admin.call(200, "PUT", path, client(Map.of("scopes", List.of(WRITE))));
    fixture.refuses(MaskinportenClientFixture.SCOPE, fixture.grant());
    admin.call(200, "PUT", path, client(Map.of("scopes", List.of(READ))));
    fixture.accepts(fixture.grant());
    admin.call(200, "DELETE", path, null);
    fixture.refuses(MaskinportenClientFixture.UNKNOWN_CLIENT, fixture.grant());
    admin.call(200, "PUT", path, client(Map.of("scopes", List.of(READ))));
    fixture.accepts(fixture.grant());
  }

  @Test
  void refusesToChangeWhatStaysAsItIs() {
    String path = "/clients/" + admin.newClient(Map.of());
    bad(path, "client_id", Map.of("client_id", "other"));
    bad(path, "client_orgno", Map.of("client_orgno", BRG));
    Map<String, Object> login =
        client(Map.of("integration_type", "idporten", "redirect_uris", List.of("https://a.no/")));
    admin.bad("Client", "integration_type", "PUT", path, login);
    bad(path, "client_name", Map.of("client_name", ""));
    bad(path, "scopes", Map.of("scopes", List.of("altinn:none")));
  }

  @Test
  void keepsAClientOfAnotherTypeWhenTheBodyNamesNone() {
    String id =
        admin.newClient(
            Map.of("integration_type", "idporten", "redirect_uris", List.of("https://a.no/")));
    Map<String, Object> body = client(Map.of("redirect_uris", List.of("https://b.no/")));
    assertThat(admin.call(200, "PUT", "/clients/" + id, body))
        .containsEntry("integration_type", "idporten")
        .containsEntry("redirect_uris", List.of("https://b.no/"));
  }

  @Test
  void deactivatesInsteadOfDeleting() {
    String id = admin.newClient(Map.of("scopes", List.of(READ)));
    String path = "/clients/" + id;
    assertThat(admin.call(200, "DELETE", path, null)).containsEntry("active", false);
    assertThat(admin.call(200, "GET", path, null)).containsEntry("active", false);
    assertThat(admin.list("/clients?inactive=true"))
        .extracting(it -> it.get("client_id"))
        .contains(id);
    assertThat(admin.list("/clients")).extracting(it -> it.get("client_id")).doesNotContain(id);
    admin.refused(409, "conflict", "POST", path + "/secret", null);
    admin.refused(409, "conflict", "DELETE", path + "/jwks", null);
    assertThat(admin.call(200, "DELETE", path, null)).containsEntry("active", false);
    assertThat(admin.call(200, "PUT", path, client(Map.of()))).containsEntry("active", true);
  }

  @Test
  void hidesAllOperationsFromOtherOrganisations() {
    String path = "/clients/" + admin.newClient(Map.of());
    AdminCaller other = AdminCaller.of(stack, TTD, "idporten:dcr.write", "idporten:dcr.modify");
    for (String at : List.of(path, "/clients/unknown")) {
      other.refused(404, "not_found", "PUT", at, client(Map.of()));
      other.refused(404, "not_found", "DELETE", at, null);
      other.refused(404, "not_found", "POST", at + "/secret", null);
      other.refused(404, "not_found", "DELETE", at + "/jwks", null);
      other.refused(404, "not_found", "DELETE", at + "/jwks/x", null);
      other.refused(404, "not_found", "GET", at + "/onbehalfof", null);
    }
    assertThat(admin.call(200, "GET", path, null)).containsEntry("active", true);
  }

  @Test
  void asksForTheRightScopeOfEachOperation() {
    String path = "/clients/" + admin.newClient(Map.of());
    AdminCaller reader = AdminCaller.with(stack, "idporten:dcr.read", "idporten:dcr.altinn");
    AdminCaller changer = AdminCaller.with(stack, "idporten:dcr.modify");
    for (String operation : List.of("PUT ", "DELETE ", "POST /secret", "DELETE /jwks")) {
      String[] parts = operation.split(" ", -1);
      reader.refused(403, "insufficient_scope", parts[0], path + parts[1], "{}");
    }
    changer.call(200, "PUT", path, client(Map.of()));
    changer.refused(403, "insufficient_scope", "DELETE", path, null);
  }

  @Test
  void changesOnlyTheStateThatTheCallerSaw() {
    String path = "/clients/" + admin.newClient(Map.of());
    String tag = tag(admin.call("GET", path, null));
    HttpResponse<String> first =
        admin.call("PUT", path, client(Map.of("client_name", "a")), "If-Match", tag);
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(tag(first)).isNotEqualTo(tag);
    assertThat(tag(admin.call("GET", path, null))).isEqualTo(tag(first));
    Object body = client(Map.of("client_name", "b"));
    admin.refused(412, "precondition_failed", "PUT", path, body, "If-Match", tag);
    admin.refused(412, "precondition_failed", "PUT", path, body, "If-Match", "W/" + tag(first));
    admin.refused(412, "precondition_failed", "PUT", path, body, "If-Match", "");
    admin.refused(412, "precondition_failed", "DELETE", path, null, "If-Match", tag);
    admin.call(200, "PUT", path, body, "If-Match", tag + ", " + tag(first));
    admin.call(200, "PUT", path, body, "If-Match", "*");
  }

  @Test
  void showsASecretOnceAndKeepsOnlyItsHash(@TempDir Path folder) {
    String id;
    String secret;
    TestStore store = TestStore.in(folder);
    try (TestStack own = TestStack.start(store.settings())) {
      AdminCaller caller = AdminCaller.admin(own);
      Map<String, @Nullable Object> made = caller.call(201, "POST", "/clients", secretClient());
      id = text(made, "client_id");
      String first = text(made, "client_secret");
      assertThat(made)
          .containsEntry(
              "client_secret_expires_at", own.clock().seconds() + Duration.ofDays(360).toSeconds());
      assertThat(caller.call("GET", "/clients/" + id, null).body()).doesNotContain(first);
      assertThat(caller.call("GET", "/clients", null).body()).doesNotContain("client_secret\"");
      secret = text(caller.call(200, "POST", "/clients/" + id + "/secret", null), "client_secret");
      assertThat(secret).hasSize(43).isNotEqualTo(first);
    }
    try (Database database = store.open()) {
      byte[] hash = Digests.sha256(secret.getBytes(StandardCharsets.UTF_8));
      ClientTable.SecretRow kept = Objects.requireNonNull(new ClientTable(database).secret(id));
      assertThat(kept.hash()).isEqualTo(HexFormat.of().formatHex(hash));
      assertThat(kept.toString()).doesNotContain(kept.hash());
    }
  }

  @Test
  void takesTheSecretAwayWhenTheMethodChanges(@TempDir Path folder) {
    String id;
    TestStore store = TestStore.in(folder);
    try (TestStack own = TestStack.start(store.settings())) {
      AdminCaller caller = AdminCaller.admin(own);
      id = caller.newClient(secretClient());
      Map<String, Object> body = secretClient();
      body.put("token_endpoint_auth_method", "private_key_jwt");
      assertThat(caller.call(200, "PUT", "/clients/" + id, body))
          .doesNotContainKey("client_secret");
      caller.refused(409, "conflict", "POST", "/clients/" + id + "/secret", null);
    }
    try (Database database = store.open()) {
      assertThat(new ClientTable(database).secret(id)).isNull();
    }
  }

  @Test
  void givesTheFirstClientOfAnOlderStoreTheNewScopeAndNoOther(@TempDir Path folder) {
    TestStore store = TestStore.in(folder);
    List<String> first =
        AdminClient.SCOPES.stream().filter(it -> !it.startsWith("portvakt:")).toList();
    UnaryOperator<Settings> kept =
        it ->
            TestStack.withMaskinporten(
                store.settings().apply(it),
                own -> own.withFiles(null, folder.resolve("admin-client.json")));
    for (List<String> scopes : List.of(first, first.subList(0, 4))) {
      String id;
      try (TestStack own = TestStack.start(kept)) {
        id = own.adminClient().id();
        AdminCaller.with(own, "idporten:dcr.write")
            .call(200, "PUT", "/clients/" + id, client(Map.of("scopes", scopes)));
      }
      try (TestStack own = TestStack.start(kept)) {
        assertThat(own.adminClient().id()).isEqualTo(id);
        assertThat(
                AdminCaller.with(own, "idporten:dcr.write")
                    .call(200, "GET", "/clients/" + id, null))
            .containsEntry("scopes", scopes.equals(first) ? AdminClient.SCOPES : scopes);
      }
    }
  }

  @Test
  void refusesANulWhereverItStands() {
    for (String path :
        List.of("/clients/%00", "/systemusers/%00", "/consents/a%00", "/prefix/%00")) {
      admin.refused(404, "not_found", "DELETE", path, null);
    }
    admin.refused(404, "not_found", "DELETE", "/scopes?scope=altinn:%00", null);
    admin.refused(404, "not_found", "PUT", "/scopes/access/" + BRG + "?scope=%00", null);
    admin.bad("Client", "client_name", "POST", "/clients", client(Map.of("client_name", "a\0")));
    admin.bad("Client", "scopes", "POST", "/clients", client(Map.of("scopes", List.of("a\0"))));
    Map<String, String> user = Map.of("system_id", "\0", "party_orgno", BRG);
    admin.bad("SystemUser", "system_id", "POST", "/systemusers", user);
  }

  @Test
  void givesNoSecretToAClientWithKeys() {
    String path = "/clients/" + admin.newClient(Map.of()) + "/secret";
    admin.refused(409, "conflict", "POST", path, null);
    admin.refused(404, "not_found", "POST", "/clients/unknown/secret", null);
  }

  private void bad(String path, String field, Map<String, ?> members) {
    admin.bad("Client", field, "PUT", path, client(members));
  }

  private static Map<String, Object> secretClient() {
    return client(
        Map.of("integration_type", "idporten", "redirect_uris", List.of("https://a.no/")));
  }

  private static String tag(HttpResponse<String> answer) {
    return answer.headers().firstValue("ETag").orElseThrow();
  }
}

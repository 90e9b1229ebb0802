package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.ScopeTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a restart makes of the first client. */
class AdminClientStartTest {
  private final Path folder;
  private final TestStore store;

  AdminClientStartTest(@TempDir Path folder) {
    this.folder = folder;
    store = TestStore.in(folder);
  }

  @Test
  void keepsKeysAwayThatWereTakenAway() {
    try (TestStack stack = start()) {
      AdminCaller admin = AdminCaller.admin(stack);
      String path = "/clients/" + stack.adminClient().id() + "/jwks";
      assertThat(admin.call("DELETE", path, null).statusCode()).isBetween(200, 204);
    }
    refusesTheFirstClient(MaskinportenClientFixture.UNKNOWN_KEY);
  }

  @Test
  void keepsItsKeyAwayThatOthersReplaced() {
    KeyRow other = otherKey();
    putKeys(List.of(other));
    refusesTheFirstClient(MaskinportenClientFixture.UNKNOWN_KEY);
    assertThat(keys()).containsExactly(other);
  }

  @Test
  void renewsItsOwnKeyAndKeepsTheOthers() {
    try (TestStack stack = start()) {
      assertThat(stack.adminToken()).isNotEmpty();
    }
    KeyRow own = keys().get(0);
    KeyRow other = otherKey();
    long soon = TestClock.START.plus(Duration.ofHours(1)).toEpochMilli();
    putKeys(List.of(new KeyRow(own.kid(), own.jwk(), own.created(), soon), other));
    try (TestStack stack = start()) {
      assertThat(stack.adminToken()).isNotEmpty();
    }
    assertThat(keys()).containsExactlyInAnyOrder(own, other);
  }

  @Test
  void keepsADeactivatedClientDeactivated() {
    try (TestStack stack = start()) {
      AdminCaller admin = AdminCaller.with(stack, "idporten:dcr.write");
      String path = "/clients/" + stack.adminClient().id();
      Map<String, ?> first = Map.of("scopes", List.copyOf(AdminClient.FIRST_SCOPES));
      admin.call(200, "PUT", path, AdminCaller.client(first));
      admin.call(200, "DELETE", path, null);
    }
    refusesTheFirstClient(MaskinportenClientFixture.UNKNOWN_CLIENT);
  }

  @Test
  void grantsWhatAnEarlierStartLeftOutAndNothingThatWasTakenBack() {
    start().close();
    String denied = "idporten:dcr.altinn";
    store.sql("DELETE FROM scope_access");
    try (Database database = store.open()) {
      new ScopeTable(database).putAccess(denied, TestStack.DIGDIR, ScopeTable.DENIED, 0);
    }
    try (TestStack stack = start()) {
      for (String scope : AdminClient.SCOPES) {
        int expected = scope.equals(denied) ? 403 : 200;
        assertThat(stack.requestToken(stack.adminGrant(scope).compact()).statusCode())
            .as(scope)
            .isEqualTo(expected);
      }
    }
  }

  @Test
  void letsTheNextStartSucceedAfterOneThatFailed() {
    for (int i = 0; i < 3; i++) {
      assertThatExceptionOfType(SettingsFile.BadSettings.class)
          .isThrownBy(() -> TestStack.start(it -> trustingTwice(kept(it))).close());
    }
    try (TestStack stack = start()) {
      assertThat(stack.adminToken()).isNotEmpty();
    }
  }

  private void refusesTheFirstClient(MaskinportenClientFixture.Expected expected) {
    try (TestStack stack = start()) {
      MaskinportenClientFixture.assertRefused(
          stack, stack.requestToken(stack.adminGrant("idporten:dcr.read").compact()), expected);
    }
  }

  private static KeyRow otherKey() {
    String jwk = RemoteIssuer.newKey().toPublicJWK().toJSONString();
    return new KeyRow("other", jwk, 0, TestClock.START.plus(Duration.ofDays(9)).toEpochMilli());
  }

  private List<KeyRow> keys() {
    String id = id();
    try (Database database = store.open()) {
      return new ClientTable(database).keys(id);
    }
  }

  private void putKeys(List<KeyRow> keys) {
    String id = id();
    try (Database database = store.open()) {
      new ClientTable(database).putKeys(id, keys);
    }
  }

  private String id() {
    try (TestStack stack = start()) {
      return stack.adminClient().id();
    }
  }

  private TestStack start() {
    return TestStack.start(this::kept);
  }

  private Settings kept(Settings it) {
    return TestStack.withMaskinporten(
        store.settings().apply(it),
        own -> own.withFiles(null, folder.resolve("admin-client.json")));
  }

  /** Settings that are refused when the first client is on its way into the store. */
  private static Settings trustingTwice(Settings it) {
    Settings.Issuer issuer = it.exchange().maskinporten().get(0);
    return TestStack.trusting(issuer, issuer).apply(it);
  }
}

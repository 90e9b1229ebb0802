package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientAndKeys;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.ConsumersScope;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import org.junit.jupiter.api.Test;

/**
 * What a grant's client and scopes are read from: a store of one process remembers them, and every
 * change holds for the next read all the same.
 */
abstract class RememberedContract extends ListContract {
  private static final ClientRow CLIENT = new ClientRow("c1", "991825827", null, true, "{}", 1, 2);
  private static final KeyRow KEY = new KeyRow("k1", "{}", 1, 2);
  private static final ScopeRow SCOPE = new ScopeRow("a:b", "991825827", true, "{}", 1, 2);

  /** Runs SQL behind the store's back. */
  abstract void sql(String sql);

  /** Whether nodes share a store of this kind, so that none can know of all changes. */
  abstract boolean isShared();

  @Test
  void showsAChangedClientAndChangedKeysAtOnce() {
    try (Database database = open()) {
      ClientTable clients = new ClientTable(database);
      ClientTable other = new ClientTable(database);
      assertThat(clients.findWithKeys("c1")).isNull();
      clients.add(CLIENT);
      assertThat(clients.findWithKeys("c1")).isEqualTo(new ClientAndKeys(CLIENT, List.of()));
      other.putKeys("c1", List.of(KEY, new KeyRow("k0", "{}", 1, 2)));
      assertThat(clients.findWithKeys("c1"))
          .isEqualTo(new ClientAndKeys(CLIENT, List.of(new KeyRow("k0", "{}", 1, 2), KEY)));
      other.putKeys("c1", List.of(KEY));
      assertThat(clients.findWithKeys("c1")).isEqualTo(new ClientAndKeys(CLIENT, List.of(KEY)));
      ClientRow inactive = new ClientRow("c1", "991825827", null, false, "{\"a\":1}", 1, 3);
      database.write(session -> {
        other.update(session, inactive);
        return null;
      });
      assertThat(clients.findWithKeys("c1")).isEqualTo(new ClientAndKeys(inactive, List.of(KEY)));
      assertThat(clients.findWithKeys("c2")).isNull();
    }
  }

  @Test
  void showsAChangedScopeAndChangedAccessesAtOnce() {
    try (Database database = open()) {
      ScopeTable scopes = new ScopeTable(database);
      List<String> names = List.of("a:b", "a:c");
      assertThat(scopes.find(names, "974760673")).isEmpty();
      scopes.add(SCOPE);
      assertThat(scopes.find(names, "974760673"))
          .isEqualTo(Map.of("a:b", new ConsumersScope(SCOPE, null)));
      scopes.putAccess("a:b", "974760673", ScopeTable.APPROVED, 5);
      assertThat(scopes.find(names, "974760673"))
          .isEqualTo(Map.of("a:b", new ConsumersScope(SCOPE, "APPROVED")));
      assertThat(scopes.find(names, "991825827"))
          .isEqualTo(Map.of("a:b", new ConsumersScope(SCOPE, null)));
      scopes.putAccess("a:b", "974760673", ScopeTable.DENIED, 6);
      assertThat(scopes.find(names, "974760673"))
          .isEqualTo(Map.of("a:b", new ConsumersScope(SCOPE, "DENIED")));
      ScopeRow withdrawn = new ScopeRow("a:b", "991825827", false, "{}", 1, 7);
      database.write(session -> {
        scopes.update(session, withdrawn);
        return null;
      });
      assertThat(scopes.find(names, "974760673"))
          .isEqualTo(Map.of("a:b", new ConsumersScope(withdrawn, "DENIED")));
    }
  }

  @Test
  void remembersWhatNobodyElseCanChangeAndNothingElse() {
    try (Database database = open()) {
      ClientTable clients = new ClientTable(database);
      ScopeTable scopes = new ScopeTable(database);
      clients.add(CLIENT);
      scopes.add(SCOPE);
      ClientAndKeys client = clients.findWithKeys("c1");
      Map<String, ConsumersScope> scope = scopes.find(List.of("a:b"), "991825827");
      sql("UPDATE client SET active = 0");
      sql("UPDATE scope SET active = 0");
      database.record(_ -> true);
      if (isShared()) {
        assertThat(Objects.requireNonNull(clients.findWithKeys("c1")).client().active()).isFalse();
        assertThat(scopes.find(List.of("a:b"), "991825827")).isNotEqualTo(scope);
      } else {
        assertThat(clients.findWithKeys("c1")).isSameAs(client);
        assertThat(scopes.find(List.of("a:b"), "991825827")).isEqualTo(scope);
        database.write(_ -> true);
        assertThat(Objects.requireNonNull(clients.findWithKeys("c1")).client().active()).isFalse();
        assertThat(scopes.find(List.of("a:b"), "991825827")).isNotEqualTo(scope);
      }
    }
  }

  @Test
  void countsAChangeAlsoWhenItFailed() {
    try (Database database = open()) {
      long before = database.changes();
      database.write(_ -> true);
      long after = database.changes();
      database.record(_ -> true);
      assertThat(database.changes()).isEqualTo(after);
      assertThatExceptionOfType(IllegalStateException.class)
          .isThrownBy(() ->
              database.write(_ -> {
                throw new IllegalStateException("no");
              }));
      if (isShared()) {
        assertThat(List.of(before, after, database.changes())).containsOnly(-1L);
      } else {
        assertThat(after).isGreaterThan(before);
        assertThat(database.changes()).isGreaterThan(after);
      }
    }
  }
}

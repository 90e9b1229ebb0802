package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;

import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ConsentTable;
import no.portvakt.server.store.ConsentTable.ConsentRow;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.server.store.SystemUserTable;
import no.portvakt.server.store.SystemUserTable.SystemRow;
import org.junit.jupiter.api.Test;

/** What every database promises of lists. */
abstract class ListContract {
  // Of 60,000 bytes, half as many characters.
  private static final String LARGE = "{\"a\":\"" + "\u00e5".repeat(30_000 - 4) + "\"}";

  /** Opens the store of this test; each time the same one. */
  abstract Database open();

  @Test
  void keepsListsSmallHoweverLargeTheirRows() {
    try (Database database = open()) {
      ScopeTable scopes = new ScopeTable(database);
      ClientTable clients = new ClientTable(database);
      for (int i = 100; i < 200; i++) {
        scopes.add(new ScopeRow("a:" + i, "991825827", true, LARGE, 1, 2));
        scopes.putAccess("a:" + i, "974760673", ScopeTable.APPROVED, 1);
        clients.add(new ClientRow("c" + i, "991825827", "974760673", true, LARGE, i, 2));
      }
      scopes.add(new ScopeRow("a:0", "974760673", false, LARGE, 1, 2));
      assertThat(scopes.ownedBy("991825827", true))
          .hasSize(66)
          .extracting(ScopeRow::name)
          .startsWith("a:100")
          .isSorted()
          .endsWith("a:165");
      assertThat(scopes.allPublic(true)).hasSize(66);
      assertThat(scopes.allPublic(false)).hasSize(1);
      assertThat(scopes.accessesOf("974760673", true)).hasSize(66);
      assertThat(clients.ownedBy("991825827", true))
          .hasSize(66)
          .extracting(ClientRow::clientId)
          .startsWith("c100")
          .isSorted();
      assertThat(clients.suppliedBy("974760673", true)).hasSize(66);
    }
  }

  @Test
  void keepsListsOfWhatOthersDecideSmall() {
    try (Database database = open()) {
      SystemUserTable systems = new SystemUserTable(database);
      ConsentTable consents = new ConsentTable(database);
      database.write(session -> {
        for (int i = 100; i < 170; i++) {
          systems.putSystem(session, new SystemRow("s" + i, "991825827", LARGE, i, i));
          consents.add(session, new ConsentRow("c" + i, "giver", "991825827", LARGE, i));
        }
        return true;
      });
      assertThat(systems.systems("991825827"))
          .hasSize(66)
          .extracting(SystemRow::id)
          .startsWith("s100")
          .isSorted();
      assertThat(consents.of("991825827"))
          .hasSize(66)
          .extracting(ConsentRow::id)
          .startsWith("c100")
          .isSorted();
    }
  }

  @Test
  void listsPublicScopesAlone() {
    try (Database database = open()) {
      ScopeTable scopes = new ScopeTable(database);
      String hidden = "{\"visibility\":\"INTERNAL\"}";
      scopes.add(new ScopeRow("a:a", "991825827", true, hidden, 1, 2));
      scopes.add(new ScopeRow("a:b", "991825827", true, "{\"visibility\":\"PRIVATE\"}", 1, 2));
      ScopeRow shown = new ScopeRow("a:c", "991825827", true, "{}", 1, 2);
      scopes.add(shown);
      assertThat(scopes.allPublic(true)).containsExactly(shown);
      ScopeRow changed = new ScopeRow("a:c", "991825827", true, hidden, 1, 3);
      database.write(session -> {
        scopes.update(session, changed);
        return true;
      });
      assertThat(scopes.allPublic(true)).isEmpty();
      assertThat(scopes.ownedBy("991825827", true)).hasSize(3);
    }
  }
}

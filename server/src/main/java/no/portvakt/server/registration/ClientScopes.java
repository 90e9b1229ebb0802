package no.portvakt.server.registration;

import java.util.List;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.AccessRow;
import no.portvakt.server.store.ScopeTable.ScopeRow;

/**
 * Which scopes a client may be registered with (docs/protocol/maskinporten-admin.md, "Clients").
 * Whether it gets a token for them is decided anew for each token.
 */
public final class ClientScopes {
  private final ScopeTable scopes;

  public ClientScopes(ScopeTable scopes) {
    this.scopes = scopes;
  }

  /**
   * Checks that each scope is active, is for clients of this type, and is open to the organisation:
   * granted, for everybody, or one that somebody may delegate.
   *
   * @throws BadField when one is not
   */
  public void require(List<String> names, String organisation, String integrationType) {
    for (String name : names) {
      ScopeRow scope = scopes.find(name);
      if (scope == null || !scope.active()) {
        throw unknown();
      }
      ScopeSettings settings = ScopeSettings.read(scope.body());
      AccessRow access = scopes.access(name, organisation);
      boolean granted = access != null && access.state().equals(ScopeTable.APPROVED);
      boolean open = granted || settings.accessibleForAll() || settings.delegationSource() != null;
      if (!open && !scope.isPublic()) {
        throw unknown();
      }
      if (!settings.integrationTypes().isEmpty()
          && !settings.integrationTypes().contains(integrationType)) {
        throw bad(name + " is not for clients of the type " + integrationType);
      }
      if (!open) {
        throw bad(name + " has not been granted to organisation " + organisation);
      }
    }
  }

  /** The same whether there is none of that name or the organisation may not know of it. */
  private static BadField unknown() {
    return bad("names a scope that does not exist");
  }

  private static BadField bad(String message) {
    return new BadField(ClientRules.OBJECT, "scopes", message);
  }
}

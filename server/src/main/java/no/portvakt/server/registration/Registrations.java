package no.portvakt.server.registration;

import no.portvakt.server.database.Database;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ConsentTable;
import no.portvakt.server.store.DelegationTable;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.SystemUserTable;

/** The tables of all that is registered at Maskinporten. */
public record Registrations(
    ClientTable clients,
    ScopeTable scopes,
    DelegationTable delegations,
    SystemUserTable systemUsers,
    ConsentTable consents) {
  /** Those of a store. */
  public static Registrations in(Database database) {
    return new Registrations(
        new ClientTable(database),
        new ScopeTable(database),
        new DelegationTable(database),
        new SystemUserTable(database),
        new ConsentTable(database));
  }
}

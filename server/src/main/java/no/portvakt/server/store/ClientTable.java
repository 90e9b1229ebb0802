package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import no.portvakt.server.database.Database;
import org.jspecify.annotations.Nullable;

/** Maskinporten's clients and their public keys. */
public final class ClientTable {
  private static final String CLIENT =
      "SELECT client_id, organisation, supplier, active, body, created, updated FROM client ";
  private static final String KEY = "SELECT kid, jwk, created, expires FROM client_key ";

  private static final String ON_BEHALF_OF =
      "SELECT client_id, name, body, created, updated FROM on_behalf_of ";

  private final Database database;

  public ClientTable(Database database) {
    this.database = database;
  }

  /**
   * A client.
   *
   * @param organisation the organisation number that its tokens speak for
   * @param supplier the organisation number of who made it for that one, or null
   * @param body its settings, JSON
   * @param created milliseconds since 1970
   * @param updated milliseconds since 1970
   */
  public record ClientRow(
      String clientId,
      String organisation,
      @Nullable String supplier,
      boolean active,
      String body,
      long created,
      long updated) {}

  /**
   * A client's public key.
   *
   * @param jwk the key, JSON
   * @param created milliseconds since 1970
   * @param expires from when it is refused, milliseconds since 1970
   */
  public record KeyRow(String kid, String jwk, long created, long expires) {}

  /** A client, or null when there is none of that id. */
  public @Nullable ClientRow find(String clientId) {
    return database.read(
        session -> session.first(ClientTable::client, CLIENT + "WHERE client_id = ?", clientId));
  }

  /** The clients of an organisation, oldest first. */
  public List<ClientRow> ownedBy(String organisation, boolean active) {
    return database.read(session ->
        session.query(
            ClientTable::client,
            CLIENT + "WHERE organisation = ? AND active = ? ORDER BY created, client_id",
            organisation,
            active ? 1 : 0));
  }

  /** Adds a client; false when there is one of that id already. */
  public boolean add(ClientRow client) {
    return database.write(session ->
        session.update(
                "INSERT INTO client (client_id, organisation, supplier, active, body, created, updated)"
                    + " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                client.clientId(),
                client.organisation(),
                client.supplier(),
                client.active() ? 1 : 0,
                client.body(),
                client.created(),
                client.updated())
            == 1);
  }

  /** A client's keys by id. */
  public List<KeyRow> keys(String clientId) {
    return database.read(session ->
        session.query(ClientTable::key, KEY + "WHERE client_id = ? ORDER BY kid", clientId));
  }

  /** How many keys of active clients end from one time on and before another. */
  public long expiring(Instant from, Instant before) {
    Long count =
        database.read(session ->
            session.first(
                row -> row.getLong(1),
                "SELECT COUNT(*) FROM client_key WHERE expires >= ? AND expires < ?"
                    + " AND client_id IN (SELECT client_id FROM client WHERE active = 1)",
                from.toEpochMilli(),
                before.toEpochMilli()));
    return count == null ? 0 : count;
  }

  /** Replaces all keys of a client, in one step. */
  public void putKeys(String clientId, List<KeyRow> keys) {
    database.write(session -> {
      session.update("DELETE FROM client_key WHERE client_id = ?", clientId);
      for (KeyRow key : keys) {
        session.update(
            "INSERT INTO client_key (client_id, kid, jwk, created, expires)"
                + " VALUES (?, ?, ?, ?, ?)",
            clientId,
            key.kid(),
            key.jwk(),
            key.created(),
            key.expires());
      }
      return null;
    });
  }

  /**
   * For whom a supplier's client may act.
   *
   * @param name what a grant says in {@code iss_onbehalfof}
   * @param body the organisation and what it is called, JSON
   * @param created milliseconds since 1970
   * @param updated milliseconds since 1970
   */
  public record OnBehalfOfRow(
      String clientId, String name, String body, long created, long updated) {}

  /** For whom a client may act under this name, or null when there is none. */
  public @Nullable OnBehalfOfRow onBehalfOf(String clientId, String name) {
    return database.read(session ->
        session.first(
            ClientTable::onBehalfOf,
            ON_BEHALF_OF + "WHERE client_id = ? AND name = ?",
            clientId,
            name));
  }

  /** For whom a client may act, by name. */
  public List<OnBehalfOfRow> onBehalfOf(String clientId) {
    return database.read(session ->
        session.query(
            ClientTable::onBehalfOf, ON_BEHALF_OF + "WHERE client_id = ? ORDER BY name", clientId));
  }

  private static ClientRow client(ResultSet row) throws SQLException {
    return new ClientRow(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getInt(4) == 1,
        row.getString(5),
        row.getLong(6),
        row.getLong(7));
  }

  private static OnBehalfOfRow onBehalfOf(ResultSet row) throws SQLException {
    return new OnBehalfOfRow(
        row.getString(1), row.getString(2), row.getString(3), row.getLong(4), row.getLong(5));
  }

  private static KeyRow key(ResultSet row) throws SQLException {
    return new KeyRow(row.getString(1), row.getString(2), row.getLong(3), row.getLong(4));
  }
}

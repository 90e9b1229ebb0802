package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import no.portvakt.server.database.Database;
import org.jspecify.annotations.Nullable;

/** Maskinporten's clients and their public keys. */
public final class ClientTable {
  private static final String CLIENT =
      "SELECT client_id, organisation, active, body, created, updated FROM client ";
  private static final String KEY = "SELECT kid, jwk, created, expires FROM client_key ";

  private final Database database;

  public ClientTable(Database database) {
    this.database = database;
  }

  /**
   * A client.
   *
   * @param organisation the organisation number that its tokens speak for
   * @param body its settings, JSON
   * @param created milliseconds since 1970
   * @param updated milliseconds since 1970
   */
  public record ClientRow(
      String clientId,
      String organisation,
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
                "INSERT INTO client (client_id, organisation, active, body, created, updated)"
                    + " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                client.clientId(),
                client.organisation(),
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

  private static ClientRow client(ResultSet row) throws SQLException {
    return new ClientRow(
        row.getString(1),
        row.getString(2),
        row.getInt(3) == 1,
        row.getString(4),
        row.getLong(5),
        row.getLong(6));
  }

  private static KeyRow key(ResultSet row) throws SQLException {
    return new KeyRow(row.getString(1), row.getString(2), row.getLong(3), row.getLong(4));
  }
}

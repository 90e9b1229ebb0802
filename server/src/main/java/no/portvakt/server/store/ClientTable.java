package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import org.jspecify.annotations.Nullable;

/** Maskinporten's clients, their public keys and secrets, and for whom they may act. */
public final class ClientTable {
  private static final String CLIENT =
      "SELECT client_id, organisation, supplier, active, body, created, updated FROM client ";

  private static final String CLIENT_AND_KEYS =
      "SELECT client.client_id, organisation, supplier, active, body, client.created, updated,"
          + " kid, jwk, client_key.created, expires"
          + " FROM client LEFT JOIN client_key ON client_key.client_id = client.client_id"
          + " WHERE client.client_id = ? ORDER BY kid";

  private static final String KEY = "SELECT kid, jwk, created, expires FROM client_key ";

  private static final String ON_BEHALF_OF =
      "SELECT client_id, name, body, created, updated FROM on_behalf_of ";

  private static final String OLDEST_FIRST = "created, client_id";
  private static final String OWNED = first("organisation = ? AND active = ?");
  private static final String SUPPLIED = first("supplier = ? AND organisation <> ? AND active = ?");

  private final Database database;
  private final Remembered<String, ClientAndKeys> remembered;

  public ClientTable(Database database) {
    this.database = database;
    this.remembered = new Remembered<>(database, ClientAndKeys::characters);
  }

  /**
   * A client.
   *
   * @param organisation the organisation number that its tokens speak for
   * @param supplier the organisation number of who made it for that one, or null; tokens do not
   *     have it
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

  /** A client with its keys by id. */
  public record ClientAndKeys(ClientRow client, List<KeyRow> keys) {
    private int characters() {
      return client.body().length() + keys.stream().mapToInt(key -> key.jwk().length()).sum();
    }
  }

  /** A client with its keys, as they are at one moment, or null when there is none of that id. */
  public @Nullable ClientAndKeys findWithKeys(String clientId) {
    Remembered.Moment now = remembered.now();
    ClientAndKeys known = remembered.get(clientId, now);
    if (known != null) {
      return known;
    }
    List<ClientAndKeys> each =
        database.read(
            session -> session.query(ClientTable::clientAndKey, CLIENT_AND_KEYS, clientId));
    if (each.isEmpty()) {
      return null;
    }
    ClientAndKeys read =
        new ClientAndKeys(
            each.get(0).client(), each.stream().flatMap(it -> it.keys().stream()).toList());
    remembered.put(clientId, read, now);
    return read;
  }

  /**
   * A client as it stays until the transaction ends, or null when there is none of that id: whoever
   * else wants to change it, or what belongs to it, waits.
   */
  public @Nullable ClientRow hold(Session session, String clientId) {
    session.update("UPDATE client SET keys_version = keys_version WHERE client_id = ?", clientId);
    return session.first(ClientTable::client, CLIENT + "WHERE client_id = ?", clientId);
  }

  /** The clients of an organisation, oldest first, and only those when there are many. */
  public List<ClientRow> ownedBy(String organisation, boolean active) {
    return database.read(session ->
        session.query(
            ClientTable::client,
            CLIENT + "WHERE " + OWNED + "ORDER BY " + OLDEST_FIRST,
            organisation,
            active ? 1 : 0));
  }

  /** The clients that an organisation made for others, likewise. */
  public List<ClientRow> suppliedBy(String supplier, boolean active) {
    return database.read(session ->
        session.query(
            ClientTable::client,
            CLIENT + "WHERE " + SUPPLIED + "ORDER BY " + OLDEST_FIRST,
            supplier,
            supplier,
            active ? 1 : 0));
  }

  /** Adds a client; false when there is one of that id already. */
  public boolean add(ClientRow client) {
    return database.write(session -> add(session, client));
  }

  /** The same, in a transaction. */
  public boolean add(Session session, ClientRow client) {
    return session.update(
            "INSERT INTO client (client_id, organisation, supplier, active, body, created, updated)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            client.clientId(),
            client.organisation(),
            client.supplier(),
            client.active() ? 1 : 0,
            client.body(),
            client.created(),
            client.updated())
        == 1;
  }

  /** Changes what may change of a client: its settings and whether it is active. */
  public void update(Session session, ClientRow client) {
    session.update(
        "UPDATE client SET active = ?, body = ?, updated = ? WHERE client_id = ?",
        client.active() ? 1 : 0,
        client.body(),
        client.updated(),
        client.clientId());
  }

  /** A client's keys by id. */
  public List<KeyRow> keys(String clientId) {
    return database.read(session -> keys(session, clientId));
  }

  /** The same, in a transaction. */
  public List<KeyRow> keys(Session session, String clientId) {
    return session.query(ClientTable::key, KEY + "WHERE client_id = ? ORDER BY kid", clientId);
  }

  /**
   * A client's keys as they were at one moment, by id.
   *
   * @param version how often they have changed; 0 when there are none
   */
  public record KeySet(long version, List<KeyRow> keys) {}

  /** A client's keys and their version. */
  public KeySet keySet(String clientId) {
    List<KeySet> each =
        database.read(session ->
            session.query(
                row -> new KeySet(row.getLong(5), List.of(key(row))),
                "SELECT kid, jwk, client_key.created, expires, keys_version"
                    + " FROM client_key JOIN client ON client.client_id = client_key.client_id"
                    + " WHERE client_key.client_id = ? ORDER BY kid",
                clientId));
    return new KeySet(
        each.isEmpty() ? 0 : each.get(0).version(),
        each.stream().flatMap(it -> it.keys().stream()).toList());
  }

  /** How often a client's keys have changed. */
  public long keysVersion(Session session, String clientId) {
    Long version =
        session.first(
            row -> row.getLong(1), "SELECT keys_version FROM client WHERE client_id = ?", clientId);
    return version == null ? 0 : version;
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
      putKeys(session, clientId, keys);
      return null;
    });
  }

  /** The same, in a transaction. */
  public void putKeys(Session session, String clientId, List<KeyRow> keys) {
    session.update(
        "UPDATE client SET keys_version = keys_version + 1 WHERE client_id = ?", clientId);
    session.update("DELETE FROM client_key WHERE client_id = ?", clientId);
    for (KeyRow key : keys) {
      session.update(
          "INSERT INTO client_key (client_id, kid, jwk, created, expires) VALUES (?, ?, ?, ?, ?)",
          clientId,
          key.kid(),
          key.jwk(),
          key.created(),
          key.expires());
    }
  }

  /**
   * A client's secret.
   *
   * @param hash SHA-256 of the secret, in hex
   * @param created milliseconds since 1970
   * @param expires from when it is refused, milliseconds since 1970
   */
  public record SecretRow(String hash, long created, long expires) {
    @Override
    public String toString() {
      return "SecretRow[expires=" + expires + "]";
    }
  }

  /** A client's secret, or null when it has none. */
  public @Nullable SecretRow secret(String clientId) {
    return database.read(session ->
        session.first(
            row -> new SecretRow(row.getString(1), row.getLong(2), row.getLong(3)),
            "SELECT hash, created, expires FROM client_secret WHERE client_id = ?",
            clientId));
  }

  /** Gives a client a secret in place of the one it has. */
  public void putSecret(Session session, String clientId, SecretRow secret) {
    session.update(
        "INSERT INTO client_secret (client_id, hash, created, expires) VALUES (?, ?, ?, ?)"
            + " ON CONFLICT (client_id) DO UPDATE SET hash = excluded.hash,"
            + " created = excluded.created, expires = excluded.expires",
        clientId,
        secret.hash(),
        secret.created(),
        secret.expires());
  }

  /** Takes a client's secret away. */
  public void removeSecret(Session session, String clientId) {
    session.update("DELETE FROM client_secret WHERE client_id = ?", clientId);
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
    return database.read(session -> onBehalfOf(session, clientId, name));
  }

  /** The same, in a transaction. */
  public @Nullable OnBehalfOfRow onBehalfOf(Session session, String clientId, String name) {
    return session.first(
        ClientTable::onBehalfOf, ON_BEHALF_OF + "WHERE client_id = ? AND name = ?", clientId, name);
  }

  /** For whom a client may act, by name. */
  public List<OnBehalfOfRow> onBehalfOf(String clientId) {
    return database.read(session ->
        session.query(
            ClientTable::onBehalfOf, ON_BEHALF_OF + "WHERE client_id = ? ORDER BY name", clientId));
  }

  /** For how many a client may act. */
  public long countOnBehalfOf(Session session, String clientId) {
    Long count =
        session.first(
            row -> row.getLong(1),
            "SELECT COUNT(*) FROM on_behalf_of WHERE client_id = ?",
            clientId);
    return count == null ? 0 : count;
  }

  /** Adds for whom a client may act, or changes what was said under this name. */
  public void putOnBehalfOf(Session session, OnBehalfOfRow row) {
    session.update(
        "INSERT INTO on_behalf_of (client_id, name, body, created, updated) VALUES (?, ?, ?, ?, ?)"
            + " ON CONFLICT (client_id, name) DO UPDATE SET body = excluded.body,"
            + " updated = excluded.updated",
        row.clientId(),
        row.name(),
        row.body(),
        row.created(),
        row.updated());
  }

  /** Removes for whom a client may act under this name. */
  public void removeOnBehalfOf(Session session, String clientId, String name) {
    session.update("DELETE FROM on_behalf_of WHERE client_id = ? AND name = ?", clientId, name);
  }

  private static String first(String condition) {
    return BoundedList.first("client", "client_id", condition, OLDEST_FIRST);
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

  private static ClientAndKeys clientAndKey(ResultSet row) throws SQLException {
    String kid = row.getString(8);
    return new ClientAndKeys(
        client(row),
        kid == null
            ? List.of()
            : List.of(new KeyRow(kid, row.getString(9), row.getLong(10), row.getLong(11))));
  }

  private static OnBehalfOfRow onBehalfOf(ResultSet row) throws SQLException {
    return new OnBehalfOfRow(
        row.getString(1), row.getString(2), row.getString(3), row.getLong(4), row.getLong(5));
  }

  private static KeyRow key(ResultSet row) throws SQLException {
    return new KeyRow(row.getString(1), row.getString(2), row.getLong(3), row.getLong(4));
  }
}

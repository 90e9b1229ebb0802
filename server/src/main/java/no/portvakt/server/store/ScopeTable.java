package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import no.portvakt.server.database.Database;
import org.jspecify.annotations.Nullable;

/** Maskinporten's scopes, their prefixes, and which organisations were granted which scope. */
public final class ScopeTable {
  /** The state of an access that holds. */
  public static final String APPROVED = "APPROVED";

  private static final String SCOPE =
      "SELECT name, owner, active, body, created, updated FROM scope ";
  private static final String ACCESS =
      "SELECT scope, consumer, state, created, updated FROM scope_access ";

  private final Database database;

  public ScopeTable(Database database) {
    this.database = database;
  }

  /**
   * A scope.
   *
   * @param name {@code prefix:subscope}
   * @param owner the organisation number of its owner
   * @param body its settings, JSON
   * @param created milliseconds since 1970
   * @param updated milliseconds since 1970
   */
  public record ScopeRow(
      String name, String owner, boolean active, String body, long created, long updated) {}

  /**
   * An access.
   *
   * @param consumer the organisation number of who was granted the scope
   * @param state {@code APPROVED}, {@code DENIED} or {@code REQUESTED}
   */
  public record AccessRow(
      String scope, String consumer, String state, long created, long updated) {}

  /** The organisation number of a prefix' owner, or null when nobody owns it. */
  public @Nullable String ownerOfPrefix(String prefix) {
    return database.read(session ->
        session.first(
            row -> row.getString(1), "SELECT owner FROM scope_prefix WHERE prefix = ?", prefix));
  }

  /** Gives a prefix to an organisation when nobody has it. */
  public void putPrefix(String prefix, String owner) {
    database.write(session ->
        session.update(
            "INSERT INTO scope_prefix (prefix, owner) VALUES (?, ?) ON CONFLICT DO NOTHING",
            prefix,
            owner));
  }

  /** A scope, or null when there is none of that name. */
  public @Nullable ScopeRow find(String name) {
    return database.read(
        session -> session.first(ScopeTable::scope, SCOPE + "WHERE name = ?", name));
  }

  /** The scopes of an owner by name. */
  public List<ScopeRow> ownedBy(String owner, boolean active) {
    return database.read(session ->
        session.query(
            ScopeTable::scope,
            SCOPE + "WHERE owner = ? AND active = ? ORDER BY name",
            owner,
            active ? 1 : 0));
  }

  /** Adds a scope; false when there is one of that name already. */
  public boolean add(ScopeRow scope) {
    return database.write(session ->
        session.update(
                "INSERT INTO scope (name, owner, active, body, created, updated)"
                    + " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                scope.name(),
                scope.owner(),
                scope.active() ? 1 : 0,
                scope.body(),
                scope.created(),
                scope.updated())
            == 1);
  }

  /** An access, or null when none was ever given. */
  public @Nullable AccessRow access(String scope, String consumer) {
    return database.read(session ->
        session.first(
            ScopeTable::accessRow, ACCESS + "WHERE scope = ? AND consumer = ?", scope, consumer));
  }

  /** The accesses to a scope by consumer. */
  public List<AccessRow> accesses(String scope) {
    return database.read(session ->
        session.query(ScopeTable::accessRow, ACCESS + "WHERE scope = ? ORDER BY consumer", scope));
  }

  /** Sets the state of an access and returns it. */
  public AccessRow putAccess(String scope, String consumer, String state, long now) {
    database.write(session ->
        session.update(
            "INSERT INTO scope_access (scope, consumer, state, created, updated)"
                + " VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope, consumer) DO UPDATE SET"
                + " state = excluded.state, updated = excluded.updated",
            scope,
            consumer,
            state,
            now,
            now));
    AccessRow row = access(scope, consumer);
    return row == null ? new AccessRow(scope, consumer, state, now, now) : row;
  }

  private static ScopeRow scope(ResultSet row) throws SQLException {
    return new ScopeRow(
        row.getString(1),
        row.getString(2),
        row.getInt(3) == 1,
        row.getString(4),
        row.getLong(5),
        row.getLong(6));
  }

  private static AccessRow accessRow(ResultSet row) throws SQLException {
    return new AccessRow(
        row.getString(1), row.getString(2), row.getString(3), row.getLong(4), row.getLong(5));
  }
}

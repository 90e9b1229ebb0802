package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** Maskinporten's scopes, their prefixes, and which organisations were granted which scope. */
public final class ScopeTable {
  /** The state of an access that holds. */
  public static final String APPROVED = "APPROVED";

  /** The state of an access that was taken back. */
  public static final String DENIED = "DENIED";

  private static final int MOST = BoundedList.MOST_ROWS;

  private static final String SCOPE =
      "SELECT name, owner, active, body, created, updated FROM scope ";
  private static final String VISIBLE = "PUBLIC";
  private static final String PUBLIC = first("active = ? AND visibility = '" + VISIBLE + "'");
  private static final String OWNED = first("owner = ? AND active = ?");
  private static final String GRANTED =
      first("active = ? AND name IN (SELECT scope FROM scope_access WHERE consumer = ?)");
  private static final String CONSUMERS_SCOPE =
      "SELECT name, owner, active, body, scope.created, scope.updated, state"
          + " FROM scope LEFT JOIN scope_access"
          + " ON scope_access.scope = scope.name AND scope_access.consumer = ?"
          + " WHERE name = ?";
  private static final String ACCESS =
      "SELECT scope, consumer, state, created, updated FROM scope_access ";

  private final Database database;
  private final Remembered<Use, ConsumersScope> remembered;

  private record Use(String scope, String consumer) {}

  public ScopeTable(Database database) {
    this.database = database;
    this.remembered = new Remembered<>(database, it -> it.scope().body().length());
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
      String name, String owner, boolean active, String body, long created, long updated) {
    /** Whether everybody may know of it, as of one whose settings say nothing of that. */
    public boolean isPublic() {
      return visibility().equals(VISIBLE);
    }

    private String visibility() {
      try {
        return Json.readObject(body).get("visibility") instanceof String text ? text : VISIBLE;
      } catch (Json.MalformedJson e) {
        throw new IllegalArgumentException("A scope's settings are not JSON.", e);
      }
    }
  }

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
    return database.read(session -> ownerOfPrefix(session, prefix));
  }

  /**
   * The owner of a prefix as it stays until the transaction ends, or null: whoever else wants to
   * move the prefix, or to add a scope below it, waits.
   */
  public @Nullable String holdPrefix(Session session, String prefix) {
    session.update("UPDATE scope_prefix SET owner = owner WHERE prefix = ?", prefix);
    return ownerOfPrefix(session, prefix);
  }

  private static @Nullable String ownerOfPrefix(Session session, String prefix) {
    return session.first(
        row -> row.getString(1), "SELECT owner FROM scope_prefix WHERE prefix = ?", prefix);
  }

  /**
   * A prefix.
   *
   * @param owner the organisation number of its owner
   */
  public record PrefixRow(String prefix, String owner) {}

  /** The prefixes of an organisation, by name. */
  public List<PrefixRow> prefixes(String owner) {
    return database.read(session ->
        session.query(
            row -> new PrefixRow(row.getString(1), row.getString(2)),
            "SELECT prefix, owner FROM scope_prefix WHERE owner = ? ORDER BY prefix LIMIT ?",
            owner,
            MOST));
  }

  /** Gives a prefix and the scopes below it to an organisation, whoever has them. */
  public void movePrefix(Session session, String prefix, String owner) {
    session.update(
        "INSERT INTO scope_prefix (prefix, owner) VALUES (?, ?)"
            + " ON CONFLICT (prefix) DO UPDATE SET owner = excluded.owner",
        prefix,
        owner);
    session.update(
        "UPDATE scope SET owner = ? WHERE owner <> ? AND substr(name, 1, ?) = ?",
        owner,
        owner,
        prefix.length() + 1,
        prefix + ":");
  }

  /** Removes a prefix; false when there are scopes below it, active or not. */
  public boolean removePrefix(Session session, String prefix) {
    return session.update(
            "DELETE FROM scope_prefix WHERE prefix = ? AND NOT EXISTS"
                + " (SELECT 1 FROM scope WHERE substr(name, 1, ?) = ?)",
            prefix,
            prefix.length() + 1,
            prefix + ":")
        == 1;
  }

  /** Gives a prefix to an organisation when nobody has it. */
  public void putPrefix(String prefix, String owner) {
    database.write(session -> {
      putPrefix(session, prefix, owner);
      return null;
    });
  }

  /** The same, in a transaction. */
  public void putPrefix(Session session, String prefix, String owner) {
    session.update(
        "INSERT INTO scope_prefix (prefix, owner) VALUES (?, ?) ON CONFLICT DO NOTHING",
        prefix,
        owner);
  }

  /** A scope, or null when there is none of that name. */
  public @Nullable ScopeRow find(String name) {
    return database.read(
        session -> session.first(ScopeTable::scope, SCOPE + "WHERE name = ?", name));
  }

  /**
   * A scope as one organisation may use it.
   *
   * @param access the state of the organisation's access, or null when none was ever given
   */
  public record ConsumersScope(ScopeRow scope, @Nullable String access) {}

  /** The scopes of these names, by name, as an organisation may use them; those there are. */
  public Map<String, ConsumersScope> find(Iterable<String> names, String consumer) {
    Remembered.Moment now = remembered.now();
    Map<String, ConsumersScope> scopes = new HashMap<>();
    List<String> others = new ArrayList<>();
    for (String name : names) {
      ConsumersScope known = remembered.get(new Use(name, consumer), now);
      if (known == null) {
        others.add(name);
      } else {
        scopes.put(name, known);
      }
    }
    if (!others.isEmpty()) {
      Map<String, ConsumersScope> read = database.read(session -> find(session, others, consumer));
      read.forEach((name, scope) -> remembered.put(new Use(name, consumer), scope, now));
      scopes.putAll(read);
    }
    return scopes;
  }

  private static Map<String, ConsumersScope> find(
      Session session, List<String> names, String consumer) {
    Map<String, ConsumersScope> scopes = new HashMap<>();
    for (String name : names) {
      ConsumersScope found =
          session.first(ScopeTable::consumersScope, CONSUMERS_SCOPE, consumer, name);
      if (found != null) {
        scopes.put(name, found);
      }
    }
    return scopes;
  }

  /**
   * A scope as it stays until the transaction ends, or null when there is none of that name:
   * whoever else wants to change it or its accesses waits.
   */
  public @Nullable ScopeRow hold(Session session, String name) {
    session.update("UPDATE scope SET active = active WHERE name = ?", name);
    return session.first(ScopeTable::scope, SCOPE + "WHERE name = ?", name);
  }

  /** The public scopes of everybody by name; the first ones when there are many. */
  public List<ScopeRow> allPublic(boolean active) {
    return database.read(session ->
        session.query(
            ScopeTable::scope, SCOPE + "WHERE " + PUBLIC + "ORDER BY name", active ? 1 : 0));
  }

  /** The scopes of an owner by name; the first ones when there are many. */
  public List<ScopeRow> ownedBy(String owner, boolean active) {
    return database.read(session ->
        session.query(
            ScopeTable::scope, SCOPE + "WHERE " + OWNED + "ORDER BY name", owner, active ? 1 : 0));
  }

  /** Adds a scope; false when there is one of that name already. */
  public boolean add(ScopeRow scope) {
    return database.write(session -> add(session, scope));
  }

  /** The same, in a transaction. */
  public boolean add(Session session, ScopeRow scope) {
    return session.update(
            "INSERT INTO scope (name, owner, active, visibility, body, created, updated)"
                + " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            scope.name(),
            scope.owner(),
            scope.active() ? 1 : 0,
            scope.visibility(),
            scope.body(),
            scope.created(),
            scope.updated())
        == 1;
  }

  /** Changes what may change of a scope: its settings and whether it is active. */
  public void update(Session session, ScopeRow scope) {
    session.update(
        "UPDATE scope SET active = ?, visibility = ?, body = ?, updated = ? WHERE name = ?",
        scope.active() ? 1 : 0,
        scope.visibility(),
        scope.body(),
        scope.updated(),
        scope.name());
  }

  /** An access, or null when none was ever given. */
  public @Nullable AccessRow access(String scope, String consumer) {
    return database.read(session -> access(session, scope, consumer));
  }

  /** The same, in a transaction. */
  public @Nullable AccessRow access(Session session, String scope, String consumer) {
    return session.first(
        ScopeTable::accessRow, ACCESS + "WHERE scope = ? AND consumer = ?", scope, consumer);
  }

  /** The accesses to a scope by consumer; {@value #MOST} at most. */
  public List<AccessRow> accesses(String scope) {
    return database.read(session ->
        session.query(
            ScopeTable::accessRow,
            ACCESS + "WHERE scope = ? ORDER BY consumer LIMIT ?",
            scope,
            MOST));
  }

  /** What was granted to a consumer, and the scopes, by name. */
  public record Granted(AccessRow access, ScopeRow scope) {}

  /**
   * The accesses of a consumer to scopes that are active, or are not; the first ones when there are
   * many.
   */
  public List<Granted> accessesOf(String consumer, boolean active) {
    return database.read(session ->
        session.query(
            row ->
                new Granted(
                    new AccessRow(
                        row.getString(1),
                        consumer,
                        row.getString(7),
                        row.getLong(8),
                        row.getLong(9)),
                    scope(row)),
            "SELECT scope.name, scope.owner, scope.active, scope.body, scope.created,"
                + " scope.updated, scope_access.state, scope_access.created, scope_access.updated"
                + " FROM scope_access JOIN scope ON scope.name = scope_access.scope"
                + " WHERE scope_access.consumer = ? AND "
                + GRANTED
                + "ORDER BY name",
            consumer,
            active ? 1 : 0,
            consumer));
  }

  /** Sets the state of an access and returns it. */
  public AccessRow putAccess(String scope, String consumer, String state, long now) {
    return database.write(session -> putAccess(session, scope, consumer, state, now));
  }

  /** The same, in a transaction. */
  public AccessRow putAccess(
      Session session, String scope, String consumer, String state, long now) {
    session.update(
        "INSERT INTO scope_access (scope, consumer, state, created, updated)"
            + " VALUES (?, ?, ?, ?, ?) ON CONFLICT (scope, consumer) DO UPDATE SET"
            + " state = excluded.state, updated = excluded.updated",
        scope,
        consumer,
        state,
        now,
        now);
    AccessRow row = access(session, scope, consumer);
    return row == null ? new AccessRow(scope, consumer, state, now, now) : row;
  }

  private static String first(String condition) {
    return BoundedList.first("scope", "name", condition, "name");
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

  private static ConsumersScope consumersScope(ResultSet row) throws SQLException {
    return new ConsumersScope(scope(row), row.getString(7));
  }

  private static AccessRow accessRow(ResultSet row) throws SQLException {
    return new AccessRow(
        row.getString(1), row.getString(2), row.getString(3), row.getLong(4), row.getLong(5));
  }
}

package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import org.jspecify.annotations.Nullable;

/** Who decides on delegations, and which consumer lets which supplier use which scope. */
public final class DelegationTable {
  private static final String SOURCE =
      "SELECT issuer, name, created, updated FROM delegation_source ";
  private static final String DELEGATION =
      "SELECT source, scope, consumer, supplier, created FROM delegation ";

  private static final int MOST_SOURCES = 100;

  private final Database database;

  public DelegationTable(Database database) {
    this.database = database;
  }

  /**
   * An authority that keeps delegations.
   *
   * @param issuer its issuer identifier, a URL
   * @param created milliseconds since 1970
   * @param updated milliseconds since 1970
   */
  public record SourceRow(String issuer, String name, long created, long updated) {}

  /**
   * A delegation.
   *
   * @param source the issuer of who keeps it
   * @param consumer the organisation number of who gave it
   * @param supplier the organisation number of who may act
   * @param created milliseconds since 1970
   */
  public record DelegationRow(
      String source, String scope, String consumer, String supplier, long created) {}

  /** All sources by name. */
  public List<SourceRow> sources() {
    return database.read(
        session -> session.query(DelegationTable::source, SOURCE + "ORDER BY name, issuer"));
  }

  /** A source, or null when there is none of that issuer. */
  public @Nullable SourceRow source(String issuer) {
    return database.read(session -> source(session, issuer));
  }

  /** The same, in a transaction. */
  public @Nullable SourceRow source(Session session, String issuer) {
    return session.first(DelegationTable::source, SOURCE + "WHERE issuer = ?", issuer);
  }

  /** Whether there are as many sources as there may be. */
  public boolean isFull(Session session) {
    return session.query(row -> row.getString(1), "SELECT issuer FROM delegation_source").size()
        >= MOST_SOURCES;
  }

  /** Adds a source when there is none of that issuer. */
  public void addSource(String issuer, String name, long now) {
    if (source(issuer) == null) {
      database.write(session -> {
        putSource(session, issuer, name, now);
        return null;
      });
    }
  }

  /** Adds a source, or gives the one of that issuer another name. */
  public void putSource(Session session, String issuer, String name, long now) {
    session.update(
        "INSERT INTO delegation_source (issuer, name, created, updated) VALUES (?, ?, ?, ?)"
            + " ON CONFLICT (issuer) DO UPDATE SET name = excluded.name, updated = excluded.updated",
        issuer,
        name,
        now,
        now);
  }

  /** The delegation of a scope from a consumer to a supplier, or null when there is none. */
  public @Nullable DelegationRow find(
      String source, String scope, String consumer, String supplier) {
    DelegationRow like = new DelegationRow(source, scope, consumer, supplier, 0);
    return database.read(session -> find(session, like));
  }

  /** A delegation like this one, whenever it was given, in a transaction; null: there is none. */
  public @Nullable DelegationRow find(Session session, DelegationRow like) {
    return session.first(
        DelegationTable::delegation,
        DELEGATION + "WHERE source = ? AND scope = ? AND consumer = ? AND supplier = ?",
        like.source(),
        like.scope(),
        like.consumer(),
        like.supplier());
  }

  /** The delegations that an organisation gave or got, at most so many. */
  public List<DelegationRow> of(String organisation, int most) {
    return database.read(session ->
        session.query(
            DelegationTable::delegation,
            DELEGATION
                + "WHERE consumer = ? OR supplier = ?"
                + " ORDER BY source, scope, consumer, supplier LIMIT ?",
            organisation,
            organisation,
            most));
  }

  /** Adds a delegation; false when it is there already. */
  public boolean add(Session session, DelegationRow row) {
    return session.update(
            "INSERT INTO delegation (source, scope, consumer, supplier, created)"
                + " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            row.source(),
            row.scope(),
            row.consumer(),
            row.supplier(),
            row.created())
        == 1;
  }

  /** Takes a delegation back; false when there is none. */
  public boolean remove(
      Session session, String source, String scope, String consumer, String supplier) {
    return session.update(
            "DELETE FROM delegation WHERE source = ? AND scope = ? AND consumer = ?"
                + " AND supplier = ?",
            source,
            scope,
            consumer,
            supplier)
        == 1;
  }

  private static SourceRow source(ResultSet row) throws SQLException {
    return new SourceRow(row.getString(1), row.getString(2), row.getLong(3), row.getLong(4));
  }

  private static DelegationRow delegation(ResultSet row) throws SQLException {
    return new DelegationRow(
        row.getString(1), row.getString(2), row.getString(3), row.getString(4), row.getLong(5));
  }
}

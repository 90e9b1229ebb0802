package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import org.jspecify.annotations.Nullable;

/** Vendors' systems, and the system users by which parties let them act. */
public final class SystemUserTable {
  private static final String SYSTEM =
      "SELECT system_id, vendor, body, created, updated FROM vendor_system ";
  private static final String USER =
      "SELECT id, system_id, party, external_ref, created FROM vendor_system_user ";

  private static final String OF_VENDOR =
      BoundedList.first("vendor_system", "system_id", "vendor = ?", "system_id");

  private final Database database;

  public SystemUserTable(Database database) {
    this.database = database;
  }

  /**
   * A vendor's system.
   *
   * @param vendor the organisation number of its vendor
   * @param body its settings, JSON; {@code client_ids} lists the clients that may act as it
   * @param created milliseconds since 1970
   * @param updated milliseconds since 1970
   */
  public record SystemRow(String id, String vendor, String body, long created, long updated) {}

  /**
   * A system user.
   *
   * @param id a UUID
   * @param party the organisation number of who approved it
   * @param externalRef tells several users of one party and system apart
   * @param created milliseconds since 1970
   */
  public record UserRow(
      String id, String systemId, String party, String externalRef, long created) {}

  /** A system, or null when there is none of that id. */
  public @Nullable SystemRow system(String id) {
    return database.read(
        session -> session.first(SystemUserTable::system, SYSTEM + "WHERE system_id = ?", id));
  }

  /** The systems of a vendor by id; the first ones when there are many. */
  public List<SystemRow> systems(String vendor) {
    return database.read(session ->
        session.query(
            SystemUserTable::system, SYSTEM + "WHERE " + OF_VENDOR + "ORDER BY system_id", vendor));
  }

  /** Adds a system or replaces the one of that id, keeping when it was made. */
  public void putSystem(Session session, SystemRow row) {
    session.update(
        "INSERT INTO vendor_system (system_id, vendor, body, created, updated)"
            + " VALUES (?, ?, ?, ?, ?) ON CONFLICT (system_id) DO UPDATE SET"
            + " vendor = excluded.vendor, body = excluded.body, updated = excluded.updated",
        row.id(),
        row.vendor(),
        row.body(),
        row.created(),
        row.updated());
  }

  /** The same, in a transaction that changes it: whoever else wants to waits. */
  public @Nullable SystemRow hold(Session session, String id) {
    session.update("UPDATE vendor_system SET updated = updated WHERE system_id = ?", id);
    return session.first(SystemUserTable::system, SYSTEM + "WHERE system_id = ?", id);
  }

  /** The users of a vendor's systems that a party approved with this reference, by system. */
  public List<UserRow> users(String vendor, String party, String externalRef) {
    return database.read(session ->
        session.query(
            SystemUserTable::user,
            "SELECT u.id, u.system_id, u.party, u.external_ref, u.created"
                + " FROM vendor_system_user u JOIN vendor_system s ON s.system_id = u.system_id"
                + " WHERE u.party = ? AND u.external_ref = ? AND s.vendor = ? ORDER BY u.system_id",
            party,
            externalRef,
            vendor));
  }

  /** The users of a system by party. */
  public List<UserRow> usersOf(String systemId) {
    return database.read(session ->
        session.query(
            SystemUserTable::user,
            USER + "WHERE system_id = ? ORDER BY party, external_ref LIMIT ?",
            systemId,
            BoundedList.MOST_ROWS));
  }

  /** A user, or null when there is none of that id. */
  public @Nullable UserRow find(String id) {
    return database.read(session -> find(session, id));
  }

  /** The same, in a transaction. */
  public @Nullable UserRow find(Session session, String id) {
    return session.first(SystemUserTable::user, USER + "WHERE id = ?", id);
  }

  /** Adds a user; false when the party has one of that system and reference already. */
  public boolean add(Session session, UserRow row) {
    return session.update(
            "INSERT INTO vendor_system_user (id, system_id, party, external_ref, created)"
                + " VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            row.id(),
            row.systemId(),
            row.party(),
            row.externalRef(),
            row.created())
        == 1;
  }

  /** Removes a user; false when there is none of that id. */
  public boolean remove(Session session, String id) {
    return session.update("DELETE FROM vendor_system_user WHERE id = ?", id) == 1;
  }

  private static SystemRow system(ResultSet row) throws SQLException {
    return new SystemRow(
        row.getString(1), row.getString(2), row.getString(3), row.getLong(4), row.getLong(5));
  }

  private static UserRow user(ResultSet row) throws SQLException {
    return new UserRow(
        row.getString(1), row.getString(2), row.getString(3), row.getString(4), row.getLong(5));
  }
}

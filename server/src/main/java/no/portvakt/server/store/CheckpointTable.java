package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import org.jspecify.annotations.Nullable;

/** The signed statements of how far the audit's chains reach, numbered without gaps. */
public final class CheckpointTable {
  private static final String SELECT = "SELECT number, time, document FROM audit_checkpoint ";

  private final Database database;

  public CheckpointTable(Database database) {
    this.database = database;
  }

  /**
   * A statement as it is kept.
   *
   * @param number its place, from 1
   * @param time when it was made, milliseconds since 1970
   * @param document the signed statement, a compact JWS
   */
  public record CheckpointRow(long number, long time, String document) {}

  /** The newest statement, or null when there is none. */
  public static @Nullable CheckpointRow last(Session session) {
    return session.first(CheckpointTable::read, SELECT + "ORDER BY number DESC LIMIT 1");
  }

  /** The newest statement, or null when there is none. */
  public @Nullable CheckpointRow last() {
    return database.read(CheckpointTable::last);
  }

  /** The newest statement made before a time (milliseconds since 1970), or null. */
  public @Nullable CheckpointRow lastBefore(long time) {
    return database.read(session ->
        session.first(
            CheckpointTable::read, SELECT + "WHERE time < ? ORDER BY number DESC LIMIT 1", time));
  }

  /** Statements after a number, in order. */
  public List<CheckpointRow> after(long number, int limit) {
    return database.read(session ->
        session.query(
            CheckpointTable::read,
            SELECT + "WHERE number > ? ORDER BY number LIMIT ?",
            number,
            limit));
  }

  /** Adds a statement; false when another node added one of that number. */
  public static boolean add(Session session, CheckpointRow row) {
    return session.update(
            "INSERT INTO audit_checkpoint (number, time, document) VALUES (?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            row.number(),
            row.time(),
            row.document())
        == 1;
  }

  /** Removes the statements before a number. */
  public static void removeBefore(Session session, long number) {
    session.update("DELETE FROM audit_checkpoint WHERE number < ?", number);
  }

  private static CheckpointRow read(ResultSet row) throws SQLException {
    return new CheckpointRow(row.getLong(1), row.getLong(2), row.getString(3));
  }
}

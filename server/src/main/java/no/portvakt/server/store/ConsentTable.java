package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import org.jspecify.annotations.Nullable;

/** Consents of persons and organisations to the use of data about them. */
public final class ConsentTable {
  private static final String CONSENT = "SELECT id, giver, receiver, body, created FROM consent ";

  private static final String GIVEN =
      BoundedList.first("consent", "id", "receiver = ?", "created, id");

  private final Database database;

  public ConsentTable(Database database) {
    this.database = database;
  }

  /**
   * A consent.
   *
   * @param id a UUID
   * @param giver the URN of who consents: a person or an organisation
   * @param receiver the organisation number of who may use the data
   * @param body what is consented to and for how long, JSON
   * @param created milliseconds since 1970
   */
  public record ConsentRow(String id, String giver, String receiver, String body, long created) {
    // The giver may be a person number.
    @Override
    public String toString() {
      return "ConsentRow[id=" + id + ", receiver=" + receiver + "]";
    }
  }

  /** A consent, or null when there is none of that id. */
  public @Nullable ConsentRow find(String id) {
    return database.read(session -> find(session, id));
  }

  /** The same, in a transaction. */
  public @Nullable ConsentRow find(Session session, String id) {
    return session.first(ConsentTable::row, CONSENT + "WHERE id = ?", id);
  }

  /** The consents to a receiver, oldest first, and only those when there are many. */
  public List<ConsentRow> of(String receiver) {
    return database.read(session ->
        session.query(
            ConsentTable::row, CONSENT + "WHERE " + GIVEN + "ORDER BY created, id", receiver));
  }

  /** Adds a consent; false when there is one of that id already. */
  public boolean add(Session session, ConsentRow row) {
    return session.update(
            "INSERT INTO consent (id, giver, receiver, body, created) VALUES (?, ?, ?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            row.id(),
            row.giver(),
            row.receiver(),
            row.body(),
            row.created())
        == 1;
  }

  /** Takes a consent back; false when there is none of that id. */
  public boolean remove(Session session, String id) {
    return session.update("DELETE FROM consent WHERE id = ?", id) == 1;
  }

  private static ConsentRow row(ResultSet row) throws SQLException {
    return new ConsentRow(
        row.getString(1), row.getString(2), row.getString(3), row.getString(4), row.getLong(5));
  }
}

package no.portvakt.server.store;

import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import org.jspecify.annotations.Nullable;

/**
 * Messages that may be used once, kept until they have expired. What was forgotten stays refused
 * also when a clock is set back: the table remembers how far it has forgotten.
 */
public final class ReplayTable {
  private final Database database;

  public ReplayTable(Database database) {
    this.database = database;
  }

  /**
   * Remembers a message; call it inside {@link Database#record}.
   *
   * @param message what identifies it
   * @param expires until when it must be remembered, milliseconds since 1970
   * @return false when it was remembered already, or may have been and is forgotten
   */
  public boolean add(Session session, String message, long expires) {
    return session.update(
            "INSERT INTO used_message (message, expires) SELECT ?, ?"
                + " WHERE NOT EXISTS (SELECT 1 FROM replay_horizon WHERE forgotten_before > ?)"
                + " ON CONFLICT DO NOTHING",
            message,
            expires,
            expires)
        == 1;
  }

  /**
   * Forgets what expired before a time.
   *
   * @param before milliseconds since 1970
   * @param most how many records to look at in one transaction: other writes wait meanwhile
   * @return how many were forgotten
   */
  public int forgetExpired(long before, int most) {
    // Only as far as there is something to forget: a clock far ahead must not refuse what comes.
    Long last =
        database.<@Nullable Long>read(session ->
            session.first(
                row -> row.getLong(1),
                "SELECT MAX(expires) FROM used_message WHERE expires < ? HAVING COUNT(*) > 0",
                before));
    if (last == null) {
      return 0;
    }
    // In a transaction of its own: whoever adds a message meanwhile, on a node whose clock is
    // behind, must see how far is forgotten before the first record is gone.
    int _ =
        database.record(session ->
            session.update(
                "UPDATE replay_horizon SET forgotten_before = ? WHERE forgotten_before < ?",
                last + 1,
                last + 1));
    int forgotten = 0;
    String from = "";
    while (from != null) {
      String after = from;
      String through = messageAt(after, most);
      forgotten += database.record(session -> forget(session, last, after, through));
      from = through;
    }
    return forgotten;
  }

  /** The message that comes so many places after another, or null when there are not so many. */
  private @Nullable String messageAt(String after, int places) {
    return database.<@Nullable String>read(session ->
        session.first(
            row -> row.getString(1),
            "SELECT message FROM used_message WHERE message > ? ORDER BY message"
                + " LIMIT 1 OFFSET ?",
            after,
            places - 1));
  }

  private static int forget(Session session, long last, String after, @Nullable String through) {
    return through == null
        ? session.update("DELETE FROM used_message WHERE message > ? AND expires <= ?", after, last)
        : session.update(
            "DELETE FROM used_message WHERE message > ? AND message <= ? AND expires <= ?",
            after,
            through,
            last);
  }
}

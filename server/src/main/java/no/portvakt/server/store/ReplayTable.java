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
   * @param most how many to look at in one transaction: other writes wait meanwhile
   */
  public void forgetExpired(long before, int most) {
    // Only as far as there is something to forget: a clock far ahead must not refuse what comes.
    Long last =
        database.<@Nullable Long>read(session ->
            session.first(
                row -> row.getLong(1),
                "SELECT MAX(expires) FROM used_message WHERE expires < ? HAVING COUNT(*) > 0",
                before));
    if (last == null) {
      return;
    }
    // In a transaction of its own: whoever adds a message meanwhile, on a node whose clock is
    // behind, must see how far is forgotten before the first record is gone.
    int _ =
        database.record(session ->
            session.update(
                "UPDATE replay_horizon SET forgotten_before = ? WHERE forgotten_before < ?",
                last + 1,
                last + 1));
    for (Part part = after("", most); part != null; part = after(part.through, most)) {
      Part each = part;
      if (each.expires <= last) {
        int _ =
            database.record(session ->
                session.update(
                    "DELETE FROM used_message"
                        + " WHERE message > ? AND message <= ? AND expires <= ?",
                    each.after,
                    each.through,
                    last));
      }
    }
  }

  /**
   * Some of the messages, in the order of what identifies them.
   *
   * @param after the message before the first of them
   * @param through the last of them
   * @param expires when the first of them expires
   */
  private record Part(String after, String through, long expires) {}

  /** The messages that follow one, or null when there is none. */
  private @Nullable Part after(String message, int most) {
    return database.<@Nullable Part>read(session ->
        session.first(
            row -> new Part(message, row.getString(1), row.getLong(2)),
            "SELECT MAX(message), MIN(expires) FROM (SELECT message, expires FROM used_message"
                + " WHERE message > ? ORDER BY message LIMIT ?) part HAVING COUNT(*) > 0",
            message,
            most));
  }
}

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
            "INSERT INTO replay (message, expires) SELECT ?, ?"
                + " WHERE NOT EXISTS (SELECT 1 FROM replay_horizon WHERE forgotten_before > ?)"
                + " ON CONFLICT DO NOTHING",
            message,
            expires,
            expires)
        == 1;
  }

  /**
   * Forgets what expired before a time, the oldest first.
   *
   * @param before milliseconds since 1970
   * @param most how many to forget at once: other writes wait meanwhile
   * @return how many were forgotten
   */
  public int forgetExpired(long before, int most) {
    // Two transactions: whoever adds a message meanwhile, on a node whose clock is behind, must see
    // how far is forgotten before the first record is gone.
    Long last =
        database.<@Nullable Long>record(session -> {
          // Only as far as there is something to forget: a clock far ahead must not refuse what
          // comes.
          Long found =
              session.first(
                  row -> row.getLong(1),
                  "SELECT MAX(expires) FROM replay WHERE expires < ? HAVING COUNT(*) > 0",
                  before);
          if (found != null) {
            session.update(
                "UPDATE replay_horizon SET forgotten_before = ? WHERE forgotten_before < ?",
                found + 1,
                found + 1);
          }
          return found;
        });
    if (last == null) {
      return 0;
    }
    return database.record(session ->
        session.update(
            "DELETE FROM replay WHERE message IN"
                + " (SELECT message FROM replay WHERE expires <= ? ORDER BY expires LIMIT ?)",
            last,
            most));
  }
}

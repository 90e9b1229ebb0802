package no.portvakt.server.store;

import java.util.Objects;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;

/** Failed attempts to guess a secret, counted for each subject until they expire. */
public final class AttemptTable {
  private static final Session.Row<Attempts> ROW =
      row -> new Attempts(row.getInt(1), row.getLong(2), row.getLong(3));

  private final Database database;

  public AttemptTable(Database database) {
    this.database = database;
  }

  /**
   * The attempts of one subject.
   *
   * @param failures how many failed, one after the other
   * @param lockedUntil when the next one may be made, milliseconds since 1970
   * @param expires from when these count no more, milliseconds since 1970
   */
  public record Attempts(int failures, long lockedUntil, long expires) {
    /** Of a subject that nobody tried. */
    public static final Attempts NONE = new Attempts(0, 0, 0);
  }

  /** The attempts of a subject as they were last committed. */
  public Attempts find(String subject) {
    Attempts found =
        database.read(session ->
            session.first(
                ROW,
                "SELECT failures, locked_until, expires FROM attempt WHERE subject = ?",
                subject));
    return found == null ? Attempts.NONE : found;
  }

  /**
   * The attempts of a subject, held until the transaction ends: whoever else wants to count one
   * waits, on this node and on others. Call it inside {@link Database#record}.
   */
  public Attempts hold(Session session, String subject) {
    Attempts held =
        session.first(
            ROW,
            "INSERT INTO attempt (subject, failures, locked_until, expires) VALUES (?, 0, 0, 0)"
                + " ON CONFLICT (subject) DO UPDATE SET failures = attempt.failures"
                + " RETURNING failures, locked_until, expires",
            subject);
    return Objects.requireNonNull(held);
  }

  /** Replaces the attempts of a subject that is held. */
  public void put(Session session, String subject, Attempts attempts) {
    int _ =
        session.update(
            "UPDATE attempt SET failures = ?, locked_until = ?, expires = ? WHERE subject = ?",
            attempts.failures(),
            attempts.lockedUntil(),
            attempts.expires(),
            subject);
  }

  /** Forgets the attempts of a subject. */
  public void remove(Session session, String subject) {
    int _ = session.update("DELETE FROM attempt WHERE subject = ?", subject);
  }

  /**
   * Forgets what has expired.
   *
   * @param now milliseconds since 1970
   * @param most how many rows to remove in one transaction: other writes wait meanwhile
   */
  public void forgetExpired(long now, int most) {
    int removed = most;
    while (removed == most) {
      // Twice the same condition: a row that another node renews meanwhile is looked at again, but
      // not the query for the first of them.
      removed =
          database.record(session ->
              session.update(
                  "DELETE FROM attempt WHERE expires <= ? AND subject IN"
                      + " (SELECT subject FROM attempt WHERE expires <= ? LIMIT ?)",
                  now,
                  now,
                  most));
    }
  }
}

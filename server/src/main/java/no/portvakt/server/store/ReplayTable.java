package no.portvakt.server.store;

/** Messages that may be used once, kept until they have expired. */
public final class ReplayTable {
  private final Database database;

  public ReplayTable(Database database) {
    this.database = database;
  }

  /**
   * Remembers a message; call it inside {@link Database#write}.
   *
   * @param message what identifies it
   * @param expires until when it must be remembered, milliseconds since 1970
   * @return false when it was remembered already
   */
  public boolean add(Session session, String message, long expires) {
    return session.update(
            "INSERT INTO replay (message, expires) VALUES (?, ?) ON CONFLICT DO NOTHING",
            message,
            expires)
        == 1;
  }

  /** Forgets what expired before a time (milliseconds since 1970) and says how many that were. */
  public int forgetExpired(long before) {
    return database.write(
        session -> session.update("DELETE FROM replay WHERE expires < ?", before));
  }
}

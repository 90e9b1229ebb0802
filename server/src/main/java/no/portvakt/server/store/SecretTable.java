package no.portvakt.server.store;

import no.portvakt.server.database.Database;
import org.jspecify.annotations.Nullable;

/** Small secrets of the platform's own, encrypted before they come here. */
public final class SecretTable {
  private final Database database;

  public SecretTable(Database database) {
    this.database = database;
  }

  /** A sealed secret, or null when there is none of that name. */
  public @Nullable String find(String name) {
    return database.read(session ->
        session.first(
            row -> row.getString(1), "SELECT sealed FROM sealed_secret WHERE name = ?", name));
  }

  /**
   * Keeps a secret unless there is one of that name already.
   *
   * @param created milliseconds since 1970
   */
  public void addIfMissing(String name, String sealed, long created) {
    database.write(session ->
        session.update(
            "INSERT INTO sealed_secret (name, sealed, created) VALUES (?, ?, ?)"
                + " ON CONFLICT DO NOTHING",
            name,
            sealed,
            created));
  }
}

package no.portvakt.server.store;

import java.util.List;
import no.portvakt.server.database.Database;
import org.jspecify.annotations.Nullable;

/** Organisations with a short code. */
public final class OrganisationTable {
  private final Database database;

  public OrganisationTable(Database database) {
    this.database = database;
  }

  /**
   * An organisation.
   *
   * @param code the short code, such as {@code brg}
   * @param number the organisation number, or null when it has none
   * @param names its names by language, JSON
   */
  public record Organisation(String code, @Nullable String number, String names) {}

  /** The code of the organisation with this number, or null when none has it. */
  public @Nullable String codeOf(String number) {
    return database.read(session ->
        session.first(
            row -> row.getString(1),
            "SELECT code FROM organisation WHERE organisation_number = ?",
            number));
  }

  /** All organisations by code. */
  public List<Organisation> all() {
    return database.read(session ->
        session.query(
            row -> new Organisation(row.getString(1), row.getString(2), row.getString(3)),
            "SELECT code, organisation_number, names FROM organisation ORDER BY code"));
  }

  /** Adds organisations and replaces those of the same code; all or none. */
  public void put(List<Organisation> organisations) {
    database.write(session -> {
      for (Organisation it : organisations) {
        // A number moves with its organisation: whoever had it before loses it.
        session.update(
            "UPDATE organisation SET organisation_number = NULL"
                + " WHERE organisation_number = ? AND code <> ?",
            it.number(),
            it.code());
        session.update(
            "INSERT INTO organisation (code, organisation_number, names) VALUES (?, ?, ?)"
                + " ON CONFLICT (code) DO UPDATE SET"
                + " organisation_number = excluded.organisation_number,"
                + " names = excluded.names",
            it.code(),
            it.number(),
            it.names());
      }
      return null;
    });
  }
}

package no.portvakt.server.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import org.jspecify.annotations.Nullable;

/**
 * The platform's own signing keys and what each may do when. Private keys come in and go out
 * encrypted. Changes of a role are counted: of two that were planned on the same count, the second
 * finds that it is out of date.
 */
public final class SigningKeyTable {
  /** The topic under which nodes tell each other of changes. */
  public static final String TOPIC = "signing-keys";

  private static final String SELECT =
      "SELECT role, kid, algorithm, certificate, private_key, source, created, published,"
          + " signs_from, signs_until, removed FROM signing_key ";

  private final Database database;

  public SigningKeyTable(Database database) {
    this.database = database;
  }

  /**
   * A signing key. Times are milliseconds since 1970.
   *
   * @param role what signs with it: {@code authentication} or {@code maskinporten}
   * @param algorithm the JWS algorithm
   * @param certificate its certificate, DER in base64
   * @param privateKey the encrypted private key, base64; empty when it lives elsewhere
   * @param source where the private key lives: {@code store}, or the name of another source
   * @param published since when verifiers can see it
   * @param signsFrom from when it signs; null: not decided
   * @param signsUntil until when it signs; null: not decided
   * @param removed from when verifiers no longer see it; null: not decided
   */
  public record SigningKeyRow(
      String role,
      String kid,
      String algorithm,
      String certificate,
      String privateKey,
      String source,
      long created,
      long published,
      @Nullable Long signsFrom,
      @Nullable Long signsUntil,
      @Nullable Long removed) {}

  /** The keys of a role, oldest first, with the count of changes that led to them. */
  public record Role(long epoch, List<SigningKeyRow> keys) {}

  /** The keys of a role as they are now. */
  public Role ofRole(String role) {
    return database.read(session -> ofRole(session, role));
  }

  /** The keys of a role as a transaction sees them. */
  public static Role ofRole(Session session, String role) {
    // The count first: with an older one, a change made from these rows is refused, not lost.
    return new Role(
        epoch(session, role),
        session.query(
            SigningKeyTable::read, SELECT + "WHERE role = ? ORDER BY created, kid", role));
  }

  /** The count of changes of a role: when it is the same, so are the keys. */
  public long epoch(String role) {
    return database.read(session -> epoch(session, role));
  }

  private static long epoch(Session session, String role) {
    Long epoch =
        session.first(
            row -> row.getLong(1), "SELECT epoch FROM signing_key_epoch WHERE role = ?", role);
    return epoch == null ? 0 : epoch;
  }

  /**
   * Writes all keys of a role, if nobody changed them meanwhile; call it inside {@link
   * Database#write}.
   *
   * @param epoch the count of changes that the new rows were made from
   * @return false when it is out of date; nothing was written
   */
  public boolean replace(Session session, String role, long epoch, List<SigningKeyRow> keys) {
    session.update(
        "INSERT INTO signing_key_epoch (role, epoch) VALUES (?, 0) ON CONFLICT DO NOTHING", role);
    if (session.update(
            "UPDATE signing_key_epoch SET epoch = epoch + 1 WHERE role = ? AND epoch = ?",
            role,
            epoch)
        != 1) {
      return false;
    }
    session.update("DELETE FROM signing_key WHERE role = ?", role);
    for (SigningKeyRow key : keys) {
      session.update(
          "INSERT INTO signing_key (role, kid, algorithm, certificate, private_key, source,"
              + " created, published, signs_from, signs_until, removed)"
              + " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
          key.role(),
          key.kid(),
          key.algorithm(),
          key.certificate(),
          key.privateKey(),
          key.source(),
          key.created(),
          key.published(),
          key.signsFrom(),
          key.signsUntil(),
          key.removed());
    }
    database.announce(session, TOPIC);
    return true;
  }

  private static SigningKeyRow read(ResultSet row) throws SQLException {
    return new SigningKeyRow(
        row.getString(1),
        row.getString(2),
        row.getString(3),
        row.getString(4),
        row.getString(5),
        row.getString(6),
        row.getLong(7),
        row.getLong(8),
        time(row, 9),
        time(row, 10),
        time(row, 11));
  }

  private static @Nullable Long time(ResultSet row, int column) throws SQLException {
    long value = row.getLong(column);
    return row.wasNull() ? null : value;
  }
}

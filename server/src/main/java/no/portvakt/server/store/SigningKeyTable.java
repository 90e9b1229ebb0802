package no.portvakt.server.store;

import java.util.List;

/** The platform's own signing keys; private keys come in and go out encrypted. */
public final class SigningKeyTable {
  private final Database database;

  public SigningKeyTable(Database database) {
    this.database = database;
  }

  /**
   * A signing key.
   *
   * @param role what signs with it: {@code authentication} or {@code maskinporten}
   * @param algorithm the JWS algorithm
   * @param certificate its certificate, DER in base64
   * @param privateKey the encrypted private key, base64
   * @param created milliseconds since 1970
   */
  public record SigningKeyRow(
      String role,
      String kid,
      String algorithm,
      String certificate,
      String privateKey,
      long created) {}

  /** The keys of a role, oldest first. */
  public List<SigningKeyRow> ofRole(String role) {
    return database.read(session ->
        session.query(
            row ->
                new SigningKeyRow(
                    row.getString(1),
                    row.getString(2),
                    row.getString(3),
                    row.getString(4),
                    row.getString(5),
                    row.getLong(6)),
            "SELECT role, kid, algorithm, certificate, private_key, created FROM signing_key"
                + " WHERE role = ? ORDER BY created, kid",
            role));
  }

  /** Adds a key. */
  public void add(SigningKeyRow key) {
    database.write(session ->
        session.update(
            "INSERT INTO signing_key"
                + " (role, kid, algorithm, certificate, private_key, created)"
                + " VALUES (?, ?, ?, ?, ?, ?)",
            key.role(),
            key.kid(),
            key.algorithm(),
            key.certificate(),
            key.privateKey(),
            key.created()));
  }
}

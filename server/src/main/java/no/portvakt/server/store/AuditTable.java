package no.portvakt.server.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The audit records in the order in which they became durable, each chained to the one before:
 * {@code hash = SHA-256(hash before ‖ record)}. The first record's predecessor is 32 zero bytes.
 */
public final class AuditTable {
  private static final HexFormat HEX = HexFormat.of();
  private static final String COLUMNS = "SELECT seq, decision_id, time, record, hash FROM audit ";

  private final Database database;

  // The end of the chain as the writer last saw it; only the writer's thread touches these.
  private @Nullable Session headSession;
  private long headTransaction;
  private long headSeq;
  private byte[] headHash = new byte[32];

  public AuditTable(Database database) {
    this.database = database;
  }

  /**
   * A record as it is kept.
   *
   * @param seq its place, from 1 without gaps
   * @param decisionId the decision it tells of
   * @param time when, in milliseconds since 1970
   * @param record the record, JSON
   * @param hash 64 hexadecimal digits
   */
  public record Entry(long seq, String decisionId, long time, String record, String hash) {}

  /** Appends a record; call it inside {@link Database#write}. */
  public void append(Session session, String decisionId, long time, String record) {
    if (session != headSession || session.transaction() != headTransaction) {
      Entry last = session.first(AuditTable::entry, COLUMNS + "ORDER BY seq DESC LIMIT 1");
      headSeq = last == null ? 0 : last.seq();
      headHash = last == null ? new byte[32] : HEX.parseHex(last.hash());
      headSession = session;
      headTransaction = session.transaction();
    }
    headHash = chain(headHash, record);
    headSeq++;
    session.update(
        "INSERT INTO audit (seq, decision_id, time, record, hash) VALUES (?, ?, ?, ?, ?)",
        headSeq,
        decisionId,
        time,
        record,
        HEX.formatHex(headHash));
  }

  /** The records of a decision, oldest first. */
  public List<Entry> byDecision(String decisionId) {
    return database.read(session ->
        session.query(
            AuditTable::entry, COLUMNS + "WHERE decision_id = ? ORDER BY seq", decisionId));
  }

  /**
   * Records after a place, oldest first.
   *
   * @param seq the place to start after
   * @param since the earliest time, in milliseconds since 1970
   * @param limit the most records to return
   */
  public List<Entry> after(long seq, long since, int limit) {
    return database.read(session ->
        session.query(
            AuditTable::entry,
            COLUMNS + "WHERE seq > ? AND time >= ? ORDER BY seq LIMIT ?",
            seq,
            since,
            limit));
  }

  /** The hash of a record that follows another. */
  public static byte[] chain(byte[] previous, String record) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(previous);
      return digest.digest(record.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("SHA-256 is missing from this Java platform.", e);
    }
  }

  private static Entry entry(java.sql.ResultSet row) throws SQLException {
    return new Entry(
        row.getLong(1), row.getString(2), row.getLong(3), row.getString(4), row.getString(5));
  }
}

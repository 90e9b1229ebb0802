package no.portvakt.server.store;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HexFormat;
import java.util.List;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import org.jspecify.annotations.Nullable;

/**
 * The audit records in the order in which they became durable, each chained to the one before:
 * {@code hash = SHA-256(hash before ‖ record)}. The first record's predecessor is 32 zero bytes.
 * Each node that writes at the same time has a chain of its own.
 */
public final class AuditTable {
  private static final HexFormat HEX = HexFormat.of();
  private static final String COLUMNS =
      "SELECT chain, seq, decision_id, time, record, hash FROM audit ";

  private static final String END_OF_CHAIN =
      "SELECT chain, seq, hash FROM audit WHERE chain = ? ORDER BY seq DESC LIMIT 1";

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
   * @param chain its chain
   * @param seq its place in the chain, from 1 without gaps
   * @param decisionId the decision it tells of
   * @param time when, in milliseconds since 1970
   * @param record the record, JSON
   * @param hash 64 hexadecimal digits
   */
  public record Entry(
      int chain, long seq, String decisionId, long time, String record, String hash) {}

  /**
   * A place in a chain.
   *
   * @param seq 0: before the first record
   * @param hash the hash of the record there, 64 hexadecimal digits
   */
  public record Place(int chain, long seq, String hash) {}

  /** Appends a record to this session's chain; call it inside {@link Database#record}. */
  public void append(Session session, String decisionId, long time, String record) {
    if (session != headSession || session.transaction() != headTransaction) {
      Place last = session.first(AuditTable::place, END_OF_CHAIN, session.chain());
      // Retention never takes the last record of a chain, so an empty chain is a new one.
      headSeq = last == null ? 0 : last.seq();
      headHash = last == null ? new byte[32] : HEX.parseHex(last.hash());
      headSession = session;
      headTransaction = session.transaction();
    }
    headHash = chain(headHash, record);
    headSeq++;
    session.atEnd(
        "INSERT INTO audit (chain, seq, decision_id, time, record, hash)"
            + " VALUES (?, ?, ?, ?, ?, ?)",
        session.chain(),
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
            AuditTable::entry,
            COLUMNS + "WHERE decision_id = ? ORDER BY time, chain, seq",
            decisionId));
  }

  /**
   * Records of a chain after a place, oldest first.
   *
   * @param seq the place to start after
   * @param since the earliest time, in milliseconds since 1970
   * @param limit the most records to return
   */
  public List<Entry> after(int chain, long seq, long since, int limit) {
    return database.read(session ->
        session.query(
            AuditTable::entry,
            COLUMNS + "WHERE chain = ? AND seq > ? AND time >= ? ORDER BY seq LIMIT ?",
            chain,
            seq,
            since,
            limit));
  }

  /** The last record of each chain that has any, by chain. */
  public List<Place> ends() {
    return database.read(AuditTable::ends);
  }

  /** The same, as a transaction sees it. */
  public static List<Place> ends(Session session) {
    // A loose walk over the key: a plain GROUP BY would read every record.
    return session.query(
        AuditTable::place,
        "WITH RECURSIVE number (chain) AS ("
            + " SELECT MIN(chain) FROM audit UNION ALL"
            + " SELECT (SELECT MIN(chain) FROM audit WHERE audit.chain > number.chain)"
            + " FROM number WHERE number.chain IS NOT NULL)"
            + " SELECT audit.chain, audit.seq, audit.hash FROM number JOIN audit"
            + " ON audit.chain = number.chain AND audit.seq ="
            + " (SELECT MAX(last.seq) FROM audit last WHERE last.chain = number.chain)"
            + " ORDER BY audit.chain");
  }

  /** The hash of the record at a place, or null when there is none. */
  public @Nullable String hashAt(int chain, long seq) {
    return database.read(session -> hashAt(session, chain, seq));
  }

  /** The same, as a transaction sees it. */
  public static @Nullable String hashAt(Session session, int chain, long seq) {
    return session.first(
        row -> row.getString(1), "SELECT hash FROM audit WHERE chain = ? AND seq = ?", chain, seq);
  }

  /**
   * The first place of a chain whose record is not older than a time, or null when all are.
   *
   * @param after the place to start after
   * @param through the last place to look at
   * @param time milliseconds since 1970
   */
  public static @Nullable Long firstSince(
      Session session, int chain, long after, long through, long time) {
    return session.first(
        row -> row.getLong(1),
        "SELECT seq FROM audit WHERE chain = ? AND seq > ? AND seq <= ? AND time >= ?"
            + " ORDER BY seq LIMIT 1",
        chain,
        after,
        through,
        time);
  }

  /**
   * Removes the oldest records of a chain; call it inside {@link Database#record}.
   *
   * @param through the last place to remove
   */
  public static int removeThrough(Session session, int chain, long through) {
    return session.update("DELETE FROM audit WHERE chain = ? AND seq <= ?", chain, through);
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

  private static Entry entry(ResultSet row) throws SQLException {
    return new Entry(
        row.getInt(1),
        row.getLong(2),
        row.getString(3),
        row.getLong(4),
        row.getString(5),
        row.getString(6));
  }

  private static Place place(ResultSet row) throws SQLException {
    return new Place(row.getInt(1), row.getLong(2), row.getString(3));
  }
}

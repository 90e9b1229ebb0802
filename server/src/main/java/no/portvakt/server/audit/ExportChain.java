package no.portvakt.server.audit;

import java.util.HexFormat;
import no.portvakt.server.audit.AuditVerifier.BrokenExport;
import no.portvakt.server.audit.CheckpointTrail.Anchor;
import no.portvakt.tokens.Digests;
import org.jspecify.annotations.Nullable;

/** One chain of an export as far as it was read: its first and its last record. */
final class ExportChain {
  private final int number;
  private final CheckpointTrail trail;
  private final long firstLine;
  private final long firstSeq;
  private final String firstHash;

  /** The first record while nothing says what came before it; else null. */
  private final byte @Nullable [] waiting;

  private long lastSeq;
  private String lastHash;

  private ExportChain(CheckpointTrail trail, long line, Place first, byte @Nullable [] waiting) {
    this.number = first.chain();
    this.trail = trail;
    this.firstLine = line;
    this.firstSeq = first.seq();
    this.firstHash = first.hash();
    this.waiting = waiting;
    this.lastSeq = first.seq();
    this.lastHash = first.hash();
  }

  /** What a line says of its record: the chain, the place in it, and the hash. */
  record Place(int chain, long seq, String hash) {}

  /** A chain with its first record, held against what the checkpoints say comes before it. */
  static ExportChain begin(CheckpointTrail trail, long line, Place first, byte[] record)
      throws BrokenExport {
    ChainSpan span = trail.last(first.chain());
    if (span != null && first.seq() <= span.from()) {
      throw unexpected(line, first.chain(), first.seq(), "the last checkpoint", span.from());
    }
    String before = trail.hashOf(first.chain(), first.seq() - 1);
    if (before != null && !hash(before, record).equals(first.hash())) {
      throw changed(line, first.chain(), first.seq());
    }
    ExportChain chain = new ExportChain(trail, line, first, before == null ? record : null);
    chain.holdAgainstCheckpoint();
    return chain;
  }

  /** Takes the next record, held against the one before it and against the checkpoints. */
  void add(long line, Place place, byte[] record) throws BrokenExport {
    long expected = lastSeq + 1;
    long seq = place.seq();
    if (seq > expected) {
      throw new BrokenExport(
          line,
          number,
          expected,
          "Record %d of chain %d is missing: record %d stands in its place."
              .formatted(expected, number, seq));
    }
    if (seq < expected) {
      String twice =
          seq == lastSeq
              ? "Record %d of chain %d stands twice."
              : "Record %d of chain %d stands after record %d: it was moved or stands twice.";
      throw new BrokenExport(line, number, seq, twice.formatted(seq, number, lastSeq));
    }
    if (!hash(lastHash, record).equals(place.hash())) {
      throw changed(line, number, seq);
    }
    lastSeq = seq;
    lastHash = place.hash();
    holdAgainstCheckpoint();
  }

  int number() {
    return number;
  }

  long lastSeq() {
    return lastSeq;
  }

  long firstLine() {
    return firstLine;
  }

  /** How many bytes it keeps until the end of the export is read. */
  int waiting() {
    return waiting == null ? 0 : waiting.length;
  }

  /** Holds the beginning of the chain against the end of the export, which may not name it. */
  void holdBeginning(@Nullable ChainSpan span) throws BrokenExport {
    if (span == null) {
      throw new BrokenExport(
          firstLine,
          number,
          firstSeq,
          "Chain %d should not be there: the end does not name it.".formatted(number));
    }
    if (firstSeq <= span.from()) {
      throw unexpected(firstLine, number, firstSeq, "the end", span.from());
    }
    if (firstSeq > span.from() + 1) {
      throw new BrokenExport(
          firstLine,
          number,
          span.from() + 1,
          records(span.from() + 1, firstSeq - 1, "is", "are") + " missing at the front.");
    }
    if (waiting != null && !hash(span.fromHash(), waiting).equals(firstHash)) {
      throw changed(firstLine, number, firstSeq);
    }
  }

  /** Holds the last record against what names a later one, if it does: a checkpoint, or the end. */
  void holdLength(@Nullable ChainSpan span) throws BrokenExport {
    if (span != null && lastSeq < span.to()) {
      throw new BrokenExport(
          line(lastSeq + 1),
          number,
          lastSeq + 1,
          records(lastSeq + 1, span.to(), "is", "are") + " missing at the end.");
    }
  }

  /** Holds the last record against the end of the export. */
  void holdEnding(ChainSpan span) throws BrokenExport {
    holdLength(span);
    if (lastSeq > span.to()) {
      throw new BrokenExport(
          line(span.to() + 1),
          number,
          span.to() + 1,
          "Record %d of chain %d should not be there: by the end the chain ends before it."
              .formatted(span.to() + 1, number));
    }
    if (!lastHash.equals(span.toHash())) {
      throw writtenAnew("the end of the export");
    }
  }

  private void holdAgainstCheckpoint() throws BrokenExport {
    Anchor anchor = trail.anchor(number, lastSeq);
    if (anchor != null && !anchor.hash().equals(lastHash)) {
      throw writtenAnew("checkpoint " + anchor.checkpoint());
    }
  }

  /** The hashes hold from record to record, and still the last is not the one that was signed. */
  private BrokenExport writtenAnew(String by) {
    Anchor before = trail.anchorBefore(number, lastSeq);
    Anchor held = before == null || before.seq() < firstSeq - 1 ? null : before;
    long first = held == null ? firstSeq : held.seq() + 1;
    return new BrokenExport(
        line(first),
        number,
        first,
        "%s written anew%s: their hashes follow from each other, but do not lead to %s."
            .formatted(
                records(first, lastSeq, "was", "were"),
                held == null ? "" : " between checkpoint " + held.checkpoint() + " and " + by,
                by));
  }

  /** The line of a record: those of a chain follow each other without gaps. */
  private long line(long seq) {
    return firstLine + seq - firstSeq;
  }

  private String records(long first, long last, String one, String many) {
    return first == last
        ? "Record %d of chain %d %s".formatted(first, number, one)
        : "Records %d to %d of chain %d %s".formatted(first, last, number, many);
  }

  private static BrokenExport changed(long line, int chain, long seq) {
    return new BrokenExport(
        line,
        chain,
        seq,
        "Record %d of chain %d is not what was recorded: its hash does not hold."
            .formatted(seq, chain));
  }

  private static BrokenExport unexpected(long line, int chain, long seq, String by, long from) {
    return new BrokenExport(
        line,
        chain,
        seq,
        "Record %d of chain %d should not be there: by %s no record up to %d is kept."
            .formatted(seq, chain, by, from));
  }

  private static String hash(String before, byte[] record) {
    byte[] bytes = new byte[32 + record.length];
    System.arraycopy(HexFormat.of().parseHex(before), 0, bytes, 0, 32);
    System.arraycopy(record, 0, bytes, 32, record.length);
    return HexFormat.of().formatHex(Digests.sha256(bytes));
  }
}

package no.portvakt.server.audit;

import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import no.portvakt.server.audit.AuditVerifier.BrokenExport;
import no.portvakt.server.audit.Checkpoint.MalformedCheckpoint;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import org.jspecify.annotations.Nullable;

/**
 * The checkpoints of an export, each verified and held against the one before it, and what they say
 * of each chain: about 50 bytes for each checkpoint at which a chain had grown.
 */
final class CheckpointTrail {
  private final CheckpointKey key;
  private final Map<Integer, Anchors> anchors = new HashMap<>();
  private @Nullable Checkpoint last;
  private String lastHash = ChainSpan.NO_HASH;
  private long count;

  CheckpointTrail(CheckpointKey key) {
    this.key = key;
  }

  /** The last checkpoint, or null when there is none. */
  @Nullable Checkpoint last() {
    return last;
  }

  /** What the last checkpoint says of a chain, or null when it does not name it. */
  @Nullable ChainSpan last(int chain) {
    return last == null ? null : last.chain(chain);
  }

  /** How many checkpoints there are. */
  long count() {
    return count;
  }

  /** Verifies the next checkpoint and remembers it. */
  void add(long line, String compact) throws BrokenExport {
    Checkpoint next = read(line, Checkpoint.Type.CHECKPOINT, compact);
    Checkpoint before = last;
    if (before != null) {
      long expected = before.number() + 1;
      if (next.number() > expected) {
        throw broken(
            line,
            "Checkpoint %d is missing: checkpoint %d stands in its place."
                .formatted(expected, next.number()));
      }
      if (next.number() < expected) {
        throw broken(
            line,
            "Checkpoint %d stands after checkpoint %d: it stands twice or was moved."
                .formatted(next.number(), before.number()));
      }
      if (!next.previous().equals(lastHash)) {
        throw broken(
            line,
            "Checkpoint %d does not follow the checkpoint %d that stands before it."
                .formatted(next.number(), before.number()));
      }
    }
    goesOn(line, "Checkpoint " + next.number(), next);
    for (ChainSpan span : next.chains()) {
      if (span.to() > 0) {
        anchors.computeIfAbsent(span.chain(), _ -> new Anchors()).add(next.number(), span);
      }
    }
    last = next;
    lastHash = Checkpoint.hash(compact);
    count++;
  }

  /** Verifies the end of the export. */
  Checkpoint end(long line, String compact) throws BrokenExport {
    Checkpoint end = read(line, Checkpoint.Type.END, compact);
    long follows = end.number() - 1;
    long there = last == null ? 0 : last.number();
    if (follows > there) {
      throw broken(
          line,
          there == 0
              ? "The checkpoints are missing: the end follows checkpoint " + follows + "."
              : "Checkpoint %d is missing: the end of the export follows checkpoint %d."
                  .formatted(there + 1, follows));
    }
    if (follows < there) {
      throw broken(
          line,
          "The end is that of an earlier export: it follows checkpoint %d, this file has %d."
              .formatted(follows, there));
    }
    if (!end.previous().equals(lastHash)) {
      throw broken(
          line,
          "The end is that of another export: it does not follow the checkpoint %d of this file."
              .formatted(there));
    }
    goesOn(line, "The end", end);
    return end;
  }

  /** The hash of a record as far as checkpoints name it, or null. */
  @Nullable String hashOf(int chain, long seq) {
    if (seq == 0) {
      return ChainSpan.NO_HASH;
    }
    ChainSpan span = last(chain);
    if (span != null && span.from() == seq) {
      return span.fromHash();
    }
    Anchor anchor = anchor(chain, seq);
    return anchor == null ? null : anchor.hash();
  }

  /** The first checkpoint that ends a chain at a record, or null. */
  @Nullable Anchor anchor(int chain, long seq) {
    Anchors of = anchors.get(chain);
    return of == null ? null : of.at(seq);
  }

  /** The last record of a chain before a place that a checkpoint names, or null. */
  @Nullable Anchor anchorBefore(int chain, long seq) {
    Anchors of = anchors.get(chain);
    return of == null ? null : of.before(seq);
  }

  private Checkpoint read(long line, Checkpoint.Type type, String compact) throws BrokenExport {
    String subject = type == Checkpoint.Type.END ? "The end " : "The checkpoint ";
    try {
      CompactJws jws = CompactJws.parse(compact);
      Object typ = jws.header().get("typ");
      if (!type.typ().equals(typ)) {
        throw broken(
            line,
            Arrays.stream(Checkpoint.Type.values()).anyMatch(it -> it.typ().equals(typ))
                ? (type == Checkpoint.Type.END
                    ? "A checkpoint stands in place of the end."
                    : "The end of an export stands in place of a checkpoint.")
                : subject + "is a token of another type.");
      }
      if (!key.thumbprint().equals(jws.keyId())) {
        throw broken(line, subject + "is signed by another key.");
      }
      if (!jws.header().equals(CheckpointKey.header(type, key.thumbprint()))) {
        throw broken(line, subject + "has another header than alg ES256, typ and kid.");
      }
      if (!key.verifies(jws)) {
        throw broken(line, subject + "was changed or forged: its signature does not hold.");
      }
      return Checkpoint.parse(jws.unverifiedClaims());
    } catch (MalformedToken e) {
      throw broken(line, subject + "is no compact JWS.");
    } catch (MalformedCheckpoint e) {
      throw broken(line, subject + e.reason() + ".");
    }
  }

  /** Each chain goes on from where the last checkpoint left it, and none is lost. */
  private void goesOn(long line, String subject, Checkpoint next) throws BrokenExport {
    Checkpoint before = last;
    List<ChainSpan> chains = next.chains();
    int i = 0;
    for (ChainSpan old : before == null ? List.<ChainSpan>of() : before.chains()) {
      while (i < chains.size() && chains.get(i).chain() < old.chain()) {
        i++;
      }
      if (i == chains.size() || chains.get(i).chain() != old.chain()) {
        throw new BrokenExport(
            line,
            old.chain(),
            null,
            subject + " no longer names chain " + old.chain() + ", as the checkpoint before does.");
      }
      ChainSpan now = chains.get(i);
      if (now.from() < old.from() || now.to() < old.to()) {
        throw new BrokenExport(
            line,
            old.chain(),
            null,
            subject + " goes back in chain " + old.chain() + " behind the checkpoint before it.");
      }
      String known = hashOf(now.chain(), now.from());
      if (known != null && !known.equals(now.fromHash())) {
        throw contradicts(line, subject, now.chain(), now.from());
      }
      if (now.to() == old.to() && !now.toHash().equals(old.toHash())) {
        throw contradicts(line, subject, now.chain(), now.to());
      }
    }
  }

  private static BrokenExport contradicts(long line, String subject, int chain, long seq) {
    return new BrokenExport(
        line,
        chain,
        seq,
        "%s names another hash for record %d of chain %d than a checkpoint before it."
            .formatted(subject, seq, chain));
  }

  private static BrokenExport broken(long line, String sentence) {
    return new BrokenExport(line, null, null, sentence);
  }

  /**
   * A record whose hash a checkpoint names.
   *
   * @param checkpoint the number of the first checkpoint that does
   * @param seq the record's place
   * @param hash 64 hexadecimal digits
   */
  record Anchor(long checkpoint, long seq, String hash) {}

  /** The ends of one chain at its checkpoints, in order; each record once. */
  private static final class Anchors {
    private static final int HASH = 32;

    private long[] numbers = new long[4];
    private long[] ends = new long[4];
    private byte[] hashes = new byte[4 * HASH];
    private int size;

    void add(long number, ChainSpan span) {
      if (size > 0 && ends[size - 1] == span.to()) {
        return;
      }
      if (size == ends.length) {
        int larger = size + (size >> 1);
        numbers = Arrays.copyOf(numbers, larger);
        ends = Arrays.copyOf(ends, larger);
        hashes = Arrays.copyOf(hashes, larger * HASH);
      }
      numbers[size] = number;
      ends[size] = span.to();
      System.arraycopy(HexFormat.of().parseHex(span.toHash()), 0, hashes, size * HASH, HASH);
      size++;
    }

    @Nullable Anchor at(long seq) {
      int i = Arrays.binarySearch(ends, 0, size, seq);
      return i < 0 ? null : get(i);
    }

    @Nullable Anchor before(long seq) {
      int i = Arrays.binarySearch(ends, 0, size, seq);
      int below = (i < 0 ? -i - 1 : i) - 1;
      return below < 0 ? null : get(below);
    }

    private Anchor get(int i) {
      return new Anchor(
          numbers[i], ends[i], HexFormat.of().formatHex(hashes, i * HASH, (i + 1) * HASH));
    }
  }
}

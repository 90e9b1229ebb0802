package no.portvakt.server.audit;

import com.nimbusds.jose.jwk.JWK;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import no.portvakt.server.audit.Checkpoint.MalformedCheckpoint;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.AuditTable.Place;
import no.portvakt.server.store.CheckpointTable;
import no.portvakt.server.store.CheckpointTable.CheckpointRow;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import org.jspecify.annotations.Nullable;

/**
 * Signs from time to time how far every chain reaches, lets records go that are older than they
 * have to be, and writes exports ({@code docs/protocol/audit.md}). What a checkpoint says of the
 * past it takes from the checkpoint before, whose signature it checks, and not from the records.
 */
public final class Checkpoints {
  private static final int PAGE = 1000;

  /** The most records of a chain that go in one transaction. */
  private static final int MOST_FORGOTTEN = 10_000;

  private final Database database;
  private final AuditTable records;
  private final CheckpointTable table;
  private final CheckpointSigner signer;
  private final InstantSource clock;
  private volatile @Nullable String problem;

  /** The audit in the store is not what was signed; somebody changed it. */
  public static final class Tampered extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Tampered(String sentence) {
      super(sentence);
    }
  }

  public Checkpoints(
      Database database,
      AuditTable records,
      CheckpointTable table,
      CheckpointSigner signer,
      InstantSource clock) {
    this.database = database;
    this.records = records;
    this.table = table;
    this.signer = signer;
    this.clock = clock;
  }

  /**
   * Signs a checkpoint when there is anything new. When another node does the same at the same
   * time, one of them counts.
   *
   * @return whether one was made
   * @throws Tampered when a record that was signed for is no longer there as it was
   */
  public boolean sign() {
    try {
      boolean made = database.record(this::sign);
      problem = null;
      return made;
    } catch (Tampered e) {
      problem = e.getMessage();
      throw e;
    }
  }

  /** Why no checkpoint can be signed any more, or null when nothing is wrong with the audit. */
  public @Nullable String problem() {
    return problem;
  }

  private boolean sign(Session session) {
    CheckpointRow last = CheckpointTable.last(session);
    Checkpoint before = last == null ? null : verified(last);
    Checkpoint now = next(session, last, before, Map.of());
    if (now.chains().equals(before == null ? List.of() : before.chains())) {
      return false;
    }
    return CheckpointTable.add(session, row(now));
  }

  /**
   * Removes records that are older than a time, as far as a checkpoint of that age covers them, and
   * signs from where the chains begin now. Of each chain the last record stays, and everything from
   * the first one whose own time is younger.
   *
   * @return how many records were removed
   */
  public long forget(Duration retention) {
    long before = clock.instant().minus(retention).toEpochMilli();
    CheckpointRow old = table.lastBefore(before);
    if (old == null) {
      return 0;
    }
    Checkpoint cut = verified(old);
    long all = 0;
    long some;
    do {
      some = forget(cut, before);
      all += some;
    } while (some >= MOST_FORGOTTEN);
    return all;
  }

  /** Removes a part of what a checkpoint covers: other writes wait meanwhile. */
  private long forget(Checkpoint cut, long before) {
    return database.<Long>write(session -> {
      CheckpointRow last = CheckpointTable.last(session);
      if (last == null) {
        return 0L;
      }
      Checkpoint newest = verified(last);
      Map<Integer, Place> cuts = new TreeMap<>();
      for (ChainSpan span : cut.chains()) {
        ChainSpan kept = newest.chain(span.chain());
        Place end = kept == null ? null : cut(session, span, kept, before);
        if (kept != null && end != null && kept.from() < end.seq()) {
          cuts.put(span.chain(), end);
        }
      }
      // Another node's checkpoint in between says that the records are kept: then they are.
      if (cuts.isEmpty() || !CheckpointTable.add(session, row(next(session, last, newest, cuts)))) {
        return 0L;
      }
      long removed = 0;
      for (Place end : cuts.values()) {
        removed += AuditTable.removeThrough(session, end.chain(), end.seq());
      }
      CheckpointTable.removeBefore(session, cut.number());
      return removed;
    });
  }

  /** The last record that may go, or null. One stays, also in a chain that nobody goes on with. */
  private static @Nullable Place cut(Session session, ChainSpan old, ChainSpan kept, long before) {
    long most = Math.min(Math.min(old.to(), kept.to() - 1), kept.from() + MOST_FORGOTTEN);
    Long young = AuditTable.firstSince(session, kept.chain(), kept.from(), most, before);
    long last = young == null ? most : young - 1;
    if (last == old.to()) {
      return new Place(old.chain(), last, old.toHash());
    }
    String hash = AuditTable.hashAt(session, kept.chain(), last);
    return hash == null ? null : new Place(kept.chain(), last, hash);
  }

  /**
   * Writes all records that are kept, with their checkpoints and a signed end.
   *
   * @param out encodes as UTF-8
   */
  public void export(Writer out, String issuer) throws IOException {
    boolean _ = sign();
    CheckpointRow last = table.last();
    Checkpoint covered =
        last == null
            ? new Checkpoint(1, clock.instant(), ChainSpan.NO_HASH, List.of())
            : verified(last);
    Checkpoint end =
        new Checkpoint(
            last == null ? 1 : covered.number() + 1,
            time(covered),
            last == null ? ChainSpan.NO_HASH : Checkpoint.hash(last.document()),
            covered.chains());
    AuditExport.write(
        out,
        issuer,
        clock.instant(),
        signer.publicJwk(),
        last == null ? List.of() : () -> new Statements(last.number()),
        sink -> records(end, sink),
        signer.sign(Checkpoint.Type.END, end));
  }

  /** The public key that signs. */
  public JWK key() {
    return signer.publicJwk();
  }

  private void records(Checkpoint end, AuditExport.Sink sink) throws IOException {
    for (ChainSpan span : end.chains()) {
      long place = span.from();
      List<AuditTable.Entry> page;
      do {
        page = records.after(span.chain(), place, 0, PAGE);
        for (AuditTable.Entry entry : page) {
          place = entry.seq();
          if (place <= span.to()) {
            sink.accept(new AuditExport.Line(entry.chain(), place, entry.hash(), entry.record()));
          }
        }
      } while (page.size() == PAGE && place < span.to());
    }
  }

  /** The stored statements up to a number, read a page at a time. */
  private final class Statements implements Iterator<String> {
    private final long through;
    private List<CheckpointRow> page = table.after(0, PAGE);
    private int at;

    Statements(long through) {
      this.through = through;
    }

    @Override
    public boolean hasNext() {
      if (at == page.size() && page.size() == PAGE) {
        page = table.after(page.get(at - 1).number(), PAGE);
        at = 0;
      }
      return at < page.size() && page.get(at).number() <= through;
    }

    @Override
    public String next() {
      if (!hasNext()) {
        throw new java.util.NoSuchElementException();
      }
      return page.get(at++).document();
    }
  }

  private Checkpoint next(
      Session session,
      @Nullable CheckpointRow last,
      @Nullable Checkpoint before,
      Map<Integer, Place> cuts) {
    Map<Integer, ChainSpan> spans = new TreeMap<>();
    if (before != null) {
      before.chains().forEach(span -> spans.put(span.chain(), span));
    }
    Map<Integer, Place> ends = new TreeMap<>();
    AuditTable.ends(session).forEach(end -> ends.put(end.chain(), end));
    for (ChainSpan span : spans.values()) {
      Place end = ends.get(span.chain());
      // Retention never takes the last record that was signed for.
      if (span.to() > 0
          && (end == null
              || end.seq() < span.to()
              || !span.toHash().equals(AuditTable.hashAt(session, span.chain(), span.to())))) {
        throw new Tampered(
            "The audit record "
                + span.to()
                + " of chain "
                + span.chain()
                + " is not there as it was signed for.");
      }
    }
    for (Place end : ends.values()) {
      ChainSpan span = spans.get(end.chain());
      Place cut = cuts.get(end.chain());
      long from = cut != null ? cut.seq() : span == null ? 0 : span.from();
      String fromHash =
          cut != null ? cut.hash() : span == null ? ChainSpan.NO_HASH : span.fromHash();
      spans.put(end.chain(), new ChainSpan(end.chain(), from, fromHash, end.seq(), end.hash()));
    }
    return new Checkpoint(
        before == null ? 1 : before.number() + 1,
        time(before),
        last == null ? ChainSpan.NO_HASH : Checkpoint.hash(last.document()),
        new ArrayList<>(spans.values()));
  }

  /** Now; a clock that was set back does not make a checkpoint look older than the one before. */
  private Instant time(@Nullable Checkpoint before) {
    Instant now = clock.instant();
    return before == null || before.time().isBefore(now) ? now : before.time();
  }

  private CheckpointRow row(Checkpoint checkpoint) {
    return new CheckpointRow(
        checkpoint.number(),
        checkpoint.time().toEpochMilli(),
        signer.sign(Checkpoint.Type.CHECKPOINT, checkpoint));
  }

  private Checkpoint verified(CheckpointRow row) {
    Tampered forged =
        new Tampered("The audit checkpoint " + row.number() + " is not one of this platform.");
    CheckpointKey key = CheckpointKey.of(signer.publicJwk());
    try {
      CompactJws statement = CompactJws.parse(row.document());
      Checkpoint checkpoint = Checkpoint.parse(statement.unverifiedClaims());
      if (!statement
              .header()
              .equals(CheckpointKey.header(Checkpoint.Type.CHECKPOINT, key.thumbprint()))
          || !key.verifies(statement)
          || checkpoint.number() != row.number()
          || checkpoint.time().toEpochMilli() != row.time()) {
        throw forged;
      }
      return checkpoint;
    } catch (MalformedToken | MalformedCheckpoint e) {
      throw forged;
    }
  }
}

package no.portvakt.server.audit;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import no.portvakt.server.audit.AuditVerifier.BrokenExport;
import no.portvakt.server.audit.ExportChain.Place;
import org.jspecify.annotations.Nullable;

/**
 * The records of an export. Each is held against the one before it and against the checkpoints as
 * it is read; where chains begin and end is held against the end of the export. Keeps a few values
 * for each chain, and its first record where only the end can say what came before it.
 */
final class ChainedRecords {
  /** How a line with a record begins; the rest, with a brace before it, is the record. */
  private static final Pattern PREFIX =
      Pattern.compile(
          "\\{\"chain\":(0|[1-9][0-9]{0,8}),\"seq\":([1-9][0-9]{0,17}),"
              + "\"hash\":\"([0-9a-f]{64})\",(?=\")");

  /** The most bytes of first records that wait for the end of the export. */
  private static final int MAX_WAITING = 16 * 1024 * 1024;

  private final CheckpointTrail trail;
  private final TreeMap<Integer, ExportChain> chains = new TreeMap<>();
  private @Nullable ExportChain open;
  private int reached = -1;
  private long count;
  private int waiting;
  private @Nullable Instant firstTime;

  ChainedRecords(CheckpointTrail trail) {
    this.trail = trail;
  }

  long count() {
    return count;
  }

  /** The earliest time that a chain's first record names, or null. */
  @Nullable Instant firstTime() {
    return firstTime;
  }

  /** The last record that was read, for a sentence; null: none was. */
  @Nullable String last() {
    return open == null ? null : "record %d of chain %d".formatted(open.lastSeq(), open.number());
  }

  /** A fault in a line that should hold a record: with the place that it names or should have. */
  BrokenExport broken(long line, String text, String sentence) {
    Matcher prefix = PREFIX.matcher(text);
    if (prefix.lookingAt()) {
      Place place = place(prefix);
      reached = Math.max(reached, place.chain());
      return new BrokenExport(line, place.chain(), place.seq(), sentence);
    }
    return open == null
        ? new BrokenExport(line, null, null, sentence)
        : new BrokenExport(line, open.number(), open.lastSeq() + 1, sentence);
  }

  /**
   * Takes the next record.
   *
   * @param text the line
   * @param members the line's members
   */
  void add(long line, String text, Map<String, @Nullable Object> members) throws BrokenExport {
    Matcher prefix = PREFIX.matcher(text);
    if (!prefix.lookingAt()) {
      throw broken(line, text, "The line does not begin with chain, seq, hash as a record does.");
    }
    Place place = place(prefix);
    byte[] record = ("{" + text.substring(prefix.end())).getBytes(StandardCharsets.UTF_8);
    if (place.chain() < reached) {
      throw new BrokenExport(
          line,
          place.chain(),
          place.seq(),
          "Record %d of chain %d stands after records of chain %d."
              .formatted(place.seq(), place.chain(), reached));
    }
    if (open == null || place.chain() > open.number()) {
      begin(line, place, record);
      noteTime(members.get("time"));
    } else {
      open.add(line, place, record);
    }
    count++;
  }

  private void begin(long line, Place place, byte[] record) throws BrokenExport {
    ExportChain before = open;
    reached = place.chain();
    open = null;
    if (before != null) {
      before.holdLength(trail.last(before.number()));
    }
    ExportChain chain = ExportChain.begin(trail, line, place, record);
    chains.put(place.chain(), chain);
    open = chain;
    waiting += chain.waiting();
    if (waiting > MAX_WAITING || chains.size() > Checkpoint.MAX_CHAINS) {
      throw new BrokenExport(
          line, place.chain(), place.seq(), "There are more chains than an export can have.");
    }
  }

  /** Holds every chain against the end of the export. */
  void hold(Checkpoint end, long endLine) throws BrokenExport {
    reached = Integer.MAX_VALUE;
    holdReached(end, endLine);
  }

  /** Holds the chains that were read whole against it, and the beginning of the open one. */
  void holdReached(Checkpoint end, long endLine) throws BrokenExport {
    TreeSet<Integer> numbers = new TreeSet<>(chains.keySet());
    end.chains().forEach(span -> numbers.add(span.chain()));
    for (int number : numbers.headSet(reached, true)) {
      ChainSpan span = end.chain(number);
      ExportChain chain = chains.get(number);
      if (chain != null) {
        chain.holdBeginning(span);
      }
      if (span == null || number == reached) {
        continue;
      }
      if (chain != null) {
        chain.holdEnding(span);
      } else if (span.count() > 0) {
        Map.Entry<Integer, ExportChain> next = chains.higherEntry(number);
        throw new BrokenExport(
            next == null ? endLine : next.getValue().firstLine(),
            number,
            span.from() + 1,
            "Chain %d is missing: by the end it has records up to %d."
                .formatted(number, span.to()));
      }
    }
  }

  private void noteTime(@Nullable Object value) {
    try {
      Instant time = value instanceof String text ? Instant.parse(text) : null;
      if (time != null && (firstTime == null || time.isBefore(firstTime))) {
        firstTime = time;
      }
    } catch (DateTimeException e) {
      // The record is what was recorded, whatever it says.
    }
  }

  private static Place place(Matcher prefix) {
    return new Place(
        Integer.parseInt(prefix.group(1)), Long.parseLong(prefix.group(2)), prefix.group(3));
  }
}

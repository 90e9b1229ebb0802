package no.portvakt.server.audit;

import com.nimbusds.jose.jwk.JWK;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * Verifies an export without a store, in one pass ({@code docs/protocol/audit.md}, "Verification").
 * What it keeps in memory grows with the number of checkpoints, not with that of the records.
 */
public final class AuditVerifier {
  static final String ENDS_IN_A_LINE = "The file was cut off: it ends in the middle of this line.";

  private final ExportLines lines;
  private final CheckpointKey key;
  private final CheckpointTrail trail;
  private final ChainedRecords records;

  private AuditVerifier(ExportLines lines, CheckpointKey key) {
    this.lines = lines;
    this.key = key;
    this.trail = new CheckpointTrail(key);
    this.records = new ChainedRecords(trail);
  }

  /** What became of a verification. There is no third outcome. */
  public sealed interface Report {
    /**
     * The export is whole: each record that its end names is there as it was signed for.
     *
     * @param records how many records it holds
     * @param chains what it holds of each chain; records up to {@code from} are no longer kept
     * @param checkpoints how many checkpoints it holds
     * @param firstTime the earliest time that a chain's first record names; null: none names one
     * @param lastCheckpointTime when the last checkpoint was signed; null: there is none
     * @param endTime when the end was signed: the moment that the export shows
     * @param keyThumbprint the SHA-256 thumbprint (RFC 7638), base64url, of the key that signed
     */
    record Whole(
        long records,
        List<ChainSpan> chains,
        long checkpoints,
        @Nullable Instant firstTime,
        @Nullable Instant lastCheckpointTime,
        Instant endTime,
        String keyThumbprint)
        implements Report {
      /** Copies the list. */
      public Whole {
        chains = List.copyOf(chains);
      }
    }

    /**
     * The export is not what was signed for.
     *
     * @param line the line of the file, from 1, where that shows first
     * @param chain the chain, or null when the fault is in no chain
     * @param seq the place of the first record that is bad or missing, or null when no record is
     * @param sentence why; quotes nothing from the file
     */
    record Broken(long line, @Nullable Integer chain, @Nullable Long seq, String sentence)
        implements Report {}
  }

  /**
   * Verifies a file; see {@link #verify(InputStream, JWK)}.
   *
   * @throws IOException when it can't be read
   */
  public static Report verify(Path file, @Nullable JWK trustedKey) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return verify(in, trustedKey);
    }
  }

  /**
   * Verifies an export.
   *
   * @param in the export; read to its end unless it is broken, and not closed
   * @param trustedKey the key that must have signed; null: the one that the file carries, and it is
   *     for the reader to compare the thumbprint
   * @throws IOException when it can't be read
   * @throws IllegalArgumentException when the trusted key is no P-256 key
   */
  public static Report verify(InputStream in, @Nullable JWK trustedKey) throws IOException {
    CheckpointKey trusted = trustedKey == null ? null : CheckpointKey.of(trustedKey);
    ExportLines lines = new ExportLines(in);
    try {
      CheckpointKey key = header(lines);
      if (trusted != null && !trusted.thumbprint().equals(key.thumbprint())) {
        throw atLine(
            1, "The key is not the trusted one: its thumbprint is " + key.thumbprint() + ".");
      }
      return new AuditVerifier(lines, key).verify();
    } catch (BrokenExport e) {
      return e.report();
    }
  }

  private static CheckpointKey header(ExportLines lines) throws IOException, BrokenExport {
    String text = lines.next();
    if (text == null) {
      throw atLine(1, "The file is empty.");
    }
    Map<String, @Nullable Object> header;
    try {
      header = Json.readObject(text);
    } catch (MalformedJson e) {
      throw atLine(1, lines.cutOff() ? ENDS_IN_A_LINE : "The line " + e.reason() + ".");
    }
    if (!AuditExport.FORMAT.equals(header.get("format"))) {
      throw atLine(1, "The file is no export in the format " + AuditExport.FORMAT + ".");
    }
    if (header.size() != 4
        || !(header.get("issuer") instanceof String)
        || !(header.get("exported") instanceof String exported)
        || !isTime(exported)) {
      throw atLine(1, "The header has other members than format, issuer, exported and key.");
    }
    CheckpointKey key = CheckpointKey.parse(header.get("key"));
    if (key == null) {
      throw atLine(1, "The header has no public P-256 key.");
    }
    return key;
  }

  private Report verify() throws IOException, BrokenExport {
    String end;
    try {
      end = upToEnd();
    } catch (BrokenExport e) {
      throw orEarlier(e);
    }
    return end(end);
  }

  /** Takes all lines up to the end of the export, which it returns in compact form. */
  private String upToEnd() throws IOException, BrokenExport {
    for (String text = lines.next(); text != null; text = lines.next()) {
      Map<String, @Nullable Object> members = members(text);
      if (members.containsKey("chain")) {
        records.add(lines.number(), text, members);
      } else if (members.containsKey("end")) {
        return statement(members, "end", text);
      } else if (members.containsKey("checkpoint")) {
        checkpoint(statement(members, "checkpoint", text), text);
      } else {
        throw records.broken(
            lines.number(),
            text,
            members.containsKey("format")
                ? "A second header stands here."
                : "The line is neither a checkpoint nor a record nor the end.");
      }
    }
    String last = records.last();
    throw atLine(
        lines.number() + 1,
        "The file was cut off: it has no end after "
            + (last == null ? "its checkpoints" : last)
            + ".");
  }

  private void checkpoint(String compact, String text) throws BrokenExport {
    if (records.last() != null) {
      throw records.broken(lines.number(), text, "A checkpoint stands among the records.");
    }
    trail.add(lines.number(), compact);
  }

  private Report end(String compact) throws IOException, BrokenExport {
    Checkpoint end = trail.end(lines.number(), compact);
    records.hold(end, lines.number());
    long last = lines.number();
    boolean more;
    try {
      more = lines.next() != null;
    } catch (BrokenExport e) {
      more = true;
    }
    if (more) {
      throw atLine(last + 1, "There is more after the end of the export.");
    }
    Checkpoint checkpoint = trail.last();
    return new Report.Whole(
        records.count(),
        end.chains(),
        trail.count(),
        records.firstTime(),
        checkpoint == null ? null : checkpoint.time(),
        end.time(),
        key.thumbprint());
  }

  /**
   * The first fault: one that was found, or one before it that only the end of the export shows,
   * such as records that are missing at the front of a chain.
   */
  private BrokenExport orEarlier(BrokenExport found) throws IOException {
    try {
      String last = null;
      for (String text = lines.next(); text != null; text = lines.next()) {
        last = text;
      }
      if (last != null && Json.readObject(last).get("end") instanceof String compact) {
        records.holdReached(trail.end(lines.number(), compact), lines.number());
      }
      return found;
    } catch (MalformedJson e) {
      return found;
    } catch (BrokenExport e) {
      return e.report().chain() == null ? found : e;
    }
  }

  private Map<String, @Nullable Object> members(String text) throws BrokenExport {
    try {
      return Json.readObject(text);
    } catch (MalformedJson e) {
      throw records.broken(
          lines.number(), text, lines.cutOff() ? ENDS_IN_A_LINE : "The line " + e.reason() + ".");
    }
  }

  private String statement(Map<String, @Nullable Object> members, String name, String text)
      throws BrokenExport {
    if (members.size() == 1 && members.get(name) instanceof String compact) {
      return compact;
    }
    throw records.broken(lines.number(), text, "The line has more than its " + name + ".");
  }

  private static boolean isTime(String text) {
    try {
      return text.endsWith("Z") && Instant.parse(text) != null;
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static BrokenExport atLine(long line, String sentence) {
    return new BrokenExport(line, null, null, sentence);
  }

  /** A fault of an export, on its way to the report. */
  static final class BrokenExport extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Report.Broken report;

    BrokenExport(long line, @Nullable Integer chain, @Nullable Long seq, String sentence) {
      super(sentence, null, false, false);
      report = new Report.Broken(line, chain, seq, sentence);
    }

    Report.Broken report() {
      return report;
    }
  }
}

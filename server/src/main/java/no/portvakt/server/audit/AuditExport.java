package no.portvakt.server.audit;

import com.nimbusds.jose.jwk.JWK;
import java.io.IOException;
import java.io.Writer;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * Writes the records that are kept, with the checkpoints that vouch for them, as one file of JSON
 * lines ({@code docs/protocol/audit.md}, "Export"). Holds one record at a time.
 *
 * <p>It writes what the store has, also where that is damaged: to find damage is the verifier's.
 */
public final class AuditExport {
  /** The name and version of the format. */
  static final String FORMAT = "portvakt-audit-1";

  private AuditExport() {}

  /**
   * A record with its place.
   *
   * @param chain the chain's number
   * @param seq the place in the chain, from 1
   * @param hash the hash that is kept with it, 64 hexadecimal digits
   * @param json the record to the letter: a JSON object with at least one member
   */
  public record Line(int chain, long seq, String hash, String json) {}

  /** Hands over records one by one, ordered by chain and place. */
  @FunctionalInterface
  public interface Records {
    /** Hands over each record that the end of the export covers, and no other. */
    void forEach(Sink sink) throws IOException;
  }

  /** Takes records one by one. */
  @FunctionalInterface
  public interface Sink {
    /** Takes the next record. */
    void accept(Line record) throws IOException;
  }

  /**
   * Writes a whole export.
   *
   * @param out where to; encodes as UTF-8, and is flushed, not closed
   * @param issuer the platform's issuer
   * @param time when the export was made
   * @param key the key that signed the checkpoints; only its public half is written
   * @param checkpoints the checkpoints that are kept, in compact form, by their numbers
   * @param end the {@linkplain Checkpoint.Type#END end}, in compact form
   */
  public static void write(
      Writer out,
      String issuer,
      Instant time,
      JWK key,
      Iterable<String> checkpoints,
      Records records,
      String end)
      throws IOException {
    Map<String, @Nullable Object> header = new LinkedHashMap<>();
    header.put("format", FORMAT);
    header.put("issuer", issuer);
    header.put("exported", time.toString());
    header.put("key", CheckpointKey.of(key).jwk().toJSONObject());
    out.append(Json.write(header)).append('\n');
    for (String checkpoint : checkpoints) {
      statement(out, "checkpoint", checkpoint);
    }
    records.forEach(record -> line(out, record));
    statement(out, "end", end);
    out.flush();
  }

  private static void statement(Writer out, String member, String compact) throws IOException {
    out.append(Json.write(Map.of(member, compact))).append('\n');
  }

  /** The record itself stays to the letter: its hash is over the letters. */
  private static void line(Writer out, Line record) throws IOException {
    out.append("{\"chain\":")
        .append(Integer.toString(record.chain()))
        .append(",\"seq\":")
        .append(Long.toString(record.seq()))
        .append(",\"hash\":\"")
        .append(record.hash())
        .append("\",");
    boolean object = record.json().startsWith("{");
    out.append(record.json(), object ? 1 : 0, record.json().length()).append('\n');
  }
}

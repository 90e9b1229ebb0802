package no.portvakt.server.audit;

import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Digests;
import org.jspecify.annotations.Nullable;

/**
 * What a checkpoint says of all chains at one moment, and what the end of an export says: the two
 * have one form ({@code docs/protocol/audit.md}, "Chains and checkpoints").
 *
 * @param number its place among the checkpoints, from 1 without gaps
 * @param time when it was signed; never before the time of the checkpoint before it
 * @param previous the {@link #hash} of the checkpoint before it; {@link ChainSpan#NO_HASH} for
 *     number 1
 * @param chains what is kept of each chain, by the chains' numbers; a chain that was named once is
 *     named ever after
 */
public record Checkpoint(long number, Instant time, String previous, List<ChainSpan> chains) {
  /** The most chains that a checkpoint can name, so that it stays within what a JWS may hold. */
  public static final int MAX_CHAINS = 500;

  /** What is signed: the value of the header {@code typ} (RFC 7515 §4.1.9). */
  public enum Type {
    /** A checkpoint, which is kept. */
    CHECKPOINT("portvakt-audit-checkpoint+jwt"),
    /** The end of an export, which is not kept. */
    END("portvakt-audit-end+jwt");

    private final String typ;

    Type(String typ) {
      this.typ = typ;
    }

    /** The header's value. */
    public String typ() {
      return typ;
    }
  }

  /**
   * @throws IllegalArgumentException when the number, the hash or the chains' order is wrong
   */
  public Checkpoint {
    chains = List.copyOf(chains);
    if (number < 1) {
      throw new IllegalArgumentException("has a number below 1");
    }
    if (!ChainSpan.isHash(previous)) {
      throw new IllegalArgumentException("has a previous hash that is none");
    }
    if (number == 1 && !previous.equals(ChainSpan.NO_HASH)) {
      throw new IllegalArgumentException("is the first and names one before it");
    }
    if (chains.size() > MAX_CHAINS) {
      throw new IllegalArgumentException("has more than " + MAX_CHAINS + " chains");
    }
    for (int i = 1; i < chains.size(); i++) {
      if (chains.get(i).chain() <= chains.get(i - 1).chain()) {
        throw new IllegalArgumentException("has its chains out of order");
      }
    }
  }

  /** The SHA-256 of a signed checkpoint's compact form in ASCII, 64 hexadecimal digits. */
  public static String hash(String compact) {
    return HexFormat.of().formatHex(Digests.sha256(compact.getBytes(StandardCharsets.US_ASCII)));
  }

  /** What it says of a chain, or null when it does not name it. */
  public @Nullable ChainSpan chain(int number) {
    for (ChainSpan span : chains) {
      if (span.chain() == number) {
        return span;
      }
    }
    return null;
  }

  /** The claims to sign, in their order. */
  public Map<String, @Nullable Object> toClaims() {
    Map<String, @Nullable Object> claims = new LinkedHashMap<>();
    claims.put("number", number);
    claims.put("time", time.toString());
    claims.put("previous", previous);
    claims.put("chains", chains.stream().map(ChainSpan::toClaims).toList());
    return claims;
  }

  /**
   * Reads the claims of a checkpoint whose signature was verified.
   *
   * @throws MalformedCheckpoint when they are not exactly those of {@link #toClaims}
   */
  public static Checkpoint parse(Map<String, @Nullable Object> claims) throws MalformedCheckpoint {
    if (claims.size() == 4
        && claims.get("number") instanceof Long number
        && claims.get("time") instanceof String time
        && time.endsWith("Z")
        && claims.get("previous") instanceof String previous
        && claims.get("chains") instanceof List<?> items) {
      try {
        List<ChainSpan> chains = new ArrayList<>(Math.min(items.size(), MAX_CHAINS));
        for (Object item : items) {
          chains.add(ChainSpan.parse(item));
        }
        return new Checkpoint(number, Instant.parse(time), previous, chains);
      } catch (DateTimeException e) {
        throw new MalformedCheckpoint("has a time that is none");
      } catch (IllegalArgumentException e) {
        throw new MalformedCheckpoint(String.valueOf(e.getMessage()));
      }
    }
    throw new MalformedCheckpoint("has other claims than number, time, previous and chains");
  }

  /** Says in a few fixed words why claims are no checkpoint; never quotes them. */
  public static final class MalformedCheckpoint extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedCheckpoint(String reason) {
      super(reason, null, false, false);
    }

    /** What is wrong, fit to follow a subject: "has a number below 1". */
    public String reason() {
      return String.valueOf(getMessage());
    }
  }
}

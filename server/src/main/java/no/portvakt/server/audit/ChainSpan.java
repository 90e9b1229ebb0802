package no.portvakt.server.audit;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The part of one chain that is kept: its records {@code from + 1} to {@code to}, with the hashes
 * at both ends ({@code docs/protocol/audit.md}, "Chains and checkpoints").
 *
 * @param chain the chain's number, from 0
 * @param from the place of the last record that is no longer kept; 0: all are
 * @param fromHash the hash of that record, 64 hexadecimal digits; {@link #NO_HASH} when it is 0
 * @param to the place of the last record; equal to {@code from} when none is kept
 * @param toHash the hash of that record
 */
public record ChainSpan(int chain, long from, String fromHash, long to, String toHash) {
  /** What stands for the hash of a record before the first: 64 zeros. */
  public static final String NO_HASH = "0".repeat(64);

  /** The largest number of a chain. */
  static final int LAST_CHAIN = 999_999_999;

  private static final Pattern HASH = Pattern.compile("[0-9a-f]{64}");

  /**
   * @throws IllegalArgumentException when a number is out of range, a hash is none, or the ends do
   *     not fit each other
   */
  public ChainSpan {
    if (chain < 0 || chain > LAST_CHAIN) {
      throw new IllegalArgumentException("has a chain with a number out of range");
    }
    if (from < 0 || to < from) {
      throw new IllegalArgumentException("has a chain that ends before it begins");
    }
    if (!isHash(fromHash) || !isHash(toHash)) {
      throw new IllegalArgumentException("has a chain with a hash that is none");
    }
    if ((from == 0 && !fromHash.equals(NO_HASH)) || (from == to && !fromHash.equals(toHash))) {
      throw new IllegalArgumentException("has a chain whose ends do not fit each other");
    }
  }

  /** Whether a text is a hash: 64 hexadecimal digits in lower case. */
  static boolean isHash(String text) {
    return HASH.matcher(text).matches();
  }

  /** How many records are kept. */
  public long count() {
    return to - from;
  }

  Map<String, Object> toClaims() {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("chain", chain);
    claims.put("from", from);
    claims.put("from_hash", fromHash);
    claims.put("to", to);
    claims.put("to_hash", toHash);
    return claims;
  }

  /** Reads the form of {@link #toClaims}; anything else is an {@link IllegalArgumentException}. */
  static ChainSpan parse(@Nullable Object claims) {
    if (claims instanceof Map<?, ?> map
        && map.size() == 5
        && map.get("chain") instanceof Long chain
        && chain <= LAST_CHAIN
        && map.get("from") instanceof Long from
        && map.get("from_hash") instanceof String fromHash
        && map.get("to") instanceof Long to
        && map.get("to_hash") instanceof String toHash) {
      return new ChainSpan(Math.toIntExact(Math.max(-1, chain)), from, fromHash, to, toHash);
    }
    throw new IllegalArgumentException("has a chain of another form");
  }
}

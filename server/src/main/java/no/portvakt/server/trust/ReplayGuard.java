package no.portvakt.server.trust;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import no.portvakt.server.database.Session;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.tokens.Digests;

/**
 * Lets a signed message through once. The message is remembered in the same transaction as the
 * decision's audit record, and only after its signature held.
 */
public final class ReplayGuard {
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  /** Of the hash; short, because where it is kept is what a grant's write costs most. */
  private static final int HASH_BYTES = 18;

  private static final int LOOKED_AT_TOGETHER = 2_000;

  private final ReplayTable table;

  public ReplayGuard(ReplayTable table) {
    this.table = table;
  }

  /**
   * Whether this is the message's first use; remembers it until it has expired.
   *
   * @param sender who signed it
   * @param messageId its {@code jti}, or its fingerprint when it has none
   * @param expires from when it is refused by its own expiry
   */
  public boolean firstUse(Session session, String sender, String messageId, Instant expires) {
    // The length keeps "a" + "bc" and "ab" + "c" apart. The hash keeps what a caller chose, such
    // as a person number, out of the store.
    String message = sender.length() + ":" + sender + ":" + messageId;
    byte[] hash = Digests.sha256(message.getBytes(StandardCharsets.UTF_8));
    String kept = BASE64.encodeToString(Arrays.copyOf(hash, HASH_BYTES));
    return table.add(session, kept, expires.toEpochMilli());
  }

  /** Forgets messages that their own expiry refuses by now. */
  public void forgetExpired(Instant now) {
    table.forgetExpired(now.toEpochMilli(), LOOKED_AT_TOGETHER);
  }
}

package no.portvakt.server.trust;

import java.time.Instant;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.store.Session;

/**
 * Lets a signed message through once. The message is remembered in the same transaction as the
 * decision's audit record, and only after its signature held.
 */
public final class ReplayGuard {
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
    // The length keeps "a" + "bc" and "ab" + "c" apart.
    return table.add(
        session, sender.length() + ":" + sender + ":" + messageId, expires.toEpochMilli());
  }

  /** Forgets messages that their own expiry refuses by now. */
  public int forgetExpired(Instant now) {
    return table.forgetExpired(now.toEpochMilli());
  }
}

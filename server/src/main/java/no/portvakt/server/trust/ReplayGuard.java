package no.portvakt.server.trust;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import no.portvakt.server.database.Session;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.tokens.Digests;

/**
 * Lets a message through once: a signed grant, an authorization code, a pushed request. It is
 * remembered in the same transaction as the decision's audit record, and only after all that can be
 * checked without it held: else anybody could use it up.
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
   * Whether this is the message's first use; remembers it until it has expired. That it was ever
   * issued is not known here.
   *
   * @param owner who signed it, or for whom it was issued; the same id of another owner is another
   *     message. Where one owner has several kinds of messages, the kind belongs in it
   * @param messageId its {@code jti}, or its fingerprint when it has none; the code itself
   * @param expires from when it is refused by its own expiry
   */
  public boolean firstUse(Session session, String owner, String messageId, Instant expires) {
    return table.add(session, hash(owner, messageId), expires.toEpochMilli());
  }

  /** What is kept of a name that a caller chose, such as a person number, instead of it. */
  static String hash(String owner, String name) {
    // The length keeps "a" + "bc" and "ab" + "c" apart.
    String both = owner.length() + ":" + owner + ":" + name;
    byte[] hash = Digests.sha256(both.getBytes(StandardCharsets.UTF_8));
    return BASE64.encodeToString(Arrays.copyOf(hash, HASH_BYTES));
  }

  /** Forgets messages that their own expiry refuses by now. */
  public void forgetExpired(Instant now) {
    table.forgetExpired(now.toEpochMilli(), LOOKED_AT_TOGETHER);
  }
}

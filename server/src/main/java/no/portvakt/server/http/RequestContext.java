package no.portvakt.server.http;

import java.security.SecureRandom;
import java.util.HexFormat;

/**
 * What belongs to the request at hand and to no decision: its id and the caller's address, for
 * logs, audit and problem details.
 *
 * @param id 32 hexadecimal digits: 48 bits of time, then random bits, so that ids sort by time; the
 *     decision id of an exchange and the trace id of a Maskinporten error
 * @param clientAddress the client's IP address: the peer's, or what declared proxies say it is
 * @param startNanos {@link System#nanoTime()} when the request arrived
 */
public record RequestContext(String id, String clientAddress, long startNanos) {
  static final ScopedValue<RequestContext> CURRENT = ScopedValue.newInstance();

  private static final SecureRandom RANDOM = new SecureRandom();

  /** The context of the request that this thread works on. */
  public static RequestContext current() {
    return CURRENT.get();
  }

  static RequestContext start(String clientAddress) {
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    long millis = System.currentTimeMillis();
    for (int i = 0; i < 6; i++) {
      id[i] = (byte) (millis >>> (40 - 8 * i));
    }
    return new RequestContext(HexFormat.of().formatHex(id), clientAddress, System.nanoTime());
  }
}

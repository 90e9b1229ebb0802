package no.portvakt.server.issuer;

import java.util.concurrent.Semaphore;
import java.util.function.Supplier;

/**
 * Lets as many signatures run at once as there are processors, first come first served: a signature
 * is pure computation, and more of them at once only make all of them late.
 */
public final class SignatureBudget {
  /** More than these would wait longer than any caller does. */
  private static final int MOST_WAITING = 4096;

  private final Semaphore permits;

  /**
   * @param together the most signatures at once
   */
  public SignatureBudget(int together) {
    this.permits = new Semaphore(together, true);
  }

  /** So many signatures wait that this one can't be made in time; the caller may come back. */
  public static final class Overloaded extends RuntimeException {
    private static final long serialVersionUID = 1L;

    Overloaded() {
      super("Too many signatures are waiting.", null, false, false);
    }
  }

  /**
   * Runs a signature when its turn comes.
   *
   * @throws Overloaded when too many wait before it
   */
  <T> T run(Supplier<T> signature) {
    if (permits.getQueueLength() >= MOST_WAITING) {
      throw new Overloaded();
    }
    permits.acquireUninterruptibly(); // when the server stops, requests in flight still end
    try {
      return signature.get();
    } finally {
      permits.release();
    }
  }
}

package no.portvakt.server.issuer;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * Lets as many signatures run at once as there are processors, first come first served: a signature
 * is pure computation, and more of them at once only make all of them late.
 */
public final class SignatureBudget {
  private static final long PATIENCE_SECONDS = 10;

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
   * @throws Overloaded when its turn does not come within ten seconds
   */
  <T> T run(Supplier<T> signature) {
    try {
      if (!permits.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
        throw new Overloaded();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new Overloaded();
    }
    try {
      return signature.get();
    } finally {
      permits.release();
    }
  }
}

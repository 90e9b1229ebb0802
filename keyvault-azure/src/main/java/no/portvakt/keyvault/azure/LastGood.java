package no.portvakt.keyvault.azure;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.jspecify.annotations.Nullable;

/**
 * What a vault said when it last gave a good answer. It is looked at again when the answer is old,
 * by one thread at a time; the others go on with what is there.
 *
 * @param <T> what is looked for, immutable
 */
final class LastGood<T> implements AutoCloseable {
  private static final Duration AFTER_FAILURE = Duration.ofSeconds(30);

  private final Look<T> look;
  private final String vault;
  private final Duration refresh;
  private final Duration patience;
  private final InstantSource clock;
  private final ReentrantLock looking = new ReentrantLock();
  private volatile @Nullable T known;
  private volatile @Nullable String problem;
  private volatile Instant nextLook = Instant.MIN;
  private volatile boolean failed;
  private volatile boolean asking;
  private volatile boolean closed;

  /** Asks the vault. */
  interface Look<T> {
    Seen<T> take() throws VaultFailure;
  }

  /** An answer that can be used, with what was wrong about it. */
  static final class Seen<T> {
    private final T value;
    private final @Nullable String complaint;

    Seen(T value, @Nullable String complaint) {
      this.value = value;
      this.complaint = complaint;
    }
  }

  /**
   * @param refresh how old an answer may be before the vault is asked again
   */
  LastGood(Look<T> look, AzureVault vault, Duration refresh, InstantSource clock) {
    if (refresh.isNegative() || refresh.isZero()) {
      throw new IllegalArgumentException("The time between two looks must be positive.");
    }
    this.look = look;
    this.vault = vault.host();
    this.refresh = refresh;
    this.patience = vault.patience();
    this.clock = clock;
  }

  T get() throws KeySourceUnavailable {
    boolean canGoOn = known != null;
    if (isDue() && !closed && lock(canGoOn)) {
      try {
        if (isDue() && !closed) { // else somebody else looked while this one waited
          look();
        }
      } finally {
        looking.unlock();
      }
    }
    T usable = closed ? null : known;
    if (usable == null) {
      String sentence = problem;
      throw new KeySourceUnavailable(
          closed
              ? "The source over the key vault " + vault + " is closed."
              : sentence != null ? sentence : tooSlow(),
          null);
    }
    return usable;
  }

  @Nullable String problem() {
    return problem;
  }

  /** Whether the last look gave no answer that can be used. */
  boolean failed() {
    return failed;
  }

  /** What the vault said last that can be used; null: nothing yet, or no more. */
  @Nullable T known() {
    return known;
  }

  @Override
  public void close() {
    closed = true;
    known = null;
  }

  private boolean isDue() {
    return !clock.instant().isBefore(nextLook);
  }

  // Whoever has nothing to go on with waits for the one who looks.
  private boolean lock(boolean canGoOn) {
    try {
      return canGoOn
          ? looking.tryLock()
          : looking.tryLock(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private void look() {
    if (asking) {
      fail(tooSlow()); // an earlier look was told to stop and has not yet: at most one such thread
      return;
    }
    // A thread of its own, because the whole look has an end, whatever the libraries wait for.
    FutureTask<Seen<T>> asked = new FutureTask<>(this::ask);
    Thread thread = new Thread(asked, "key-vault " + vault);
    thread.setDaemon(true);
    thread.start();
    try {
      Seen<T> seen = asked.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      known = seen.value;
      problem = seen.complaint;
      failed = false;
      nextLook = clock.instant().plus(refresh);
      if (closed) {
        known = null;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (TimeoutException e) {
      fail(tooSlow());
    } catch (ExecutionException e) {
      fail(
          e.getCause() instanceof VaultFailure failure && failure.getMessage() != null
              ? failure.getMessage()
              : "The answer of the key vault " + vault + " can't be read.");
    } finally {
      asked.cancel(true);
    }
  }

  private Seen<T> ask() throws VaultFailure {
    asking = true;
    try {
      return look.take();
    } finally {
      asking = false;
    }
  }

  private void fail(String sentence) {
    problem = sentence;
    failed = true;
    Duration pause = refresh.compareTo(AFTER_FAILURE) < 0 ? refresh : AFTER_FAILURE;
    nextLook = clock.instant().plus(pause);
  }

  private String tooSlow() {
    return "The key vault "
        + vault
        + ", or what proves this server's identity, takes too long to answer.";
  }
}

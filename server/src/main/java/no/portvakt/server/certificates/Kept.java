package no.portvakt.server.certificates;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Instant;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A bounded cache whose values say themselves until when they serve. For each key one thread loads;
 * the others wait for it.
 */
final class Kept<V extends Kept.Value> {
  private final Cache<String, FutureTask<V>> tasks;

  /** Something that serves for a while. */
  interface Value {
    /** From this moment on it is loaded again. */
    Instant until();
  }

  Kept(int most) {
    this.tasks = Caffeine.newBuilder().maximumSize(most).executor(Runnable::run).build();
  }

  /**
   * The value of a key.
   *
   * @param load makes a value from the one before it, which may be null
   */
  V get(String key, Instant now, UnaryOperator<@Nullable V> load) {
    FutureTask<V> task = tasks.getIfPresent(key);
    if (task == null || !serves(task, now)) {
      task =
          tasks
              .asMap()
              .compute(
                  key,
                  (same, last) ->
                      last != null && serves(last, now)
                          ? last
                          : new FutureTask<>(() -> load.apply(value(last))));
      task.run(); // does nothing when another thread has begun
    }
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while waiting for a revocation status.", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("A revocation status can't be loaded.", e.getCause());
    }
  }

  private static boolean serves(FutureTask<? extends Value> task, Instant now) {
    return !task.isDone()
        || (task.state() == Future.State.SUCCESS && now.isBefore(task.resultNow().until()));
  }

  private static <V> @Nullable V value(@Nullable FutureTask<V> task) {
    return task != null && task.state() == Future.State.SUCCESS ? task.resultNow() : null;
  }
}

package no.portvakt.server.database;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/** Threads that write to a store at the same time, and a way to hold the one writer up. */
final class Writers {
  private static final Set<Running> RUNNING = ConcurrentHashMap.newKeySet();

  private Writers() {}

  private record Running(FutureTask<?> task, Thread thread) {}

  /** Fills the queue while the writer is held up, then lets it go. */
  static List<FutureTask<@Nullable Void>> behindASlowWriter(
      Database database, int count, Session.Work<@Nullable Void> work) throws Exception {
    CountDownLatch gate = new CountDownLatch(1);
    FutureTask<@Nullable Void> slow = slowWriter(database, gate);
    List<FutureTask<@Nullable Void>> waiting = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      waiting.add(start(() -> database.write(work)));
    }
    awaitWaiting(waiting);
    gate.countDown();
    slow.get();
    return waiting;
  }

  /** Occupies the one writer until the gate opens; returns when it is occupied. */
  static FutureTask<@Nullable Void> slowWriter(Database database, CountDownLatch gate)
      throws InterruptedException {
    CountDownLatch begun = new CountDownLatch(1);
    FutureTask<@Nullable Void> slow =
        start(() ->
            database.write(session -> {
              begun.countDown();
              try {
                gate.await();
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              return null;
            }));
    begun.await();
    return slow;
  }

  static <T extends @Nullable Object> FutureTask<T> start(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    RUNNING.add(new Running(task, Thread.ofPlatform().daemon().start(task)));
    return task;
  }

  /** Returns when all these threads wait for the writer, or have ended. */
  static void awaitWaiting(List<? extends FutureTask<?>> tasks) {
    for (Running running : RUNNING) {
      if (tasks.contains(running.task)) {
        while (running.thread.isAlive() && !waits(running.thread)) {
          Thread.onSpinWait();
        }
      }
    }
  }

  // Its state would not tell: it may still be WAITING for a lock on its way to the queue.
  private static boolean waits(Thread thread) {
    return Arrays.stream(thread.getStackTrace())
        .anyMatch(frame ->
            frame.getMethodName().equals("join")
                && (frame.getClassName().equals(CompletableFuture.class.getName())
                    || frame.getClassName().equals(Thread.class.getName())));
  }
}

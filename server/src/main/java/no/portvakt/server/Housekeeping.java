package no.portvakt.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a node does by itself from time to time; one thing at a time, each again after a failure.
 */
final class Housekeeping implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Housekeeping.class);

  private final List<Task> tasks = new ArrayList<>();
  private @Nullable ScheduledExecutorService thread;

  private record Task(Duration pause, String what, Runnable work) {}

  /**
   * Does something again and again, once it is started.
   *
   * @param pause how long after one time the next begins
   * @param what what could not be done, for the log
   */
  void every(Duration pause, String what, Runnable work) {
    tasks.add(new Task(pause, what, work));
  }

  void start() {
    ScheduledExecutorService started =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("housekeeping").factory());
    thread = started;
    for (Task task : tasks) {
      long millis = task.pause.toMillis();
      var _ =
          started.scheduleWithFixedDelay(() -> run(task), millis, millis, TimeUnit.MILLISECONDS);
    }
  }

  /**
   * Does one thing out of its turn, and returns when it was done or put off.
   *
   * @throws IllegalArgumentException when nothing of this name is done here
   */
  void once(String what) {
    Task task =
        tasks.stream()
            .filter(it -> it.what.equals(what))
            .findFirst()
            .orElseThrow(() -> new IllegalArgumentException("No housekeeping is called " + what));
    CompletableFuture.runAsync(() -> run(task), Objects.requireNonNull(thread)).join();
  }

  private static void run(Task task) {
    try {
      task.work.run();
    } catch (RuntimeException e) {
      LOG.warn("{} is put off: {}", task.what, e.getMessage());
    }
  }

  @Override
  public void close() {
    if (thread != null) {
      thread.close();
    }
  }
}

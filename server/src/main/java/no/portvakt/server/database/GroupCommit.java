package no.portvakt.server.database;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The one writer: many callers' work shares one transaction and one sync to disk. A caller returns
 * only after its work is durable.
 *
 * <p>When a transaction fails, each piece of work is tried again in one of its own, so that one
 * caller's failure is not another's.
 */
final class GroupCommit implements AutoCloseable {
  private static final int MOST_WAITING = 8192;
  private static final int MOST_TOGETHER = 256;
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(15);
  private static final long GATHER_NANOS = TimeUnit.MICROSECONDS.toNanos(2000);

  private final Engine engine;
  private final ArrayBlockingQueue<Job<?>> waiting = new ArrayBlockingQueue<>(MOST_WAITING);
  private final Thread writer;
  private final AtomicLong changes = new AtomicLong();

  /** Does nothing; lets the writer see at once that it is to end. */
  private final Job<?> wake = new Job<@Nullable Void>(session -> null, false);

  private volatile boolean closing;
  private volatile boolean ended;
  private volatile List<Job<?>> running = List.of();
  private @Nullable Session session;

  private static final class Job<T extends @Nullable Object> {
    final Session.Work<T> work;
    final boolean isChange;
    final CompletableFuture<T> done = new CompletableFuture<>();
    final long submitted = System.nanoTime();
    @Nullable T result;

    Job(Session.Work<T> work, boolean isChange) {
      this.work = work;
      this.isChange = isChange;
    }

    void run(Session session) {
      result = work.run(session);
    }

    @SuppressWarnings("NullAway") // T itself says whether the result may be null
    void complete() {
      done.complete(result);
    }
  }

  GroupCommit(Engine engine) {
    this.engine = engine;
    this.writer = Thread.ofPlatform().name("store-writer").daemon().start(this::write);
    Thread.ofVirtual().name("store-watch").start(this::watch);
  }

  /** Counts the commits with a change; a commit is counted before anybody learns of it. */
  long changes() {
    return changes.get();
  }

  <T extends @Nullable Object> T submit(Session.Work<T> work, boolean isChange) {
    Job<T> job = new Job<>(work, isChange);
    if (closing || !waiting.offer(job)) {
      throw new StoreUnavailable("Too many writes are waiting.", new IllegalStateException());
    }
    if (ended) {
      refuseWaiting(); // the writer looked for the last time before this job came
    }
    try {
      // No timeout here: a timer for each request costs more than the write. The watch has one.
      // And no interrupt: it would leave the caller not knowing whether its work is durable.
      return job.done.join();
    } catch (CompletionException e) {
      if (e.getCause() instanceof RuntimeException own) {
        throw own;
      }
      throw new StoreUnavailable("The write failed.", e);
    }
  }

  private void write() {
    List<Job<?>> jobs = new ArrayList<>(MOST_TOGETHER);
    try {
      while (!closing || !waiting.isEmpty()) {
        Job<?> first = waiting.poll(200, TimeUnit.MILLISECONDS);
        if (first == null || first == wake) {
          continue;
        }
        if (jobs.size() > 1) {
          // Under load a short wait lets more callers share the sync; a lone caller never waits.
          LockSupport.parkNanos(GATHER_NANOS);
        }
        jobs.clear();
        jobs.add(first);
        waiting.drainTo(jobs, MOST_TOGETHER - 1);
        running = List.copyOf(jobs);
        if (!together(jobs)) {
          for (Job<?> job : jobs) {
            // Twice at most: the second time on a new connection.
            while (!job.done.isDone() && !together(List.of(job))) {}
          }
        }
        running = List.of();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    ended = true;
    refuseWaiting();
    discardSession();
  }

  private void refuseWaiting() {
    for (Job<?> job = waiting.poll(); job != null; job = waiting.poll()) {
      job.done.completeExceptionally(
          new StoreUnavailable("The store is closed.", new IllegalStateException()));
    }
  }

  /** Gives up on writes that a hanging disk keeps from ending, so that no caller waits for ever. */
  private void watch() {
    while (writer.isAlive()) {
      LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(1));
      long now = System.nanoTime();
      Stream.concat(running.stream(), waiting.stream())
          .filter(job -> now - job.submitted > PATIENCE_NANOS)
          .forEach(job ->
              job.done.completeExceptionally(
                  new StoreUnavailable("The write took too long.", new TimeoutException())));
    }
  }

  /** Runs the jobs in one transaction; false when they failed together and must be tried alone. */
  private boolean together(List<Job<?>> jobs) {
    boolean mayTryAgain = false;
    boolean mayBeStale = false;
    try {
      Session current = session;
      mayBeStale = current != null;
      if (current == null) {
        current = open();
        session = current;
      }
      mayTryAgain = jobs.size() > 1;
      current.begin();
      for (Job<?> job : jobs) {
        job.run(current);
      }
      current.finish();
      mayTryAgain = false;
      mayBeStale = false;
      current.commit();
    } catch (SQLException | RuntimeException | Error e) {
      // Not even an error may end the one writer: every caller to come would wait for it.
      discardSession();
      count(jobs); // of a failed commit nobody knows, and a reader in memory may have seen it
      // A connection that was idle may be gone, as after a restart of the database: a new one may
      // do.
      if (mayTryAgain
          || (mayBeStale && (e instanceof SQLException || e instanceof StoreUnavailable))) {
        return false;
      }
      // Without a connection there is nothing to try. And whether a commit that failed took place
      // is not known: a message that may be used once would find its own trace.
      for (Job<?> job : jobs) {
        job.done.completeExceptionally(e);
      }
      return true;
    }
    count(jobs);
    for (Job<?> job : jobs) {
      job.complete();
    }
    return true;
  }

  private void count(List<Job<?>> jobs) {
    if (jobs.stream().anyMatch(job -> job.isChange)) {
      changes.incrementAndGet();
    }
  }

  private Session open() throws SQLException {
    Connection connection = engine.source().getConnection();
    try {
      return new Session(connection, engine.claimWriter(connection));
    } catch (SQLException | RuntimeException e) {
      connection.close();
      throw e;
    }
  }

  private void discardSession() {
    Session current = session;
    session = null;
    if (current != null) {
      try (current) {
        current.rollback();
      } catch (SQLException | StoreUnavailable e) {
        // The connection is gone already; closing it was all that was left to do.
        org.slf4j.LoggerFactory.getLogger(GroupCommit.class).debug("Closed a failed session", e);
      }
    }
  }

  /** Writes what waits, then ends. */
  @Override
  public void close() {
    closing = true;
    boolean _ = waiting.offer(wake); // when nothing more fits, the writer is awake
    try {
      writer.join(TimeUnit.NANOSECONDS.toMillis(PATIENCE_NANOS));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}

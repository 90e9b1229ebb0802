package no.portvakt.bench;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/** Valid Maskinporten tokens, several at a time, renewed before they expire. */
final class Tokens implements Supplier<String>, AutoCloseable {
  private static final int TOGETHER = 16;
  private static final int RENEW_SECONDS = 45; // they live for 120

  private final Caller caller;
  private final AtomicInteger next = new AtomicInteger();
  private final ScheduledExecutorService renewal =
      Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform().daemon().factory());
  private volatile List<String> tokens;

  Tokens(Caller caller) throws IOException, InterruptedException {
    this.caller = caller;
    this.tokens = fetch();
    var _ =
        renewal.scheduleWithFixedDelay(this::renew, RENEW_SECONDS, RENEW_SECONDS, TimeUnit.SECONDS);
  }

  @Override
  public String get() {
    return tokens.get(Math.floorMod(next.getAndIncrement(), TOGETHER));
  }

  private void renew() {
    try {
      tokens = fetch();
    } catch (IOException e) {
      throw new IllegalStateException("No fresh tokens can be had.", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private List<String> fetch() throws IOException, InterruptedException {
    List<String> fresh = new ArrayList<>();
    for (int i = 0; i < TOGETHER; i++) {
      fresh.add(caller.token());
    }
    return fresh;
  }

  @Override
  public void close() {
    renewal.shutdownNow();
  }
}

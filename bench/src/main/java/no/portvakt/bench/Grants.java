package no.portvakt.bench;

import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.stream.IntStream;

/**
 * JWT grants of several clients in turn, each for one use. Most are signed before a round, because
 * the load generator shares the processors with the server; what is missing is signed on demand.
 */
final class Grants implements Supplier<String> {
  private final List<Caller> callers;
  private final AtomicInteger next = new AtomicInteger();
  private final Queue<String> ready = new ConcurrentLinkedQueue<>();

  Grants(List<Caller> callers) {
    this.callers = List.copyOf(callers);
  }

  @Override
  public String get() {
    String one = ready.poll();
    return one != null ? one : sign();
  }

  /** Signs grants on all processors; those that are left from before would expire. */
  void prepare(int count) {
    ready.clear();
    IntStream.range(0, count).parallel().forEach(_ -> ready.add(sign()));
  }

  private String sign() {
    return callers.get(Math.floorMod(next.getAndIncrement(), callers.size())).grant();
  }
}

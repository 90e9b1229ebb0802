package no.portvakt.bench;

import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpTimeoutException;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Callers that go on whatever happens to the nodes: they exchange tokens, get new ones, and try
 * each grant a second time at the other node. They keep the id of every token that they received,
 * and when each kind of request last did what it should at each node.
 */
final class SoakLoad implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final int GRANT_EVERY = 10;
  private static final int VIOLATIONS_KEPT = 10;

  private final HttpClient http = HttpClient.newBuilder().connectTimeout(PATIENCE).build();
  private final Caller caller;
  private final List<Integer> ports;
  private final AtomicReference<String> proof = new AtomicReference<>();
  private final List<Thread> threads = new ArrayList<>();
  private volatile boolean ended;

  /** The ids of the tokens that callers received. */
  final Set<String> received = ConcurrentHashMap.newKeySet();

  /** How often each outcome was seen, by what was asked and the status. */
  final Map<String, AtomicLong> outcomes = new ConcurrentHashMap<>();

  /** How often what must not happen did. */
  final AtomicLong violations = new AtomicLong();

  /** The first of them. */
  final Queue<String> firstViolations = new LinkedBlockingQueue<>(VIOLATIONS_KEPT);

  /** Each kind of request at each node. */
  final List<Progress> progress;

  private final List<Progress> exchanges;
  private final List<Progress> grants;
  private final List<Progress> secondUses;

  SoakLoad(Caller caller, List<Integer> ports, int callers)
      throws IOException, InterruptedException {
    this.caller = caller;
    this.ports = ports;
    proof.set(caller.token());
    exchanges = progress("exchange", ports.size());
    grants = progress("grant", ports.size());
    secondUses = progress("refusal of a second use", ports.size());
    progress = Stream.of(exchanges, grants, secondUses).flatMap(List::stream).toList();
    for (int i = 0; i < callers; i++) {
      int number = i;
      threads.add(Thread.ofVirtual().start(() -> callUntilEnd(number)));
    }
  }

  /** The outcomes by name, sorted. */
  Map<String, Long> counts() {
    Map<String, Long> counts = new TreeMap<>();
    outcomes.forEach((name, count) -> counts.put(name, count.get()));
    return counts;
  }

  private static List<Progress> progress(String what, int nodes) {
    return IntStream.rangeClosed(1, nodes)
        .mapToObj(node -> new Progress(what + " at node " + node))
        .toList();
  }

  /**
   * Waits until each kind of request that was sent from now on has succeeded at each node.
   *
   * @return what has not within the time
   */
  List<String> awaitSuccesses(Duration longest) {
    long since = System.nanoTime();
    List<String> missing;
    do {
      LockSupport.parkNanos(Duration.ofMillis(10).toNanos());
      missing = progress.stream().filter(it -> !it.since(since)).map(it -> it.what).toList();
    } while (!missing.isEmpty() && System.nanoTime() - since < longest.toNanos());
    return missing;
  }

  /** Something happened that must not. */
  void violation(String sentence) {
    violations.incrementAndGet();
    boolean _ = firstViolations.offer(sentence);
  }

  private void callUntilEnd(int number) {
    try {
      for (long round = number; !ended; round++) {
        call(round);
      }
    } catch (Throwable e) { // whatever it is: a load that ends is none
      violation("Caller " + number + " ended with " + e + ".");
    }
  }

  private void call(long round) throws InterruptedException {
    // The quotient as well: with an even GRANT_EVERY all grants would go to one node.
    int node = (int) ((round + round / GRANT_EVERY) % ports.size());
    try {
      if (round % GRANT_EVERY == 0) {
        grant(node, (node + 1) % ports.size());
      } else {
        exchange(node);
      }
    } catch (HttpTimeoutException e) {
      count("no answer");
      violation("Node " + (node + 1) + " did not answer within " + PATIENCE.toSeconds() + " s.");
    } catch (IOException e) {
      count("no connection");
      LockSupport.parkNanos(Duration.ofMillis(50).toNanos()); // the node is down for a moment
    }
  }

  private void exchange(int node) throws IOException, InterruptedException {
    long sent = System.nanoTime();
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(
                    URI.create(
                        "http://localhost:"
                            + ports.get(node)
                            + "/authentication/api/v1/exchange/maskinporten"))
                .timeout(PATIENCE)
                .header("Authorization", "Bearer " + proof.get())
                .build(),
            BodyHandlers.ofString());
    seen("exchange", answer, Set.of(200, 503));
    if (answer.statusCode() == 200) {
      keep(answer.body());
      exchanges.get(node).success(sent);
    }
  }

  private void grant(int node, int other) throws IOException, InterruptedException {
    String assertion = caller.grant();
    long sent = System.nanoTime();
    HttpResponse<String> first = request(node, assertion);
    seen("grant", first, Set.of(200, 503));
    if (first.statusCode() == 200) {
      String token = Caller.accessToken(first.body());
      keep(token);
      proof.set(token);
      grants.get(node).success(sent);
      long again = System.nanoTime();
      HttpResponse<String> second = request(other, assertion);
      seen("second use", second, Set.of(400, 503));
      if (second.statusCode() == 400) {
        if (second.body().contains("MP-012")) {
          secondUses.get(other).success(again);
        } else {
          violation("A second use was refused for another reason: " + second.body());
        }
      }
    }
  }

  private HttpResponse<String> request(int node, String assertion)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(
                URI.create("http://localhost:" + ports.get(node) + "/maskinporten/token"))
            .timeout(PATIENCE)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(
                BodyPublishers.ofString(
                    "grant_type=urn:ietf:params:oauth:grant-type:jwt-bearer&assertion="
                        + assertion))
            .build(),
        BodyHandlers.ofString());
  }

  private void seen(String what, HttpResponse<String> answer, Set<Integer> allowed) {
    count(what + " " + answer.statusCode());
    if (!allowed.contains(answer.statusCode())) {
      violation(what + " was answered " + answer.statusCode() + ": " + answer.body());
    }
  }

  private void keep(String token) {
    try {
      String id = SignedJWT.parse(token).getJWTClaimsSet().getJWTID();
      if (!received.add(id)) {
        violation("Two tokens have the id " + id + ".");
      }
    } catch (ParseException e) {
      violation("An answer of 200 holds no token.");
    }
  }

  private void count(String outcome) {
    outcomes.computeIfAbsent(outcome, _ -> new AtomicLong()).incrementAndGet();
  }

  @Override
  public void close() {
    ended = true;
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    progress.forEach(Progress::end);
    http.close();
  }
}

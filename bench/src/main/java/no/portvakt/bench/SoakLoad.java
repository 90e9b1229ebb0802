package no.portvakt.bench;

import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Callers that go on whatever happens to the nodes: they exchange tokens, get new ones, and try
 * each grant a second time at the other node. They keep the id of every token that they received.
 */
final class SoakLoad implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(40);
  private static final int GRANT_EVERY = 10;

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

  /** What must not happen. */
  final Queue<String> violations = new ConcurrentLinkedQueue<>();

  /** The longest time without any success at either node, in nanoseconds. */
  final AtomicLong longestGap = new AtomicLong();

  private final AtomicLong lastAnywhere = new AtomicLong(System.nanoTime());

  SoakLoad(Caller caller, List<Integer> ports, int callers)
      throws IOException, InterruptedException {
    this.caller = caller;
    this.ports = ports;
    proof.set(caller.token());
    for (int i = 0; i < callers; i++) {
      int number = i;
      threads.add(Thread.ofVirtual().start(() -> call(number)));
    }
  }

  /** The outcomes by name, sorted. */
  Map<String, Long> counts() {
    Map<String, Long> counts = new TreeMap<>();
    outcomes.forEach((name, count) -> counts.put(name, count.get()));
    return counts;
  }

  private void call(int number) {
    for (long round = number; !ended; round++) {
      int port = ports.get((int) (round % ports.size()));
      try {
        if (round % GRANT_EVERY == 0) {
          grant(port, ports.get((int) ((round + 1) % ports.size())));
        } else {
          exchange(port);
        }
      } catch (IOException e) {
        count("no connection");
        LockSupport.parkNanos(Duration.ofMillis(50).toNanos()); // the node is down for a moment
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  private void exchange(int port) throws IOException, InterruptedException {
    HttpResponse<String> answer =
        http.send(
            HttpRequest.newBuilder(
                    URI.create(
                        "http://localhost:"
                            + port
                            + "/authentication/api/v1/exchange/maskinporten"))
                .timeout(PATIENCE)
                .header("Authorization", "Bearer " + proof.get())
                .build(),
            BodyHandlers.ofString());
    seen("exchange", answer, Set.of(200, 503));
    if (answer.statusCode() == 200) {
      keep(answer.body());
    }
  }

  private void grant(int port, int other) throws IOException, InterruptedException {
    String assertion = caller.grant();
    HttpResponse<String> first = request(port, assertion);
    seen("grant", first, Set.of(200, 503));
    if (first.statusCode() == 200) {
      String token = Caller.accessToken(first.body());
      keep(token);
      proof.set(token);
      HttpResponse<String> second = request(other, assertion);
      seen("second use", second, Set.of(400, 503));
      if (second.statusCode() == 400 && !second.body().contains("MP-012")) {
        violations.add("A second use was refused for another reason: " + second.body());
      }
    }
  }

  private HttpResponse<String> request(int port, String assertion)
      throws IOException, InterruptedException {
    return http.send(
        HttpRequest.newBuilder(URI.create("http://localhost:" + port + "/maskinporten/token"))
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
      violations.add(what + " was answered " + answer.statusCode() + ": " + answer.body());
    }
  }

  private void keep(String token) {
    try {
      received.add(SignedJWT.parse(token).getJWTClaimsSet().getJWTID());
    } catch (ParseException e) {
      violations.add("An answer of 200 holds no token.");
    }
    long now = System.nanoTime();
    long gap = now - lastAnywhere.getAndSet(now);
    longestGap.accumulateAndGet(gap, Math::max);
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
    http.close();
  }
}

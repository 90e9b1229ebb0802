package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A stop loses no request that has begun, and no record. */
class ShutdownTest {
  private final TestStore store;

  ShutdownTest(@TempDir Path folder) {
    store = TestStore.in(folder);
  }

  @Test
  void answersEveryRequestThatIsInFlight() {
    List<RemoteIssuer> slow = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      slow.add(RemoteIssuer.start());
    }
    TestStack stack =
        TestStack.start(
            TestStack.trusting(
                slow.stream().map(RemoteIssuer::trusted).toArray(Settings.Issuer[]::new)));
    slow.forEach(RemoteIssuer::hangOnKeys);
    List<CompletableFuture<HttpResponse<String>>> inFlight = new ArrayList<>();
    for (RemoteIssuer issuer : slow) {
      String proof = issuer.token(stack.clock()).compact();
      inFlight.add(later(() -> stack.exchange(proof)));
    }
    // Each request has come as far as the key set of its issuer.
    slow.forEach(RemoteIssuer::awaitHangingRequest);
    CompletableFuture<Boolean> closing =
        later(() -> {
          stack.server().close();
          return true;
        });
    awaitClosedPort(stack.server().port());
    assertThat(closing).isNotDone();
    slow.forEach(RemoteIssuer::recover);
    for (CompletableFuture<HttpResponse<String>> one : inFlight) {
      HttpResponse<String> answer = one.join();
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
      assertThat(TestStack.claims(answer.body())).containsKey("jti");
    }
    closing.join();
    stack.close();
    slow.forEach(RemoteIssuer::close);
  }

  @Test
  void givesEachCallerAWholeAnswerOrNoConnection() {
    TestStack stack = TestStack.start(store.settings());
    String proof = stack.forge().compact();
    URI address = stack.uri(TestStack.EXCHANGE);
    List<Object> granted = new ArrayList<>();
    granted.add(Objects.requireNonNull(TestStack.claims(stack.exchange(proof).body()).get("jti")));
    CountDownLatch underWay = new CountDownLatch(50);
    List<CompletableFuture<List<String>>> callers = new ArrayList<>();
    for (int i = 0; i < 50; i++) {
      callers.add(later(() -> callUntilRefused(address, proof, underWay)));
    }
    await(underWay);
    stack.server().close();
    for (CompletableFuture<List<String>> caller : callers) {
      for (String token : caller.join()) {
        granted.add(Objects.requireNonNull(TestStack.claims(token).get("jti")));
      }
    }
    stack.close();
    // What was decided reached its caller, and what reached a caller was recorded.
    List<AuditRecords.Stored> records = AuditRecords.decisions(store.records());
    List<Object> recorded = new ArrayList<>();
    records.forEach(it -> recorded.add(Objects.requireNonNullElse(it.get("jti"), "")));
    assertThat(recorded).hasSizeGreaterThan(50).containsExactlyInAnyOrderElementsOf(granted);
    AuditRecords.assertChained(store.records());
  }

  @Test
  void endsConnectionsThatAreIdle() throws IOException {
    TestStack stack = TestStack.start();
    try (Socket idle = new Socket(InetAddress.getLoopbackAddress(), stack.server().port());
        Socket used = new Socket(InetAddress.getLoopbackAddress(), stack.server().port())) {
      used.setSoTimeout(30_000);
      idle.setSoTimeout(30_000);
      used.getOutputStream()
          .write(
              "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
      assertThat(used.getInputStream().read()).isEqualTo('H');
      long start = System.nanoTime();
      stack.server().close();
      assertThat(System.nanoTime() - start).isLessThan(25_000_000_000L);
      assertThat(new String(used.getInputStream().readAllBytes(), StandardCharsets.US_ASCII))
          .endsWith("{\"status\":\"UP\"}");
      assertThat(idle.getInputStream().read()).isEqualTo(-1);
    }
    stack.close();
  }

  @Test
  void mayBeClosedTwice() {
    TestStack stack = TestStack.start();
    stack.server().close();
    stack.server().close();
    stack.close();
  }

  /** Each call on a connection of its own, until nobody listens; other failures fail the test. */
  private static List<String> callUntilRefused(URI address, String proof, CountDownLatch underWay) {
    List<String> tokens = new ArrayList<>();
    String request =
        "GET "
            + address.getPath()
            + " HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer "
            + proof
            + "\r\nConnection: close\r\n\r\n";
    while (true) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), address.getPort())) {
        socket.setSoTimeout(30_000);
        String answer;
        try {
          socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
          answer = new String(socket.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
        } catch (SocketTimeoutException e) {
          throw new AssertionError("No answer and no end.", e);
        } catch (IOException e) {
          return tokens; // never accepted: the listener was closed with it still in its queue
        }
        if (answer.isEmpty()) {
          return tokens;
        }
        assertThat(answer).startsWith("HTTP/1.1 200 OK\r\n").contains("\r\n\r\neyJ");
        String token = answer.substring(answer.indexOf("\r\n\r\n") + 4);
        assertThat(token.split("\\.", -1)).hasSize(3);
        assertThat(answer).contains("Content-Length: " + token.length() + "\r\n");
        tokens.add(token);
        underWay.countDown();
      } catch (IOException e) {
        return tokens; // nobody listens any more
      }
    }
  }

  private static void awaitClosedPort(int port) {
    while (true) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        assertThat(socket.isConnected()).isTrue();
        Thread.onSpinWait();
      } catch (IOException e) {
        return;
      }
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static <T> CompletableFuture<T> later(java.util.function.Supplier<T> work) {
    return CompletableFuture.supplyAsync(work, Thread::startVirtualThread);
  }
}

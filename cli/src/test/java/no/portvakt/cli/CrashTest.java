package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import no.portvakt.server.database.Database;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node on an embedded store is killed in the middle of its work. */
final class CrashTest {
  private static final int CALLERS = 16;
  private static final int EXCHANGES = 400;
  private static final int GRANTS = 100;

  @TempDir Path folder = Path.of("");

  private final Queue<String> received = new ConcurrentLinkedQueue<>();
  private final Queue<String> used = new ConcurrentLinkedQueue<>();

  @Test
  void everyTokenThatACallerReceivedHasItsRecordAndNoGrantWorksAgainAfterAKill() throws Exception {
    int port = NodeProcess.freePort();
    String base = "http://localhost:" + port;
    try (NodeProcess node = NodeProcess.start(port, folder)) {
      String proof =
          NodeProcess.token(node.requestToken(new DemoHttp(), NodeProcess.grant(folder, base)));
      CountDownLatch exchanged = new CountDownLatch(EXCHANGES);
      CountDownLatch granted = new CountDownLatch(GRANTS);
      try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
        List<Future<@Nullable Void>> callers = new ArrayList<>();
        for (int i = 0; i < CALLERS; i++) {
          boolean exchanges = i % 2 == 0;
          callers.add(
              threads.submit(() ->
                  exchanges ? exchange(node, proof, exchanged) : useGrants(node, base, granted)));
        }
        assertThat(exchanged.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(granted.await(60, TimeUnit.SECONDS)).isTrue();
        node.kill(); // with requests in flight
        for (Future<@Nullable Void> caller : callers) {
          caller.get();
        }
      }
    }
    assertThat(received).hasSizeGreaterThanOrEqualTo(EXCHANGES + GRANTS).doesNotHaveDuplicates();
    try (Database database = Database.open(folder)) {
      assertThat(NodeProcess.recorded(database)).containsAll(received);
    }
    // The last ones: earlier grants may have expired, and those were in the log when it was cut.
    List<String> last = used.stream().skip(Math.max(0, used.size() - 300)).toList();
    assertThat(last).hasSizeGreaterThanOrEqualTo(GRANTS);
    try (NodeProcess again = NodeProcess.start(port, folder)) {
      again.refusesAsReplays(last);
      String fresh = NodeProcess.grant(folder, base);
      assertThat(NodeProcess.token(again.requestToken(new DemoHttp(), fresh))).isNotEmpty();
    }
  }

  private @Nullable Void exchange(NodeProcess node, String proof, CountDownLatch enough) {
    DemoHttp http = new DemoHttp();
    try {
      while (true) {
        received.add(NodeProcess.jti(NodeProcess.token(node.exchange(http, proof))));
        enough.countDown();
      }
    } catch (UncheckedIOException e) {
      return null; // the node is gone
    }
  }

  private @Nullable Void useGrants(NodeProcess node, String base, CountDownLatch enough)
      throws Exception {
    DemoHttp http = new DemoHttp();
    try {
      while (true) {
        String grant = NodeProcess.grant(folder, base);
        received.add(NodeProcess.jti(NodeProcess.token(node.requestToken(http, grant))));
        used.add(grant);
        enough.countDown();
      }
    } catch (UncheckedIOException e) {
      return null; // the node is gone
    }
  }
}

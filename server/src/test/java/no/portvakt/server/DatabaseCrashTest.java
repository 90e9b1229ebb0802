package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.REPLAYED;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import no.portvakt.server.database.PostgresAddress;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** PostgreSQL is killed under load and comes back on the data that it had on disk. */
class DatabaseCrashTest {
  private static final int ENOUGH = 300;

  @TempDir Path folder = Path.of("");

  /** The answers that callers got, which only ever stop for an outage. */
  private static final class Answers {
    final Set<Integer> statuses = ConcurrentHashMap.newKeySet();
    final Queue<String> received = new ConcurrentLinkedQueue<>();
    final Queue<String> used = new ConcurrentLinkedQueue<>();
    volatile CountDownLatch granted = new CountDownLatch(ENOUGH);
    volatile CountDownLatch unavailable = new CountDownLatch(Integer.MAX_VALUE);
    volatile boolean done;

    boolean took(HttpResponse<String> answer, Supplier<String> token) {
      statuses.add(answer.statusCode());
      if (answer.statusCode() == 200) {
        received.add(String.valueOf(TestStack.claims(token.get()).get("jti")));
        granted.countDown();
        return true;
      }
      unavailable.countDown();
      return false;
    }
  }

  @Test
  void comesBackByItselfAfterItsDatabaseWasKilledAndLosesNoRecord() throws Exception {
    EmbeddedPostgres postgres = postgres(0);
    int port = postgres.getPort();
    String url = "jdbc:postgresql://localhost:" + port + "/postgres";
    PostgresAddress store = new PostgresAddress(url, "postgres", null, 4);
    assertThat(TestPostgres.query(store, "SHOW fsync")).containsExactly("on");
    try (TestStack stack = TestStack.start(TestStack.on(store));
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      TestStack.Client client = stack.newClient(READ);
      String proof = stack.tokenFor(client, READ);
      assertThat(stack.exchange(proof).statusCode()).isEqualTo(200);
      Answers answers = new Answers();
      List<Future<@Nullable Void>> callers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        boolean exchanges = i < 5;
        callers.add(
            threads.submit(() -> {
              while (!answers.done) {
                call(stack, client, exchanges ? proof : null, answers);
              }
              return null;
            }));
      }
      for (int kill = 0; kill < 2; kill++) {
        answers.granted = new CountDownLatch(ENOUGH);
        assertThat(answers.granted.await(60, TimeUnit.SECONDS)).isTrue();
        answers.unavailable = new CountDownLatch(20);
        kill();
        assertThat(answers.unavailable.await(60, TimeUnit.SECONDS)).isTrue();
        postgres.close();
        postgres = postgres(port);
        Instant back = Instant.now();
        answers.granted = new CountDownLatch(1);
        assertThat(answers.granted.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(Duration.between(back, Instant.now())).isLessThan(Duration.ofSeconds(10));
      }
      answers.granted = new CountDownLatch(ENOUGH);
      assertThat(answers.granted.await(60, TimeUnit.SECONDS)).isTrue();
      answers.done = true;
      for (Future<@Nullable Void> caller : callers) {
        caller.get();
      }
      assertThat(answers.statuses).containsExactlyInAnyOrder(200, 503);
      assertThat(stack.get("/health/ready").statusCode()).isEqualTo(200);
      WholeAudit audit = WholeAudit.of(store);
      assertThat(audit.granted()).containsAll(answers.received);
      assertThat(answers.received).doesNotHaveDuplicates().hasSizeGreaterThan(3 * ENOUGH);
      for (String grant : answers.used) {
        assertRefused(stack, stack.requestToken(grant), REPLAYED);
      }
    } finally {
      postgres.close();
    }
  }

  private static void call(
      TestStack stack, TestStack.Client client, @Nullable String proof, Answers answers) {
    if (proof != null) {
      HttpResponse<String> answer = stack.exchange(proof);
      boolean _ = answers.took(answer, answer::body);
      return;
    }
    String grant = stack.grant(client, READ).compact();
    HttpResponse<String> answer = stack.requestToken(grant);
    if (answers.took(answer, () -> String.valueOf(TestStack.json(answer).get("access_token")))) {
      answers.used.add(grant);
    }
  }

  /** Kills the server of this test's data folder, whose children then end by themselves. */
  private void kill() throws Exception {
    long pid = Long.parseLong(Files.readAllLines(folder.resolve("data/postmaster.pid")).get(0));
    ProcessHandle server = ProcessHandle.of(pid).orElseThrow();
    assertThat(server.destroyForcibly()).isTrue();
    server.onExit().get(30, TimeUnit.SECONDS);
  }

  private EmbeddedPostgres postgres(int port) throws IOException {
    IOException last = new IOException("never tried");
    // What is left of a server that was killed keeps its memory for a moment.
    for (int i = 0; i < 10; i++) {
      try {
        EmbeddedPostgres.Builder builder =
            EmbeddedPostgres.builder()
                .setDataDirectory(folder.resolve("data"))
                .setCleanDataDirectory(false)
                .setPGStartupWait(Duration.ofSeconds(60))
                .setServerConfig("fsync", "on");
        EmbeddedPostgres started = port == 0 ? builder.start() : builder.setPort(port).start();
        return started;
      } catch (IOException e) {
        last = e;
      }
    }
    throw last;
  }
}

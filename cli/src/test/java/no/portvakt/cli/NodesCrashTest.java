package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.store.AuditTable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two nodes on one PostgreSQL are killed in turn, in the middle of their work. */
final class NodesCrashTest {
  private static final String BASE = "https://platform.example.com";
  private static final int ENOUGH = 200;
  private static final int ENOUGH_CLIENTS = 20;

  @TempDir Path folder = Path.of("");

  private final Queue<String> received = new ConcurrentLinkedQueue<>();
  private final Queue<String> used = new ConcurrentLinkedQueue<>();
  private final Queue<String> made = new ConcurrentLinkedQueue<>();

  @Test
  void losesNoRecordNoUsedGrantAndNoNewClientWhicheverNodeIsKilled() throws Exception {
    try (EmbeddedPostgres postgres =
        EmbeddedPostgres.builder()
            .setPGStartupWait(Duration.ofSeconds(60))
            .setServerConfig("fsync", "on")
            .start()) {
      String url = "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres";
      Path config =
          Files.writeString(
              folder.resolve("nodes.yaml"),
              """
              base-url: %s
              store:
                url: %s
                user: postgres
              master-key:
                file: %s
              maskinporten:
                admin-client: %s
              """
                  .formatted(
                      BASE,
                      url,
                      Files.writeString(
                          folder.resolve("master.key"),
                          java.util.Base64.getEncoder().encodeToString(new byte[32])),
                      folder.resolve("dev/admin-client.json")));
      int first = NodeProcess.freePort();
      int second = NodeProcess.freePort();
      NodeProcess one = start(first, "one", config);
      NodeProcess other = start(second, "other", config);
      try {
        String proof = NodeProcess.token(one.requestToken(new DemoHttp(), grant()));
        received.add(NodeProcess.jti(proof));
        killUnderLoad(one, other, proof);
        refusesWhatWasUsed(other);
        other.knowsClients(adminToken(other), made);
        one = start(first, "one", config);
        killUnderLoad(other, one, proof);
        refusesWhatWasUsed(one);
        one.knowsClients(adminToken(one), made);
        other = start(second, "other", config);
        refusesWhatWasUsed(other);
      } finally {
        one.close();
        other.close();
      }
      try (Database database = Database.connect(new PostgresAddress(url, "postgres", null, 2))) {
        assertThat(received).hasSizeGreaterThan(4 * ENOUGH).doesNotHaveDuplicates();
        assertThat(NodeProcess.recorded(database)).containsAll(received);
        assertThat(new AuditTable(database).ends())
            .extracting(AuditTable.Place::chain)
            .containsExactly(0, 1);
      }
      Path backup = folder.resolve("backup");
      assertThat(Console.run("backup", backup.toString(), "--config", config.toString()).fails())
          .contains("A store in PostgreSQL is backed up with PostgreSQL's own tools");
      assertThat(backup).doesNotExist();
    }
  }

  /** Both nodes have callers; one of them is killed and the other goes on. */
  private void killUnderLoad(NodeProcess victim, NodeProcess survivor, String proof)
      throws Exception {
    used.clear(); // the other phase's grants may expire before they are tried again
    CountDownLatch underWay = new CountDownLatch(ENOUGH);
    CountDownLatch afterwards = new CountDownLatch(ENOUGH);
    CountDownLatch clients = new CountDownLatch(ENOUGH_CLIENTS);
    String adminToken = adminToken(victim);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<@Nullable Void>> callers = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        boolean exchanges = i % 3 == 0;
        NodeProcess node = i % 2 == 0 ? victim : survivor;
        callers.add(
            threads.submit(() -> {
              DemoHttp http = new DemoHttp();
              while (node.equals(victim) || afterwards.getCount() > 0) {
                if (!call(node, http, exchanges ? proof : null)) {
                  assertThat(node).isEqualTo(victim);
                  return null;
                }
                (node.equals(victim) ? underWay : victim.isAlive() ? underWay : afterwards)
                    .countDown();
              }
              return null;
            }));
      }
      callers.add(
          threads.submit(() -> {
            DemoHttp http = new DemoHttp();
            while (makesClient(victim, http, adminToken)) {
              clients.countDown();
            }
            return null;
          }));
      boolean busy = underWay.await(60, TimeUnit.SECONDS) && clients.await(60, TimeUnit.SECONDS);
      victim.close(); // in any case: its callers end with it
      for (Future<@Nullable Void> caller : callers) {
        caller.get();
      }
      assertThat(busy).isTrue();
    }
  }

  /** One request; false when the node is gone. */
  private boolean call(NodeProcess node, DemoHttp http, @Nullable String proof) throws Exception {
    try {
      if (proof != null) {
        received.add(NodeProcess.jti(NodeProcess.token(node.exchange(http, proof))));
        return true;
      }
      String grant = grant();
      received.add(NodeProcess.jti(NodeProcess.token(node.requestToken(http, grant))));
      used.add(grant);
      return true;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  /** Makes a client, which nobody may lose from then on; false when the node is gone. */
  private boolean makesClient(NodeProcess node, DemoHttp http, String adminToken) {
    try {
      DemoHttp.Reply reply = node.makeClient(http, adminToken);
      assertThat(reply.status()).as(reply.body()).isEqualTo(201);
      made.add(Objects.requireNonNull(reply.text("client_id")));
      return true;
    } catch (UncheckedIOException e) {
      return false;
    }
  }

  private String adminToken(NodeProcess node) throws Exception {
    String grant = NodeProcess.grant(folder, BASE, "idporten:dcr.read", "idporten:dcr.write");
    return NodeProcess.token(node.requestToken(new DemoHttp(), grant));
  }

  private void refusesWhatWasUsed(NodeProcess node) {
    List<String> some = used.stream().skip(Math.max(0, used.size() - 300)).toList();
    assertThat(some).hasSizeGreaterThan(50);
    node.refusesAsReplays(some);
  }

  private NodeProcess start(int port, String name, Path config) throws Exception {
    return NodeProcess.start(port, folder.resolve(name), "--config", config.toString());
  }

  private String grant() throws Exception {
    return NodeProcess.grant(folder, BASE);
  }
}

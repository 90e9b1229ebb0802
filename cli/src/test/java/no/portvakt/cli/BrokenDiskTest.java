package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Set;
import no.portvakt.server.database.Database;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the embedded store does when its disk is full, or lost the end of a file in a crash. */
final class BrokenDiskTest {
  @TempDir Path folder = Path.of("");

  private final DemoHttp http = new DemoHttp();

  // The kernel refuses to let any file of the process grow beyond a limit, so the store gets real
  // errors from real writes; and unlike a limit of the shell it can be lifted again.
  @Test
  void givesNoTokenWhileItsFileCannotGrowAndGoesOnWhenItCan() throws Exception {
    Path prlimit = Path.of("/usr/bin/prlimit");
    assumeTrue(Files.isExecutable(prlimit));
    int port = NodeProcess.freePort();
    Set<String> received = new HashSet<>();
    try (NodeProcess node = NodeProcess.start(port, folder)) {
      String proof = NodeProcess.token(node.requestToken(http, grant(port)));
      received.add(NodeProcess.jti(proof));
      long size = Files.size(folder.resolve("portvakt.db-wal"));
      limit(prlimit, node, String.valueOf(size + 100_000));
      String grant = "";
      int refusedInARow = 0;
      // A short record may still fit where a long one did not.
      while (refusedInARow < 20) {
        grant = grant(port);
        boolean exchanged = took(node.exchange(http, proof), received);
        boolean granted = took(node.requestToken(http, grant), received);
        refusedInARow = exchanged || granted ? 0 : refusedInARow + 1;
        assertThat(received).hasSizeLessThan(10_000);
      }
      assertThat(node.isAlive()).isTrue();
      assertThat(node.status("/health/live")).isEqualTo(200);
      assertThat(node.status("/health/ready")).isEqualTo(503);
      assertThat(node.status("/maskinporten/jwk")).isEqualTo(200);
      limit(prlimit, node, "unlimited");
      received.add(NodeProcess.jti(NodeProcess.token(node.exchange(http, proof))));
      received.add(NodeProcess.jti(NodeProcess.token(node.requestToken(http, grant))));
      assertThat(node.requestToken(http, grant).status()).isEqualTo(400);
      assertThat(node.status("/health/ready")).isEqualTo(200);
    }
    try (Database database = Database.open(folder)) {
      assertThat(NodeProcess.recorded(database)).containsAll(received);
    }
  }

  @Test
  void worksOnWithALogThatWasCutShortAfterAKill() throws Exception {
    int port = NodeProcess.freePort();
    Set<String> received = new HashSet<>();
    try (NodeProcess node = NodeProcess.start(port, folder)) {
      String proof = NodeProcess.token(node.requestToken(http, grant(port)));
      for (int i = 0; i < 30; i++) {
        received.add(NodeProcess.jti(NodeProcess.token(node.exchange(http, proof))));
      }
    }
    Path log = folder.resolve("portvakt.db-wal");
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
      long frames = (file.length() - 32) / (24 + 4096);
      file.setLength(32 + (frames - 20) * (24 + 4096) + 2000); // the middle of a frame
    }
    Set<String> after = new HashSet<>();
    try (NodeProcess node = NodeProcess.start(port, folder)) {
      String proof = NodeProcess.token(node.requestToken(http, grant(port)));
      after.add(NodeProcess.jti(proof));
      after.add(NodeProcess.jti(NodeProcess.token(node.exchange(http, proof))));
    }
    Set<String> kept;
    try (Database database = Database.open(folder)) {
      kept = NodeProcess.recorded(database);
    }
    assertThat(kept).containsAll(after);
    kept.retainAll(received);
    assertThat(kept.size()).isBetween(1, received.size() - 1);
  }

  /** Whether an answer has a token; if not, the store must be the reason. */
  private static boolean took(DemoHttp.Reply reply, Set<String> received) {
    if (reply.status() == 503) {
      return false;
    }
    assertThat(received.add(NodeProcess.jti(NodeProcess.token(reply)))).isTrue();
    return true;
  }

  private static void limit(Path prlimit, NodeProcess node, String bytes) throws Exception {
    Process command =
        new ProcessBuilder(
                prlimit.toString(), "--pid", String.valueOf(node.pid()), "--fsize=" + bytes + ":")
            .inheritIO()
            .start();
    assertThat(command.waitFor()).isZero();
  }

  private String grant(int port) throws Exception {
    return NodeProcess.grant(folder, "http://localhost:" + port);
  }
}

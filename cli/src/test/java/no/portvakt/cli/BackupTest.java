package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import no.portvakt.server.database.Database;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code backup} of a store that a node writes to, and {@code restore} of it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class BackupTest {
  private static final String STORE = "portvakt.db";

  @TempDir Path folder = Path.of("");

  private final Set<String> receivedBefore = ConcurrentHashMap.newKeySet();
  private Path data = Path.of("");
  private Path backup = Path.of("");
  private int port;
  private String proof = "";
  private String platformToken = "";
  private String usedGrant = "";

  /** Takes the backup in the middle of a node's work. */
  @BeforeAll
  void takeIt(@TempDir Path home) throws Exception {
    data = home.resolve("data");
    backup = home.resolve("backup");
    port = NodeProcess.freePort();
    DemoHttp http = new DemoHttp();
    try (NodeProcess node = NodeProcess.start(port, data)) {
      usedGrant = NodeProcess.grant(data, base());
      proof = NodeProcess.token(node.requestToken(http, usedGrant));
      platformToken = NodeProcess.token(node.exchange(http, proof));
      CountDownLatch underWay = new CountDownLatch(100);
      CountDownLatch ended = new CountDownLatch(1);
      Thread writer =
          Thread.startVirtualThread(() -> {
            while (ended.getCount() > 0) {
              String jti = NodeProcess.jti(NodeProcess.token(node.exchange(http, proof)));
              if (underWay.getCount() > 0) {
                receivedBefore.add(jti);
              }
              underWay.countDown();
            }
          });
      underWay.await();
      Console _ = Console.run("audit", "export", "--data", data.toString()).succeeds(); // signs
      Console console =
          Console.run("backup", backup.toString(), "--data", data.toString(), "--with-master-key")
              .succeeds();
      assertThat(console.out()).isEqualTo("The store is copied to " + backup + ".\n");
      ended.countDown();
      writer.join();
    }
    assertThat(names(backup)).containsExactlyInAnyOrder(STORE, "master.key", "manifest.json");
  }

  @AfterAll
  void leavesTheBackupAsItWas() throws Exception {
    assertThat(names(backup)).containsExactlyInAnyOrder(STORE, "master.key", "manifest.json");
  }

  @Test
  void restoresAWholeChainAndTheSameKeys() throws Exception {
    Path restored = folder.resolve("restored");
    Console console = restore(backup, restored).succeeds();
    assertThat(console.out())
        .contains(" is in " + restored + ".\n")
        .containsPattern("\\d+ audit records are whole, and the master key fits\\.")
        .contains("wait maskinporten.grant-lifetime, twice maskinporten.clock-skew and 1 s");
    assertThat(names(restored)).containsExactlyInAnyOrder(STORE, "master.key");
    try (Database database = Database.open(restored)) {
      assertThat(NodeProcess.recorded(database)).containsAll(receivedBefore);
    }
    DemoHttp http = new DemoHttp();
    int other = NodeProcess.freePort();
    try (NodeProcess node = NodeProcess.start(other, restored, "--base-url", base())) {
      // The proof was signed before the backup; and what the copy signs has the same key.
      String again = NodeProcess.token(node.exchange(http, proof));
      assertThat(SignedJWT.parse(again).getHeader().getKeyID())
          .isEqualTo(SignedJWT.parse(platformToken).getHeader().getKeyID());
      DemoHttp.Reply replayed = node.requestToken(http, usedGrant);
      assertThat(replayed.status()).isEqualTo(400);
      assertThat(replayed.text("error_uri")).endsWith("/MP-012");
      String grant = NodeProcess.grant(restored, base());
      String fresh = NodeProcess.token(node.requestToken(http, grant));
      assertThat(SignedJWT.parse(fresh).getHeader().getKeyID())
          .isEqualTo(SignedJWT.parse(proof).getHeader().getKeyID());
    }
  }

  @Test
  void restoresWithAMasterKeyThatWasKeptElsewhere() throws Exception {
    Path without = folder.resolve("without");
    String out =
        Console.run("backup", without.toString(), "--data", data.toString()).succeeds().out();
    assertThat(out).contains("The master key is not in it");
    assertThat(names(without)).containsExactlyInAnyOrder(STORE, "manifest.json");
    Path restored = folder.resolve("elsewhere");
    assertThat(fails(without, restored)).contains("has no master key; name its file with");
    String key = data.resolve("master.key").toString();
    restore(without, restored, "--master-key", key).succeeds();
    assertThat(restored.resolve("master.key")).hasSameTextualContentAs(data.resolve("master.key"));
  }

  @Test
  void takesNothingFromARestoreThatWasCutShort() throws Exception {
    Path left = Files.createDirectory(folder.resolve("again.restoring"));
    Path another = folder.resolve("another");
    try (Database database = Database.open(another)) {
      // A store that is open has its last writes in the log beside it.
      database.write(session -> session.update("DELETE FROM organisation"));
      Files.copy(another.resolve(STORE + "-wal"), left.resolve(STORE + "-wal"));
      Files.copy(another.resolve(STORE), left.resolve(STORE));
    }
    restore(backup, folder.resolve("again")).succeeds();
    try (Database database = Database.open(folder.resolve("again"))) {
      assertThat(NodeProcess.recorded(database)).containsAll(receivedBefore);
    }
    assertThat(left).doesNotExist();
  }

  @Test
  void refusesToWriteOverAnything() throws Exception {
    String exists = "is there already; name a new one.";
    assertThat(Console.run("backup", backup.toString(), "--data", data.toString()).fails())
        .endsWith(exists);
    Path empty = Files.createDirectory(folder.resolve("empty"));
    assertThat(Console.run("backup", empty.toString(), "--data", data.toString()).fails())
        .endsWith(exists);
    assertThat(restore(backup, data).fails()).endsWith("holds a store already; name another.");
  }

  // SQLite would take it for the end of the restored store.
  @ParameterizedTest
  @ValueSource(strings = {"-wal", "-shm", "-journal"})
  void refusesAFolderWithWhatAnotherStoreLeft(String beside) throws Exception {
    Path used = Files.createDirectory(folder.resolve("used" + beside));
    Files.writeString(used.resolve(STORE + beside), "left");
    assertThat(restore(backup, used).fails())
        .endsWith(
            "holds what another store left; remove " + STORE + beside + " or name another folder.");
    assertThat(names(used)).containsExactly(STORE + beside);
    Files.delete(used.resolve(STORE + beside));
    restore(backup, used).succeeds();
  }

  @Test
  void refusesAFolderWithAnotherMasterKey() throws Exception {
    Path used = Files.createDirectory(folder.resolve("used"));
    Path key = used.resolve("master.key");
    Files.writeString(key, Base64.getEncoder().encodeToString(new byte[32]));
    assertThat(restore(backup, used).fails())
        .endsWith("The file " + key + " is another master key; remove it or name another folder.");
    assertThat(names(used)).containsExactly("master.key");
    Files.writeString(key, "");
    assertThat(restore(backup, used).fails()).contains("is another master key");
    Files.copy(data.resolve("master.key"), key, StandardCopyOption.REPLACE_EXISTING);
    restore(backup, used, "--master-key", key.toString()).succeeds();
    assertThat(names(used)).containsExactlyInAnyOrder(STORE, "master.key");
  }

  @Test
  void writesFilesForTheirOwnerAlone() throws Exception {
    Path copy = copy("readable");
    for (String name : names(copy)) {
      Files.setPosixFilePermissions(
          copy.resolve(name), PosixFilePermissions.fromString("rw-rw-rw-"));
    }
    Path restored = Files.createDirectory(folder.resolve("open-folder"));
    Path key = Files.copy(copy.resolve("master.key"), restored.resolve("master.key"));
    Files.setPosixFilePermissions(key, PosixFilePermissions.fromString("rw-rw-rw-"));
    restore(copy, restored).succeeds();
    for (Path made : List.of(backup, restored)) {
      for (String name : names(made)) {
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(made.resolve(name))))
            .as(name)
            .isEqualTo("rw-------");
      }
    }
  }

  @Test
  void refusesToCopyWhatIsNotThere() {
    Path target = folder.resolve("of-nothing");
    Path nothing = folder.resolve("nothing");
    assertThat(Console.run("backup", target.toString(), "--data", nothing.toString()).fails())
        .contains("holds no store");
    assertThat(target).doesNotExist();
    assertThat(nothing).doesNotExist();
  }

  @Test
  void refusesABackupThatWasCutShort() throws Exception {
    Path copy = copy("cut");
    Files.delete(copy.resolve("manifest.json"));
    assertThat(fails(copy, folder.resolve("from-cut"))).endsWith("holds no whole backup.");
    assertThat(
            fails(
                folder.resolve("no-backup"),
                folder.resolve("from-none"),
                "--master-key",
                data.resolve("master.key").toString()))
        .endsWith("holds no whole backup.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "{", "[]", "{\"format\":\"portvakt-backup-2\"}"})
  void refusesAnotherManifest(String manifest) throws Exception {
    Path copy = copy("manifest" + manifest.hashCode());
    Files.writeString(copy.resolve("manifest.json"), manifest);
    assertThat(fails(copy, folder.resolve("from-manifest"))).contains("backup " + copy);
  }

  @Test
  void refusesAChangedByteAndALostEnd() throws Exception {
    Path copy = copy("changed");
    byte[] store = Files.readAllBytes(copy.resolve(STORE));
    store[store.length / 2] ^= 1;
    Files.write(copy.resolve(STORE), store);
    assertThat(fails(copy, folder.resolve("from-changed")))
        .endsWith("was changed after it was made.");
    Path shorter = copy("shorter");
    Files.write(shorter.resolve(STORE), java.util.Arrays.copyOf(store, store.length - 4096));
    assertThat(fails(shorter, folder.resolve("from-shorter")))
        .endsWith("was changed after it was made.");
    Path without = copy("without-store");
    Files.delete(without.resolve(STORE));
    assertThat(fails(without, folder.resolve("from-without"))).endsWith("can't be restored.");
  }

  @Test
  void refusesAnotherMasterKey() throws Exception {
    Path copy = copy("key");
    Path key = copy.resolve("master.key");
    Files.writeString(key, Base64.getEncoder().encodeToString(new byte[32]));
    assertThat(fails(copy, folder.resolve("from-key")))
        .contains("the master key is not the one it was stored with");
    Files.writeString(key, "short");
    assertThat(fails(copy, folder.resolve("from-key"))).contains("is not 32 bytes in base64");
    Files.delete(key);
    assertThat(fails(copy, folder.resolve("from-key"))).contains("has no master key");
    assertThat(
            fails(copy, folder.resolve("from-key"), "--master-key", folder.resolve("x").toString()))
        .contains("has no master key");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "UPDATE audit SET record = replace(record, 'granted', 'refused') WHERE seq = 5",
        "UPDATE audit SET hash = substr(hash, 2) || substr(hash, 1, 1) WHERE seq = 7",
        "DELETE FROM audit WHERE seq = 9",
        "DELETE FROM audit WHERE seq > 9",
        "UPDATE audit_checkpoint SET time = time + 1 WHERE number = 1",
      })
  void refusesATamperedRecordInACopyWhoseManifestFits(String sql) throws Exception {
    Path copy = copy("tampered" + sql.hashCode());
    try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + copy.resolve(STORE));
        Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate(sql)).isPositive();
    }
    String sum =
        HexFormat.of()
            .formatHex(
                MessageDigest.getInstance("SHA-256")
                    .digest(Files.readAllBytes(copy.resolve(STORE))));
    Path manifest = copy.resolve("manifest.json");
    Files.writeString(manifest, Files.readString(manifest).replaceFirst("[0-9a-f]{64}", sum));
    assertThat(fails(copy, folder.resolve("from-tampered")))
        .matches(".*The audit is not whole: .+\\.");
  }

  /** A restore that must fail, and leave nothing. */
  private String fails(Path source, Path target, String... options) {
    String sentence = restore(source, target, options).fails();
    assertThat(target).doesNotExist();
    assertThat(target.resolveSibling(target.getFileName() + ".restoring")).doesNotExist();
    return sentence;
  }

  private static Console restore(Path source, Path target, String... options) {
    return Console.run(
        Stream.concat(
                Stream.of("restore", source.toString(), "--data", target.toString()),
                Stream.of(options))
            .toArray(String[]::new));
  }

  private Path copy(String name) throws IOException {
    Path copy = Files.createDirectory(folder.resolve(name));
    for (String file : names(backup)) {
      Files.copy(backup.resolve(file), copy.resolve(file));
    }
    return copy;
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .map(it -> String.valueOf(it.getFileName()))
          .collect(java.util.stream.Collectors.toSet());
    }
  }

  private String base() {
    return "http://localhost:" + port;
  }
}

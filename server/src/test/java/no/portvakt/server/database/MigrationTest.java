package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import no.portvakt.server.TestPostgres;
import no.portvakt.server.TestStack;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.store.SigningKeyTable;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import org.flywaydb.core.Flyway;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A store of the first version is brought to this one with all that is in it. */
class MigrationTest {
  private static final List<String> KEPT_AS_THEY_ARE =
      List.of("organisation", "scope_prefix", "scope_access", "client_key");

  @TempDir Path folder = Path.of("");

  @Test
  void goesOnWithTheKeysAndTheChainOfTheFirstVersion() throws Exception {
    Path now = folder.resolve("now");
    Path old = Files.createDirectories(folder.resolve("old"));
    String proof;
    String platformToken;
    String keys;
    String maskinportenKeys;
    String usedGrant;
    try (TestStack stack = TestStack.start(TestStack.in(now))) {
      proof = stack.maskinportenToken("altinn:serviceowner/instances.read");
      platformToken = stack.exchange(proof).body();
      usedGrant = stack.adminGrant("idporten:scopes.read").compact();
      assertThat(stack.requestToken(usedGrant).statusCode()).isEqualTo(200);
      keys = stack.get(TestStack.DISCOVERY + "/jwks").body();
      maskinportenKeys = stack.get("/maskinporten/jwk").body();
    }
    Files.copy(now.resolve("master.key"), old.resolve("master.key"));
    String before = "jdbc:sqlite:" + now.resolve("portvakt.db");
    long records;
    try (Connection from = DriverManager.getConnection(before);
        Connection to = firstVersion("jdbc:sqlite:" + old.resolve("portvakt.db"))) {
      for (String table : KEPT_AS_THEY_ARE) {
        assertThat(copy(from, to, table, "*")).isPositive();
      }
      assertThat(
              copy(from, to, "client", "client_id, organisation, active, body, created, updated"))
          .isPositive();
      assertThat(copy(from, to, "scope", "name, owner, active, body, created, updated"))
          .isPositive();
      try (Statement hidden = to.createStatement()) {
        hidden.execute(
            "INSERT INTO scope VALUES ('a:hidden', '1', 1, '{\"visibility\":\"INTERNAL\"}', 1, 1)");
      }
      assertThat(copy(from, "used_message", to, "replay", "*")).isPositive();
      try (Statement longer = to.createStatement()) { // it kept the whole hash, 43 characters
        longer.execute("UPDATE replay SET message = message || 'the-rest-of-a-hash.'");
      }
      assertThat(
              copy(
                  from,
                  to,
                  "signing_key",
                  "role, kid, algorithm, certificate, private_key, created"))
          .isEqualTo(2);
      records = copy(from, to, "audit", "seq, decision_id, time, record, hash");
      assertThat(records).isPositive();
    }
    try (TestStack stack = TestStack.start(TestStack.in(old))) {
      assertThat(stack.get(TestStack.DISCOVERY + "/jwks").body()).isEqualTo(keys);
      assertThat(stack.get("/maskinporten/jwk").body()).isEqualTo(maskinportenKeys);
      assertThat(stack.get("/maskinporten/scopes/all").body())
          .contains("altinn:serviceowner/instances.read")
          .doesNotContain("a:hidden");
      String again =
          stack.exchange(stack.maskinportenToken("altinn:serviceowner/instances.write")).body();
      assertThat(TestStack.part(again, 0)).isEqualTo(TestStack.part(platformToken, 0));
      assertThat(stack.requestToken(usedGrant).statusCode()).isEqualTo(400);
    }
    try (Database database = Database.open(old)) {
      List<AuditTable.Entry> audit = new AuditTable(database).after(0, 0, 0, Integer.MAX_VALUE);
      assertThat(audit).hasSizeGreaterThan((int) records);
      StoreContract.assertChained(audit);
    }
  }

  @Test
  void movesRecordsAndKeysInPostgresToo() throws Exception {
    PostgresAddress store = TestPostgres.fresh();
    try (Connection connection = firstVersion(store.url() + "?user=postgres");
        Statement statement = connection.createStatement()) {
      byte[] hash = new byte[32];
      for (int i = 1; i <= 100; i++) {
        String record = "{\"id\":\"d" + i + "\"}";
        hash = AuditTable.chain(hash, record);
        statement.execute(
            "INSERT INTO audit VALUES (%d, 'd%d', %d, '%s', '%s')"
                .formatted(i, i, i, record, java.util.HexFormat.of().formatHex(hash)));
      }
      statement.execute("INSERT INTO signing_key VALUES ('r', 'k', 'RS256', 'c', 'p', 77)");
      statement.execute(
          "INSERT INTO replay VALUES ('24-characters-of-a-hash-and-the-other-19-ch', 500)");
    }
    try (Database database = Database.connect(store);
        Database other = Database.connect(store)) {
      StoreContract.append(database, new AuditTable(database), "next");
      StoreContract.append(other, new AuditTable(other), "of another node");
      List<AuditTable.Entry> audit = new AuditTable(database).after(0, 0, 0, 1000);
      assertThat(audit).hasSize(101);
      StoreContract.assertChained(audit);
      assertThat(new AuditTable(database).byDecision("d50")).containsExactly(audit.get(49));
      assertThat(new AuditTable(database).ends()).hasSize(2);
      assertThat(new SigningKeyTable(database).ofRole("r").keys())
          .containsExactly(
              new SigningKeyRow("r", "k", "RS256", "c", "p", "store", 77, 77, 77L, null, null));
      assertThat(firstUse(database, "24-characters-of-a-hash-")).isFalse();
      assertThat(firstUse(database, "of-another-hash---------")).isTrue();
    }
  }

  @Test
  void keepsWhatANodeOfTheFirstVersionIsStillWriting() throws Exception {
    PostgresAddress store = TestPostgres.fresh();
    try (Connection node = firstVersion(store.url() + "?user=postgres");
        Statement statement = node.createStatement();
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      node.setAutoCommit(false);
      statement.execute("INSERT INTO replay VALUES ('used', 500)");
      Future<Database> opened = threads.submit(() -> Database.connect(store));
      TestPostgres.awaitLocked(store, 1);
      node.commit();
      try (Database database = opened.get()) {
        assertThat(firstUse(database, "used")).isFalse();
      }
    }
  }

  private static boolean firstUse(Database database, String message) {
    ReplayTable replays = new ReplayTable(database);
    return database.<Boolean>record(session -> replays.add(session, message, 500));
  }

  @Test
  void letsOneOfManyNodesThatStartAtOnceDoIt() throws Exception {
    PostgresAddress store = TestPostgres.fresh();
    firstVersion(store.url() + "?user=postgres").close();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Database>> nodes = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        nodes.add(threads.submit(() -> Database.connect(store)));
      }
      for (var node : nodes) {
        try (Database database = node.get()) {
          StoreContract.append(database, new AuditTable(database), "d");
        }
      }
    }
    assertThat(TestPostgres.query(store, "SELECT version FROM flyway_schema_history WHERE success"))
        .containsExactly("1", "2", "3", "4", "5");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void letsOneOfManyThreadsThatOpenAFolderAtOnceDoIt(boolean fresh) throws Exception {
    for (int round = 0; round < 5; round++) {
      Path data = folder.resolve("data" + round);
      if (!fresh) {
        Files.createDirectory(data);
        firstVersion("jdbc:sqlite:" + data.resolve("portvakt.db")).close();
      }
      CyclicBarrier together = new CyclicBarrier(6);
      try (var threads = Executors.newFixedThreadPool(6)) {
        List<Future<Database>> opened = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
          opened.add(
              threads.submit(() -> {
                together.await();
                return Database.open(data);
              }));
        }
        for (Future<Database> one : opened) {
          try (Database database = one.get()) {
            StoreContract.append(database, new AuditTable(database), "d");
          }
        }
      }
      assertBroughtForwardOnce(data, 6);
    }
  }

  @Test
  void letsOneOfManyProcessesThatOpenAFolderAtOnceDoIt() throws Exception {
    List<Process> processes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      processes.add(
          new ProcessBuilder(
                  ProcessHandle.current().info().command().orElse("java"),
                  "--enable-native-access=ALL-UNNAMED",
                  "-XX:+UseSerialGC",
                  "-cp",
                  System.getProperty("java.class.path"),
                  OpenedByAProcess.class.getName(),
                  folder.resolve("shared").toString())
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("out" + i).toFile())
              .start());
    }
    for (Process process : processes) {
      assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(() -> outputOf(processes.indexOf(process))).isZero();
    }
    assertBroughtForwardOnce(folder.resolve("shared"), 4);
  }

  @Test
  void opensAFolderInWhichAnotherProgramLeftAFileOfTheNameOfTheLock() throws Exception {
    for (String left : List.of("", "something")) {
      Path data = Files.createDirectory(folder.resolve("left" + left.length()));
      Files.writeString(data.resolve("portvakt.db-opening"), left);
      Database.open(data).close();
      assertBroughtForwardOnce(data, 0);
    }
  }

  @Test
  void opensAgainAfterItsFileCouldNotBeLocked() throws Exception {
    Path data = folder.resolve("unlocked");
    Database.open(data).close();
    Thread.currentThread().interrupt(); // ends the waiting for a lock as a system without one does
    assertThatExceptionOfType(Database.UnusableData.class)
        .isThrownBy(() -> Database.open(data))
        .withMessage(
            "No file in the data folder %s can be locked; keep it on a file system with locks.",
            data);
    assertThat(Thread.interrupted()).isTrue();
    Path lock = data.resolve("portvakt.db-opening");
    try (FileChannel ours = FileChannel.open(lock, StandardOpenOption.WRITE)) {
      FileLock _ = ours.lock(); // nobody else in this process can wait for it
      assertThatExceptionOfType(OverlappingFileLockException.class)
          .isThrownBy(() -> Database.open(data));
      assertThat(openFiles(lock)).isOne();
    }
    assertThat(openFiles(lock)).isZero();
    Database.open(data).close(); // it is this process's turn still
    assertBroughtForwardOnce(data, 0);
  }

  /** How often this process has a file open; 0 where the system does not say. */
  private static long openFiles(Path file) throws IOException {
    Path all = Path.of("/proc/self/fd");
    long count = 0;
    if (Files.isDirectory(all)) {
      try (DirectoryStream<Path> links = Files.newDirectoryStream(all)) {
        for (Path link : links) {
          try {
            count += Files.readSymbolicLink(link).equals(file.toRealPath()) ? 1 : 0;
          } catch (NoSuchFileException _) {
            // another thread has closed it meanwhile
          }
        }
      }
    }
    return count;
  }

  private String outputOf(int process) {
    try {
      return Files.readString(folder.resolve("out" + process));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void assertBroughtForwardOnce(Path data, int records) throws SQLException {
    try (Connection connection =
            DriverManager.getConnection("jdbc:sqlite:" + data.resolve("portvakt.db"));
        Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT GROUP_CONCAT(version), (SELECT COUNT(*) FROM audit)"
                    + " FROM flyway_schema_history WHERE success")) {
      assertThat(row.next()).isTrue();
      assertThat(row.getString(1)).isEqualTo("1,2,3,4,5");
      assertThat(row.getInt(2)).isEqualTo(records);
    }
    assertThat(data).isDirectoryNotContaining(file -> file.toString().endsWith("-opening"));
  }

  /** An empty store of the first version. */
  private static Connection firstVersion(String url) throws SQLException {
    Flyway.configure()
        .dataSource(url, null, null)
        .locations("classpath:db/migration")
        .target("1")
        .load()
        .migrate();
    return DriverManager.getConnection(url);
  }

  private static int copy(Connection from, Connection to, String table, String columns)
      throws SQLException {
    return copy(from, table, to, table, columns);
  }

  private static int copy(
      Connection from, String source, Connection to, String table, String columns)
      throws SQLException {
    int rows = 0;
    try (Statement read = from.createStatement();
        ResultSet row = read.executeQuery("SELECT " + columns + " FROM " + source)) {
      int width = row.getMetaData().getColumnCount();
      String places = "?" + ", ?".repeat(width - 1);
      try (PreparedStatement write =
          to.prepareStatement("INSERT INTO " + table + " VALUES (" + places + ")")) {
        while (row.next()) {
          for (int i = 1; i <= width; i++) {
            write.setObject(i, row.getObject(i));
          }
          rows += write.executeUpdate();
        }
      }
    }
    return rows;
  }
}

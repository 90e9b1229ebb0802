package no.portvakt.server;

import static java.util.stream.Collectors.joining;
import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Every test with a store runs on SQLite and again on PostgreSQL, or it stands here why not. */
class BothStoresTest {
  /** Not run again: the test, and the reason. */
  private static final String ONCE =
      """
      DataFolderTest                  is about SQLite's folder and the master key in it
      DatabaseCrashTest               kills PostgreSQL; the cli's CrashTest kills a node on SQLite
      DeviceBackupTest                copies SQLite's file; PostgreSQL has backups of its own
      NodesTest                       has two nodes, for which there must be PostgreSQL
      StoreOutageTest                 is parametrised with both, and has faults that only one can have
      administration/AdminApiTest     compares the names of operations; its store stays empty
      audit/PostgresCheckpointsTest   runs a contract, as the next one does
      audit/SqliteCheckpointsTest     runs a contract, as the one before does
      database/CutLogTest             cuts SQLite's log
      database/MigrationTest          brings an old store of either kind forward
      database/PostgresStoreTest      runs a contract, as SqliteStoreTest does
      database/PostgresVersionTest    is about versions of PostgreSQL
      database/SqliteStoreTest        runs a contract, as PostgresStoreTest does
      issuer/PostgresKeyRotationTest  runs a contract, as the next one does
      issuer/SqliteKeyRotationTest    runs a contract, as the one before does
      trust/PostgresTrustTest         runs a contract, as the next one does
      trust/SqliteTrustTest           runs a contract, as the one before does
      """;

  private static final Path TESTS = Path.of("src/test/java/no/portvakt/server");
  private static final Pattern INCLUDE =
      Pattern.compile("<include>no/portvakt/server/(.+)\\.java</include>");
  private static final String OPENS =
      "\\b(Database\\.(open|connect|inMemory)|Server\\.(start|openStore))\\(";

  @Test
  void everyTestRunsAgainUnlessThereIsAReason() throws IOException {
    Set<String> once = withStore(sources());
    once.removeAll(again(once));
    assertThat(once)
        .containsExactlyInAnyOrderElementsOf(
            ONCE.lines().map(line -> line.replaceFirst(" +\\S.*", "")).toList());
  }

  @Test
  void findsATestThatHasAStoreThroughWhatItUses() {
    String opens = "Server.%s(settings);".formatted("start");
    Map<String, String> sources =
        Map.of(
            "Stack", opens,
            "a/Rows", "Stack stack;",
            "a/RowsTest", "new Rows()",
            "OpensTest", opens,
            "a/StackedTest", "the word Stacked",
            "b/OtherTest", "see RowsTest; HttpServer.start(it); server.start();");
    assertThat(withStore(sources)).containsExactly("OpensTest", "a/RowsTest");
  }

  @Test
  void namesNothingToRunAgainThatIsNotThere() throws IOException {
    Set<String> tests = withStore(sources());
    for (String pattern : patterns()) {
      assertThat(tests).as(pattern).anyMatch(test -> test.matches(pattern));
    }
  }

  private static Set<String> again(Set<String> tests) throws IOException {
    List<String> patterns = patterns();
    Set<String> again = new TreeSet<>(tests);
    again.removeIf(test -> patterns.stream().noneMatch(test::matches));
    return again;
  }

  /** What the build runs on PostgreSQL, as patterns of the paths of tests. */
  private static List<String> patterns() throws IOException {
    return INCLUDE
        .matcher(Files.readString(Path.of("pom.xml")))
        .results()
        .map(it -> it.group(1).replace("*", "[^/]*"))
        .toList();
  }

  /** The tests that open a store or start a server, themselves or through another class. */
  private static Set<String> withStore(Map<String, String> sources) {
    Set<String> found = new TreeSet<>();
    for (int before = -1; found.size() > before; ) {
      before = found.size();
      String fixtures =
          found.stream()
              .filter(it -> !it.endsWith("Test"))
              .map(it -> "|\\b" + it.substring(it.lastIndexOf('/') + 1) + "\\b")
              .collect(joining());
      Pattern uses = Pattern.compile(OPENS + fixtures);
      sources.forEach((name, text) -> {
        if (uses.matcher(text).find()) {
          found.add(name);
        }
      });
    }
    found.removeIf(it -> !it.endsWith("Test"));
    return found;
  }

  /** The text of each class of the tests by its path. */
  private static Map<String, String> sources() throws IOException {
    try (Stream<Path> files = Files.walk(TESTS)) {
      return files
          .filter(it -> it.toString().endsWith(".java"))
          .collect(toMap(BothStoresTest::name, BothStoresTest::text));
    }
  }

  private static String name(Path file) {
    return TESTS.relativize(file).toString().replace(".java", "");
  }

  private static String text(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

package no.portvakt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.AuditTable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code audit export}, {@code verify}, {@code pseudonym} and {@code list} on real stores. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AuditExportCommandTest {
  private static final String PERSON = "17817012345";

  private Path demo = Path.of("");

  @TempDir private Path folder;

  @BeforeAll
  void demonstrate(@TempDir Path data) {
    demo = data;
    Console.run("demo", "--once", "--port", "0", "--data", demo.toString()).succeeds();
  }

  @Test
  void writesWhatVerifyFindsWhole() {
    String export = export(demo).succeeds().out();
    Console verified = withInput(export, "audit", "verify", "-").succeeds();
    assertThat(verified.out()).startsWith("whole: ").contains("1 chains");
    assertThat(withInput(export, "audit", "verify", "-", "--json").objects().getFirst())
        .containsEntry("whole", true)
        .containsEntry("records", export.lines().filter(it -> it.contains("\"seq\":")).count());
  }

  @Test
  void givesTheKeyThatTheExportIsVerifiedWith() throws IOException {
    String key = export(demo, "--key").succeeds().out();
    assertThat(key).contains("\"crv\":\"P-256\"").doesNotContain("\"d\":");
    Path trusted = Files.writeString(folder.resolve("key.json"), key);
    Path file = Files.writeString(folder.resolve("a.jsonl"), export(demo).out());
    Console verified =
        Console.run("audit", "verify", file.toString(), "--key", trusted.toString()).succeeds();
    assertThat(verified.out()).doesNotContain("compare");
  }

  @Test
  void refusesTheKeyOfAnotherStore() throws IOException {
    Path other = emptyStore("other");
    Path key = Files.writeString(folder.resolve("other.json"), export(other, "--key").out());
    Path file = Files.writeString(folder.resolve("b.jsonl"), export(demo).out());
    Console console = Console.run("audit", "verify", file.toString(), "--key", key.toString());
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).contains("not the trusted one");
  }

  @Test
  void findsAChangedAndAMissingRecordOfTheStore() throws IOException {
    for (String damage :
        List.of(
            "UPDATE audit SET record = record || ' ' WHERE seq = 2",
            "DELETE FROM audit WHERE seq = 1",
            "DELETE FROM audit WHERE seq = 2")) {
      Path copy = copyOf(demo);
      sql(copy, damage);
      Console console = withInput(export(copy).succeeds().out(), "audit", "verify", "-");
      assertThat(console.code()).as(damage).isEqualTo(1);
      assertThat(console.out()).startsWith("BROKEN at line ");
    }
  }

  @Test
  void saysInOneSentenceThatASignedHeadIsGone() throws IOException {
    Path copy = copyOf(demo);
    export(copy).succeeds();
    sql(copy, "DELETE FROM audit WHERE seq = (SELECT MAX(seq) FROM audit)");
    assertThat(export(copy).fails()).contains("is not there as it was signed for");
  }

  @Test
  void saysInOneSentenceThatTheMasterKeyIsAnother() throws IOException {
    Path copy = copyOf(demo);
    Files.writeString(copy.resolve("master.key"), Base64.getEncoder().encodeToString(new byte[32]));
    assertThat(export(copy).fails()).contains("the master key is not the one");
    assertThat(export(copy, "--key").fails()).contains("the master key is not the one");
    assertThat(pseudonym(copy, PERSON).fails()).contains("the master key is not the one");
  }

  @Test
  void refusesAFolderWithoutStore() {
    assertThat(export(folder.resolve("none")).fails()).contains("holds no store");
    assertThat(pseudonym(folder.resolve("none"), PERSON).fails()).contains("holds no store");
  }

  @Test
  void goesThroughAPipeFromOneProcessToAnother() throws Exception {
    List<Process> pipe =
        ProcessBuilder.startPipeline(
            List.of(
                portvakt("audit", "export", "--data", demo.toString()),
                portvakt("audit", "verify", "-")));
    try {
      String out = new String(pipe.getLast().getInputStream().readAllBytes(), UTF_8);
      for (Process process : pipe) {
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(out).isZero();
      }
      assertThat(out).startsWith("whole: ");
    } finally {
      pipe.forEach(Process::destroyForcibly);
    }
  }

  @Test
  void printsTheSamePseudonymEachTime() throws IOException {
    String pseudonym = pseudonym(demo, PERSON + "\n").succeeds().out();
    assertThat(pseudonym).matches("p:[A-Za-z0-9_-]{16}\\R");
    assertThat(pseudonym(demo, " " + PERSON + "\r\nmore").succeeds().out()).isEqualTo(pseudonym);
    assertThat(pseudonym(demo, "17817012346").succeeds().out()).isNotEqualTo(pseudonym);
    assertThat(pseudonym(emptyStore("elsewhere"), PERSON).succeeds().out()).isNotEqualTo(pseudonym);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "\n", "1781701234", "178170123456", "x7817012345", "178170 12345", "{}"})
  void refusesWhatIsNoPersonNumberWithoutRepeatingIt(String input) {
    assertThat(pseudonym(demo, input).fails())
        .isEqualTo("portvakt: What was read is no number of eleven digits.");
  }

  @Test
  void refusesANumberAsAnArgumentWithoutRepeatingIt() {
    assertThat(Console.run("audit", "pseudonym", "--data", demo.toString(), PERSON).fails())
        .contains("standard input")
        .doesNotContain(PERSON);
  }

  @Test
  void listsSeveralChainsByTime() {
    Path store = emptyStore("chains");
    List<Long> times = new ArrayList<>();
    try (Database database = Database.open(store)) {
      database.write(session -> {
        for (int i = 0; i < 1_200; i++) {
          insert(session, 0, i + 1, i * 10L);
          times.add(i * 10L);
        }
        for (int i = 0; i < 30; i++) {
          insert(session, 3, i + 1, i * 401L + 5);
          times.add(i * 401L + 5);
        }
        return null;
      });
    }
    List<Map<String, @Nullable Object>> listed =
        Console.run("audit", "list", "--json", "--data", store.toString()).succeeds().objects();
    assertThat(listed.stream().map(it -> it.get("at")))
        .containsExactlyElementsOf(times.stream().sorted().<Object>map(it -> it).toList());
    assertThat(listed.stream().filter(it -> Objects.equals(it.get("chain"), 3L)))
        .extracting(it -> it.get("seq"))
        .hasSize(30)
        .isSorted();
    assertThat(Console.run("audit", "list", "--data", store.toString()).succeeds().out().lines())
        .hasSize(1_230);
  }

  private static void insert(
      no.portvakt.server.database.Session session, int chain, long seq, long time) {
    session.update(
        "INSERT INTO audit (chain, seq, decision_id, time, record, hash) VALUES (?,?,?,?,?,?)",
        chain,
        seq,
        "d",
        time,
        "{\"at\":" + time + "}",
        "0".repeat(64));
  }

  private static Console export(Path data, String... options) {
    List<String> line = new ArrayList<>(List.of("audit", "export", "--data", data.toString()));
    line.addAll(List.of(options));
    return Console.run(line.toArray(String[]::new));
  }

  private static Console pseudonym(Path data, String input) {
    return withInput(input, "audit", "pseudonym", "--data", data.toString());
  }

  private static Console withInput(String input, String... arguments) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(input.getBytes(UTF_8)));
    try {
      return Console.run(arguments);
    } finally {
      System.setIn(before);
    }
  }

  private static ProcessBuilder portvakt(String... arguments) {
    List<String> line =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "no.portvakt.cli.Portvakt"));
    line.addAll(List.of(arguments));
    return new ProcessBuilder(line).redirectError(ProcessBuilder.Redirect.DISCARD);
  }

  private Path emptyStore(String name) {
    Path data = folder.resolve(name);
    Server.openStore(Settings.development(data, 0)).close();
    return data;
  }

  private Path copyOf(Path data) throws IOException {
    Path copy = Files.createTempDirectory(folder, "copy");
    try (Database database = Database.open(data)) {
      database.copyTo(copy.resolve("portvakt.db"));
    }
    Files.copy(data.resolve("master.key"), copy.resolve("master.key"));
    return copy;
  }

  private static void sql(Path data, String sql) {
    try (Database database = Database.open(data)) {
      assertThat(new AuditTable(database).ends()).isNotEmpty();
      assertThat(database.<Integer>write(session -> session.update(sql))).isPositive();
    }
  }
}

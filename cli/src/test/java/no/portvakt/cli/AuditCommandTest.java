package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.AuditTable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code audit list} and {@code explain} of a decision, on the records of one demonstration. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AuditCommandTest {
  private Path folder = Path.of("");

  @BeforeAll
  void demonstrate(@TempDir Path data) {
    folder = data;
    Console.run("demo", "--once", "--port", "0", "--data", folder.toString()).succeeds();
  }

  @Test
  void listsTheRecordsForAPerson() {
    List<String> lines = list().succeeds().out().lines().toList();
    assertThat(lines).hasSize(11);
    assertThat(lines).filteredOn(line -> line.contains(" changed ")).hasSize(6);
    assertThat(lines).filteredOn(line -> line.contains(" admin.")).hasSize(4);
    assertThat(lines).filteredOn(line -> line.contains(" granted ")).hasSize(4);
    assertThat(lines.getLast()).contains(" refused ").contains("exchange").contains("maskinporten");
  }

  @Test
  void listsTheRecordsAsJsonWithTheIdsOfTheTokens() {
    List<Map<String, @Nullable Object>> records = list("--json").succeeds().objects();
    assertThat(records).hasSize(11);
    for (int i = 0; i < records.size(); i++) {
      Map<String, @Nullable Object> record = records.get(i);
      assertThat(record)
          .containsEntry("seq", i + 1L)
          .containsKeys("chain", "hash", "id", "time", "event", "outcome");
      if ("changed".equals(record.get("outcome"))) {
        boolean keys = String.valueOf(record.get("event")).startsWith("keys.");
        assertThat(record).doesNotContainKeys("rules", "jti");
        assertThat(record.containsKey("steps")).isEqualTo(keys);
        assertThat(record.containsKey("organisation")).isEqualTo(!keys);
      } else if ("granted".equals(record.get("outcome"))) {
        assertThat(String.valueOf(record.get("jti"))).matches("[A-Za-z0-9_-]{22}");
        assertThat(record).containsEntry("organisation", "991825827").containsKey("rules");
      } else {
        assertThat(record).doesNotContainKey("jti").containsKeys("reason", "rules");
      }
    }
  }

  @Test
  void chainsEachRecordToTheOneBefore() {
    try (Database database = Database.open(folder)) {
      byte[] previous = new byte[32];
      for (AuditTable.Entry entry : new AuditTable(database).after(0, 0, 0, 100)) {
        previous = AuditTable.chain(previous, entry.record());
        assertThat(entry.hash()).isEqualTo(HexFormat.of().formatHex(previous));
      }
    }
  }

  @Test
  void keepsNoTokenAndNoKey() {
    assertThat(list("--json").out()).doesNotContainPattern(Console.TOKEN).doesNotContain("\"d\":");
  }

  @Test
  void listsOnlyWhatCameSinceATime() {
    assertThat(list("--since", "1h").succeeds().out().lines()).hasSize(11);
    assertThat(list("--since", "7d").succeeds().out().lines()).hasSize(11);
    assertThat(list("--since", "2020-01-01T00:00:00Z").succeeds().out().lines()).hasSize(11);
    assertThat(list("--since", "2999-01-01T00:00:00Z").succeeds().out()).isEmpty();
    List<Map<String, @Nullable Object>> all = list("--json").objects();
    String third = String.valueOf(all.get(2).get("time"));
    List<Map<String, @Nullable Object>> later = list("--json", "--since", third).objects();
    assertThat(later).isNotEmpty().hasSizeLessThanOrEqualTo(11);
    assertThat(String.valueOf(later.get(0).get("time")))
        .isGreaterThanOrEqualTo(third.substring(0, 23));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "yesterday",
        "2026-01-31",
        "2026-01-31 12:00",
        "12",
        "h",
        "1w",
        "1.5h",
        "xh",
        "99999999999999999999d",
        "9223372036854775807d",
        "200000000000d",
        "+1000000000-01-01T00:00:00Z",
        "2026-13-01T00:00:00Z"
      })
  void refusesATimeThatIsNone(String since) {
    assertThat(list("--since", since).fails()).contains("--since");
  }

  @Test
  void refusesAFolderWithoutStore(@TempDir Path empty) {
    for (Path data : List.of(empty, empty.resolve("none"))) {
      assertThat(Console.run("audit", "list", "--data", data.toString()).fails())
          .contains(data.toString());
      assertThat(Console.run("explain", "abc", "--data", data.toString()).fails())
          .contains(data.toString());
    }
    assertThat(Files.exists(empty.resolve("none"))).isFalse();
  }

  @Test
  void explainsEveryDecision() {
    for (Map<String, @Nullable Object> record : list("--json").objects()) {
      String id = String.valueOf(record.get("id"));
      Console console = explain(id).succeeds();
      if ("changed".equals(record.get("outcome"))) {
        boolean keys = String.valueOf(record.get("event")).startsWith("keys.");
        assertThat(console.out())
            .contains(id, "changed", keys ? "steps" : "target")
            .doesNotContain("FAILED ");
        continue;
      }
      boolean granted = "granted".equals(record.get("outcome"));
      assertThat(console.out())
          .contains(id)
          .contains(granted ? "granted" : "refused")
          .contains("held")
          .contains("expected: ")
          .contains("actual: ");
      assertThat(console.out().contains("FAILED ")).isEqualTo(!granted);
      assertThat(console.out()).doesNotContainPattern(Console.TOKEN);
    }
  }

  @Test
  void explainsWhyAChangedTokenWasRefused() {
    List<Map<String, @Nullable Object>> records = list("--json").objects();
    Map<String, @Nullable Object> refused = records.get(records.size() - 1);
    String reason = String.valueOf(refused.get("reason"));
    assertThat(explain(String.valueOf(refused.get("id"))).out())
        .containsPattern("FAILED +" + Pattern.quote(reason));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "00000000000000000000000000000000", "' OR '1'='1", "%"})
  void refusesADecisionThatDoesNotExist(String id) {
    assertThat(explain(id).fails()).contains("no decision");
  }

  private Console list(String... options) {
    String[] line = new String[options.length + 4];
    System.arraycopy(options, 0, line, 4, options.length);
    line[0] = "audit";
    line[1] = "list";
    line[2] = "--data";
    line[3] = folder.toString();
    return Console.run(line);
  }

  private Console explain(String id) {
    return Console.run("explain", id, "--data", folder.toString());
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import no.portvakt.server.database.PostgresAddressText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What docs/operations.md shows holds: its examples, its metrics. */
class OperationsPageTest {
  private static final Pattern YAML = Pattern.compile("(?s)```yaml\n(.*?)```");

  @TempDir private Path folder;

  @Test
  void readsEachExampleOfSettings() throws IOException {
    List<String> examples =
        YAML.matcher(page())
            .results()
            .map(it -> it.group(1).replace("/etc/portvakt", folder.toString()))
            .toList();
    assertThat(examples).hasSize(2);
    Settings one = read(examples.get(0));
    assertThat(one.data()).isEqualTo(Path.of("/var/lib/portvakt"));
    assertThat(one.exchange().tokens().lifetimeSeconds()).isEqualTo(1200);

    Files.writeString(folder.resolve("store.password"), "of the tests\n");
    Settings two = read(examples.get(1));
    assertThat(two.data()).isNull();
    assertThat(two.signing().algorithms()).containsExactly("RS256", "ES256");
    assertThat(two.audit().retention()).isEqualTo(Duration.ofDays(400));
    assertThat(PostgresAddressText.of(Objects.requireNonNull(two.store())))
        .endsWith(" portvakt of the tests 8");
    // As many bytes as `openssl rand -base64 32` prints.
    Files.writeString(
        folder.resolve("master.key"), "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=\n");
    PrivateKeys.check(two);
  }

  @Test
  void namesEveryMetricAndNoOther() throws IOException {
    TreeSet<String> documented = new TreeSet<>();
    Matcher row = Pattern.compile("(?m)^\\| `(portvakt_[a-z_]+)`").matcher(page());
    row.results().forEach(it -> documented.add(it.group(1).replaceAll("_total$", "")));
    TreeSet<String> shown = new TreeSet<>();
    try (TestStack stack = TestStack.start()) {
      assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
      Matcher type =
          Pattern.compile("(?m)^# TYPE (portvakt_[a-z_]+) ").matcher(stack.get("/metrics").body());
      type.results().forEach(it -> shown.add(it.group(1)));
    }
    shown.add("portvakt_tls_certificate_left_seconds"); // with TLS only
    assertThat(documented).isEqualTo(shown);
  }

  private Settings read(String yaml) throws IOException {
    return SettingsFile.read(
        Files.writeString(folder.resolve("portvakt.yaml"), yaml), Map.of(), Settings.serving());
  }

  private static String page() throws IOException {
    return Files.readString(Path.of("..", "docs", "operations.md"));
  }
}

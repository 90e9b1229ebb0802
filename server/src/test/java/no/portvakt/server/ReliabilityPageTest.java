package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The tests that docs/reliability.md names are there. */
class ReliabilityPageTest {
  private static final Pattern NAMED = Pattern.compile("`(\\w+(?:Test|Contract))(?:\\.(\\w+))?`");

  @Test
  void namesTestsThatAreThere() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "reliability.md"));
    List<MatchResult> named = NAMED.matcher(page).results().toList();
    assertThat(named).hasSizeGreaterThan(30);
    for (MatchResult it : named) {
      String source = source(it.group(1));
      if (it.group(2) != null) {
        assertThat(source).as(it.group()).contains("  void " + it.group(2) + "(");
      }
    }
  }

  private static String source(String type) throws IOException {
    for (String module : List.of("server", "cli")) {
      try (Stream<Path> files = Files.walk(Path.of("..", module, "src/test/java"))) {
        Optional<Path> found = files.filter(file -> file.endsWith(type + ".java")).findAny();
        if (found.isPresent()) {
          return Files.readString(found.get());
        }
      }
    }
    throw new AssertionError("There is no test " + type);
  }
}

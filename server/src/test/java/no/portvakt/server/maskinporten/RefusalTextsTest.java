package no.portvakt.server.maskinporten;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The table of refusals in the documents is the one in the code. */
class RefusalTextsTest {
  @Test
  void standInTheDocumentsWordForWord() throws IOException {
    List<String> documented =
        Files.readString(Path.of("..", "docs", "protocol", "maskinporten-token.md"))
            .lines()
            .filter(line -> line.matches("\\| (MP-\\d{3}|–) \\| \\d{3} .*"))
            .map(line -> line.replaceAll("<[^>]+>", "%s"))
            .toList();
    assertThat(documented)
        .containsExactlyElementsOf(
            Arrays.stream(Refusal.values()).map(RefusalTextsTest::row).toList());
  }

  private static String row(Refusal refusal) {
    return "| %s | %d | `%s` | %s | %s |"
        .formatted(
            refusal.code() == null ? "–" : refusal.code(),
            refusal.status(),
            refusal.error(),
            refusal.text(),
            ErrorPages.meaning(refusal));
  }
}

package no.portvakt.maskinporten;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class ExamplesTest {
  private static final Pattern BLOCK = Pattern.compile("(?s)```java\n(.*?)```");

  @Test
  void pageShowsOnlyCodeThatCompiles() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "maskinporten-client.md"));
    String compiled =
        bare(
            Files.readString(
                Path.of("src", "test", "java", "no", "portvakt", "maskinporten", "Examples.java")));
    List<String> blocks =
        BLOCK.matcher(page).results().map((MatchResult it) -> it.group(1)).toList();
    assertThat(blocks).hasSize(5).allSatisfy(block -> assertThat(compiled).contains(bare(block)));
  }

  @Test
  void examplesBuildAClient() {
    try (MaskinportenClient client = Examples.inCode(Maskinporten.KEY.toJSONString())) {
      assertThat(client).hasToString("MaskinportenClient[d395043f-19de-48f7-9ea7-9e38c96b5472]");
    }
  }

  /** The code without comments and white space, which the formatter may move. */
  private static String bare(String code) {
    return code.replaceAll("(?<!:)//[^\n]*", "").replaceAll("\\s", "");
  }
}

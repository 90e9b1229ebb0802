package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Keeps the promise of docs/architecture.md: one exchange is read in seven files and 700 lines. */
final class PathOfOneExchangeTest {
  private static final List<String> PATH =
      List.of(
          "server/src/main/java/no/portvakt/server/http/Router.java",
          "server/src/main/java/no/portvakt/server/exchange/ExchangeEndpoint.java",
          "server/src/main/java/no/portvakt/server/exchange/ExchangePipeline.java",
          "tokens/src/main/java/no/portvakt/tokens/TokenVerifier.java",
          "server/src/main/java/no/portvakt/server/exchange/MaskinportenProvider.java",
          "server/src/main/java/no/portvakt/server/audit/AuditLog.java",
          "server/src/main/java/no/portvakt/server/issuer/TokenIssuer.java");

  @Test
  void isAtMostSevenFilesAndSevenHundredLines() throws IOException {
    long lines = 0;
    for (String file : PATH) {
      lines += Files.readAllLines(Path.of("..", file)).size();
    }
    assertThat(PATH).hasSizeLessThanOrEqualTo(7);
    assertThat(lines).isLessThanOrEqualTo(700);
  }

  @Test
  void isTheOneThatTheArchitectureDescribes() throws IOException {
    String architecture = Files.readString(Path.of("..", "docs", "architecture.md"));
    for (String file : PATH) {
      String name = file.substring(file.indexOf("/no/portvakt/") + "/no/portvakt/".length());
      int lines = Files.readAllLines(Path.of("..", file)).size();
      assertThat(architecture).contains("| `" + name + "` |").contains("| " + lines + " |");
    }
  }
}

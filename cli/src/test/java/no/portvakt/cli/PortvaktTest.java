package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortvaktTest {
  @ParameterizedTest
  @ValueSource(strings = {"", "help", "--help", "-h", "--"})
  void listsEveryCommand(String argument) {
    Console console = argument.isEmpty() ? Console.run() : Console.run(argument);
    assertThat(console.succeeds().out())
        .contains(
            "demo",
            "dev",
            "import",
            "maskinporten",
            "audit",
            "explain",
            "help",
            "bench",
            "test",
            "format");
  }

  @Test
  void helpsWithEachCommand() {
    for (String command : List.of("demo", "dev", "import", "audit", "explain")) {
      assertThat(Console.run("help", command).succeeds().out()).contains("portvakt " + command);
      assertThat(Console.run(command, "--help").succeeds().out()).contains("portvakt " + command);
    }
    assertThat(Console.run("demo", "--help").out())
        .contains("--once", "--json", "--port", "--data", "--in-memory", "--base-url");
    assertThat(Console.run("import", "organisations", "--help").out()).contains("FILE", "--data");
    assertThat(Console.run("audit", "list", "--help").out()).contains("--json", "--since");
    assertThat(Console.run("audit", "verify", "--help").succeeds().out())
        .contains("FILE", "--key", "--json");
    assertThat(Console.run("explain", "--help").out()).contains("--token", "--jwks", "--issuer");
  }

  @ParameterizedTest
  @ValueSource(strings = {"--version", "-V"})
  void saysItsVersion(String option) {
    assertThat(Console.run(option).succeeds().out()).startsWith("portvakt ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "--colour",
        "nonsense",
        "demo --twice",
        "demo once",
        "dev --port",
        "dev --port x",
        "dev --port 1.5",
        "dev --log xml",
        "audit list extra",
        "audit verify",
        "audit verify a b",
        "audit verify a --key",
        "import organisations",
        "import organisations a b",
        "explain a b",
        "maskinporten certificate",
        "maskinporten certificate --org 974760673 --seid x",
        "help nonsense"
      })
  void refusesWhatItDoesNotKnow(String line) {
    Console console = Console.run(line.split(" ", -1));
    assertThat(console.code()).isEqualTo(2);
    assertThat(console.err()).isNotEmpty().doesNotContain("Exception");
  }

  /** A file of Linux that is there and gives an error to who reads it, whoever it is. */
  @EnabledOnOs(OS.LINUX)
  @ParameterizedTest
  @ValueSource(
      strings = {
        "explain --token FILE",
        "import organisations FILE",
        "maskinporten token --client FILE",
        "maskinporten scope list --client FILE"
      })
  void saysWhichFileCanNotBeRead(String line) {
    String file = "/proc/self/mem";
    assertThat(Console.run(line.replace("FILE", file).split(" ", -1)).fails())
        .isEqualTo("portvakt: The file " + file + " can't be read.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"audit", "import", "maskinporten"})
  void asksForTheSubcommand(String command) {
    Console console = Console.run(command);
    assertThat(console.code()).isEqualTo(2);
    assertThat(console.err()).contains("ubcommand").doesNotContain("Exception");
  }
}

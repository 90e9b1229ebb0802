package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What docs/maskinporten.md shows can be done as it stands there, from top to bottom. */
class MaskinportenPageTest {
  private static final Pattern COMMANDS = Pattern.compile("(?ms)^```sh\\n(.*?)^```$");
  private static final String START = "./portvakt dev\n";

  @TempDir private Path folder = Path.of("");

  @Test
  @Timeout(value = 10, unit = TimeUnit.MINUTES) // each command is a process of its own
  void everyCommandOfThePageDoesItsWork() throws Exception {
    List<String> blocks =
        COMMANDS
            .matcher(Files.readString(Path.of("..", "docs", "maskinporten.md")))
            .results()
            .map(block -> block.group(1))
            .toList();
    assertThat(blocks).hasSizeGreaterThan(10).first().isEqualTo(START);
    int port = NodeProcess.freePort();
    writeCommand();
    try (NodeProcess node = NodeProcess.start(port, folder.resolve("data"))) {
      assertThat(node.isAlive()).isTrue();
      String script =
          blocks.stream()
              .skip(1)
              .collect(Collectors.joining("\n"))
              .replace("localhost:7070", "localhost:" + port);
      String out = run("set -euo pipefail\nset -x\n" + script);
      assertThat(out)
          .contains("\"access_token\"")
          .contains("\"claims\"")
          .contains("+ scope demo:orders/list.read")
          .contains("Nothing to do.");
    }
  }

  /** Puts the command of this build where the page has it. */
  private void writeCommand() throws IOException {
    Path command = folder.resolve("portvakt");
    Files.writeString(
        command,
        """
        #!/bin/bash
        exec "%s" --enable-native-access=ALL-UNNAMED -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \\
          -Xmx128m -cp "%s" no.portvakt.cli.Portvakt "$@"
        """
            .formatted(
                ProcessHandle.current().info().command().orElse("java"),
                System.getProperty("java.class.path")));
    Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwx------"));
  }

  /** Runs a script to its good end, and gives what it wrote. */
  private String run(String script) throws IOException, InterruptedException {
    Path file = Files.writeString(folder.resolve("page.sh"), script);
    Path log = folder.resolve("page.log");
    ProcessBuilder builder =
        new ProcessBuilder("bash", file.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().keySet().removeIf(it -> it.matches("(PORTVAKT|MASKINPORTEN)_.*"));
    Process process = builder.start();
    try {
      assertThat(process.waitFor(9, TimeUnit.MINUTES)).as(Files.readString(log)).isTrue();
    } finally {
      process.destroyForcibly();
    }
    String out = Files.readString(log);
    assertThat(process.exitValue()).as(out).isZero();
    return out;
  }
}

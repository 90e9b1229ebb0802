package no.portvakt.interop;

import static no.portvakt.interop.Platform.READ;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import no.portvakt.interop.Platform.Client;
import no.portvakt.tokens.Json;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;

/** Clients in JavaScript: the packages jose and oauth4webapi, and the example without packages. */
@ExtendWith(SharedPlatform.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class NodeJsTest {
  private static final String MISSING =
      "Tests in JavaScript need Node 20 or newer and npm on the PATH: install Debian's nodejs and"
          + " npm, `brew install node`, or the like.";

  /** A line of the Test Anything Protocol, which Node's runner prints. */
  private static final Pattern RESULT = Pattern.compile("(?m)^(ok|not ok) \\d+ - (.*)$");

  private static final Path SOURCES = Path.of("src/test/node");

  private final Path folder = Path.of("target/node");
  private final Platform platform;

  NodeJsTest(Platform platform) {
    this.platform = platform;
  }

  /** What a program printed, and its exit code. */
  private record Finished(int code, String output) {}

  @BeforeAll
  void requireNode() {
    boolean found = isThere("node") && isThere("npm");
    assertThat(found || !"true".equals(System.getenv("CI"))).as(MISSING).isTrue();
    assumeTrue(found, MISSING);
  }

  @TestFactory
  Stream<DynamicTest> packages() throws Exception {
    install();
    Client client = platform.newClient(READ);
    String settings =
        Json.write(
            Map.of(
                "issuer",
                platform.maskinporten(),
                "platform",
                platform.issuer(),
                "clientId",
                client.id(),
                "jwk",
                client.key().toJSONObject(),
                "scope",
                READ,
                "resource",
                "https://api.example/orders"));
    Finished run =
        run(
            folder,
            Map.of("PLATFORM", settings),
            "node",
            "--test",
            "--test-reporter=tap",
            "maskinporten.test.mjs");
    List<MatchResult> results = RESULT.matcher(run.output).results().toList();
    assertThat(results).as(run.output).isNotEmpty();
    return Stream.concat(
        results.stream()
            .map(it ->
                DynamicTest.dynamicTest(
                    it.group(2), () -> assertThat(it.group(1)).as(run.output).isEqualTo("ok"))),
        Stream.of(
            DynamicTest.dynamicTest(
                "exit code", () -> assertThat(run.code).as(run.output).isZero())));
  }

  @Test
  void runsTheExampleWithoutPackages() throws Exception {
    Finished run =
        run(
            Path.of("..", "examples", "node"),
            Map.of(),
            "node",
            "chain.mjs",
            platform.base(),
            platform.adminClientFile().toString());
    assertThat(run.code).as(run.output).isZero();
    assertThat(run.output).contains("refused: ").doesNotContain("FAIL");
  }

  /** Brings the packages that the lock file names, unless they are there. */
  private void install() throws Exception {
    Files.createDirectories(folder);
    Path lock = folder.resolve("package-lock.json");
    boolean current =
        Files.exists(folder.resolve("node_modules"))
            && Files.exists(lock)
            && Files.mismatch(lock, SOURCES.resolve("package-lock.json")) < 0;
    try (Stream<Path> files = Files.list(SOURCES)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        Files.copy(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    if (!current) {
      Finished run = run(folder, Map.of(), "npm", "ci");
      assertThat(run.code).as(run.output).isZero();
    }
  }

  private static boolean isThere(String program) {
    try {
      return run(Path.of("."), Map.of(), program, "--version").code == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static Finished run(Path folder, Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("portvakt-interop", ".txt");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile());
      builder.environment().putAll(environment);
      Process process = builder.start();
      process.getOutputStream().close();
      if (!process.waitFor(2, TimeUnit.MINUTES)) {
        int _ = process.destroyForcibly().waitFor();
      }
      return new Finished(process.exitValue(), Files.readString(output));
    } finally {
      Files.delete(output);
    }
  }
}

package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.SettingsFile;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands that open the store themselves, on PostgreSQL and beside a node that runs. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class PostgresCommandsTest {
  private static final String MASTER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=";
  private static final String ANOTHER = Base64.getEncoder().encodeToString(new byte[32]);

  @TempDir Path folder = Path.of("");

  private final DemoHttp http = new DemoHttp();
  private final EmbeddedPostgres postgres;
  private String base = "";
  private Path config = Path.of("");
  private @Nullable Server node;

  PostgresCommandsTest() throws IOException {
    postgres = EmbeddedPostgres.builder().setPGStartupWait(Duration.ofSeconds(60)).start();
  }

  /** Starts a node, and has it decide three times. */
  @BeforeAll
  void decide(@TempDir Path home) throws Exception {
    int port = NodeProcess.freePort();
    base = "http://localhost:" + port;
    config =
        Files.writeString(
            home.resolve("node.yaml"),
            """
            base-url: %s
            listen: {port: %d}
            store: {url: 'jdbc:postgresql://localhost:%d/postgres', user: postgres}
            master-key: {text: %s}
            maskinporten: {admin-client: %s}
            """
                .formatted(
                    base,
                    port,
                    postgres.getPort(),
                    MASTER_KEY,
                    home.resolve("dev/admin-client.json")));
    node = Server.start(SettingsFile.read(config, Map.of(), Settings.serving()));
    DemoHttp.Reply token =
        http.form(
            base + "/maskinporten/token",
            Map.of(
                "grant_type",
                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                "assertion",
                NodeProcess.grant(home, base)));
    String exchange = base + "/authentication/api/v1/exchange/maskinporten";
    String platform = NodeProcess.token(http.get(exchange, NodeProcess.token(token), null));
    assertThat(http.get(exchange, platform, null).status()).isEqualTo(401); // its own is no proof
  }

  @AfterAll
  void stop() throws IOException {
    if (node != null) {
      node.close();
    }
    postgres.close();
  }

  @Test
  void listsTheKeysOfEachRole() {
    assertThat(keys())
        .filteredOn(key -> !"removed".equals(key.get("state")))
        .extracting(key -> String.valueOf(key.get("role")))
        .contains("authentication", "maskinporten");
    assertThat(run("keys", "list").succeeds().out()).contains(" current ", "signs from ");
  }

  @Test
  void refusesARotationThatIsNotSafeYet() {
    List<String> before = in("authentication", "current");
    Console refused = run("keys", "rotate");
    assertThat(refused.code()).as(refused.err()).isEqualTo(1);
    assertThat(refused.out()).startsWith("Refused: ").contains("The earliest safe time is ");
    assertThat(in("authentication", "current")).isEqualTo(before);
  }

  @Test
  void rotatesTheKeysOfANodeThatRuns() {
    String before = in("maskinporten", "current").get(0);
    assertThat(run("keys", "rotate", "--role", "maskinporten", "--emergency").succeeds().out())
        .startsWith("Done:\n")
        .contains("The key " + before + " is no longer published and signs nothing.");
    String now = in("maskinporten", "current").get(0);
    assertThat(now).isNotEqualTo(before);
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!published().contains(now)) {
      assertThat(System.nanoTime()).as("the node looks").isLessThan(deadline);
      LockSupport.parkNanos(50_000_000);
    }
    assertThat(published()).doesNotContain(before);
  }

  @Test
  void bringsAKeyInAndRetiresIt() throws Exception {
    Path pem = folder.resolve("new.pem");
    IssuedKey.rsa(Duration.ofDays(90)).write(pem, folder.resolve("new.p12"));
    assertThat(run("keys", "import", pem.toString()).succeeds().out()).startsWith("Done:\n");
    List<String> next = in("authentication", "next");
    assertThat(next).hasSize(1);
    Console again = run("keys", "import", pem.toString());
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.out()).contains("is known already");
    Console current = run("keys", "retire", in("authentication", "current").get(0));
    assertThat(current.code()).isEqualTo(1);
    assertThat(current.out()).contains("signs; rotate first");
    assertThat(run("keys", "retire", next.get(0)).succeeds().out()).startsWith("Done:\n");
    assertThat(in("authentication", "removed")).containsAll(next);
  }

  @Test
  void exportsTheChainsOfTheNodeAndOfACommandAndVerifiesThem() throws IOException {
    // The node writes chain 0, so the record of this change is in a chain of its own.
    run("keys", "rotate", "--role", "maskinporten", "--schedule").succeeds();
    Path export = folder.resolve("audit.jsonl");
    Files.writeString(export, run("audit", "export").succeeds().out());
    Path key = folder.resolve("key.json");
    Files.writeString(key, run("audit", "export", "--key").succeeds().out());
    String[] verify = {"audit", "verify", export.toString(), "--key", key.toString()};
    assertThat(Console.run(verify).succeeds().out())
        .startsWith("whole: ")
        .contains(", 2 chains, ")
        .doesNotContain("compare");
    String text = Files.readString(export);
    assertThat(text).contains("granted");
    Files.writeString(export, text.replace("granted", "refused"));
    Console broken = Console.run(verify);
    assertThat(broken.code()).isEqualTo(1);
    assertThat(broken.out()).startsWith("BROKEN at line ");
  }

  @Test
  void explainsWhatWasGrantedAndWhatWasRefused() {
    List<Map<String, @Nullable Object>> records = run("audit", "list", "--json").objects();
    assertThat(records)
        .extracting(record -> record.get("outcome"))
        .contains("granted", "refused", "changed");
    for (Map<String, @Nullable Object> record : records) {
      String outcome = String.valueOf(record.get("outcome"));
      String id = String.valueOf(record.get("id"));
      String out = run("explain", id).succeeds().out();
      assertThat(out).contains(id, outcome).doesNotContain("eyJ");
      assertThat(out.contains("FAILED ")).isEqualTo(outcome.equals("refused"));
    }
    assertThat(run("explain", "00000000000000000000000000000000").fails()).contains("no decision");
  }

  @Test
  void importsOrganisationsAndLeavesABadOneOut() throws IOException {
    Path file = folder.resolve("orgs.json");
    Files.writeString(
        file,
        """
        {"orgs": {"brg": {"orgnr": "974760673", "name": {"nb": "Brønnøysund"}},
                  "bad": {"orgnr": "974760674"},
                  "digdir": {"orgnr": "991825827"}}}
        """);
    Console console = run("import", "organisations", file.toString());
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).contains("2 organisations imported.");
    assertThat(console.err()).startsWith("left out: bad: ").hasLineCount(1);
    Files.writeString(file, "{\"orgs\": {\"brg\": {\"orgnr\": \"974760673\"}}}");
    assertThat(run("import", "organisations", file.toString()).succeeds().out())
        .contains("1 organisations imported.");
    Files.writeString(file, "[]");
    assertThat(run("import", "organisations", file.toString()).fails()).contains("orgs.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys list", "keys rotate --emergency", "audit export"})
  void refusesAnotherMasterKeyAndChangesNothing(String command) throws IOException {
    List<Map<String, @Nullable Object>> before = keys();
    Path other = folder.resolve("other.yaml");
    Files.writeString(other, Files.readString(config).replace(MASTER_KEY, ANOTHER));
    List<String> line = new ArrayList<>(List.of(command.split(" ")));
    line.addAll(List.of("--config", other.toString()));
    assertThat(Console.run(line.toArray(String[]::new)).fails())
        .contains("the master key is not the one it was stored with");
    assertThat(keys()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"keys list", "audit export", "explain x", "import organisations FILE"})
  void saysThatThereIsNoSuchDatabase(String command) throws IOException {
    Path other = folder.resolve("none.yaml");
    Files.writeString(other, Files.readString(config).replace("/postgres'", "/none'"));
    List<String> line = new ArrayList<>(List.of(command.split(" ")));
    line.replaceAll(it -> it.equals("FILE") ? other.toString() : it);
    line.addAll(List.of("--config", other.toString()));
    assertThat(Console.run(line.toArray(String[]::new)).fails())
        .contains("/none can't be used: it has no such database.");
  }

  private Console run(String... arguments) {
    List<String> line = new ArrayList<>(List.of(arguments));
    line.addAll(List.of("--config", config.toString()));
    return Console.run(line.toArray(String[]::new));
  }

  private List<Map<String, @Nullable Object>> keys() {
    return run("keys", "list", "--json").succeeds().objects();
  }

  private List<String> in(String role, String state) {
    return keys().stream()
        .filter(key -> role.equals(key.get("role")) && state.equals(key.get("state")))
        .map(key -> String.valueOf(key.get("kid")))
        .toList();
  }

  private String published() {
    return http.get(base + "/maskinporten/jwk", null, null).body();
  }
}

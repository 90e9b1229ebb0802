package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DemoCommandTest {
  private static final String[] STEPS = {
    "The admin client gets a token for the admin API",
    "An API owner registers a scope",
    "It gives an organisation access to the scope",
    "The organisation creates a client with that scope",
    "It makes a key and registers the public half",
    "The client signs a JWT grant and gets a Maskinporten token",
    "The client exchanges it for a platform token",
    "Whoever receives the token verifies it, by discovery alone",
    "A token with another organisation written into it is refused"
  };

  @TempDir private Path folder = Path.of("");

  @Test
  void showsEachStepToAPerson() {
    Console console = Console.run("demo", "--once", "--in-memory", "--port", "0").succeeds();
    for (int i = 0; i < STEPS.length; i++) {
      assertThat(console.out()).contains((i + 1) + ". " + STEPS[i]);
    }
    assertThat(console.out()).contains("✓").doesNotContain("✗");
  }

  @Test
  void printsOneJsonObjectForEachStep() {
    Console console = Console.run("demo", "--once", "--in-memory", "--port", "0", "--json");
    List<Map<String, @Nullable Object>> steps = console.succeeds().objects();
    assertThat(steps).extracting(step -> String.valueOf(step.get("title"))).containsExactly(STEPS);
    for (int i = 0; i < steps.size(); i++) {
      assertThat(steps.get(i))
          .containsEntry("step", i + 1L)
          .containsEntry("held", true)
          .containsKeys("request", "checks");
      for (Object check : (List<?>) Objects.requireNonNull(steps.get(i).get("checks"))) {
        assertThat(((Map<?, ?>) check).get("held")).isEqualTo(true);
      }
    }
  }

  @Test
  void showsNoSecretAndNoToken() {
    Console console = Console.run("demo", "--once", "--in-memory", "--port", "0", "--json");
    assertThat(console.out())
        .doesNotContainPattern("eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.")
        .doesNotContain("\"d\":", "\"p\":", "\"qi\":");
  }

  @Test
  void runsAgainOnTheSameFolderWithTheSameKeysAndClients() throws Exception {
    Console first = demo("--json").succeeds();
    Map<String, @Nullable Object> client = adminClient();
    Console second = demo("--json").succeeds();
    assertThat(adminClient()).containsEntry("client_id", client.get("client_id"));
    assertThat(adminClient()).containsEntry("jwk", client.get("jwk"));
    String kid = kid(first);
    assertThat(kid).matches("[0-9A-F]{40}").isEqualTo(kid(second));
    assertThat(String.valueOf(second.objects().get(1).get("answer"))).startsWith("409");
  }

  @Test
  void writesTheAdminClientForScriptsAndForItsOwnerAlone() throws Exception {
    demo().succeeds();
    Path file = folder.resolve("data/dev/admin-client.json");
    Map<String, @Nullable Object> client = adminClient();
    assertThat(client.keySet())
        .containsExactly("issuer", "token_endpoint", "client_id", "scopes", "jwk");
    String issuer = String.valueOf(client.get("issuer"));
    assertThat(issuer).matches("http://localhost:[0-9]+/maskinporten/");
    assertThat(client).containsEntry("token_endpoint", issuer + "token");
    assertThat((List<?>) client.get("scopes")).asString().contains("idporten:scopes.write");
    assertThat(RSAKey.parse(Json.write(client.get("jwk"))).isPrivate()).isTrue();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(folder.resolve("data/master.key"))))
        .isEqualTo("rw-------");
  }

  @Test
  void usesTheBaseUrlThatItIsGiven() throws Exception {
    int port;
    try (ServerSocket probe = new ServerSocket(0)) {
      port = probe.getLocalPort();
    }
    String base = "http://127.0.0.1:" + port;
    demo("--port", String.valueOf(port), "--base-url", base).succeeds();
    assertThat(adminClient()).containsEntry("issuer", base + "/maskinporten/");
  }

  @Test
  void saysThatThePortIsInUse() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      String port = String.valueOf(other.getLocalPort());
      for (String command : List.of("demo --once", "dev")) {
        String[] line = (command + " --in-memory --port " + port).split(" ", -1);
        assertThat(Console.run(line).fails()).contains("Port " + port).contains("--port");
      }
    }
  }

  @Test
  void saysThatTheFolderCanNotBeWritten() throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    for (Path data : List.of(file, file.resolve("below"), file.resolve("far/below"))) {
      for (String command : List.of("demo --once", "dev")) {
        String[] line = (command + " --port 0 --data " + data).split(" ", -1);
        assertThat(Console.run(line).fails()).contains(data.toString()).contains("--data");
      }
    }
  }

  @Test
  void saysThatTheFolderIsOfANewerVersion() throws Exception {
    demo().succeeds();
    String url = "jdbc:sqlite:" + folder.resolve("data/portvakt.db");
    try (Connection connection = DriverManager.getConnection(url);
        Statement statement = connection.createStatement()) {
      statement.executeUpdate(
          "INSERT INTO flyway_schema_history (installed_rank, version, description, type, script,"
              + " installed_by, execution_time, success) VALUES (99, '99', 'later', 'SQL', 'x',"
              + " 'x', 1, 1)");
    }
    assertThat(demo().fails()).contains("newer version");
    String data = folder.resolve("data").toString();
    assertThat(Console.run("dev", "--port", "0", "--data", data).fails()).contains("newer version");
    assertThat(Console.run("audit", "list", "--data", data).fails()).contains("newer version");
  }

  @Test
  void saysThatTheStoreIsNoStore() throws IOException {
    Files.createDirectories(folder.resolve("data"));
    Files.writeString(folder.resolve("data/portvakt.db"), "this is no database at all".repeat(99));
    assertThat(demo().fails()).contains("store");
  }

  @Test
  void saysThatTheMasterKeyIsNotTheRightOne() throws IOException {
    demo().succeeds();
    Path master = folder.resolve("data/master.key");
    Files.writeString(master, "A".repeat(43) + "=\n");
    assertThat(demo().fails()).contains("master key");
    Files.writeString(master, "not base64 at all");
    assertThat(demo().fails()).contains("master key").contains(master.toString());
    Files.writeString(master, "");
    assertThat(demo().fails()).contains("master key");
  }

  @Test
  void saysThatTheAdminClientCanNotBeRead() throws IOException {
    Path file = folder.resolve("data/dev/admin-client.json");
    Files.createDirectories(file.getParent());
    String publicKey = "{\"kty\":\"RSA\",\"kid\":\"a\",\"n\":\"AQAB\",\"e\":\"AQAB\"}";
    for (String text :
        List.of(
            "",
            "x",
            "[]",
            "{}",
            "{\"client_id\":\"a\",\"jwk\":{}}",
            "{\"client_id\":5}",
            "{\"client_id\":\"a\",\"jwk\":" + publicKey + "}")) {
      Files.writeString(file, text);
      assertThat(demo().fails()).contains(file.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "localhost", "ftp://x", "http://", "http://a/", "http://a b", "http://a?b=c"})
  void refusesABaseUrlThatIsNone(String url) {
    assertThat(demo("--base-url", url).fails()).contains("--base-url");
  }

  @ParameterizedTest
  @ValueSource(strings = {"-1", "65536", "100000"})
  void refusesAPortThatIsNone(String port) {
    assertThat(demo("--port", port).fails()).contains("--port");
  }

  @Test
  void refusesSettingsThatDoNotHold() throws IOException {
    Path settings = folder.resolve("settings.yaml");
    assertThat(demo("--config", settings.toString()).fails()).contains(settings.toString());
    Files.writeString(settings, "signing:\n  algoritm: ES256\n");
    assertThat(demo("--config", settings.toString()).fails()).contains("signing.algorithm");
    for (String text :
        List.of("a: b: c", "signing: [", "- a", "text", "\tx: 1", "listen: {}\nlisten: {}")) {
      Files.writeString(settings, text);
      assertThat(demo("--config", settings.toString()).fails()).contains(settings.toString());
    }
    for (String text : List.of("signing: 5", "listen:\n  port: x", "exchange:\n  lifetime: 0")) {
      Files.writeString(settings, text);
      assertThat(demo("--config", settings.toString()).fails()).contains("setting ");
    }
  }

  @Test
  void runsWithEllipticSignatures() throws IOException {
    Path settings = Files.writeString(folder.resolve("s.yaml"), "signing:\n  algorithm: ES256\n");
    demo("--config", settings.toString()).succeeds();
  }

  @Test
  void servesInDevelopmentUntilItIsStopped() throws Exception {
    DevSession session = DevSession.start("--in-memory", "--port", "0");
    String shown = session.untilReady();
    assertThat(shown)
        .contains("/authentication/api/v1/exchange/maskinporten")
        .contains("/maskinporten/token")
        .contains("/health/live")
        .contains("Ready in ");
    String health = shown.replaceFirst("(?s).*(http://localhost:[0-9]+)/health/live.*", "$1");
    assertThat(DevSession.status(URI.create(health + "/health/ready"))).isEqualTo(200);
  }

  private Console demo(String... more) {
    String[] line = new String[6 + more.length];
    line[0] = "demo";
    line[1] = "--once";
    line[2] = "--data";
    line[3] = folder.resolve("data").toString();
    System.arraycopy(more, 0, line, 4, more.length);
    line[4 + more.length] = "--log";
    line[5 + more.length] = "text";
    return Console.run(line);
  }

  private Map<String, @Nullable Object> adminClient() throws Exception {
    return Json.readObject(Files.readAllBytes(folder.resolve("data/dev/admin-client.json")));
  }

  /** The id of the key that signed the platform token of the seventh step. */
  private static String kid(Console console) {
    Map<?, ?> token = (Map<?, ?>) Objects.requireNonNull(console.objects().get(6).get("token"));
    Map<?, ?> header = (Map<?, ?>) Objects.requireNonNull(token.get("header"));
    return String.valueOf(header.get("kid"));
  }
}

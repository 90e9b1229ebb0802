package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import no.portvakt.tokens.Json;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of the file with a new key, and of a plan, when the admin API does not answer. */
class NewKeyFileTest {
  /** No status: the connection ends without an answer. */
  private static final int NO_ANSWER = 0;

  @TempDir private static Path folder = Path.of("");

  @SuppressWarnings("NullAway.Init") // before the first test
  private static TestPlatform platform;

  @SuppressWarnings("NullAway.Init") // before the first test
  private static HttpServer api;

  private static volatile int status;

  private final Path file = folder.resolve(UUID.randomUUID() + ".json");

  @BeforeAll
  static void start() throws IOException {
    platform = TestPlatform.start(folder);
    api = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    api.createContext("/", NewKeyFileTest::answer);
    api.start();
  }

  @AfterAll
  static void stop() {
    api.stop(0);
    platform.close();
  }

  /** One client, without keys; changes have the status that the test chose. */
  private static void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      exchange.getRequestBody().readAllBytes();
      boolean change = !exchange.getRequestMethod().equals("GET");
      if (change && status == NO_ANSWER) {
        return;
      }
      boolean keys = exchange.getRequestURI().getPath().endsWith("/jwks");
      boolean list = exchange.getRequestURI().getPath().equals("/clients");
      Object client = Map.of("client_id", "c", "client_name", "c", "scopes", List.of());
      byte[] body = Json.write(list ? List.of() : client).getBytes(StandardCharsets.UTF_8);
      exchange.sendResponseHeaders(change ? status : keys ? 404 : 200, body.length);
      exchange.getResponseBody().write(body);
    }
  }

  private static Console run(String... arguments) {
    String[] line = new String[arguments.length + 2];
    System.arraycopy(arguments, 0, line, 0, arguments.length);
    line[arguments.length] = "--url";
    line[arguments.length + 1] = "http://localhost:" + api.getAddress().getPort();
    return platform.run(line);
  }

  @ParameterizedTest
  @ValueSource(ints = {NO_ANSWER, 500, 502})
  void keepsTheOnlyCopyOfAKeyThatMayBeRegistered(int answer) throws IOException {
    status = answer;
    String said = run("key", "add", "c", "--new", file.toString()).fails();
    Object key = TestPlatform.read(file).get("jwk");
    assertThat(key).isInstanceOf(Map.class);
    String kid = String.valueOf(((Map<?, ?>) key).get("kid"));
    assertThat(said).contains(kid, file.toString(), "may be registered", "`key list`");
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 409, 412})
  void deletesAKeyThatWasRefused(int answer) {
    status = answer;
    assertThat(run("key", "add", "c", "--new", file.toString()).fails())
        .contains("refuses PUT", String.valueOf(answer))
        .doesNotContain("may be registered");
    assertThat(file).doesNotExist();
  }

  @Test
  void saysInAPlanThatAStepMayHaveBeenTaken() throws IOException {
    status = NO_ANSWER;
    Path yaml = Files.writeString(file, "clients: [{client_name: n, description: x}]");
    Console console = run("apply", yaml.toString());
    assertThat(console.code()).isEqualTo(2);
    assertThat(console.out()).contains("Unknown:  + client n").doesNotContain("Refused", "Done");
    assertThat(run("apply", yaml.toString(), "--json").objects().get(1))
        .containsEntry("unknown", List.of("client n"))
        .containsEntry("done", List.of())
        .containsEntry("not_done", List.of());
  }
}

package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.JwtGrant;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/** {@code portvakt dev} in a process of its own, to be killed. */
final class NodeProcess implements AutoCloseable {
  /** A scope of the development client. */
  static final String SCOPE = "idporten:scopes.read";

  private final Process process;
  private final int port;

  private NodeProcess(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }

  /** Starts a node and returns when it is ready. */
  static NodeProcess start(int port, Path folder, String... options)
      throws IOException, InterruptedException {
    Path log = Files.createDirectories(folder).resolve("server.log");
    List<String> line = new ArrayList<>();
    line.add(ProcessHandle.current().info().command().orElse("java"));
    line.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx192m"));
    line.addAll(List.of("-cp", System.getProperty("java.class.path"), "no.portvakt.cli.Portvakt"));
    line.addAll(List.of("dev", "--port", String.valueOf(port)));
    if (!List.of(options).contains("--config")) {
      line.addAll(List.of("--data", folder.toString())); // else the settings say where it is
    }
    line.addAll(List.of(options));
    Process process =
        new ProcessBuilder(line)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    NodeProcess node = new NodeProcess(process, port);
    Instant until = Instant.now().plus(Duration.ofSeconds(60));
    while (Instant.now().isBefore(until) && process.isAlive()) {
      try {
        if (node.status("/health/ready") == 200) {
          return node;
        }
      } catch (UncheckedIOException e) {
        boolean _ = process.waitFor(50, TimeUnit.MILLISECONDS); // not listening yet
      }
    }
    node.close();
    throw new AssertionError("The node did not start: " + Files.readString(log));
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  int status(String path) {
    return new DemoHttp().get(address(path), null, null).status();
  }

  /** Sends a grant. */
  DemoHttp.Reply requestToken(DemoHttp http, String grant) {
    return http.form(
        address("/maskinporten/token"),
        Map.of("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion", grant));
  }

  /** Makes a client of the first client's organisation. */
  DemoHttp.Reply makeClient(DemoHttp http, String adminToken) {
    Map<String, Object> body =
        Map.of("client_name", "made", "description", "A test", "scopes", List.of(SCOPE));
    return http.send("POST", address("/maskinporten/clients"), adminToken, body);
  }

  /** Asks for clients; each must be there. */
  void knowsClients(String adminToken, Iterable<String> ids) {
    DemoHttp http = new DemoHttp();
    for (String id : ids) {
      DemoHttp.Reply reply = http.get(address("/maskinporten/clients/" + id), adminToken, null);
      assertThat(reply.status()).as(reply.body()).isEqualTo(200);
      assertThat(reply.text("client_id")).isEqualTo(id);
    }
  }

  /** Sends grants that were used before; each must be refused for that. */
  void refusesAsReplays(List<String> grants) {
    DemoHttp http = new DemoHttp();
    for (String grant : grants) {
      DemoHttp.Reply reply = requestToken(http, grant);
      assertThat(reply.status()).as(reply.body()).isEqualTo(400);
      assertThat(reply.text("error_uri")).endsWith("/MP-012");
    }
  }

  DemoHttp.Reply exchange(DemoHttp http, String proof) {
    return http.get(address("/authentication/api/v1/exchange/maskinporten"), proof, null);
  }

  private String address(String path) {
    return "http://localhost:" + port + path;
  }

  /** A new grant of the development client in a data folder. */
  static String grant(Path folder, String base) throws IOException, MalformedJson {
    return grant(folder, base, SCOPE);
  }

  /** The same for other scopes. */
  static String grant(Path folder, String base, String... scopes)
      throws IOException, MalformedJson {
    Map<String, @Nullable Object> admin =
        Json.readObject(Files.readAllBytes(folder.resolve("dev/admin-client.json")));
    return JwtGrant.sign(
        GrantKey.ofJwk(Json.write(admin.get("jwk"))),
        base + "/maskinporten/",
        String.valueOf(admin.get("client_id")),
        TokenRequest.builder().scopes(scopes).build(),
        Instant.now());
  }

  /** The token in an answer of 200, to a grant or to an exchange. */
  static String token(DemoHttp.Reply reply) {
    assertThat(reply.status()).as(reply.body()).isEqualTo(200);
    String ofGrant = reply.text("access_token");
    return ofGrant == null ? reply.body() : ofGrant;
  }

  static String jti(String token) {
    try {
      return SignedJWT.parse(token).getJWTClaimsSet().getJWTID();
    } catch (ParseException e) {
      throw new AssertionError("An answer of 200 has a token.", e);
    }
  }

  /** The ids of all tokens that have a record; every chain must be whole. */
  static Set<String> recorded(Database database) throws MalformedJson {
    Set<String> ids = new HashSet<>();
    AuditTable table = new AuditTable(database);
    for (AuditTable.Place end : table.ends()) {
      byte[] hash = new byte[32];
      long seq = 0;
      for (AuditTable.Entry entry : table.after(end.chain(), 0, 0, Integer.MAX_VALUE)) {
        hash = AuditTable.chain(hash, entry.record());
        assertThat(entry.seq()).isEqualTo(++seq);
        assertThat(entry.hash()).isEqualTo(HexFormat.of().formatHex(hash));
        Map<String, @Nullable Object> record = Json.readObject(entry.record());
        if ("granted".equals(record.get("outcome"))) {
          ids.add(String.valueOf(record.get("jti")));
        }
      }
    }
    return ids;
  }

  /** Kills the process at once (SIGKILL) and returns when it is gone. */
  void kill() {
    try {
      process.destroyForcibly().waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    kill();
  }
}

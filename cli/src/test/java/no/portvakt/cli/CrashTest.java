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
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.JwtGrant;
import no.portvakt.maskinporten.TokenRequest;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A server in a process of its own is killed in the middle of its work. */
final class CrashTest {
  private static final int CALLERS = 16;
  private static final int ENOUGH = 400;

  @TempDir Path folder = Path.of("");

  @Test
  void everyTokenThatACallerReceivedHasItsRecordAfterAKill() throws Exception {
    int port = freePort();
    Process server = start(port);
    Queue<String> received = new ConcurrentLinkedQueue<>();
    try {
      String proof = maskinportenToken(port);
      CountDownLatch enough = new CountDownLatch(ENOUGH);
      List<Thread> callers = new ArrayList<>();
      for (int i = 0; i < CALLERS; i++) {
        callers.add(Thread.startVirtualThread(() -> call(port, proof, received, enough)));
      }
      assertThat(enough.await(60, TimeUnit.SECONDS)).isTrue();
      server.destroyForcibly().waitFor(); // SIGKILL, with requests in flight
      for (Thread caller : callers) {
        caller.join();
      }
    } finally {
      server.destroyForcibly().waitFor();
    }
    assertThat(received).hasSizeGreaterThanOrEqualTo(ENOUGH);
    assertThat(recordedTokenIds()).containsAll(received);

    Process again = start(port);
    try {
      assertThat(maskinportenToken(port)).isNotEmpty();
    } finally {
      again.destroyForcibly().waitFor();
    }
  }

  private static void call(int port, String proof, Queue<String> received, CountDownLatch enough) {
    DemoHttp http = new DemoHttp();
    String address = "http://localhost:" + port + "/authentication/api/v1/exchange/maskinporten";
    try {
      while (true) {
        DemoHttp.Reply reply = http.get(address, proof, null);
        if (reply.status() == 200) {
          received.add(SignedJWT.parse(reply.body()).getJWTClaimsSet().getJWTID());
          enough.countDown();
        }
      }
    } catch (UncheckedIOException e) {
      assertThat(e).hasCauseInstanceOf(IOException.class); // the server is gone
    } catch (ParseException e) {
      throw new AssertionError("An answer of 200 is a token.", e);
    }
  }

  /** The ids in all granted records; the chain over all records must hold on the way. */
  private Set<String> recordedTokenIds() throws MalformedJson {
    Set<String> ids = new HashSet<>();
    try (Database database = Database.open(folder)) {
      byte[] previous = new byte[32];
      long expectedSeq = 1;
      for (AuditTable.Entry entry : new AuditTable(database).after(0, 0, 0, Integer.MAX_VALUE)) {
        previous = AuditTable.chain(previous, entry.record());
        assertThat(entry.seq()).isEqualTo(expectedSeq++);
        assertThat(entry.hash()).isEqualTo(HexFormat.of().formatHex(previous));
        Map<String, @Nullable Object> record = Json.readObject(entry.record());
        if ("granted".equals(record.get("outcome"))) {
          ids.add(String.valueOf(record.get("jti")));
        }
      }
    }
    return ids;
  }

  private Process start(int port) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElse("java"),
                "--enable-native-access=ALL-UNNAMED",
                "-XX:+UseSerialGC",
                "-cp",
                System.getProperty("java.class.path"),
                "no.portvakt.cli.Portvakt",
                "dev",
                "--port",
                String.valueOf(port),
                "--data",
                folder.toString())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("server.log").toFile())
            .start();
    Instant until = Instant.now().plus(Duration.ofSeconds(60));
    DemoHttp http = new DemoHttp();
    while (Instant.now().isBefore(until) && process.isAlive()) {
      try {
        if (http.get("http://localhost:" + port + "/health/ready", null, null).status() == 200) {
          return process;
        }
      } catch (UncheckedIOException e) {
        assertThat(process.waitFor(50, TimeUnit.MILLISECONDS)).isFalse(); // not listening yet
      }
    }
    throw new AssertionError(
        "The server did not start: " + Files.readString(folder.resolve("server.log")));
  }

  private String maskinportenToken(int port) throws IOException, MalformedJson {
    Map<String, @Nullable Object> admin =
        Json.readObject(Files.readAllBytes(folder.resolve("dev/admin-client.json")));
    String grant =
        JwtGrant.sign(
            GrantKey.ofJwk(Json.write(admin.get("jwk"))),
            "http://localhost:" + port + "/maskinporten/",
            String.valueOf(admin.get("client_id")),
            TokenRequest.of("idporten:scopes.read"),
            Instant.now());
    DemoHttp.Reply reply =
        new DemoHttp()
            .form(
                "http://localhost:" + port + "/maskinporten/token",
                Map.of(
                    "grant_type",
                    "urn:ietf:params:oauth:grant-type:jwt-bearer",
                    "assertion",
                    grant));
    return String.valueOf(reply.text("access_token"));
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0)) {
      return probe.getLocalPort();
    }
  }
}

package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.sun.net.httpserver.HttpServer;
import io.zonky.test.db.postgres.embedded.EmbeddedPostgres;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code portvakt serve} as operators run it: a process, its settings, its end by a signal. */
class ServeCommandTest {
  private static final String SECRET = "a-password-of-the-tests";
  private static final String MASTER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=";

  @TempDir private Path folder = Path.of("");

  @Test
  void servesWithTlsAndAnswersWhatIsInFlightBeforeItEnds() throws Exception {
    ServerCertificate certificate = ServerCertificate.create();
    certificate.write(folder.resolve("tls.p12"), SECRET);
    Files.writeString(folder.resolve("tls.password"), SECRET + "\n");
    int port = CommandProcess.freePort();
    String base = "https://localhost:" + port;
    RSAKey key = new RSAKeyGenerator(2048).keyID("remote-1").generate();
    CountDownLatch asked = new CountDownLatch(1);
    CountDownLatch answer = new CountDownLatch(1);
    HttpServer remote = issuer(key, asked, answer);
    String issuer = "http://127.0.0.1:" + remote.getAddress().getPort() + "/";
    Path config =
        Files.writeString(
            folder.resolve("portvakt.yaml"),
            """
            base-url: %s
            data: store
            listen:
              host: 0.0.0.0
              port: %d
              tls: {keystore: tls.p12, password-file: tls.password}
            exchange:
              maskinporten: [{issuer: '%s', jwks: '%sjwk'}]
            maskinporten:
              admin-client: secret/admin-client.json
            """
                .formatted(base, port, issuer, issuer));
    HttpClient client = certificate.client();
    try (CommandProcess node =
        CommandProcess.start(folder, Map.of(), "serve", "--config", config.toString())) {
      node.untilReady(client, base);
      assertThat(node.out())
          .startsWith(
              "Portvakt serves authentication, maskinporten at " + base + ", cryptography by ")
          .hasLineCount(1);
      useTheAdminClient(client, folder.resolve("secret/admin-client.json"), base);

      String proof = proof(issuer, key);
      CompletableFuture<HttpResponse<String>> inFlight =
          client.sendAsync(
              HttpRequest.newBuilder(
                      URI.create(base + "/authentication/api/v1/exchange/maskinporten"))
                  .header("Authorization", "Bearer " + proof)
                  .build(),
              BodyHandlers.ofString());
      assertThat(asked.await(30, TimeUnit.SECONDS)).isTrue();
      node.terminate();
      awaitClosed(port);
      assertThat(inFlight).isNotDone();
      answer.countDown();
      HttpResponse<String> token = inFlight.get(30, TimeUnit.SECONDS);
      assertThat(token.statusCode()).as(token.body()).isEqualTo(200);
      assertThat(node.exitCode()).isIn(0, 143);
      assertThat(node.out() + node.err()).doesNotContain(SECRET, proof, token.body());
    } finally {
      remote.stop(0);
    }
    try (Database database = Database.open(folder.resolve("store"))) {
      assertThat(new OrganisationTable(database).all()).isEmpty();
      assertThat(new ScopeTable(database).find("altinn:serviceowner/instances.read")).isNull();
    }
    assertThat(folder.resolve("data")).doesNotExist();
  }

  @Test
  void servesOnPostgresByVariablesAlone() throws Exception {
    try (EmbeddedPostgres postgres =
            EmbeddedPostgres.builder().setPGStartupWait(Duration.ofSeconds(60)).start();
        HttpClient client = HttpClient.newHttpClient()) {
      int port = CommandProcess.freePort();
      String base = "http://localhost:" + port;
      Map<String, String> variables =
          Map.of(
              "PORTVAKT_BASE_URL",
              base,
              "PORTVAKT_LISTEN_PORT",
              String.valueOf(port),
              "PORTVAKT_STORE_URL",
              "jdbc:postgresql://localhost:" + postgres.getPort() + "/postgres",
              "PORTVAKT_STORE_USER",
              "postgres",
              "PORTVAKT_STORE_PASSWORD",
              SECRET,
              "PORTVAKT_MASTER_KEY_TEXT",
              MASTER_KEY,
              "PORTVAKT_MASKINPORTEN_ADMIN_CLIENT",
              "admin-client.json",
              "PORTVAKT_JAVA_OPTS",
              "-Xmx64m");
      try (CommandProcess node =
          CommandProcess.start(folder, variables, "serve", "--log", "text")) {
        node.untilReady(client, base);
        useTheAdminClient(client, folder.resolve("admin-client.json"), base);

        Console status = CommandProcess.run(folder, variables, "keys", "status");
        assertThat(status.code()).as(status.out() + status.err()).isZero();
        assertThat(status.out())
            .contains("authentication RS256: ", "maskinporten RS256: ", " is next, and may sign");
        Console backup = CommandProcess.run(folder, variables, "backup", "copy");
        assertThat(backup.fails()).contains("PostgreSQL's own tools", "docs/postgresql.md");

        Map<String, String> wrong = new HashMap<>(variables);
        wrong.put("PORTVAKT_MASTER_KEY_TEXT", "dGhpcnR5LXR3byBieXRlcyBmb3IgYW5vdGhlciBvbmU=");
        wrong.put("PORTVAKT_LISTEN_PORT", String.valueOf(CommandProcess.freePort()));
        assertThat(CommandProcess.run(folder, wrong, "serve").fails())
            .contains("the master key is not the one it was stored with");

        node.terminate();
        assertThat(node.exitCode()).isIn(0, 143);
        assertThat(node.out() + node.err()).doesNotContain(SECRET, MASTER_KEY);
      }
      assertThat(folder.resolve("data")).doesNotExist();
      Console records = CommandProcess.run(folder, variables, "audit", "list");
      assertThat(records.succeeds().out()).contains("granted  maskinporten.token");
    }
  }

  @Test
  void refusesAVariableThatIsNoSetting() throws Exception {
    Map<String, String> variables =
        Map.of("PORTVAKT_BASE_URL", "https://p.example.com", "PORTVAKT_STORE_PASWORD", SECRET);
    for (String[] command : List.of(new String[] {"serve"}, new String[] {"keys", "list"})) {
      assertThat(CommandProcess.run(folder, variables, command).fails())
          .isEqualTo(
              "portvakt: There is no setting for the variable PORTVAKT_STORE_PASWORD; did you mean"
                  + " PORTVAKT_STORE_PASSWORD?");
    }
    assertThat(folder.resolve("data")).doesNotExist();
  }

  /** The client in the file gets a token for the admin API, may use it, and finds nothing there. */
  private static void useTheAdminClient(HttpClient client, Path file, String base)
      throws Exception {
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    Map<String, @Nullable Object> admin = Json.readObject(Files.readAllBytes(file));
    assertThat(admin).containsEntry("issuer", base + "/maskinporten/");
    String grant =
        JwtGrant.sign(
            base + "/maskinporten/",
            String.valueOf(admin.get("client_id")),
            RSAKey.parse(Json.write(admin.get("jwk"))),
            "idporten:dcr.read idporten:scopes.read idporten:scopes.write");
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(URI.create(String.valueOf(admin.get("token_endpoint"))))
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(
                    BodyPublishers.ofString(
                        "grant_type="
                            + URLEncoder.encode(
                                "urn:ietf:params:oauth:grant-type:jwt-bearer",
                                StandardCharsets.UTF_8)
                            + "&assertion="
                            + grant))
                .build(),
            BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    String token = String.valueOf(Json.readObject(answer.body()).get("access_token"));
    HttpResponse<String> clients = get(client, base + "/maskinporten/clients", token);
    assertThat(clients.statusCode()).isEqualTo(200);
    assertThat(clients.body()).contains(String.valueOf(admin.get("client_id")));
    HttpResponse<String> scopes = get(client, base + "/maskinporten/scopes", token);
    assertThat(scopes.statusCode()).isEqualTo(200);
    assertThat(scopes.body())
        .contains("idporten:scopes.write")
        .doesNotContain("\"prefix\":\"altinn\"");
  }

  private static HttpResponse<String> get(HttpClient client, String address, String token)
      throws Exception {
    return client.send(
        HttpRequest.newBuilder(URI.create(address))
            .header("Authorization", "Bearer " + token)
            .build(),
        BodyHandlers.ofString());
  }

  /** An issuer elsewhere whose keys come only when they may. */
  private static HttpServer issuer(RSAKey key, CountDownLatch asked, CountDownLatch answer)
      throws Exception {
    HttpServer http =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    http.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
    byte[] keys = new JWKSet(key.toPublicJWK()).toString().getBytes(StandardCharsets.UTF_8);
    http.createContext(
        "/jwk",
        exchange -> {
          asked.countDown();
          try {
            answer.await();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
          exchange.sendResponseHeaders(200, keys.length);
          exchange.getResponseBody().write(keys);
          exchange.close();
        });
    http.start();
    return http;
  }

  private static String proof(String issuer, RSAKey key) throws Exception {
    Instant now = Instant.now();
    SignedJWT proof =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).build(),
            new JWTClaimsSet.Builder()
                .issuer(issuer)
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(120)))
                .jwtID("one")
                .claim("client_id", "a-client")
                .claim("client_amr", "private_key_jwt")
                .claim("token_type", "Bearer")
                .claim("scope", "dgm:police")
                .claim(
                    "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:991825827"))
                .build());
    proof.sign(new RSASSASigner(key));
    return proof.serialize();
  }

  private static void awaitClosed(int port) throws Exception {
    Instant until = Instant.now().plusSeconds(30);
    while (Instant.now().isBefore(until)) {
      try (java.net.Socket _ = new java.net.Socket(InetAddress.getLoopbackAddress(), port)) {
        Thread.onSpinWait();
      } catch (java.net.ConnectException e) {
        return;
      } catch (java.net.SocketException e) {
        Thread.onSpinWait(); // it closed while we were let in: the next one is refused
      }
    }
    throw new AssertionError("The node still listens.");
  }
}

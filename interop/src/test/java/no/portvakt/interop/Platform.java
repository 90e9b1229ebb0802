package no.portvakt.interop;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Comparator;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import no.portvakt.server.Addresses;
import no.portvakt.server.AdminClient;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * A running developer's platform on a free port, and what an operator does on it beforehand. It
 * goes by the machine's clock, because the clients do. Its store is in a folder, or in PostgreSQL
 * when the system property {@code portvakt.test.store} is {@code postgresql}.
 */
final class Platform implements AutoCloseable {
  static final String DIGDIR = "991825827";
  static final String BRG = "974760673";

  /** Who keeps the delegations. */
  static final String SOURCE = "https://tt02.altinn.no/";

  static final String READ = "altinn:serviceowner/instances.read";
  static final String WRITE = "altinn:serviceowner/instances.write";
  static final String JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** How often the token endpoint has answered, whatever it said. */
  private static final Pattern TOKEN_REQUESTS =
      Pattern.compile(
          "(?m)^portvakt_request_duration_seconds_count\\{[^}]*route=\"/maskinporten/token\"[^}]*}"
              + " (\\d+)");

  private final Path folder;
  private final String store;
  private final InstantSource clock;
  private final Server server;
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();

  private Platform(Path folder, String store, InstantSource clock, Server server) {
    this.folder = folder;
    this.store = store;
    this.clock = clock;
    this.server = server;
  }

  /** A client of Maskinporten with a registered key. */
  record Client(String id, RSAKey key) {
    @Override
    public String toString() {
      return "Client[" + id + "]";
    }
  }

  static Platform start() {
    return start(InstantSource.system());
  }

  static Platform start(InstantSource clock) {
    try {
      Path folder = Files.createTempDirectory("portvakt-interop");
      Settings settings = Addresses.withPort(Settings.development(folder, 0));
      String store = "jdbc:sqlite:" + folder.resolve("portvakt.db") + "?busy_timeout=10000";
      if (Postgres.CHOSEN) {
        store = Postgres.fresh();
        settings = Postgres.in(store, settings);
      }
      return new Platform(folder, store, clock, Server.start(settings, clock));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String base() {
    return server.addresses().base();
  }

  /** The identifier of the local Maskinporten, with its slash. */
  String maskinporten() {
    return server.addresses().maskinportenIssuer();
  }

  URI tokenEndpoint() {
    return URI.create(maskinporten() + "token");
  }

  /** The identifier of the issuer of platform tokens, with its slash. */
  String issuer() {
    return server.addresses().platformIssuer();
  }

  /** Issues the enterprise certificates that the platform trusts. */
  TestAuthority authority() {
    return server.testAuthority();
  }

  /** The admin client with its private key, as scripts get it. */
  Path adminClientFile() {
    return folder.resolve("dev/admin-client.json");
  }

  /** Changes the store behind the platform's back. */
  void sql(String sql) {
    try (Connection connection = DriverManager.getConnection(store);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static RSAKey newKey() {
    try {
      return new RSAKeyGenerator(2048)
          .keyUse(KeyUse.SIGNATURE)
          .algorithm(JWSAlgorithm.RS256)
          .keyID("key-" + UUID.randomUUID())
          .generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  /** A new client of digdir with a registered key, for these scopes. */
  Client newClient(String... scopes) {
    Client client = new Client(newClientWithoutKeys(scopes), newKey());
    String answer =
        admin(
            "POST",
            "clients/" + client.id() + "/jwks",
            Map.of("keys", List.of(client.key().toPublicJWK().toJSONObject())));
    assertThat(answer).contains(client.key().getKeyID());
    return client;
  }

  /** The id of a new client of digdir that has to bring a certificate. */
  String newClientWithoutKeys(String... scopes) {
    String answer =
        admin(
            "POST",
            "clients",
            Map.of(
                "client_name",
                "interop",
                "description",
                "A client of others",
                "scopes",
                List.of(scopes)));
    return String.valueOf(json(answer).get("client_id"));
  }

  /** A new client of digdir with a scope that digdir has lost its access to. */
  Client newClientWithoutAccess(String scope) {
    newScope(scope, Map.of());
    String access = "scopes/access/" + DIGDIR + "?scope=" + scope;
    String _ = admin("PUT", access, Map.of());
    Client client = newClient(scope, READ);
    assertThat(admin("DELETE", access, Map.of())).contains("DENIED");
    return client;
  }

  /** A new client of digdir with a new scope that brg has access to and may delegate. */
  Client newSupplier(String scope) {
    newScope(scope, Map.of("delegation_source", SOURCE));
    String _ = admin("PUT", "scopes/access/" + BRG + "?scope=" + scope, Map.of());
    return newClient(scope, READ);
  }

  /** Lets digdir use a scope for brg. */
  void delegate(String scope) {
    Map<String, String> delegation =
        Map.of("source", SOURCE, "scope", scope, "consumer_orgno", BRG, "supplier_orgno", DIGDIR);
    assertThat(admin("PUT", "delegations", delegation)).contains(scope);
  }

  private void newScope(String scope, Map<String, ?> settings) {
    String[] parts = scope.split(":", 2);
    Map<String, Object> body = new HashMap<>(settings);
    body.putAll(Map.of("prefix", parts[0], "subscope", parts[1], "description", "A test"));
    assertThat(admin("POST", "scopes", body)).contains(scope);
  }

  /** A signed grant for a scope; claims of the caller's go over the usual ones. */
  SignedJWT grant(Client client, String scope, Map<String, ?> claims) {
    Instant now = clock.instant();
    JWTClaimsSet.Builder all =
        new JWTClaimsSet.Builder()
            .audience(maskinporten())
            .issuer(client.id())
            .claim("scope", scope)
            .issueTime(Date.from(now))
            .expirationTime(Date.from(now.plusSeconds(60)))
            .jwtID(UUID.randomUUID().toString());
    claims.forEach(all::claim);
    SignedJWT grant =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(client.key().getKeyID()).build(),
            all.build());
    try {
      grant.sign(new RSASSASigner(client.key()));
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
    return grant;
  }

  /** A Maskinporten token for a scope; claims of the caller's are in the grant. */
  String token(Client client, String scope, Map<String, ?> claims) {
    String assertion = grant(client, scope, claims).serialize();
    HttpResponse<String> answer =
        send(
            HttpRequest.newBuilder(tokenEndpoint())
                .header("Content-Type", "application/x-www-form-urlencoded")
                .POST(
                    BodyPublishers.ofString(
                        "grant_type=" + JWT_BEARER + "&assertion=" + assertion)));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return String.valueOf(json(answer.body()).get("access_token"));
  }

  /** A platform token for a Maskinporten token. */
  String exchange(String token) {
    HttpResponse<String> answer =
        send(
            HttpRequest.newBuilder(
                    URI.create(server.addresses().authentication() + "/exchange/maskinporten"))
                .header("Authorization", "Bearer " + token));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return answer.body();
  }

  /** How often the token endpoint has answered so far, by the platform's own metrics. */
  long tokenRequests() {
    Matcher counts =
        TOKEN_REQUESTS.matcher(
            send(HttpRequest.newBuilder(URI.create(base() + "/metrics"))).body());
    return counts.results().mapToLong(it -> Long.parseLong(it.group(1))).sum();
  }

  /** Any request. */
  HttpResponse<String> send(HttpRequest.Builder request) {
    try {
      return http.send(request.timeout(PATIENCE).build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The members of a JSON object. */
  static Map<String, @Nullable Object> json(@Nullable String text) {
    try {
      return Json.readObject(requireNonNull(text));
    } catch (MalformedJson e) {
      throw new AssertionError("Not a JSON object: " + text, e);
    }
  }

  private String admin(String method, String path, Map<String, ?> body) {
    AdminClient admin = requireNonNull(server.adminClient());
    String scopes = String.join(" ", AdminClient.SCOPES);
    String bearer = token(new Client(admin.clientId(), admin.key()), scopes, Map.of());
    HttpResponse<String> answer =
        send(
            HttpRequest.newBuilder(URI.create(maskinporten() + path))
                .header("Authorization", "Bearer " + bearer)
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofString(Json.write(body))));
    assertThat(answer.statusCode()).as(answer.body()).isBetween(200, 299);
    return answer.body();
  }

  @Override
  public void close() throws IOException {
    http.close();
    server.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.exchange.PlatformClaims;
import no.portvakt.server.maskinporten.TokenEndpoint;
import org.jspecify.annotations.Nullable;

/**
 * A real server on a free port with a clock that stands still, and a remote Maskinporten that it
 * trusts; with helpers to talk to it over HTTP. Its store is in memory, or in PostgreSQL when the
 * system property {@code portvakt.test.store} is {@code postgresql}: the tests of what callers see
 * run on both.
 */
public final class TestStack implements AutoCloseable {
  /** The address of the exchange of Maskinporten tokens. */
  public static final String EXCHANGE = "/authentication/api/v1/exchange/maskinporten";

  /** The address of the platform's discovery document; its keys are at {@code …/jwks}. */
  public static final String DISCOVERY =
      "/authentication/api/v1/openid/.well-known/openid-configuration";

  /** The organisation that the admin client belongs to. */
  public static final String DIGDIR = RemoteIssuer.DIGDIR;

  /** 32 bytes in base64; worth nothing outside the tests. */
  private static final String MASTER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=";

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final TestClock clock;
  private final RemoteIssuer remote;
  private final Server server;
  private final HttpClient http;

  static {
    CryptoProvider.install();
  }

  private TestStack(TestClock clock, RemoteIssuer remote, Server server) {
    this.clock = clock;
    this.remote = remote;
    this.server = server;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();
  }

  /** A client of the local Maskinporten with a registered key. */
  public record Client(String id, RSAKey key) {
    @Override
    public String toString() {
      return "Client[" + id + "]";
    }
  }

  /** An answer read from a socket: the headers by lower-case name, the last of each. */
  public record RawAnswer(int status, Map<String, String> headers, String body) {}

  /** Starts with the settings of {@code portvakt dev}, keeping nothing in files. */
  public static TestStack start() {
    return start(settings -> settings);
  }

  /** Starts with changed settings; the remote issuer is trusted already. */
  public static TestStack start(UnaryOperator<Settings> change) {
    return start(change, RemoteIssuer.start());
  }

  /** Starts with a remote issuer of the caller's; it is closed with the stack. */
  public static TestStack start(UnaryOperator<Settings> change, RemoteIssuer remote) {
    TestClock clock = new TestClock();
    Settings base = Settings.development(null, 0);
    Settings trusting =
        withExchange(
            base,
            new Settings.Exchange(
                base.exchange().tokens(), List.of(remote.trusted()), java.util.Set.of()));
    try {
      Settings changed = change.apply(trusting);
      boolean anywhere = changed.data() == null && changed.store() == null;
      Settings settings =
          Addresses.withPort(
              anywhere && TestPostgres.CHOSEN ? on(TestPostgres.fresh()).apply(changed) : changed);
      return new TestStack(clock, remote, Server.start(settings, clock));
    } catch (RuntimeException e) {
      remote.close();
      throw e;
    }
  }

  /** The settings with another exchange. */
  public static Settings withExchange(Settings it, Settings.Exchange exchange) {
    return with(it, it.data(), it.store(), it.signing(), exchange, it.maskinporten());
  }

  /** The settings with another Maskinporten. */
  public static Settings withMaskinporten(
      Settings it, UnaryOperator<Settings.Maskinporten> change) {
    return with(
        it, it.data(), it.store(), it.signing(), it.exchange(), change.apply(it.maskinporten()));
  }

  /** A change of what Maskinporten's token endpoint takes and gives. */
  public static UnaryOperator<Settings> grants(TokenEndpoint.Options options) {
    return it -> withMaskinporten(it, own -> own.withTokens(options));
  }

  /** A change to other signing keys. */
  public static UnaryOperator<Settings> signing(UnaryOperator<Settings.Signing> change) {
    return it ->
        with(
            it,
            it.data(),
            it.store(),
            change.apply(it.signing()),
            it.exchange(),
            it.maskinporten());
  }

  /** A change to these algorithms of platform tokens; the first one signs. */
  public static UnaryOperator<Settings> algorithms(String... algorithms) {
    return signing(it ->
        new Settings.Signing(
            List.of(algorithms),
            it.keysMaxAge(),
            it.skew(),
            it.together(),
            it.rotateAfter(),
            it.standby(),
            it.source()));
  }

  /** A change to a store in PostgreSQL, with a master key that every node gets. */
  public static UnaryOperator<Settings> on(PostgresAddress store) {
    return it -> with(it, null, store, it.signing(), it.exchange(), it.maskinporten());
  }

  private static Settings with(
      Settings it,
      @Nullable Path data,
      @Nullable PostgresAddress store,
      Settings.Signing signing,
      Settings.Exchange exchange,
      Settings.Maskinporten maskinporten) {
    return new Settings(
        it.roles(),
        it.listen(),
        it.baseUrl(),
        data,
        store,
        store == null ? it.masterKey() : new Settings.MasterKey(null, MASTER_KEY, null),
        signing,
        it.audit(),
        exchange,
        maskinporten,
        it.development());
  }

  /** A change of how the audit is kept. */
  static UnaryOperator<Settings> audit(Settings.Audit audit) {
    return it ->
        new Settings(
            it.roles(),
            it.listen(),
            it.baseUrl(),
            it.data(),
            it.store(),
            it.masterKey(),
            it.signing(),
            audit,
            it.exchange(),
            it.maskinporten(),
            it.development());
  }

  /** Waits for what the server does by itself. */
  static void eventually(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      LockSupport.parkNanos(5_000_000);
    }
  }

  /** A change of how platform tokens are made. */
  public static UnaryOperator<Settings> tokens(PlatformClaims.Options options) {
    return settings ->
        withExchange(
            settings,
            new Settings.Exchange(
                options,
                settings.exchange().maskinporten(),
                settings.exchange().maskinportenAudiences()));
  }

  /** A change to these trusted issuers and no other remote one. */
  public static UnaryOperator<Settings> trusting(Settings.Issuer... issuers) {
    return settings ->
        withExchange(
            settings,
            new Settings.Exchange(
                settings.exchange().tokens(),
                List.of(issuers),
                settings.exchange().maskinportenAudiences()));
  }

  /** A change that keeps everything in a folder. */
  public static UnaryOperator<Settings> in(Path folder) {
    return it -> with(it, folder, null, it.signing(), it.exchange(), it.maskinporten());
  }

  public TestClock clock() {
    return clock;
  }

  public RemoteIssuer remote() {
    return remote;
  }

  public Server server() {
    return server;
  }

  public Addresses addresses() {
    return server.addresses();
  }

  /** The platform's own admin client. */
  public Client adminClient() {
    AdminClient admin = Objects.requireNonNull(server.adminClient());
    return new Client(admin.clientId(), admin.key());
  }

  /** The address of a path on the port that is listened on. */
  public URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  /** GET; headers as names and values in turn, a name may come several times. */
  public HttpResponse<String> get(String path, String... headers) {
    return send("GET", path, null, headers);
  }

  /** POST with a body; give Content-Type among the headers. */
  public HttpResponse<String> post(String path, String body, String... headers) {
    return send("POST", path, body, headers);
  }

  /** Any method, with or without a body. */
  public HttpResponse<String> send(
      String method, String path, @Nullable String body, String... headers) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(path))
            .timeout(PATIENCE)
            .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
    for (int i = 0; i < headers.length; i += 2) {
      request.header(headers[i], headers[i + 1]);
    }
    try {
      return http.send(request.build(), BodyHandlers.ofString());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** POST of an HTML form; names and values in turn. */
  public HttpResponse<String> form(String path, String... parameters) {
    StringBuilder body = new StringBuilder();
    for (int i = 0; i < parameters.length; i += 2) {
      body.append(i == 0 ? "" : "&")
          .append(URLEncoder.encode(parameters[i], StandardCharsets.UTF_8))
          .append('=')
          .append(URLEncoder.encode(parameters[i + 1], StandardCharsets.UTF_8));
    }
    return post(path, body.toString(), "Content-Type", "application/x-www-form-urlencoded");
  }

  /** Sends bytes (one for each character) over a socket and reads to the end of the stream. */
  public RawAnswer raw(String request) throws IOException {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
      socket.setSoTimeout((int) PATIENCE.toMillis());
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      return parse(new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1));
    }
  }

  /** A raw GET that closes the connection; header lines as they are, without line ends. */
  public RawAnswer rawGet(String path, String... headerLines) throws IOException {
    StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n");
    for (String line : headerLines) {
      request.append(line).append("\r\n");
    }
    return raw(request.append("Connection: close\r\n\r\n").toString());
  }

  /** Exchanges a token; further headers as names and values in turn. */
  public HttpResponse<String> exchange(String token, String... headers) {
    return exchangeAt(EXCHANGE, token, headers);
  }

  /** Exchanges a token at an address of the caller's. */
  public HttpResponse<String> exchangeAt(String path, String token, String... headers) {
    String[] all = new String[headers.length + 2];
    all[0] = "Authorization";
    all[1] = "Bearer " + token;
    System.arraycopy(headers, 0, all, 2, headers.length);
    return get(path, all);
  }

  /** A JWT grant of the admin client, ready to be spoilt. */
  public TokenForge adminGrant(String... scopes) {
    return grant(adminClient(), scopes);
  }

  /** A JWT grant of a client, ready to be spoilt. */
  public TokenForge grant(Client client, String... scopes) {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("aud", addresses().maskinportenIssuer());
    claims.put("iss", client.id());
    claims.put("scope", String.join(" ", scopes));
    claims.put("iat", clock.seconds());
    claims.put("exp", clock.seconds() + 120);
    claims.put("jti", UUID.randomUUID().toString());
    return TokenForge.signedBy(client.key(), claims);
  }

  /** Sends a JWT grant to the token endpoint. */
  public HttpResponse<String> requestToken(String assertion) {
    return form(
        "/maskinporten/token",
        "grant_type",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "assertion",
        assertion);
  }

  /** A token of the local Maskinporten for the admin API, with all its scopes. */
  public String adminToken() {
    return tokenFor(adminClient(), AdminClient.SCOPES.toArray(String[]::new));
  }

  /** A token of the local Maskinporten for a client. */
  public String tokenFor(Client client, String... scopes) {
    HttpResponse<String> answer = requestToken(grant(client, scopes).compact());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return (String) Objects.requireNonNull(json(answer).get("access_token"));
  }

  /** A new client of digdir with a new key, made through the admin API. */
  public Client newClient(String... scopes) {
    return newClient(Map.of("client_name", "test", "description", "A test", "scopes", scopes));
  }

  /** A new client of digdir with a new key for one algorithm. */
  public Client newClient(List<String> scopes, String algorithm) {
    return newClient(
        Map.of("client_name", "test", "description", "A test", "scopes", scopes), algorithm);
  }

  /** A new client with a new key, made through the admin API with this body. */
  public Client newClient(Map<String, ?> body) {
    return newClient(body, "RS256");
  }

  private Client newClient(Map<String, ?> body, String algorithm) {
    String token = adminToken();
    HttpResponse<String> made = admin("POST", "/maskinporten/clients", token, toJson(body));
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    String id = (String) Objects.requireNonNull(json(made).get("client_id"));
    RSAKey key = RemoteIssuer.newKey();
    Map<String, Object> jwk = new LinkedHashMap<>(key.toPublicJWK().toJSONObject());
    jwk.put("alg", algorithm);
    HttpResponse<String> keys =
        admin(
            "POST",
            "/maskinporten/clients/" + id + "/jwks",
            token,
            toJson(Map.of("keys", List.of(jwk))));
    assertThat(keys.statusCode()).as(keys.body()).isEqualTo(201);
    return new Client(id, key);
  }

  /** A request with a bearer token and, when there is one, a JSON body. */
  public HttpResponse<String> admin(
      String method, String path, String token, @Nullable String json) {
    return json == null
        ? send(method, path, null, "Authorization", "Bearer " + token)
        : send(
            method,
            path,
            json,
            "Authorization",
            "Bearer " + token,
            "Content-Type",
            "application/json");
  }

  /** A token of the local Maskinporten for a new client of digdir. */
  public String maskinportenToken(String... scopes) {
    return tokenFor(newClient(scopes), scopes);
  }

  /** A good token of the remote issuer, ready to be spoilt. */
  public TokenForge forge() {
    return remote.token(clock);
  }

  /** A good token of the remote issuer with these scopes, ready to be spoilt. */
  public TokenForge forge(String scope) {
    return remote.token(clock, scope);
  }

  /** The members of an answer that is a JSON object. */
  public static Map<String, @Nullable Object> json(HttpResponse<String> answer) {
    return json(answer.body());
  }

  /** The members of a JSON object. */
  @SuppressWarnings("NullAway") // the library is not annotated; its values may be null
  public static Map<String, @Nullable Object> json(String text) {
    try {
      return JSONObjectUtils.parse(text);
    } catch (ParseException e) {
      throw new AssertionError("Not a JSON object: " + text, e);
    }
  }

  /** A map as JSON text. */
  public static String toJson(Map<String, ?> members) {
    return JSONObjectUtils.toJSONString(members);
  }

  /** A part of a compact token as text: 0 the header, 1 the payload. */
  public static String part(String token, int index) {
    return new Base64URL(token.split("\\.", -1)[index]).decodeToString();
  }

  /** The claims of a compact token. */
  public static Map<String, @Nullable Object> claims(String token) {
    return json(part(token, 1));
  }

  private static RawAnswer parse(String text) {
    int end = text.indexOf("\r\n\r\n");
    assertThat(end).as("end of the headers in: %s", text).isPositive();
    List<String> lines = text.substring(0, end).lines().toList();
    Map<String, String> headers = new LinkedHashMap<>();
    for (String line : lines.subList(1, lines.size())) {
      int colon = line.indexOf(':');
      headers.put(
          line.substring(0, colon).toLowerCase(java.util.Locale.ROOT),
          line.substring(colon + 1).strip());
    }
    int status = Integer.parseInt(lines.get(0).substring(9, 12));
    return new RawAnswer(status, headers, text.substring(end + 4));
  }

  @Override
  public void close() {
    http.close();
    server.close();
    remote.close();
  }
}

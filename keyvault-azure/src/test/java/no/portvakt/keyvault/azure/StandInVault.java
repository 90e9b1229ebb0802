package no.portvakt.keyvault.azure;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * A stand-in for Azure Key Vault, because the service itself could not be reached where these tests
 * were written. It speaks real HTTPS with a self-made certificate for a name below vault.azure.net,
 * and answers in the shapes of Microsoft's public documentation of the REST API 7.x:
 *
 * <ul>
 *   <li>Get Certificate Versions: {@code value} with {@code id}, {@code x5t}, {@code attributes},
 *       and {@code nextLink}, an address with the port and {@code $skiptoken};
 *   <li>Get Secret: {@code value}, {@code contentType}, {@code id}, {@code kid}, {@code managed};
 *   <li>the challenge of a request without a token, and the errors, as under "Authentication,
 *       requests and responses" and "REST API error codes".
 * </ul>
 *
 * What the documentation leaves open, the tests leave open too: see docs/key-vault.md.
 */
final class StandInVault implements AutoCloseable {
  static final String HOST = "stand-in.vault.azure.net";
  static final String ELSEWHERE = "elsewhere.example";
  static final String TOKEN = "the-token-of-the-stand-in";

  private static final Issued TLS = Issued.rsa(HOST, ELSEWHERE, "login.microsoftonline.com");

  private final HttpsServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<Version> versions = new CopyOnWriteArrayList<>();
  private final Map<String, String> secrets = new ConcurrentHashMap<>();
  private volatile Map<Predicate<String>, Answer> instead = Map.of();
  private volatile int pageSize = 25;
  private static final Set<Integer> USED = ConcurrentHashMap.newKeySet();

  private volatile String challenge =
      "Bearer authorization=\"https://login.microsoftonline.com/00000000-0000-0000-0000-000000000001\","
          + " resource=\"https://vault.azure.net\"";

  /** An item of the list of versions; times in seconds, null: the member is missing. */
  record Version(
      String name,
      String id,
      boolean enabled,
      @Nullable Long nbf,
      @Nullable Long exp,
      long created,
      @Nullable String x5t) {}

  /** An answer in the place of the usual one. */
  record Answer(int status, String contentType, String body, Map<String, String> headers) {
    static Answer json(int status, String body) {
      return new Answer(status, "application/json; charset=utf-8", body, Map.of());
    }

    /** The form of an error of the service, with an inner code when there is one. */
    static Answer error(int status, String code, @Nullable String inner) {
      return json(
          status,
          "{\"error\":{\"code\":\""
              + code
              + "\",\"message\":\"Words with a SECRET-IN-A-MESSAGE.\""
              + (inner == null ? "" : ",\"innererror\":{\"code\":\"" + inner + "\"}")
              + "}}");
    }

    /** No answer before the stand-in closes. */
    static Answer never() {
      return new Answer(-1, "", "", Map.of());
    }

    /** Headers and half a body, and then nothing. */
    static Answer half() {
      return new Answer(-2, "application/json", "{\"value\":", Map.of());
    }
  }

  // On a port that no other stand-in had: the library remembers each address' challenge for ever.
  private static HttpsServer listen() {
    try {
      while (true) {
        HttpsServer server =
            HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        if (USED.add(server.getAddress().getPort())) {
          return server;
        }
        server.stop(0);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  StandInVault() {
    server = listen();
    server.setHttpsConfigurator(new HttpsConfigurator(context()));
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  URI address() {
    return URI.create("https://" + HOST + ":" + port());
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** A client that trusts the stand-in's certificate and no other. */
  static HttpClient.Builder client() {
    return HttpClient.newBuilder().sslContext(context());
  }

  /** The vault as the code under test sees it. */
  AzureVault vault() {
    return vault(AzureVault.TIMEOUT);
  }

  /** The same with another patience, for tests of what never answers. */
  AzureVault vault(Duration timeout) {
    return AzureVault.at(address(), new TestCredential(TOKEN), client(), timeout);
  }

  /** Puts a certificate's version in the vault, with the secret beside it. */
  void put(Version version, @Nullable String contentType, @Nullable String content) {
    versions.add(version);
    Map<String, String> members = new LinkedHashMap<>();
    if (content != null) {
      members.put("value", quoted(content));
    }
    if (contentType != null) {
      members.put("contentType", quoted(contentType));
    }
    members.put("id", quoted(address() + "/secrets/" + version.name + "/" + version.id));
    members.put("managed", "true");
    members.put("attributes", attributes(version));
    members.put("kid", quoted(address() + "/keys/" + version.name + "/" + version.id));
    putSecret(version.name + "/" + version.id, members);
  }

  /** Puts a secret under {@code name/version}, or {@code name/} for the newest. */
  void putSecret(String path, Map<String, String> members) {
    secrets.put(path, object(members));
  }

  void replace(Version before, Version after) {
    versions.set(versions.indexOf(before), after);
  }

  void forgetSecret(String path) {
    secrets.remove(path);
  }

  /** Answers otherwise where the path matches, until {@link #recover}. */
  void answer(Predicate<String> path, Answer answer) {
    instead = Map.of(path, answer);
  }

  void recover() {
    instead = Map.of();
  }

  void challenge(String header) {
    challenge = header;
  }

  void pageSize(int items) {
    pageSize = items;
  }

  /** Host and path of each request that carried the token. */
  List<String> requests() {
    return List.copyOf(requests);
  }

  long requestsFor(String part) {
    return requests.stream().filter(request -> request.contains(part)).count();
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String host = String.valueOf(exchange.getRequestHeaders().getFirst("Host"));
      URI uri = exchange.getRequestURI();
      if (!("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
        exchange.getResponseHeaders().set("WWW-Authenticate", challenge);
        send(exchange, Answer.error(401, "Unauthorized", null));
        return;
      }
      String path = uri.getPath();
      requests.add(host.replaceAll(":.*", "") + path);
      for (Map.Entry<Predicate<String>, Answer> other : instead.entrySet()) {
        if (other.getKey().test(path)) {
          send(exchange, other.getValue());
          return;
        }
      }
      send(exchange, usual(path, uri.getQuery() == null ? "" : uri.getQuery()));
    }
  }

  private Answer usual(String path, String query) {
    if (!query.contains("api-version=")) {
      return Answer.error(400, "BadParameter", null);
    }
    if (path.startsWith("/secrets/")) {
      String secret = secrets.get(path.substring("/secrets/".length()));
      return secret == null ? Answer.error(404, "SecretNotFound", null) : Answer.json(200, secret);
    }
    if (path.startsWith("/certificates/") && path.endsWith("/versions")) {
      return page(path.substring("/certificates/".length(), path.length() - 9), query);
    }
    return Answer.error(404, "NotFound", null);
  }

  private Answer page(String name, String query) {
    List<Version> all = versions.stream().filter(item -> item.name.equals(name)).toList();
    if (all.isEmpty()) {
      return Answer.error(404, "CertificateNotFound", null);
    }
    int from = query.contains("$skiptoken=") ? Integer.parseInt(query.replaceAll(".*=", "")) : 0;
    int until = Math.min(all.size(), from + pageSize);
    String items =
        all.subList(from, until).stream()
            .map(this::item)
            .collect(Collectors.joining(",", "[", "]"));
    String next =
        until == all.size()
            ? "null"
            : quoted(
                address()
                    + "/certificates/"
                    + name
                    + "/versions?api-version=7.6&$skiptoken="
                    + until);
    return Answer.json(200, "{\"value\":" + items + ",\"nextLink\":" + next + "}");
  }

  private String item(Version version) {
    Map<String, String> members = new LinkedHashMap<>();
    members.put("id", quoted(address() + "/certificates/" + version.name + "/" + version.id));
    if (version.x5t != null) {
      members.put("x5t", quoted(version.x5t));
    }
    members.put("attributes", attributes(version));
    members.put("subject", quoted(""));
    return object(members);
  }

  private static String attributes(Version version) {
    Map<String, String> members = new LinkedHashMap<>();
    members.put("enabled", String.valueOf(version.enabled));
    if (version.nbf != null) {
      members.put("nbf", String.valueOf(version.nbf));
    }
    if (version.exp != null) {
      members.put("exp", String.valueOf(version.exp));
    }
    members.put("created", String.valueOf(version.created));
    members.put("updated", String.valueOf(version.created));
    return object(members);
  }

  private void send(HttpExchange exchange, Answer answer) throws IOException {
    if (answer.status == -1) {
      untilClosed();
      return;
    }
    byte[] body = answer.body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", answer.contentType);
    answer.headers.forEach(exchange.getResponseHeaders()::set);
    boolean half = answer.status == -2;
    exchange.sendResponseHeaders(half ? 200 : answer.status, half ? body.length * 2L : body.length);
    exchange.getResponseBody().write(body);
    exchange.getResponseBody().flush();
    if (half) {
      untilClosed();
    }
  }

  private void untilClosed() {
    try {
      closing.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  static String quoted(String text) {
    return "\"" + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + "\"";
  }

  private static String object(Map<String, String> members) {
    return members.entrySet().stream()
        .map(member -> quoted(member.getKey()) + ":" + member.getValue())
        .collect(Collectors.joining(",", "{", "}"));
  }

  static SSLContext context() {
    char[] password = "stand-in".toCharArray();
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(null, password);
      store.setKeyEntry("tls", TLS.privateKey(), password, new Certificate[] {TLS.certificate()});
      store.setCertificateEntry("trust", TLS.certificate());
      KeyManagerFactory keys =
          KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
      keys.init(store, password);
      TrustManagerFactory trust =
          TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
      trust.init(store);
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
      return context;
    } catch (GeneralSecurityException | IOException e) {
      throw new IllegalStateException(e);
    }
  }
}

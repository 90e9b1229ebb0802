package no.portvakt.keyvault.azure;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A stand-in for Microsoft Entra ID's token endpoint, under its own name and with a self-made
 * certificate; the service itself could not be reached. It answers as "OAuth 2.0 client credentials
 * flow" of Microsoft's documentation says, to a secret and to an assertion.
 */
final class StandInLogin implements AutoCloseable {
  static final String TENANT = "00000000-0000-0000-0000-000000000001";

  private static final String DISCOVERY =
      "{\"tenant_discovery_endpoint\":\"https://login.microsoftonline.com/"
          + TENANT
          + "/v2.0/.well-known/openid-configuration\",\"api-version\":\"1.1\",\"metadata\":["
          + "{\"preferred_network\":\"login.microsoftonline.com\",\"preferred_cache\":"
          + "\"login.windows.net\",\"aliases\":[\"login.microsoftonline.com\"]}]}";

  private final HttpsServer server;
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private volatile int status = 200;
  private volatile String body =
      "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,\"access_token\":\""
          + StandInVault.TOKEN
          + "\"}";

  StandInLogin() {
    try {
      server = HttpsServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setHttpsConfigurator(new HttpsConfigurator(StandInVault.context()));
    server.createContext("/", this::handle);
    server.start();
  }

  String address() {
    return "https://login.microsoftonline.com:" + server.getAddress().getPort();
  }

  void refuse(int otherStatus, String otherBody) {
    status = otherStatus;
    body = otherBody;
  }

  /** Method, path and body of each request. */
  List<String> requests() {
    return List.copyOf(requests);
  }

  @Override
  public void close() {
    server.stop(0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String form = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      requests.add(exchange.getRequestMethod() + " " + exchange.getRequestURI() + " " + form);
      boolean discovery = exchange.getRequestURI().getPath().equals("/common/discovery/instance");
      byte[] answer = (discovery ? DISCOVERY : body).getBytes(StandardCharsets.UTF_8);
      exchange.getResponseHeaders().set("Content-Type", "application/json; charset=utf-8");
      exchange.sendResponseHeaders(discovery ? 200 : status, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }
}

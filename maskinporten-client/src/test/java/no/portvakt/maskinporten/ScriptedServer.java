package no.portvakt.maskinporten;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URLDecoder;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP server that answers each path as it is told, one reply after the other, the last again.
 */
final class ScriptedServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, List<Reply>> script = new LinkedHashMap<>();
  private final List<Seen> seen = new CopyOnWriteArrayList<>();
  private final CountDownLatch end = new CountDownLatch(1);

  ScriptedServer() {
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  /** What is sent back. */
  interface Reply {
    void to(HttpExchange exchange, ScriptedServer server) throws IOException;
  }

  /** A request that came. */
  record Seen(String method, String target, Map<String, List<String>> headers, String body) {
    @Nullable String header(String name) {
      List<String> values = headers.get(name);
      return values == null ? null : values.get(0);
    }

    /** A parameter of the form in the body. */
    String form(String name) {
      for (String pair : body.split("&", -1)) {
        if (pair.startsWith(name + "=")) {
          return URLDecoder.decode(pair.substring(name.length() + 1), UTF_8);
        }
      }
      throw new AssertionError("No parameter " + name);
    }

    CompactJws grant() {
      try {
        return CompactJws.parse(form("assertion"));
      } catch (MalformedToken e) {
        throw new AssertionError(e);
      }
    }

    Map<String, @Nullable Object> claims() {
      return grant().unverifiedClaims();
    }
  }

  /** A status with a body; headers as names and values in turn. */
  static Reply reply(int status, String type, String body, String... headers) {
    return (exchange, server) -> {
      exchange.getResponseHeaders().set("Content-Type", type);
      for (int i = 0; i < headers.length; i += 2) {
        exchange.getResponseHeaders().set(headers[i], headers[i + 1]);
      }
      byte[] bytes = body.getBytes(UTF_8);
      exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
      exchange.getResponseBody().write(bytes);
    };
  }

  static Reply json(int status, Map<String, ?> body, String... headers) {
    return reply(status, "application/json", Json.write(body), headers);
  }

  /** A token of this value and life. */
  static Reply token(String value, int seconds, String... headers) {
    return json(
        200,
        Map.of(
            "access_token", value, "token_type", "Bearer", "expires_in", seconds, "scope", "a:b"),
        headers);
  }

  /** A refusal of Maskinporten. */
  static Reply refusal(int status, String error, String description, @Nullable String code) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("error", error);
    body.put("error_description", description + " (trace_id: 356666143081bbec11d293753e9702ca)");
    if (code != null) {
      body.put("error_uri", "https://test.maskinporten.no/errors/" + code);
    }
    return json(status, body);
  }

  /** Closes the connection without an answer. */
  static Reply nothing() {
    return (exchange, server) -> exchange.getRequestBody().close();
  }

  /** Answers when the latch opens, or when the server is closed. */
  static Reply after(CountDownLatch latch, Reply then) {
    return (exchange, server) -> {
      try {
        while (latch.getCount() > 0 && !server.end.await(10, TimeUnit.MILLISECONDS)) {}
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      then.to(exchange, server);
    };
  }

  /** Says what comes at a path from now on. */
  synchronized void at(String path, Reply... replies) {
    script.put(path, new ArrayList<>(List.of(replies)));
  }

  /** The requests to a path so far. */
  List<Seen> seen(String path) {
    return seen.stream().filter(it -> it.target.split("\\?", 2)[0].equals(path)).toList();
  }

  String base() {
    return "http://localhost:" + server.getAddress().getPort();
  }

  private synchronized Reply next(String path) {
    List<Reply> replies = script.get(path);
    if (replies == null) {
      return reply(404, "text/plain", "no such path");
    }
    return replies.size() == 1 ? replies.get(0) : replies.remove(0);
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      seen.add(
          new Seen(
              exchange.getRequestMethod(),
              exchange.getRequestURI().toString(),
              Map.copyOf(exchange.getRequestHeaders()),
              new String(exchange.getRequestBody().readAllBytes(), UTF_8)));
      next(exchange.getRequestURI().getPath()).to(exchange, this);
    }
  }

  @Override
  public void close() {
    end.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}

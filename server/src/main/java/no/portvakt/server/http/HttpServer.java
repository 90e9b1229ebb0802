package no.portvakt.server.http;

import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP engine: one virtual thread for each connection, HTTP/1.1, bounded in every direction.
 */
public final class HttpServer implements AutoCloseable {
  /** The most bytes that all headers of a request may have; beyond it the answer is 431. */
  public static final int MAX_HEADERS = 64 * 1024;

  /** The most bytes that a request's body may have on any route; beyond it the answer is 413. */
  public static final int MAX_BODY = 1024 * 1024;

  private static final int MAX_CONNECTIONS = 4096;
  private static final int MAX_REQUEST_LINE = 16 * 1024;
  private static final Duration DRAIN = Duration.ofSeconds(20);

  private final WebServer engine;

  private HttpServer(WebServer engine) {
    this.engine = engine;
  }

  /** The port can't be listened on. */
  public static final class PortInUse extends RuntimeException {
    private static final long serialVersionUID = 1L;

    PortInUse(int port, Throwable cause) {
      super("Port " + port + " is already in use; choose another with --port.", cause);
    }
  }

  /**
   * Listens.
   *
   * @param port 0 for any free port
   */
  public static HttpServer start(String host, int port, Router router) {
    WebServer engine =
        WebServer.builder()
            .host(host)
            .port(port)
            .shutdownHook(false)
            .maxPayloadSize(MAX_BODY)
            .maxTcpConnections(MAX_CONNECTIONS)
            .shutdownGracePeriod(DRAIN)
            .idleConnectionTimeout(Duration.ofMinutes(2))
            .connectionOptions(it -> it.readTimeout(Duration.ofMinutes(2)).tcpNoDelay(true))
            .protocolsDiscoverServices(false)
            .addConnectionSelector(new PatientConnections(http1()))
            .directHandlers(directHandlers())
            .routing((HttpRouting.Builder it) -> it.any(router::handle))
            .build()
            .start();
    return new HttpServer(engine);
  }

  private static Http1ConnectionSelector http1() {
    return Http1ConnectionSelector.builder()
        .config(
            Http1Config.builder()
                .maxHeadersSize(MAX_HEADERS)
                .maxPrologueLength(MAX_REQUEST_LINE)
                .build())
        .build();
  }

  /** The port that is listened on. */
  public int port() {
    return engine.port();
  }

  /** Stops listening, lets requests in flight end (20 s at most), then closes every connection. */
  @Override
  public void close() {
    engine.stop();
  }

  /**
   * Asks before anything else is done: the engine reports a port in use only in a log.
   *
   * @throws PortInUse when somebody else listens there
   */
  public static void requireFree(String host, int port) {
    if (port == 0) {
      return;
    }
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getByName(host), port));
    } catch (java.net.BindException e) {
      throw new PortInUse(port, e);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  // What the engine refuses before any route is known: bad request lines, headers too large.
  private static DirectHandlers directHandlers() {
    DirectHandlers.Builder handlers = DirectHandlers.builder();
    for (DirectHandler.EventType type : DirectHandler.EventType.values()) {
      handlers.addHandler(type, HttpServer::refuse);
    }
    return handlers.build();
  }

  private static DirectHandler.TransportResponse refuse(
      DirectHandler.TransportRequest request,
      DirectHandler.EventType type,
      Status status,
      ServerResponseHeaders headers,
      @Nullable String message) {
    // The engine says only 400, and not why.
    boolean tooLarge = status.code() == 400 && PatientConnections.bytesRead() >= MAX_HEADERS;
    int code = tooLarge ? 431 : status.code();
    Answer answer =
        Problem.of(
            code,
            tooLarge
                ? "The request's headers have more than " + MAX_HEADERS + " bytes."
                : code == 413
                    ? "The body has more than " + MAX_BODY + " bytes."
                    : "The request is not valid HTTP.");
    headers.set(HeaderNames.CONTENT_TYPE, Problem.MEDIA_TYPE);
    return DirectHandler.TransportResponse.builder()
        .status(Status.create(code))
        .headers(headers)
        .keepAlive(false)
        .entity(answer.body())
        .build();
  }
}

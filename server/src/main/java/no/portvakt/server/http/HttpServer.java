package no.portvakt.server.http;

import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
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
  private final @Nullable TlsContext tls;

  private HttpServer(WebServer engine, @Nullable TlsContext tls) {
    this.engine = engine;
    this.tls = tls;
  }

  /**
   * Where and how to listen.
   *
   * @param host the interface's address or name
   * @param port 0 for any free port
   * @param tls the server's certificate, or null for plain HTTP
   * @param proxies IP addresses and CIDR blocks of the proxies in front; empty: there is none
   */
  public record Listen(String host, int port, @Nullable TlsFiles tls, List<String> proxies) {
    public Listen {
      proxies = List.copyOf(proxies);
    }
  }

  /** Listening is not possible, or not safe; the message is one sentence for the operator. */
  public abstract static class CannotListen extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private CannotListen(String sentence, @Nullable Throwable cause) {
      super(sentence, cause);
    }
  }

  /** The port can't be listened on. */
  public static final class PortInUse extends CannotListen {
    private static final long serialVersionUID = 1L;

    PortInUse(int port, Throwable cause) {
      super(
          "Port "
              + port
              + " is already in use; choose another with --port or the setting listen.port.",
          cause);
    }
  }

  /** The address is not one of this machine's, or not for this user. */
  public static final class UnusableAddress extends CannotListen {
    private static final long serialVersionUID = 1L;

    UnusableAddress(String host, int port, String reason, Throwable cause) {
      super("Nothing can listen on " + host + ", port " + port + ": " + reason + ".", cause);
    }
  }

  /** Tokens would cross a network in the clear. */
  public static final class PlainHttp extends CannotListen {
    private static final long serialVersionUID = 1L;

    PlainHttp(String host) {
      super(
          "Plain HTTP on "
              + host
              + " would show tokens to the network;"
              + " set listen.tls, or name the proxies that end TLS in listen.proxies.",
          null);
    }
  }

  /** There is no certificate that TLS can start with. */
  public static final class UnusableTls extends CannotListen {
    private static final long serialVersionUID = 1L;

    UnusableTls(String sentence) {
      super(sentence, null);
    }
  }

  /** A declared proxy is no address. */
  public static final class UnusableProxy extends CannotListen {
    private static final long serialVersionUID = 1L;

    UnusableProxy(String text, String expected) {
      super("The proxy " + text + " is not " + expected + ".", null);
    }
  }

  /** Listens, with the machine's clock. */
  public static HttpServer start(Listen listen, Router router) {
    return start(listen, router, InstantSource.system());
  }

  /**
   * Listens.
   *
   * @param clock says whether the certificate has expired
   * @throws CannotListen when plain HTTP is not safe there, or the certificate can't be used
   */
  public static HttpServer start(Listen listen, Router router, InstantSource clock) {
    Peers peers = safe(listen);
    TlsContext tls = listen.tls() == null ? null : TlsContext.open(listen.tls(), clock);
    try {
      return new HttpServer(engine(listen, tls, peers, router), tls);
    } catch (RuntimeException e) {
      if (tls != null) {
        tls.close();
      }
      throw e;
    }
  }

  /**
   * Looks, without listening, at what {@link #start} would refuse; a port in use is not looked for.
   *
   * @throws CannotListen when plain HTTP is not safe there, or the certificate can't be used
   */
  public static void check(Listen listen, InstantSource clock) {
    Peers _ = safe(listen);
    if (listen.tls() != null) {
      TlsContext.open(listen.tls(), clock).close();
    }
  }

  private static Peers safe(Listen listen) {
    Peers peers = Peers.of(listen.proxies());
    if (listen.tls() == null && listen.proxies().isEmpty() && !Peers.isLoopback(listen.host())) {
      throw new PlainHttp(listen.host());
    }
    return peers;
  }

  private static WebServer engine(
      Listen listen, @Nullable TlsContext tls, Peers peers, Router router) {
    WebServerConfig.Builder builder =
        WebServer.builder()
            .host(listen.host())
            .port(listen.port())
            .shutdownHook(false)
            .maxPayloadSize(MAX_BODY)
            .maxTcpConnections(MAX_CONNECTIONS)
            .shutdownGracePeriod(DRAIN)
            .idleConnectionTimeout(Duration.ofMinutes(2))
            .connectionOptions(it -> it.readTimeout(Duration.ofMinutes(2)).tcpNoDelay(true))
            .protocolsDiscoverServices(false)
            .addConnectionSelector(new PatientConnections(http1()))
            .directHandlers(directHandlers())
            .routing((HttpRouting.Builder it) ->
                it.any((request, response) ->
                    router.handle(peers.caller(request), request, response)));
    if (tls != null) {
      builder.tls(tls.engine());
    }
    return builder.build().start();
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

  /** When the certificate in use ends, or null with plain HTTP. */
  public @Nullable Instant certificateExpires() {
    return tls == null ? null : tls.expires();
  }

  /**
   * What is wrong with the certificate's files, in one sentence without secrets; null when nothing
   * is, or with plain HTTP. The last good certificate stays in use meanwhile.
   */
  public @Nullable String tlsProblem() {
    return tls == null ? null : tls.problem();
  }

  /** Looks at the certificate's files at once. */
  void reloadNow() {
    if (tls != null) {
      tls.look();
    }
  }

  /** Stops listening, lets requests in flight end (20 s at most), then closes every connection. */
  @Override
  public void close() {
    engine.stop();
    if (tls != null) {
      tls.close();
    }
  }

  /**
   * Asks before anything else is done: the engine reports a port in use only in a log.
   *
   * @throws CannotListen when somebody else listens there, or nobody can
   */
  public static void requireFree(String host, int port) {
    if (port == 0) {
      return;
    }
    try (ServerSocket probe = new ServerSocket()) {
      probe.setReuseAddress(true);
      probe.bind(new InetSocketAddress(InetAddress.getByName(host), port));
    } catch (java.net.UnknownHostException e) {
      throw new UnusableAddress(host, port, "the name has no address", e);
    } catch (IOException e) {
      String reason = String.valueOf(e.getMessage());
      if (reason.contains("in use")) {
        throw new PortInUse(port, e);
      }
      throw new UnusableAddress(host, port, reason, e);
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

package no.portvakt.server.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;
import no.portvakt.server.CryptoProvider;
import no.portvakt.server.TestClock;
import no.portvakt.server.http.HttpServer.Listen;
import org.jspecify.annotations.Nullable;

/** A listener with a few routes, and callers that speak to it over sockets. */
final class HttpFixture implements AutoCloseable {
  private static final int PATIENCE = 30_000;
  private static final Pattern LENGTH = Pattern.compile("(?i)\r\nContent-Length: ([0-9]+)\r\n");

  private final TestClock clock = new TestClock();
  // One for all connections: they resume sessions when the server lets them.
  private final SSLContext client = trustingAll();
  private final HttpServer server;

  static {
    // As in production: what does the arithmetic below TLS.
    CryptoProvider.install();
  }

  private HttpFixture(Listen listen) {
    server = HttpServer.start(listen, router(), clock);
  }

  static HttpFixture tls(TlsFiles files) {
    return new HttpFixture(new Listen("127.0.0.1", 0, files, List.of()));
  }

  static HttpFixture plain(String host, String... proxies) {
    return new HttpFixture(new Listen(host, 0, null, List.of(proxies)));
  }

  static Router router() {
    return new Router(Set.of(), (method, route, status, nanos) -> {})
        .document("/hello", request -> Answer.json(200, "hello"))
        .document("/address", request -> Answer.json(200, RequestContext.current().clientAddress()))
        .route("POST", "/body", request -> Answer.json(200, request.body(2_000_000).length));
  }

  TestClock clock() {
    return clock;
  }

  HttpServer server() {
    return server;
  }

  /** A new TLS connection. */
  Caller connect(String... protocols) throws IOException {
    SSLSocket socket = socket();
    if (protocols.length > 0) {
      socket.setEnabledProtocols(protocols);
    }
    socket.startHandshake();
    return new Caller(socket);
  }

  /** A new TLS connection of a caller that names what it would speak (RFC 7301). */
  Caller connectFor(String... applications) throws IOException {
    SSLSocket socket = socket();
    SSLParameters parameters = socket.getSSLParameters();
    parameters.setApplicationProtocols(applications);
    socket.setSSLParameters(parameters);
    socket.startHandshake();
    return new Caller(socket);
  }

  private SSLSocket socket() throws IOException {
    SSLSocket socket =
        (SSLSocket)
            client.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(PATIENCE);
    return socket;
  }

  /** A new connection without TLS. */
  Caller connectPlain(InetAddress address) throws IOException {
    Socket socket = new Socket(address, server.port());
    socket.setSoTimeout(PATIENCE);
    return new Caller(socket);
  }

  /** A connection of a caller. */
  record Caller(Socket socket) implements AutoCloseable {
    /** The chain that the server showed. */
    List<X509Certificate> chain() throws IOException {
      List<X509Certificate> chain = new java.util.ArrayList<>();
      for (var certificate : ((SSLSocket) socket).getSession().getPeerCertificates()) {
        chain.add((X509Certificate) certificate);
      }
      return chain;
    }

    void send(String text) throws IOException {
      socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
    }

    /** GET on this connection, which stays open; headers as whole lines. */
    String get(String path, String... headers) throws IOException {
      StringBuilder request = new StringBuilder("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n");
      for (String header : headers) {
        request.append(header).append("\r\n");
      }
      send(request.append("\r\n").toString());
      return answer();
    }

    /** One answer: headers, and a body of the length that they say. */
    String answer() throws IOException {
      ByteArrayOutputStream read = new ByteArrayOutputStream();
      InputStream in = socket.getInputStream();
      while (true) {
        String text = read.toString(StandardCharsets.ISO_8859_1);
        int end = text.indexOf("\r\n\r\n");
        var length = LENGTH.matcher(text);
        if (end >= 0 && length.find()) {
          int rest = end + 4 + Integer.parseInt(length.group(1)) - text.length();
          return text + new String(in.readNBytes(rest), StandardCharsets.ISO_8859_1);
        }
        int next = in.read();
        if (next < 0) {
          throw new IOException("The connection ended after: " + text);
        }
        read.write(next);
      }
    }

    /** All that comes until the connection ends. */
    byte[] rest() {
      ByteArrayOutputStream read = new ByteArrayOutputStream();
      try {
        socket.getInputStream().transferTo(read);
      } catch (IOException e) {
        // It broke instead of ending.
      }
      return read.toByteArray();
    }

    @Override
    public void close() throws IOException {
      socket.close();
    }
  }

  @Override
  public void close() {
    server.close();
  }

  private static SSLContext trustingAll() {
    try {
      SSLContext context = SSLContext.getInstance("TLS");
      context.init(null, new TrustManager[] {new AnyCertificate()}, null);
      return context;
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The tests compare certificates themselves. */
  private static final class AnyCertificate implements X509TrustManager {
    @Override
    public void checkClientTrusted(X509Certificate @Nullable [] chain, @Nullable String type) {}

    @Override
    public void checkServerTrusted(X509Certificate @Nullable [] chain, @Nullable String type) {}

    @Override
    public X509Certificate[] getAcceptedIssuers() {
      return new X509Certificate[0];
    }
  }
}

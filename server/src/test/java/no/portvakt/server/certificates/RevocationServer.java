package no.portvakt.server.certificates;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;

/** A real HTTP server with a responder at {@code /ocsp} and a list at {@code /crl}. */
public final class RevocationServer implements AutoCloseable {
  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final AtomicInteger questions = new AtomicInteger();
  private final AtomicInteger fetches = new AtomicInteger();
  private volatile Reply ocsp = (exchange, question) -> send(exchange, 404, new byte[0]);
  private volatile Reply crl = ocsp;

  /** What is done with a question. */
  public interface Reply {
    void to(HttpExchange exchange, byte[] question) throws IOException;
  }

  /** The body of an answer to a question. */
  public interface Body {
    byte[] to(byte[] question);
  }

  private RevocationServer(HttpServer server) {
    this.server = server;
    server.setExecutor(threads);
    server.createContext("/ocsp", exchange -> answer(exchange, questions, ocsp));
    server.createContext("/crl", exchange -> answer(exchange, fetches, crl));
    server.start();
  }

  public static RevocationServer start() {
    try {
      return new RevocationServer(
          HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public URI responder() {
    return uri("/ocsp");
  }

  public URI list() {
    return uri("/crl");
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.getAddress().getPort() + path);
  }

  /** How often the responder was asked. */
  public int questions() {
    return questions.get();
  }

  /** How often the list was fetched. */
  public int fetches() {
    return fetches.get();
  }

  public void ocsp(Body body) {
    ocsp = (exchange, question) -> send(exchange, 200, body.to(question));
  }

  public void ocspReply(Reply reply) {
    ocsp = reply;
  }

  public void crl(byte[] list) {
    crl = (exchange, question) -> send(exchange, 200, list);
  }

  public void crlReply(Reply reply) {
    crl = reply;
  }

  /** Answers with nothing until the server is closed. */
  public Reply silence() {
    return (exchange, question) -> await();
  }

  /** Begins an answer and never ends it. */
  public Reply endless() {
    return (exchange, question) -> {
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(48);
      exchange.getResponseBody().flush();
      await();
    };
  }

  public static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    try (OutputStream out = exchange.getResponseBody()) {
      out.write(body);
    }
  }

  private void await() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void answer(HttpExchange exchange, AtomicInteger count, Reply reply)
      throws IOException {
    count.incrementAndGet();
    try (exchange) {
      reply.to(exchange, exchange.getRequestBody().readAllBytes());
    }
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.close();
  }
}

package no.portvakt.cli;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.sun.net.httpserver.HttpHandler;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import no.portvakt.cli.AdminApiClient.NoAnswer;
import no.portvakt.cli.Portvakt.CannotDo;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which answers are a refusal, and which leave it open what was done. */
class AdminApiAnswerTest {
  private static final InetSocketAddress FREE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  private static final Map<String, Object> BODY = Map.of("a", "b");

  private HttpServer server;

  AdminApiAnswerTest() throws IOException {
    server = HttpServer.create(FREE, 0);
  }

  @AfterEach
  void stop() {
    server.stop(0);
  }

  private AdminApiClient answering(HttpHandler handler) {
    return answering(Duration.ofSeconds(20), handler);
  }

  private AdminApiClient answering(Duration patience, HttpHandler handler) {
    server.createContext("/", handler);
    server.start();
    String scheme = server instanceof HttpsServer ? "https" : "http";
    return new AdminApiClient(
        scheme + "://localhost:" + server.getAddress().getPort() + "/", () -> "a token", patience);
  }

  private AdminApiClient answering(int status, String body) {
    return answering(exchange -> {
      try (exchange) {
        exchange.sendResponseHeaders(status, body.length());
        exchange.getResponseBody().write(body.getBytes(US_ASCII));
      }
    });
  }

  @ParameterizedTest
  @ValueSource(ints = {302, 500, 503})
  void doesNotKnowWhatWasDoneWhenItIsNoRefusal(int status) {
    AdminApiClient api = answering(status, "{}");
    assertThatExceptionOfType(NoAnswer.class)
        .isThrownBy(() -> api.put("a", BODY, null))
        .withMessageContaining("fails at PUT /a (" + status);
  }

  @ParameterizedTest
  @ValueSource(ints = {400, 403, 409, 412})
  void knowsThatNothingWasDoneAfterARefusal(int status) {
    AdminApiClient api = answering(status, "{}");
    assertThatExceptionOfType(CannotDo.class)
        .isThrownBy(() -> api.put("a", BODY, null))
        .isNotInstanceOf(NoAnswer.class)
        .withMessageContaining("refuses PUT /a (" + status);
  }

  @Test
  void doesNotKnowWhatWasDoneWhenTheAnswerIsNotOfTheApi() {
    AdminApiClient api = answering(200, "<html>");
    assertThatExceptionOfType(NoAnswer.class)
        .isThrownBy(() -> api.put("a", BODY, null))
        .withMessageContaining("is no admin API");
  }

  @Test
  void doesNotKnowWhatWasDoneWhenTheConnectionEnds() {
    AdminApiClient api =
        answering(exchange -> {
          exchange.getRequestBody().readAllBytes();
          exchange.close();
        });
    assertThatExceptionOfType(NoAnswer.class)
        .isThrownBy(() -> api.put("a", BODY, null))
        .withMessageContaining("does not answer");
  }

  @Test
  void doesNotWaitForABodyThatNeverEnds() {
    AdminApiClient api =
        answering(
            Duration.ofMillis(300),
            exchange -> {
              exchange.sendResponseHeaders(200, 100);
              exchange.getResponseBody().write('{');
              exchange.getResponseBody().flush();
            });
    assertThatExceptionOfType(NoAnswer.class)
        .isThrownBy(() -> api.get("a"))
        .withMessageContaining("takes too long");
  }

  @Test
  void saysThatABodyIsTooLong() {
    byte[] part = new byte[1024 * 1024];
    AdminApiClient api =
        answering(exchange -> {
          exchange.sendResponseHeaders(200, 0);
          OutputStream out = exchange.getResponseBody();
          for (int i = 0; i < 65; i++) {
            out.write(part); // fails when the client has heard enough
          }
        });
    assertThatExceptionOfType(NoAnswer.class)
        .isThrownBy(() -> api.get("a"))
        .withMessageContaining("sends more than an admin API does");
  }

  @Test
  void saysThatACertificateIsNotTrusted(@TempDir Path folder) throws Exception {
    HttpsServer secure = HttpsServer.create(FREE, 0);
    secure.setHttpsConfigurator(new HttpsConfigurator(context(folder)));
    server = secure;
    AdminApiClient api = answering(200, "{}");
    assertThatExceptionOfType(NoAnswer.class)
        .isThrownBy(() -> api.get("a"))
        .withMessageContaining("no TLS connection to https://localhost")
        .withMessageContaining("certificate");
  }

  private static SSLContext context(Path folder) throws Exception {
    KeyStore keys = KeyStore.getInstance("PKCS12");
    Path file = ServerCertificate.create().write(folder.resolve("tls.p12"), "secret");
    try (InputStream in = Files.newInputStream(file)) {
      keys.load(in, "secret".toCharArray());
    }
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(keys, "secret".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(factory.getKeyManagers(), null, null);
    return context;
  }
}

package no.portvakt.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLSocket;
import no.portvakt.server.http.HttpFixture.Caller;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/1.1 over TLS: versions, limits, and callers that speak something else. */
class TlsTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final TestCertificate CERTIFICATE = TestCertificate.rsa("served");

  @TempDir private static Path folder;

  private static HttpFixture http;

  @BeforeAll
  static void start() {
    http = HttpFixture.tls(CERTIFICATE.write(folder));
  }

  @AfterAll
  static void stop() {
    http.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.3", "TLSv1.2"})
  void answersWithItsWholeChain(String protocol) throws IOException {
    try (Caller caller = http.connect(protocol)) {
      assertThat(((SSLSocket) caller.socket()).getSession().getProtocol()).isEqualTo(protocol);
      assertThat(caller.chain()).isEqualTo(CERTIFICATE.chain());
      assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ").endsWith("\"hello\"");
      assertThat(caller.get("/address")).endsWith("\"127.0.0.1\"");
      assertThat(caller.get("/nothing")).startsWith("HTTP/1.1 404 ");
      assertThat(((SSLSocket) caller.socket()).getSession().getLocalCertificates()).isNull();
    }
    assertThat(http.server().certificateExpires())
        .isEqualTo(CERTIFICATE.certificate().getNotAfter().toInstant());
    assertThat(http.server().tlsProblem()).isNull();
  }

  @Test
  void agreesOnHttp11() throws IOException {
    try (Caller caller = http.connectFor("h2", "http/1.1")) {
      assertThat(((SSLSocket) caller.socket()).getApplicationProtocol()).isEqualTo("http/1.1");
      assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"h2", "http/1.0", "h3", "spdy/3.1"})
  void refusesThoseWhoSpeakOnlySomethingElse(String application) {
    assertThatExceptionOfType(SSLException.class)
        .isThrownBy(() -> http.connectFor(application).close())
        .withMessageContaining("no_application_protocol");
  }

  @Test
  void refusesHttp2() throws IOException {
    try (Caller caller = http.connect()) {
      caller.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
      assertThat(new String(caller.rest(), StandardCharsets.ISO_8859_1))
          .matches("(?s)HTTP/1\\.1 (400|505) .*");
    }
  }

  // RFC 8996 §5: TLS 1.1 must not be used. The alert is protocol_version (70), and fatal.
  @Test
  void refusesTls11AndOlder() throws IOException {
    for (int minor : new int[] {0, 1, 2}) {
      try (Caller caller = http.connectPlain(LOOPBACK)) {
        caller.socket().getOutputStream().write(clientHello(minor));
        byte[] answer = caller.rest();
        assertThat(answer).as("3.%d", minor).hasSize(7).startsWith(21, 3).endsWith(2, 70);
      }
    }
    try (Caller caller = http.connectPlain(LOOPBACK)) {
      caller.socket().getOutputStream().write(clientHello(3));
      assertThat(caller.socket().getInputStream().read()).as("TLS 1.2 goes on").isEqualTo(22);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabc",
        "garbage\r\n\r\n",
        "\u0016\u0003\u0003\u0000\u0005garbage",
        "\u0016\u0003\u0001\u00ff\u00ff",
      })
  void givesNoAnswerToThoseWhoDoNotSpeakTls(String request) throws IOException {
    try (HttpLogLines log = new HttpLogLines()) {
      try (Caller caller = http.connectPlain(LOOPBACK)) {
        caller.send(request);
        caller.socket().shutdownOutput();
        assertThat(new String(caller.rest(), StandardCharsets.ISO_8859_1))
            .doesNotContain("HTTP", "hello");
      }
      try (Caller caller = http.connect()) {
        assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ");
      }
      assertThat(log.warnings()).isEmpty();
      assertThat(log.all()).noneMatch(it -> it.endsWith(" with an exception"));
    }
  }

  @Test
  void servesOthersWhileSomebodyStallsInTheHandshake() throws IOException {
    try (Caller silent = http.connectPlain(LOOPBACK);
        Caller half = http.connectPlain(LOOPBACK)) {
      half.socket().getOutputStream().write(clientHello(3), 0, 20);
      assertThat(silent.socket().isConnected()).isTrue();
      try (Caller caller = http.connect()) {
        assertThat(caller.get("/hello")).startsWith("HTTP/1.1 200 ");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {70_000, 1_000_000})
  void refusesHeadersThatAreTooLarge(int size) throws IOException {
    try (Caller caller = http.connect()) {
      String answer = caller.get("/hello", "X-Large: " + "x".repeat(size));
      assertThat(answer)
          .startsWith("HTTP/1.1 431 ")
          .contains("The request's headers have more than 65536 bytes.");
      assertThat(caller.rest()).isEmpty();
    }
  }

  @Test
  void refusesARequestLineThatIsTooLong() throws IOException {
    try (Caller caller = http.connect()) {
      assertThat(caller.get("/hello?" + "x".repeat(20_000))).startsWith("HTTP/1.1 414 ");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1_048_577, 5_000_000})
  void refusesABodyThatIsTooLarge(int size) throws IOException {
    try (Caller caller = http.connect()) {
      caller.send(
          "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: "
              + size
              + "\r\n\r\n"
              + "x".repeat(size));
      assertThat(caller.answer()).startsWith("HTTP/1.1 413 ");
      assertThat(caller.rest()).isEmpty();
    }
    try (Caller caller = http.connect()) {
      caller.send(
          "POST /body HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
              + Integer.toHexString(size)
              + "\r\n"
              + "x".repeat(size)
              + "\r\n0\r\n\r\n");
      assertThat(caller.answer()).startsWith("HTTP/1.1 413 ");
    }
  }

  @Test
  void takesABodyOfTheLargestSize() throws IOException {
    try (Caller caller = http.connect()) {
      for (int i = 0; i < 3; i++) {
        caller.send(
            "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n"
                + "x".repeat(1_048_576));
        assertThat(caller.answer()).startsWith("HTTP/1.1 200 ").endsWith("1048576");
      }
    }
  }

  @Test
  void closesWhenAskedTo() throws IOException {
    try (Caller caller = http.connect()) {
      assertThat(caller.get("/hello", "Connection: close")).startsWith("HTTP/1.1 200 ");
      assertThat(caller.rest()).isEmpty();
    }
  }

  @Test
  void endsIdleConnectionsWhenItStops(@TempDir Path own) throws IOException {
    HttpFixture stopping = HttpFixture.tls(CERTIFICATE.write(own));
    try (Caller used = stopping.connect();
        Caller fresh = stopping.connect();
        Caller silent = stopping.connectPlain(LOOPBACK)) {
      assertThat(used.get("/hello")).startsWith("HTTP/1.1 200 ");
      long start = System.nanoTime();
      stopping.close();
      assertThat(System.nanoTime() - start).isLessThan(10_000_000_000L);
      for (Caller caller : List.of(used, fresh, silent)) {
        assertThat(caller.rest()).isEmpty();
      }
    }
  }

  @Test
  void refusesAClientThatTrustsSomebodyElse() {
    assertThatExceptionOfType(SSLException.class)
        .isThrownBy(() -> {
          try (var socket =
              javax.net.ssl.SSLSocketFactory.getDefault()
                  .createSocket(LOOPBACK, http.server().port())) {
            ((SSLSocket) socket).startHandshake();
          }
        });
  }

  /** The first message of a client whose highest version is 3.{@code minor} (RFC 5246 §7.4.1.2). */
  private static byte[] clientHello(int minor) throws IOException {
    byte[] extensions = {
      0, 10, 0, 4, 0, 2, 0, 23, // supported_groups: secp256r1
      0, 11, 0, 2, 1, 0, // ec_point_formats: uncompressed
      0, 13, 0, 6, 0, 4, 4, 1, 8, 4, // signature_algorithms: RSA with SHA-256, PKCS#1 and PSS
    };
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(body);
    out.write(new byte[] {3, (byte) minor});
    out.write(new byte[32]);
    out.write(0);
    out.writeShort(4);
    out.write(new byte[] {(byte) 0xc0, 0x2f, (byte) 0xc0, 0x13}); // ECDHE with RSA: GCM, CBC
    out.write(new byte[] {1, 0});
    out.writeShort(extensions.length);
    out.write(extensions);
    ByteArrayOutputStream record = new ByteArrayOutputStream();
    DataOutputStream all = new DataOutputStream(record);
    all.write(new byte[] {22, 3, (byte) Math.min(minor, 1)});
    all.writeShort(body.size() + 4);
    all.writeInt(1 << 24 | body.size());
    body.writeTo(all);
    return record.toByteArray();
  }
}

package no.portvakt.interop;

import static no.portvakt.interop.Platform.JWT_BEARER;
import static no.portvakt.interop.Platform.READ;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import no.portvakt.interop.Platform.Client;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests byte for byte as clients send them that can't run here, and a few that none should. */
@ExtendWith(SharedPlatform.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class WireTest {
  private static final String FORM = "Content-Type: application/x-www-form-urlencoded";
  private static final String ENCODED = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";

  private final Platform platform;
  private final Client client;

  WireTest(Platform platform) {
    this.platform = platform;
    this.client = platform.newClient(READ);
  }

  /** An answer from a socket that was read to its end. */
  private record Answer(int status, String headers, String body) {}

  // The client of KS: raw colons, a header Charset, and offers of compression.
  @Test
  void takesTheRequestOfKs() throws IOException {
    Answer answer =
        post(
            FORM
                + "\r\nCharset: UTF-8\r\nAccept-Encoding: gzip, deflate, x-gzip"
                + "\r\nUser-Agent: Apache-HttpClient/5.6 (Java/25)",
            "grant_type=" + JWT_BEARER + "&assertion=" + assertion());
    assertGranted(answer);
    assertThat(answer.headers).doesNotContainIgnoringCase("content-encoding");
  }

  @ParameterizedTest
  @ValueSource(strings = {"; charset=UTF-8", ";charset=utf-8", "; charset=\"utf-8\"", ";"})
  void takesTheMediaTypeWithItsCharset(String parameters) throws IOException {
    assertGranted(post(FORM + parameters, "assertion=" + assertion() + "&grant_type=" + ENCODED));
  }

  // Cookies of a firewall before the real service come back from clients that keep them.
  @Test
  void takesHeadersInAnyCaseAndCookies() throws IOException {
    assertGranted(
        post(
            FORM.toLowerCase(java.util.Locale.ROOT)
                + "\r\ncookie: dtCookie=v_4; BIGip=1\r\naccept: application/json, */*",
            "grant_type=" + ENCODED + "&assertion=" + assertion()));
  }

  @Test
  void takesABodyInChunks() throws IOException {
    String body = "grant_type=" + ENCODED + "&assertion=" + assertion();
    String chunks =
        "a\r\n"
            + body.substring(0, 10)
            + "\r\n"
            + Integer.toHexString(body.length() - 10)
            + "\r\n"
            + body.substring(10)
            + "\r\n0\r\n\r\n";
    assertGranted(send("POST", FORM + "\r\nTransfer-Encoding: chunked", chunks));
  }

  // Java's own client asks for HTTP/2 on every first request over plain HTTP.
  @Test
  void takesARequestThatOffersHttp2() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(platform.tokenEndpoint())
            .timeout(Duration.ofSeconds(30))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString("grant_type=" + ENCODED + "&assertion=" + assertion()))
            .build();
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_2).build()) {
      HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }
  }

  @Test
  void takesARequestThatWaitsToBeAsked() throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(platform.tokenEndpoint())
            .timeout(Duration.ofSeconds(30))
            .expectContinue(true)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(BodyPublishers.ofString("grant_type=" + ENCODED + "&assertion=" + assertion()))
            .build();
    try (HttpClient http = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build()) {
      HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
      assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    }
  }

  // Altinn's operator, in Go: both parameters in the query string, nothing in the body.
  @Test
  void takesTheRequestOfAltinnsOperator() throws IOException {
    String query = "?assertion=" + assertion() + "&grant_type=" + ENCODED;
    assertGranted(send("POST", query, FORM + "\r\nContent-Length: 0", ""));
    query = "?assertion=" + assertion() + "&grant_type=" + ENCODED;
    assertGranted(send("POST", query, FORM + "\r\nTransfer-Encoding: chunked", "0\r\n\r\n"));
  }

  @Test
  void refusesParametersInTheQueryStringAndInTheBody() throws IOException {
    String parameters = "assertion=" + assertion() + "&grant_type=" + ENCODED;
    for (String body : new String[] {parameters, "grant_type=" + ENCODED, "x=y"}) {
      String length = "\r\nContent-Length: " + body.length();
      Answer answer = send("POST", "?" + parameters, FORM + length, body);
      assertThat(answer.status).as(answer.body).isEqualTo(400);
      assertThat(answer.body).contains("invalid_request").doesNotContain("access_token");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/maskinporten/.well-known/oauth-authorization-server",
        "/maskinporten/.well-known/oauth-authorization-server/",
        "/.well-known/oauth-authorization-server/maskinporten",
        "/.well-known/oauth-authorization-server/maskinporten/"
      })
  void publishesMetadataAtEachAddressThatIsInUse(String path) {
    HttpResponse<String> answer =
        platform.send(HttpRequest.newBuilder(URI.create(platform.base() + path)));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(Platform.json(answer.body())).containsEntry("issuer", platform.maskinporten());
  }

  @Test
  void refusesAGrantByGet() throws IOException {
    Answer answer = send("GET", FORM + "\r\nContent-Length: 0", "");
    assertThat(answer.status).isEqualTo(405);
    assertThat(answer.headers).contains("Allow: POST");
  }

  // A page of the old documentation showed the parameters as JSON.
  @Test
  void refusesAGrantInJson() throws IOException {
    String json = "{\"grant_type\":\"" + JWT_BEARER + "\",\"assertion\":\"" + assertion() + "\"}";
    assertThat(post("Content-Type: application/json", json).status).isEqualTo(400);
    assertThat(post(FORM, json).status).isEqualTo(400);
  }

  @Test
  void refusesTheMisspeltMediaType() throws IOException {
    String body = "grant_type=" + ENCODED + "&assertion=" + assertion();
    assertThat(post("Content-Type: application/x-form-urlencoded", body).status).isEqualTo(400);
  }

  @Test
  void refusesABodyWithTwoLengths() throws IOException {
    String body = "grant_type=" + ENCODED + "&assertion=" + assertion();
    Answer answer =
        send("POST", FORM + "\r\nContent-Length: " + body.length() + "\r\nContent-Length: 5", body);
    assertThat(answer.status).isEqualTo(400);
    assertThat(answer.body).doesNotContain("access_token");
  }

  private String assertion() {
    return platform.grant(client, READ, Map.of()).serialize();
  }

  private static void assertGranted(Answer answer) {
    assertThat(answer.status).as(answer.body).isEqualTo(200);
    assertThat(answer.body).contains("\"access_token\"");
  }

  private Answer post(String headers, String body) throws IOException {
    return send("POST", headers + "\r\nContent-Length: " + body.length(), body);
  }

  private Answer send(String method, String headers, String body) throws IOException {
    return send(method, "", headers, body);
  }

  private Answer send(String method, String query, String headers, String body) throws IOException {
    URI endpoint = platform.tokenEndpoint();
    String request =
        method
            + " "
            + endpoint.getPath()
            + query
            + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + headers
            + "\r\n\r\n"
            + body;
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), endpoint.getPort())) {
      socket.setSoTimeout(30_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.getOutputStream().flush();
      String answer =
          new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
      int end = answer.indexOf("\r\n\r\n");
      assertThat(end).as(answer).isPositive();
      return new Answer(
          Integer.parseInt(answer.substring(9, 12)),
          answer.substring(0, end),
          answer.substring(end + 4));
    }
  }
}

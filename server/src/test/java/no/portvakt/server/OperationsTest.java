package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import no.portvakt.server.TestStack.RawAnswer;
import no.portvakt.server.http.HttpServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Health, metrics, limits and answers for addresses that do not exist. */
class OperationsTest {
  private static final String FORM = "application/x-www-form-urlencoded";

  private static TestStack stack;

  @BeforeAll
  static void start() {
    stack = TestStack.start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @Test
  void livesAndIsReady() {
    HttpResponse<String> live = stack.get("/health/live");
    assertThat(live.statusCode()).isEqualTo(200);
    assertThat(TestStack.json(live)).containsEntry("status", "UP");
    HttpResponse<String> ready = stack.get("/health/ready");
    assertThat(ready.statusCode()).isEqualTo(200);
    assertThat(TestStack.json(ready))
        .containsEntry("status", "UP")
        .containsEntry("checks", Map.of("store", "UP", "keys", "UP"));
    assertThat(ready.headers().firstValue("Cache-Control")).contains("no-store");
  }

  @Test
  void isNotReadyWhileTheStoreDoesNotWork(@TempDir Path folder) {
    TestStore store = TestStore.in(folder);
    try (TestStack own = TestStack.start(store.settings())) {
      store.sql("ALTER TABLE audit RENAME TO gone");
      HttpResponse<String> ready = own.get("/health/ready");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(TestStack.json(ready))
          .containsEntry("status", "DOWN")
          .containsEntry("checks", Map.of("store", "DOWN", "keys", "UP"));
      assertThat(own.get("/health/live").statusCode()).isEqualTo(200);
      store.sql("ALTER TABLE gone RENAME TO audit");
      assertThat(own.get("/health/ready").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void countsDecisionsByProviderAndOutcome() {
    try (TestStack own = TestStack.start()) {
      for (int i = 0; i < 3; i++) {
        assertThat(own.exchange(own.forge().compact()).statusCode()).isEqualTo(200);
      }
      ExchangeRefusal.of(own, "a.b.c");
      ExchangeRefusal.of(own, own.forge().without("exp").compact());
      own.exchangeAt("/authentication/api/v1/exchange/feide", "a.b.c");
      own.remote().answerKeysWith(500, "");
      own.clock().advance(Duration.ofDays(2));
      assertThat(own.exchange(own.forge().compact()).statusCode()).isEqualTo(503);
      assertThat(own.adminToken()).isNotEmpty();

      String metrics = own.get("/metrics").body();
      assertThat(metrics)
          .contains(decisions("exchange", "granted", "maskinporten") + " 3.0\n")
          .contains(decisions("exchange", "refused", "maskinporten") + " 2.0\n")
          .contains(decisions("exchange", "failed", "maskinporten") + " 1.0\n")
          .contains(decisions("exchange", "refused", "(unknown)") + " 1.0\n")
          .contains(decisions("maskinporten.token", "granted", "maskinporten") + " 1.0\n")
          .contains(
              "portvakt_request_duration_seconds_count{method=\"GET\","
                  + "route=\"/authentication/api/v1/exchange/{tokenProvider}\",status=\"200\"} 3\n");
    }
  }

  @Test
  void answersMetricsAsOpenMetrics() {
    ExchangeRefusal.of(stack, "a.b.c");
    HttpResponse<String> answer = stack.get("/metrics");
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type"))
        .contains("application/openmetrics-text; version=1.0.0; charset=utf-8");
    assertThat(answer.body()).endsWith("# EOF\n").contains("# TYPE portvakt_decisions counter\n");
    // The ABNF of OpenMetrics: comments, and samples with a name, labels and a number.
    assertThat(answer.body().lines())
        .allSatisfy(line ->
            assertThat(line)
                .matches(
                    "# (EOF|(TYPE|UNIT|HELP) [a-z_]+ .+)"
                        + "|[a-z_]+(\\{[a-z]+=\"[^\"]*\"(,[a-z]+=\"[^\"]*\")*\\})? [-+.0-9A-Za-z]+"));
  }

  @Test
  void tellsTheAgeOfItsKeys() {
    try (TestStack own = TestStack.start()) {
      own.clock().advance(Duration.ofHours(3));
      String metrics = own.get("/metrics").body();
      for (String role : List.of("authentication", "maskinporten")) {
        assertThat(metrics)
            .containsPattern(
                "portvakt_signing_key_age_"
                    + role
                    + "_seconds\\{kid=\"[0-9A-F]{40}\",state=\"active\"\\} 10800(\\.0)?\n");
      }
    }
  }

  @Test
  void letsNoCallerMakeLabels() {
    try (TestStack own = TestStack.start()) {
      for (int i = 0; i < 30; i++) {
        own.send("M" + i, "/health/live", null);
        own.send("M" + i, "/nothing/" + i, null);
        own.get("/nothing/" + i);
        own.get("/authentication/api/v1/exchange/x" + i);
        own.get("/maskinporten/clients/" + i);
      }
      String metrics = own.get("/metrics").body();
      assertThat(metrics).doesNotContain("\"M1", "nothing", "x29", "clients/2");
      assertThat(metrics.lines().filter(it -> it.contains("_count{")).count()).isLessThan(15);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "/nothing", "/health", "/health/", "/health/live/x", "/metrics/x", "//", "*"})
  void answersNotFoundAsAProblem(String path) throws IOException {
    RawAnswer answer = stack.rawGet(path);
    assertThat(answer.status()).isIn(404, 400);
    assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
  }

  @Test
  void echoesNothingOfAnAddressThatDoesNotExist() {
    HttpResponse<String> answer =
        stack.get("/%3Cscript%3Ealert(1)%3C/script%3E?<=>".replace("<=>", "x=%3C"));
    ExchangeRefusal.assertProblem(answer, 404, null);
    assertThat(answer.body()).doesNotContain("script");
  }

  @Test
  void answersAWrongMethodWithTheRightOnes() {
    Map<String, String> allowed =
        Map.of(
            "/health/live",
            "GET, HEAD",
            "/health/ready",
            "GET, HEAD",
            "/metrics",
            "GET, HEAD",
            "/maskinporten/token",
            "POST",
            "/maskinporten/clients",
            "GET, HEAD, POST",
            TestStack.EXCHANGE,
            "GET");
    allowed.forEach((path, methods) -> {
      HttpResponse<String> answer = stack.send("PATCH", path, "");
      ExchangeRefusal.assertProblem(answer, 405, null);
      assertThat(answer.headers().allValues("Allow")).as(path).containsExactly(methods);
    });
  }

  @Test
  void refusesARequestLineThatIsTooLong() throws IOException {
    RawAnswer answer = stack.rawGet("/health/live?" + "x".repeat(20_000));
    assertThat(answer.status()).isEqualTo(414);
    assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
    assertThat(TestStack.json(answer.body())).containsEntry("title", "URI Too Long");
  }

  @ParameterizedTest
  @ValueSource(ints = {70_000, 1_000_000, 1_100_000, 5_000_000})
  void refusesABodyThatIsTooLarge(int size) throws IOException {
    HttpResponse<String> answer =
        stack.post("/maskinporten/token", "a=" + "x".repeat(size), "Content-Type", FORM);
    assertThat(answer.statusCode()).isEqualTo(413);
    // Beyond the limit of the whole platform the engine answers, and knows no protocol.
    assertThat(answer.headers().firstValue("Content-Type"))
        .contains(size <= 1024 * 1024 ? "application/json" : "application/problem+json");
    RawAnswer chunked =
        stack.raw(
            "POST /maskinporten/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                + FORM
                + "\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
                + Integer.toHexString(size)
                + "\r\n"
                + "x".repeat(size)
                + "\r\n0\r\n\r\n");
    assertThat(chunked.status()).isEqualTo(413);
    // The next request on the client's connection is in step.
    assertThat(stack.get("/health/live").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "garbage\r\n\r\n",
        "GET /health/live\r\n\r\n",
        "GET /health/live HTTP/1.1\r\n\r\n",
        "GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /health/live HTTP/1.0\r\nHost: a\r\n\r\n",
        "GET /health/live HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET  /health/live HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /health/live HTTP/1.1\nHost: a\n\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "POST /maskinporten/token HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        "POST /maskinporten/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n",
      })
  void refusesWhatIsNotHttp(String request) throws IOException {
    RawAnswer answer = stack.raw(request);
    assertThat(answer.status()).isIn(400, 501, 505);
    assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
    assertThat(TestStack.json(answer.body())).containsKeys("title", "status", "detail");
  }

  @Test
  void closesTheConnectionWhenAskedTo() throws IOException {
    RawAnswer answer =
        stack.raw("GET /health/live HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers()).containsEntry("connection", "close");
    RawAnswer withBody =
        stack.raw(
            "POST /nothing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                + "Content-Length: 100000\r\n\r\n"
                + "x".repeat(100_000));
    assertThat(withBody.status()).isEqualTo(404);
  }

  @Test
  void answersSeveralRequestsOfOneConnectionInOrder() throws IOException {
    String get = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n";
    RawAnswer first =
        stack.raw(
            "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /"
                + get
                + "\r\n"
                + get
                + "Connection: close\r\n\r\n");
    assertThat(first.status()).isEqualTo(404);
    assertThat(first.body()).contains("HTTP/1.1 200 OK");
    assertThat(first.body().split("HTTP/1.1 200 OK", -1)).hasSize(3);
  }

  @Test
  void refusesAPortThatIsInUse() {
    Settings settings = Settings.development(null, stack.server().port());
    assertThatExceptionOfType(HttpServer.PortInUse.class)
        .isThrownBy(() -> Server.start(settings).close())
        .withMessage(
            "Port "
                + stack.server().port()
                + " is already in use; choose another with --port or the setting listen.port.");
  }

  private static String decisions(String event, String outcome, String provider) {
    return "portvakt_decisions_total{event=\""
        + event
        + "\",outcome=\""
        + outcome
        + "\",provider=\""
        + provider
        + "\"}";
  }
}

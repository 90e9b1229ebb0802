package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The two forms of the answer: the bare token, or a JSON string (contract §1.2). */
class ContentNegotiationTest {
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
  void answersWithBareTextWhenNothingIsAskedFor() throws IOException {
    // Not through a client: java.net.http sends no Accept, but says nothing about it.
    var answer =
        stack.rawGet(TestStack.EXCHANGE, "Authorization: Bearer " + stack.forge().compact());
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers()).containsEntry("content-type", "text/plain; charset=utf-8");
    assertThat(answer.headers())
        .containsEntry("content-length", String.valueOf(answer.body().length()));
    assertThat(answer.body()).matches("eyJ[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*/*",
        "application/json, text/plain, */*",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
        "application/json, */*;q=0.1",
        "text/plain",
        "TEXT/PLAIN",
        "text/plain; charset=utf-8",
        "application/xml",
        "text/html",
        "application/jwt",
        "application/jsonp",
        "application/json-seq",
        "application/jso",
        "json",
        "/",
        ",",
        ";q=1",
        "application/json;q=0",
        "application/json;q=0.5, text/plain",
        "application/json;q=0.5, text/plain;q=0.6",
        "text/plain, application/json;q=0.9",
        "application/json;Q=0.1, text/plain;q=0.5",
        "application/json;q=nonsense, text/plain;q=0.1",
        "application/<script>+json",
      })
  void answersWithBareTextFor(String accept) {
    assertText(stack.exchange(stack.forge().compact(), "Accept", accept));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "application/json | application/json",
        "Application/JSON | application/json",
        "application/json; charset=utf-8 | application/json",
        "application/json;q=0.3 | application/json",
        "application/json;q=0.9, text/plain;q=0.8 | application/json",
        "text/plain;q=0.2, application/json;q=0.7 | application/json",
        "application/xml, application/json | application/json",
        "application/json, text/html | application/json",
        "text/json | text/json",
        "application/hal+json | application/hal+json",
        "application/problem+json | application/problem+json",
        "application/vnd.altinn.token-v1+json | application/vnd.altinn.token-v1+json",
        "application/hal+json;q=0.5, application/json;q=0.4 | application/hal+json",
      })
  void answersWithAJsonStringFor(String accept, String type) {
    assertJson(stack.exchange(stack.forge().compact(), "Accept", accept), type);
  }

  @Test
  void readsSeveralAcceptHeadersAsOneList() {
    String token = stack.forge().compact();
    assertJson(
        stack.exchange(token, "Accept", "application/xml", "Accept", "application/json"),
        "application/json");
    assertJson(
        stack.exchange(token, "Accept", "text/plain;q=0.1", "Accept", "application/json"),
        "application/json");
    assertText(stack.exchange(token, "Accept", "application/json", "Accept", "*/*"));
  }

  @Test
  void givesRefusalsAsProblemsWhateverIsAskedFor() {
    for (String accept : new String[] {"text/plain", "application/json", "text/html", "*/*"}) {
      var answer = stack.get(TestStack.EXCHANGE, "Accept", accept);
      assertThat(answer.statusCode()).isEqualTo(401);
      assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
    }
  }

  @Test
  void survivesAnAcceptHeaderOfManyItems() {
    String many = "application/xml;q=0.1,".repeat(2000) + "application/json";
    assertJson(stack.exchange(stack.forge().compact(), "Accept", many), "application/json");
  }

  private static void assertText(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).contains("text/plain; charset=utf-8");
    assertThat(answer.body()).startsWith("eyJ").doesNotContain("\"", "\n");
  }

  private static void assertJson(HttpResponse<String> answer, String type) {
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type")).contains(type + "; charset=utf-8");
    assertThat(answer.body()).startsWith("\"eyJ").endsWith("\"").doesNotContain("\n");
  }
}

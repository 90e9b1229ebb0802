package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The pages behind {@code error_uri}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ErrorPagesTest {
  private static final String LIST = "/maskinporten/errors";

  private final TestStack stack = TestStack.start();

  @AfterAll
  void stop() {
    stack.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "MP-011", "MP-012", "MP-100", "MP-110", "MP-120", "MP-121", "MP-122", "MP-123", "MP-124",
        "MP-130", "MP-200", "MP-201", "MP-250", "MP-251", "MP-301", "MP-302", "MP-303"
      })
  void hasAPageForEachCode(String code) {
    HttpResponse<String> page = stack.get(LIST + "/" + code, "Accept", "text/html,*/*;q=0.8");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
    assertThat(page.body())
        .contains("<h1>" + code + "</h1>")
        .contains("href=\"" + stack.addresses().maskinportenIssuer() + "errors\"");
    Map<String, ?> members =
        TestStack.json(stack.get(LIST + "/" + code, "Accept", "application/json"));
    assertThat(members.keySet())
        .containsExactlyInAnyOrder(
            "code", "status", "error", "description", "meaning", "remedy", "error_uri");
    assertThat(members.get("error_uri"))
        .isEqualTo(stack.addresses().maskinportenIssuer() + "errors/" + code);
    for (String name : List.of("description", "meaning", "remedy")) {
      String text = String.valueOf(members.get(name));
      assertThat(text).isNotBlank().doesNotContain("%s");
      assertThat(page.body()).contains(text.replace("<", "&lt;"));
    }
  }

  @Test
  void hasThePageThatARefusalNames() {
    String uri = String.valueOf(TestStack.json(stack.requestToken("a.b.c")).get("error_uri"));
    String path = uri.substring(stack.addresses().base().length());
    assertThat(stack.get(path).statusCode()).isEqualTo(200);
    assertThat(stack.send("HEAD", path, null).statusCode()).isEqualTo(200);
  }

  @Test
  void listsAllErrors() {
    HttpResponse<String> page = stack.get(LIST);
    assertThat(page.headers().firstValue("Content-Type")).contains("text/html; charset=utf-8");
    assertThat(page.body()).contains("MP-011").contains("MP-303").contains("(kid)");
    Object errors = TestStack.json(stack.get(LIST, "Accept", "application/json")).get("errors");
    assertThat((List<?>) Objects.requireNonNull(errors)).hasSizeGreaterThan(25);
  }

  @ParameterizedTest
  @ValueSource(strings = {"MP-999", "MP-", "mp-121", "null", "%3Cscript%3E", "UNKNOWN_KEY", "a/b"})
  void hasNothingForOtherCodes(String code) {
    HttpResponse<String> answer = stack.get(LIST + "/" + code);
    assertThat(answer.statusCode()).isEqualTo(404);
    assertThat(answer.body()).doesNotContain("script").doesNotContain("<");
    assertThat(stack.send("POST", LIST + "/MP-121", "").statusCode()).isEqualTo(405);
  }

  @Test
  void hasNoScriptAndLoadsNothing() {
    for (String path : List.of(LIST, LIST + "/MP-110")) {
      HttpResponse<String> page = stack.get(path);
      assertThat(page.headers().firstValue("Content-Security-Policy").orElse(""))
          .startsWith("default-src 'none'");
      assertThat(page.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
      assertThat(page.headers().firstValue("Vary")).contains("Accept");
      assertThat(page.body())
          .doesNotContainIgnoringCase("<script")
          .doesNotContainIgnoringCase("src=")
          .doesNotContainIgnoringCase("style");
    }
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.Map;
import no.portvakt.server.TestStack.RawAnswer;
import org.jspecify.annotations.Nullable;

/** What every refusal of the exchange has in common, whatever it was refused for. */
final class ExchangeRefusal {
  private ExchangeRefusal() {}

  /** Exchanges a token, asserts that it is refused, and returns the sentence for the caller. */
  static String of(TestStack stack, String token) {
    return assertUnauthorized(stack.exchange(token), token);
  }

  /** Asserts all that a 401 promises and returns the sentence for the caller. */
  static String assertUnauthorized(HttpResponse<String> answer, @Nullable String token) {
    String challenge = answer.headers().firstValue("WWW-Authenticate").orElse("(none)");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(401);
    assertThat(challenge).startsWith("Bearer error=\"invalid_token\", error_description=\"");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
    return assertProblem(answer, 401, token);
  }

  /** Asserts a problem document with a decision id and nothing of the token in it. */
  static String assertProblem(HttpResponse<String> answer, int status, @Nullable String token) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
    assertNoEcho(answer.headers().map().toString(), token);
    return assertProblem(status, answer.body(), token);
  }

  /** The same for an answer from a socket. */
  static String assertUnauthorized(RawAnswer answer, @Nullable String token) {
    assertThat(answer.status()).as(answer.body()).isEqualTo(401);
    assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
    assertThat(answer.headers().get("www-authenticate")).startsWith("Bearer");
    return assertProblem(401, answer.body(), token);
  }

  private static String assertProblem(int status, String body, @Nullable String token) {
    Map<String, @Nullable Object> problem = TestStack.json(body);
    assertThat(problem).containsEntry("status", (long) status);
    assertThat(problem).containsKeys("type", "title");
    assertThat((String) problem.get("decision_id")).matches("[0-9a-f]{32}");
    assertThat((String) problem.get("detail")).matches("[A-Z][ -~]{10,}");
    assertNoEcho(body, token);
    return String.valueOf(problem.get("detail"));
  }

  private static void assertNoEcho(String where, @Nullable String token) {
    if (token != null) {
      for (String part : token.split("\\.", -1)) {
        for (int at = 0; at + 12 <= Math.min(part.length(), 2000); at += 12) {
          assertThat(where).doesNotContain(part.substring(at, at + 12));
        }
      }
    }
  }
}

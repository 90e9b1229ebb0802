package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The error answers of the admin API (docs/protocol/maskinporten-admin.md, "Errors"). */
final class AdminRefusal {
  private AdminRefusal() {}

  /** Asserts all that an error answer promises and returns its members. */
  static Map<String, @Nullable Object> of(HttpResponse<String> answer, int status, String error) {
    Map<String, @Nullable Object> body = TestStack.json(answer);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(body.keySet())
        .containsExactly(
            "status", "timestamp", "correlation_id", "errors", "error", "error_description");
    assertThat(body).containsEntry("status", (long) status).containsEntry("error", error);
    assertThat(Instant.parse(String.valueOf(body.get("timestamp"))))
        .isAfterOrEqualTo(TestClock.START);
    assertThat(String.valueOf(body.get("correlation_id"))).matches("[0-9a-f]{32}");
    assertThat(String.valueOf(body.get("error_description"))).isNotBlank();
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
    return body;
  }

  /** Asserts a 400 that names a field and returns what is wrong with it. */
  static String ofField(HttpResponse<String> answer, String object, String field) {
    Map<String, @Nullable Object> body = of(answer, 400, "validation_error");
    assertThat(body.get("errors")).isInstanceOf(List.class);
    List<?> errors = (List<?>) body.get("errors");
    assertThat(errors).as(answer.body()).hasSize(1);
    Map<?, ?> error = (Map<?, ?>) errors.get(0);
    assertThat(error.get("objectName")).isEqualTo(object);
    assertThat(error.get("fieldIdentifier")).as(answer.body()).isEqualTo(field);
    assertThat(error.get("isFieldError")).isEqualTo(true);
    String message = String.valueOf(error.get("errorMessage"));
    assertThat(body).containsEntry("error_description", field + ": " + message);
    return message;
  }
}

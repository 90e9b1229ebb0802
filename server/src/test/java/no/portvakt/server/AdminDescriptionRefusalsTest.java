package no.portvakt.server;

import static no.portvakt.server.AdminCaller.client;
import static no.portvakt.server.AdminCaller.scope;
import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** What the description of the admin API demands is demanded, and refused as it says. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminDescriptionRefusalsTest {
  private static final String SCOPE = "altinn:described/state";

  private final TestStack stack = TestStack.start();
  private final AdminCaller admin = AdminCaller.admin(stack);
  private final AdminDescription description = new AdminDescription(stack);
  private final String id = admin.newClient(Map.of());

  @BeforeAll
  void register() {
    admin.call(201, "POST", "/clients/" + id + "/jwks", keys());
    admin.call(
        201,
        "POST",
        "/clients/" + id + "/onbehalfof",
        Map.of("onbehalfof", "a", "name", "x", "orgno", BRG));
    assertThat(admin.newScope("described/state", Map.of())).isEqualTo(SCOPE);
  }

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void nothingGoesWithoutAParameterThatIsRequired() {
    int left = 0;
    for (String operation : description.operations()) {
      List<String> required = description.requiredInQuery(operation);
      for (String name : required) {
        String query =
            required.stream()
                .filter(Predicate.isEqual(name).negate())
                .map(it -> it + "=x")
                .collect(Collectors.joining("&", "?", ""));
        HttpResponse<String> answer =
            admin.call(
                method(operation),
                path(operation, BRG) + query,
                operation.startsWith("PUT ") ? Map.of() : null);
        assertThat(answer.statusCode()).as(operation + query).isEqualTo(400);
        assertThat(answer.body()).as(operation).contains("\"fieldIdentifier\":\"" + name + "\"");
        description.check(operation, null, answer);
        left++;
      }
    }
    assertThat(left).isGreaterThan(10);
  }

  @Test
  void ifMatchBindsToAStateWhereverItIsDescribed() {
    List<String> conditional =
        description.operations().stream().filter(description::takesIfMatch).toList();
    assertThat(conditional).hasSizeGreaterThan(10);
    for (String operation : conditional) {
      HttpResponse<String> answer =
          admin.call(
              method(operation), path(operation, id), body(operation), "If-Match", "\"another\"");
      assertThat(answer.statusCode()).as("%s %s", operation, answer.body()).isEqualTo(412);
      description.check(operation, null, answer);
    }
    for (String operation : description.operations()) {
      assertThat(description.mayAnswer(operation, 412))
          .as(operation)
          .isEqualTo(conditional.contains(operation));
    }
  }

  @Test
  void noBodyIsTooLongForADescribedAnswer() {
    String body = "\"" + "x".repeat(65_536) + "\"";
    int tooLong = 0;
    for (String operation : description.operations()) {
      if (description.mayAnswer(operation, 413)) {
        HttpResponse<String> answer = admin.call(method(operation), path(operation, id), body);
        assertThat(answer.statusCode()).as(operation).isEqualTo(413);
        description.check(operation, null, answer);
        tooLong++;
      }
    }
    assertThat(tooLong).isEqualTo(19);
  }

  @Test
  void aBodyThatIsNoJsonIsRefusedAsDescribed() {
    int notJson = 0;
    for (String operation : description.operations()) {
      if (description.mayAnswer(operation, 415)) {
        HttpResponse<String> answer =
            stack.send(
                method(operation),
                "/maskinporten" + path(operation, id),
                "{}",
                "Authorization",
                "Bearer " + admin.token(),
                "Content-Type",
                "text/plain");
        assertThat(answer.statusCode()).as(operation).isEqualTo(415);
        description.check(operation, null, answer);
        notJson++;
      }
    }
    assertThat(notJson).isEqualTo(18); // the one key may be PEM
  }

  @Test
  void conflictsAreAnsweredAsDescribed() {
    conflict("POST /scopes", scope("described/state", Map.of()));
    conflict("POST /clients/{id}/secret", null); // it has keys
    conflict("POST /clients/{id}/onbehalfof", Map.of("onbehalfof", "a", "name", "x", "orgno", BRG));
    String gone = admin.newClient(Map.of());
    admin.call(200, "DELETE", "/clients/" + gone, null);
    for (String operation : List.of("POST /clients/{id}/jwks", "POST /api/v2/clients/{id}/key")) {
      HttpResponse<String> answer =
          admin.call(method(operation), path(operation, gone), body(operation));
      assertThat(answer.statusCode()).as(operation).isEqualTo(409);
      description.check(operation, null, answer);
    }
  }

  private void conflict(String operation, @Nullable Object body) {
    HttpResponse<String> answer = admin.call(method(operation), path(operation, id), body);
    assertThat(answer.statusCode()).as("%s %s", operation, answer.body()).isEqualTo(409);
    description.check(operation, null, answer);
  }

  private static Map<String, Object> keys() {
    return Map.of("keys", List.of(AdminKeyVersionsTest.jwk("a")));
  }

  private static @Nullable Object body(String operation) {
    if (operation.startsWith("DELETE ")) {
      return null;
    }
    return operation.endsWith("/jwks")
        ? keys()
        : operation.endsWith("/key")
            ? AdminKeyVersionsTest.jwk("b")
            : operation.endsWith("/scopes") ? Map.of("description", "x") : client(Map.of());
  }

  private static String method(String operation) {
    return operation.split(" ", 2)[0];
  }

  /** The path of an operation on what is registered here, with what stands for its first name. */
  private static String path(String operation, String first) {
    String path =
        operation
            .split(" ", 2)[1]
            .replaceFirst("\\{(id|orgno)}", first)
            .replaceFirst("\\{\\w+}", "a");
    return path.equals("/scopes") && !operation.startsWith("POST ") && !first.equals(BRG)
        ? path + "?scope=" + SCOPE
        : path;
  }
}

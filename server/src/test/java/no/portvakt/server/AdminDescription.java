package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.harrel.jsonschema.Validator;
import dev.harrel.jsonschema.ValidatorFactory;
import dev.harrel.jsonschema.providers.SnakeYamlNode;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/** The description of the admin API that a server gives, and what was held against it. */
final class AdminDescription {
  private final Map<String, @Nullable Object> document;
  private final Map<?, ?> paths;
  private final TreeSet<String> done = new TreeSet<>();

  AdminDescription(TestStack stack) {
    HttpResponse<String> answer = stack.get("/maskinporten/openapi.json");
    assertThat(answer.statusCode()).isEqualTo(200);
    try {
      document = Json.readObject(answer.body().getBytes(StandardCharsets.UTF_8));
    } catch (MalformedJson e) {
      throw new AssertionError(e);
    }
    paths = (Map<?, ?>) Objects.requireNonNull(document.get("paths"));
  }

  /** Every operation, as {@code GET /clients/{id}}. */
  Set<String> operations() {
    TreeSet<String> all = new TreeSet<>();
    paths.forEach((path, item) -> {
      for (Object method : ((Map<?, ?>) item).keySet()) {
        if (!method.equals("servers")) {
          all.add(String.valueOf(method).toUpperCase(Locale.ROOT) + " " + path);
        }
      }
    });
    return all;
  }

  /** The operations that were called and succeeded. */
  Set<String> done() {
    return done;
  }

  /** The scopes of which an operation needs one; none: everybody may call it. */
  List<String> scopes(String operation) {
    List<?> security = (List<?>) Objects.requireNonNull(operation(operation).get("security"));
    return security.stream()
        .map(it -> (List<?>) Objects.requireNonNull(((Map<?, ?>) it).get("bearer")))
        .map(it -> String.valueOf(it.get(0)))
        .toList();
  }

  /** The parameters of the query that an operation can't do without. */
  List<String> requiredInQuery(String operation) {
    return parameters(operation).stream()
        .filter(it -> "query".equals(it.get("in")) && Boolean.TRUE.equals(it.get("required")))
        .map(it -> String.valueOf(it.get("name")))
        .toList();
  }

  /** Whether an operation can be bound to a state. */
  boolean takesIfMatch(String operation) {
    return parameters(operation).stream().anyMatch(it -> "If-Match".equals(it.get("name")));
  }

  /** Whether an operation may answer like this. */
  boolean mayAnswer(String operation, int status) {
    return at(operation(operation), "responses").containsKey(String.valueOf(status));
  }

  private List<Map<?, ?>> parameters(String operation) {
    List<Map<?, ?>> all = new ArrayList<>();
    if (operation(operation).get("parameters") instanceof List<?> parameters) {
      parameters.forEach(it -> all.add(resolved((Map<?, ?>) Objects.requireNonNull(it))));
    }
    return all;
  }

  private Map<?, ?> operation(String name) {
    String[] parts = name.split(" ", 2);
    return at(at(paths, parts[1]), parts[0].toLowerCase(Locale.ROOT));
  }

  /** Holds a call against the description: its JSON body when it succeeded, and its answer. */
  void check(String name, @Nullable String body, HttpResponse<String> answer) {
    check(name, "application/json", body, answer);
  }

  /** Holds a call against the description, with a body of this media type. */
  void check(String name, String bodyType, @Nullable String body, HttpResponse<String> answer) {
    Map<?, ?> operation = operation(name);
    String status = String.valueOf(answer.statusCode());
    Map<?, ?> responses = at(operation, "responses");
    assertThat(responses.containsKey(status)).as("%s answers %s", name, status).isTrue();
    Map<?, ?> response = resolved(at(responses, status));
    if (response.get("content") instanceof Map<?, ?> content) {
      String media = answer.headers().firstValue("Content-Type").orElse("none");
      assertThat(content.containsKey(media)).as("%s answers as %s", name, media).isTrue();
      validate(name + " " + status, at(at(content, media), "schema"), answer.body());
    } else {
      assertThat(answer.body()).as(name).isEmpty();
    }
    if (response.get("headers") instanceof Map<?, ?> headers) {
      headers
          .keySet()
          .forEach(header ->
              assertThat(answer.headers().firstValue(String.valueOf(header))).as(name).isPresent());
    }
    if (answer.statusCode() < 300) {
      done.add(name);
      if (body != null && operation.get("requestBody") instanceof Map<?, ?> request) {
        Map<?, ?> content = at(request, "content");
        boolean json = bodyType.equals("application/json");
        validate(name, at(at(content, bodyType), "schema"), json ? body : Json.write(body));
      }
    }
  }

  private Map<?, ?> resolved(Map<?, ?> item) {
    if (!(item.get("$ref") instanceof String reference)) {
      return item;
    }
    String[] steps = reference.split("/", -1);
    return at(at(at(document, steps[1]), steps[2]), steps[3]);
  }

  private void validate(String what, Map<?, ?> schema, String instance) {
    Map<String, Object> whole = new LinkedHashMap<>();
    whole.put("$schema", "https://json-schema.org/draft/2020-12/schema");
    whole.put("$defs", at(at(document, "components"), "schemas"));
    schema.forEach((name, value) -> whole.put(String.valueOf(name), Objects.requireNonNull(value)));
    String text = Json.write(whole).replace("#/components/schemas/", "#/$defs/");
    Validator.Result result =
        new ValidatorFactory()
            .withJsonNodeFactory(new SnakeYamlNode.Factory())
            .validate(text, instance);
    assertThat(result.isValid())
        .as(
            "%s: %s %s",
            what,
            instance,
            result.getErrors().stream()
                .map(it -> it.getInstanceLocation() + " " + it.getError())
                .toList())
        .isTrue();
  }

  private static Map<?, ?> at(Map<?, ?> map, String name) {
    return (Map<?, ?>) Objects.requireNonNull(map.get(name), name);
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * Calls of the admin API with one token; paths stand below {@code /maskinporten}.
 *
 * @param token what goes into the Authorization header
 */
record AdminCaller(TestStack stack, String token) {
  /** The platform's own admin client. */
  static AdminCaller admin(TestStack stack) {
    return new AdminCaller(stack, stack.adminToken());
  }

  /** A new client of another organisation, which is first granted these scopes of digdir's. */
  static AdminCaller of(TestStack stack, String organisation, String... scopes) {
    return new AdminCaller(stack, MaskinportenClientFixture.tokenOf(stack, organisation, scopes));
  }

  /** The admin client with fewer scopes. */
  static AdminCaller with(TestStack stack, String... scopes) {
    return new AdminCaller(stack, stack.tokenFor(stack.adminClient(), scopes));
  }

  HttpResponse<String> call(String method, String path, @Nullable Object body, String... headers) {
    String[] all = new String[headers.length + 4];
    all[0] = "Authorization";
    all[1] = "Bearer " + token;
    all[2] = "Content-Type";
    all[3] = "application/json";
    System.arraycopy(headers, 0, all, 4, headers.length);
    String text = body == null ? null : body instanceof String it ? it : Json.write(body);
    return stack.send(method, "/maskinporten" + path, text, all);
  }

  /** A call that must be answered with this status; the members of the answer. */
  Map<String, @Nullable Object> call(
      int status, String method, String path, @Nullable Object body, String... headers) {
    HttpResponse<String> answer = call(method, path, body, headers);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    return answer.body().isEmpty() ? Map.of() : TestStack.json(answer);
  }

  /** A call that must be refused like this. */
  void refused(
      int status,
      String error,
      String method,
      String path,
      @Nullable Object body,
      String... headers) {
    AdminRefusal.of(call(method, path, body, headers), status, error);
  }

  /** A call that must be refused for a field; what is wrong with it. */
  String bad(String object, String field, String method, String path, @Nullable Object body) {
    return AdminRefusal.ofField(call(method, path, body), object, field);
  }

  /** The objects in a list. */
  @SuppressWarnings("unchecked") // objects that Json reads have string keys
  List<Map<String, @Nullable Object>> list(String path) {
    HttpResponse<String> answer = call("GET", path, null);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    try {
      return (List<Map<String, @Nullable Object>>)
          Objects.requireNonNull(Json.readValue(answer.body().getBytes(StandardCharsets.UTF_8)));
    } catch (MalformedJson e) {
      throw new AssertionError(answer.body(), e);
    }
  }

  /** Makes a client with these members besides name and description; its id. */
  String newClient(Map<String, ?> members) {
    return text(call(201, "POST", "/clients", client(members)), "client_id");
  }

  /** Makes a scope of digdir's with these members besides the description; its name. */
  String newScope(String subscope, Map<String, ?> members) {
    return text(call(201, "POST", "/scopes", scope(subscope, members)), "name");
  }

  static Map<String, Object> client(Map<String, ?> members) {
    Map<String, Object> body = new HashMap<>();
    body.put("client_name", "test");
    body.put("description", "A test");
    body.putAll(members);
    return body;
  }

  static Map<String, Object> scope(String subscope, Map<String, ?> members) {
    Map<String, Object> body = new HashMap<>();
    body.put("prefix", "altinn");
    body.put("subscope", subscope);
    body.put("description", "A test");
    body.putAll(members);
    return body;
  }

  static String text(Map<String, @Nullable Object> members, String name) {
    return (String) Objects.requireNonNull(members.get(name));
  }

  @Override
  public String toString() {
    return "AdminCaller[]";
  }
}

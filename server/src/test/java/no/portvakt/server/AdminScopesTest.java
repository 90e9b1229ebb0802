package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static org.assertj.core.api.Assertions.assertThat;

import java.math.BigDecimal;
import java.net.URLEncoder;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract §2.6 and §2.7: scopes and accesses. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminScopesTest {
  private static final String SCOPES = "/maskinporten/scopes";

  /** The first documented example, to the letter. */
  private static final String SEED_SCOPE =
      """
      {
          "prefix": "altinn",
          "subscope": "instances/metadata.read",
          "description": "Clients can access metadata for all instances for all apps of the organisation"
      }
      """;

  private final TestStack stack = TestStack.start();
  private final String admin = stack.adminToken();

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void registersTheScopeOfTheSeed() {
    HttpResponse<String> made = stack.admin("POST", SCOPES, admin, SEED_SCOPE);
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    assertThat(made.headers().firstValue("Cache-Control")).contains("no-store");
    Map<String, @Nullable Object> scope = TestStack.json(made);
    assertThat(scope)
        .containsEntry("name", "altinn:instances/metadata.read")
        .containsEntry("prefix", "altinn")
        .containsEntry("subscope", "instances/metadata.read")
        .containsEntry("visibility", "PUBLIC")
        .containsEntry("token_type", "SELF_CONTAINED")
        .containsEntry("at_max_age", 0L)
        .containsEntry("accessible_for_all", false)
        .containsEntry("active", true)
        .containsEntry("owner_orgno", TestStack.DIGDIR)
        .containsEntry("created", TestClock.START.toString())
        .containsEntry("last_updated", TestClock.START.toString());
    assertThat(stack.admin("POST", SCOPES, admin, SEED_SCOPE).statusCode()).isEqualTo(409);
  }

  // The documented example grants another scope than it registers; its reader must register both.
  @Test
  void grantsTheScopeOfTheSeed() {
    String grant = SCOPES + "/access/889640782?scope=altinn:apps.read";
    AdminRefusal.of(stack.admin("PUT", grant, admin, null), 404, "not_found");
    create("apps.read");
    HttpResponse<String> granted = stack.admin("PUT", grant, admin, null);
    assertThat(granted.statusCode()).as(granted.body()).isEqualTo(200);
    assertThat(TestStack.json(granted))
        .containsEntry("scope", "altinn:apps.read")
        .containsEntry("state", "APPROVED")
        .containsEntry("prefix", null)
        .containsEntry("consumer_orgno", "889640782")
        .containsEntry("owner_orgno", TestStack.DIGDIR);
  }

  @Test
  void answersBelowBothBasePaths() {
    String base = "/maskinporten/api/v1/scopes";
    String body = body(Map.of("subscope", "both/paths"));
    assertThat(stack.admin("POST", base, admin, body).statusCode()).isEqualTo(201);
    assertThat(stack.admin("POST", SCOPES, admin, body).statusCode()).isEqualTo(409);
    String grant = "/access/" + BRG + "?scope=altinn:both/paths";
    assertThat(stack.admin("PUT", base + grant, admin, null).statusCode()).isEqualTo(200);
    assertThat(list(SCOPES + "/access?scope=altinn:both/paths")).hasSize(1);
    assertThat(list(base + "?scope=altinn:both/paths")).hasSize(1);
    assertThat(list(base + "/?scope=altinn:both/paths")).hasSize(1);
  }

  @Test
  void listsTheScopesOfTheCallersOrganisation() {
    create("listed/one");
    List<?> all = list(SCOPES);
    assertThat(all)
        .extracting(scope -> String.valueOf(((Map<?, ?>) scope).get("owner_orgno")))
        .containsOnly(TestStack.DIGDIR);
    assertThat(all)
        .extracting(scope -> String.valueOf(((Map<?, ?>) scope).get("name")))
        .contains("altinn:listed/one", "altinn:serviceowner/instances.read");
    assertThat(list(SCOPES + "?scope=altinn:listed/one")).hasSize(1);
    assertThat(list(SCOPES + "?scope=altinn:listed")).isEmpty();
    assertThat(list(SCOPES + "?inactive=true")).isEmpty();
  }

  @Test
  void grantsAgainWithoutAnError() {
    try (TestStack own = TestStack.start()) {
      String path = SCOPES + "/access/" + BRG + "?scope=altinn:serviceowner/instances.read";
      String first = own.admin("PUT", path, own.adminToken(), null).body();
      own.clock().advance(Duration.ofSeconds(5));
      String second = own.admin("PUT", path, own.adminToken(), null).body();
      assertThat(TestStack.json(second))
          .containsEntry("state", "APPROVED")
          .containsEntry("created", TestStack.json(first).get("created"))
          .containsEntry("last_updated", TestClock.START.plusSeconds(5).toString());
    }
  }

  @Test
  void grantsWithABodyThatSaysNothing() {
    create("with/body");
    String path = SCOPES + "/access/" + BRG + "?scope=altinn:with/body";
    for (String body : List.of("", "{}", "x")) {
      assertThat(stack.admin("PUT", path, admin, body).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void keepsTheMembersThatItWasGiven() {
    Map<String, Object> changes = new HashMap<>();
    changes.put("subscope", "kept/members");
    changes.put("visibility", "INTERNAL");
    changes.put("token_type", "OPAQUE");
    changes.put("at_max_age", 86_400);
    changes.put("accessible_for_all", true);
    changes.put("allowed_integration_types", List.of("maskinporten"));
    changes.put("unknown", "ignored");
    HttpResponse<String> made = stack.admin("POST", SCOPES, admin, body(changes));
    changes.remove("unknown");
    changes.put("at_max_age", 86_400L);
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    assertThat(TestStack.json(made)).containsAllEntriesOf(changes).doesNotContainKey("unknown");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "{",
        "[]",
        "null",
        "\"text\"",
        "5",
        "{\"prefix\":\"a\",\"prefix\":\"b\"}",
        "{'prefix':'altinn'}",
        "{}{}",
        "\uFEFF{}"
      })
  void refusesABodyThatIsNoJsonObject(String body) {
    HttpResponse<String> answer = stack.admin("POST", SCOPES, admin, body);
    AdminRefusal.ofField(answer, "Scope", "(body)");
  }

  @Test
  void refusesMembersThatDoNotHold() {
    refuses("prefix", null, 5, "", " ", Map.of(), "a".repeat(65));
    refuses("subscope", null, "", List.of("ab"), "a", "/ab", "a-b", "Instances", "ab.", "ab cd");
    refuses("subscope", "a".repeat(256), "ab\u0000", "ab//cd", "instances.read/");
    refuses("description", null, " ", 5, "a".repeat(1001));
    refuses("visibility", "public", "", 5);
    refuses("token_type", "JWT", "self_contained");
    refuses("at_max_age", -1, 86_401, 1.5, "60", true, Long.MAX_VALUE, new BigDecimal("1e99"));
    refuses("accessible_for_all", "true", 1, List.of());
    refuses("allowed_integration_types", "maskinporten", List.of(5), Map.of(), List.of("web"));
  }

  @Test
  void refusesABodyThatIsTooLarge() {
    HttpResponse<String> huge =
        stack.admin("POST", SCOPES, admin, body(Map.of("description", "a".repeat(70_000))));
    assertThat(huge.statusCode()).isEqualTo(413);
  }

  @Test
  void refusesAPrefixOfNobodyOrOfAnother() {
    for (String prefix : List.of("skatt", "ALTINN", "altinn ", "altinn:x", "991825827")) {
      HttpResponse<String> answer =
          stack.admin(
              "POST", SCOPES, admin, body(Map.of("prefix", prefix, "subscope", "not/ours")));
      AdminRefusal.of(answer, 403, "forbidden");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"974760674", "97476067", "9747606731", "abc", "９７４７６０６７３", "0192:974760673", "-"})
  void refusesAGrantToNoOrganisation(String organisation) {
    String path =
        SCOPES
            + "/access/"
            + URLEncoder.encode(organisation, StandardCharsets.UTF_8)
            + "?scope=altinn:serviceowner/instances.read";
    AdminRefusal.ofField(stack.admin("PUT", path, admin, null), "ScopeAccess", "consumer_orgno");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "?",
        "?scope",
        "?Scope=altinn:apps.read",
        "?x=y",
        "?scope=altinn:serviceowner/instances.read&scope=altinn:serviceowner/instances.read"
      })
  void refusesAGrantThatDoesNotNameOneScope(String query) {
    HttpResponse<String> answer =
        stack.admin("PUT", SCOPES + "/access/" + BRG + query, admin, null);
    if (query.equals("?scope")) {
      AdminRefusal.of(answer, 404, "not_found"); // it names a scope of no length
    } else {
      AdminRefusal.ofField(answer, "ScopeAccess", "scope");
    }
  }

  @Test
  void refusesAccessesToAScopeThatDoesNotExist() {
    for (String scope : List.of("altinn:none", "altinn", "", "x%00", "%ff", "*", "altinn:%25")) {
      AdminRefusal.of(
          stack.admin("PUT", SCOPES + "/access/" + BRG + "?scope=" + scope, admin, null),
          404,
          "not_found");
      AdminRefusal.of(
          stack.admin("GET", SCOPES + "/access?scope=" + scope, admin, null), 404, "not_found");
    }
    AdminRefusal.ofField(
        stack.admin("GET", SCOPES + "/access", admin, null), "ScopeAccess", "scope");
  }

  @Test
  void answersToNoOtherMethod() {
    HttpResponse<String> patch = stack.admin("PATCH", SCOPES, admin, "{}");
    assertThat(patch.statusCode()).isEqualTo(405);
    assertThat(patch.headers().firstValue("Allow")).contains("DELETE, GET, HEAD, POST, PUT");
    assertThat(stack.admin("POST", SCOPES + "/access/" + BRG, admin, "{}").statusCode())
        .isEqualTo(405);
  }

  private void create(String subscope) {
    HttpResponse<String> made =
        stack.admin("POST", SCOPES, admin, body(Map.of("subscope", subscope)));
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
  }

  private List<?> list(String path) {
    HttpResponse<String> answer = stack.admin("GET", path, admin, null);
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    try {
      return (List<?>)
          Objects.requireNonNull(Json.readValue(answer.body().getBytes(StandardCharsets.UTF_8)));
    } catch (MalformedJson e) {
      throw new AssertionError(answer.body(), e);
    }
  }

  private void refuses(String name, @Nullable Object... values) {
    for (Object value : values) {
      Map<String, @Nullable Object> changes = new HashMap<>();
      changes.put(name, value);
      AdminRefusal.ofField(stack.admin("POST", SCOPES, admin, body(changes)), "Scope", name);
    }
  }

  private static String body(Map<String, ? extends @Nullable Object> changes) {
    Map<String, @Nullable Object> body = new HashMap<>();
    body.put("prefix", "altinn");
    body.put("subscope", "test/scope");
    body.put("description", "A test");
    body.putAll(changes);
    return Json.write(body);
  }
}

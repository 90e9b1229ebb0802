package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A client of the local Maskinporten with two scopes and a key, and the answers that its grants can
 * get (docs/protocol/maskinporten-token.md, "Refusals").
 */
final class MaskinportenClientFixture {
  static final String TOKEN = "/maskinporten/token";
  static final String JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  static final String READ = "altinn:serviceowner/instances.read";
  static final String WRITE = "altinn:serviceowner/instances.write";
  static final String BRG = "974760673";
  static final String TTD = "405003309";

  private static final String FAILED = "Invalid assertion. Client authentication failed. ";

  static final Expected INVALID_VALUE =
      invalid("MP-011", "invalid_request", "Invalid assertion. Invalid parameter value");
  static final Expected REPLAYED = invalid("MP-012", "invalid_grant", "Grant is used before");
  static final Expected UNKNOWN_CLIENT =
      invalid("MP-100", "invalid_grant", FAILED + "Client not found");
  static final Expected UNKNOWN_KEY =
      invalid(null, "invalid_grant", FAILED + "Unknown key identifier (kid) for client.");
  static final Expected KEY_REQUIRED =
      invalid(
          null,
          "invalid_grant",
          FAILED
              + "Invalid JWT. The client requires pre-registered jwk and no key identifier (kid)"
              + " provided");
  static final Expected AUDIENCE =
      invalid("MP-110", "invalid_grant", FAILED + "Invalid JWT claim aud.");
  static final Expected CERTIFICATE =
      invalid("MP-120", "invalid_grant", FAILED + "The JWT is signed with an invalid certificate.");
  static final Expected EXPIRED_KEY = invalid("MP-121", "invalid_grant", FAILED + "Expired key.");
  static final Expected ORGANISATION =
      invalid(
          "MP-122",
          "invalid_grant",
          FAILED
              + "Invalid JWT. Invalid organization number for client. Does not match certificate"
              + " orgno");
  static final Expected X5C = invalid("MP-123", "invalid_grant", FAILED + "Invalid JWT header x5c");
  static final Expected SIGNATURE =
      invalid("MP-124", "invalid_grant", FAILED + "Invalid JWT signature.");
  static final Expected EXPIRED = invalid("MP-130", "invalid_grant", FAILED + "JWT has expired.");
  static final Expected ISSUED_IN_FUTURE =
      invalid(null, "invalid_grant", "Invalid assertion. Issue time is in the future.");
  static final Expected TOO_LONG =
      invalid(null, "invalid_grant", "Invalid assertion. JWT has too long lifetime.");
  static final Expected EXPIRES_BEFORE_ISSUED =
      invalid(null, "invalid_grant", "Invalid assertion. JWT expires before it is issued.");
  static final Expected SCOPE =
      invalid("MP-200", "invalid_scope", "Token request contains invalid scopes for client, ");
  static final Expected ACCESS =
      new Expected(
          403, "forbidden", "Consumer has not been granted access to the scope ", "MP-250");
  static final Expected SCOPE_KIND =
      invalid(
          "MP-201",
          "invalid_scope",
          "Token request contains scopes not allowed for maskinporten, ");
  static final Expected CONSUMER =
      invalid(
          null,
          "invalid_request",
          "Validation of JWT claim failed: The combination consumer_org in claim and delegation"
              + " scope on client is invalid");
  static final Expected DETAILS_TYPE =
      invalid("MP-301", "invalid_authorization_details", "Unknown authorization details type");
  static final Expected DETAILS_FORM =
      invalid(
          "MP-302", "invalid_authorization_details", "Unknown fields in the authorization details");
  static final Expected DETAILS_VALUE =
      invalid(
          "MP-303",
          "invalid_altinn_customer_configuration",
          "Invalid authorization details values");
  static final Expected TARGET = invalid(null, "invalid_target", "The resource is not valid");
  static final Expected GRANT_TYPE =
      invalid(null, "unsupported_grant_type", "The grant type is not supported");
  static final Expected REQUEST = invalid(null, "invalid_request", "The request is not valid");
  static final Expected TOO_LARGE =
      new Expected(413, "invalid_request", "The request is too large", null);
  static final Expected UNAVAILABLE =
      new Expected(
          503, "temporarily_unavailable", "A part that the token needs is not available", null);

  /** The refusal of a delegation that was not given. */
  static Expected delegation(String consumer, String scope, String supplier) {
    return new Expected(
        403,
        "forbidden",
        "Consumer %s has not delegated access to the scope %s to supplier %s."
            .formatted(consumer, scope, supplier),
        "MP-251");
  }

  private final TestStack stack;
  private final TestStack.Client client;

  private MaskinportenClientFixture(TestStack stack, TestStack.Client client) {
    this.stack = stack;
    this.client = client;
  }

  /** A refusal as the protocol's page states it; the code is null where there is none. */
  record Expected(int status, String error, String text, @Nullable String code) {}

  /** A new client of digdir with a registered key. */
  static MaskinportenClientFixture of(TestStack stack) {
    return new MaskinportenClientFixture(stack, stack.newClient(READ, WRITE));
  }

  TestStack.Client client() {
    return client;
  }

  /** A good grant for the first scope, ready to be spoilt. */
  TokenForge grant() {
    return stack.grant(client, READ);
  }

  /** Asks for a token, which must be given, and returns its claims. */
  Map<String, @Nullable Object> accepts(TokenForge grant) {
    return claims(stack.requestToken(grant.compact()));
  }

  /** Asks for a token, which must be refused like this, and returns the description. */
  String refuses(Expected expected, TokenForge grant) {
    return refuses(expected, grant.compact());
  }

  /** Sends an assertion, which must be refused like this, and returns the description. */
  String refuses(Expected expected, String assertion) {
    return assertRefused(stack, stack.requestToken(assertion), expected);
  }

  /** The claims of the token in an answer, which must have one. */
  static Map<String, @Nullable Object> claims(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return TestStack.claims(
        (String) Objects.requireNonNull(TestStack.json(answer).get("access_token")));
  }

  /** Asserts all that a refusal promises and returns its description. */
  static String assertRefused(TestStack stack, HttpResponse<String> answer, Expected expected) {
    Map<String, @Nullable Object> body = TestStack.json(answer);
    String description = String.valueOf(body.get("error_description"));
    assertThat(description).startsWith(expected.text());
    assertThat(description).matches("(?s).* \\(trace_id: [0-9a-f]{32}\\)");
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(expected.status());
    assertThat(body.get("error")).as(answer.body()).isEqualTo(expected.error());
    assertThat(body.get("error_uri"))
        .isEqualTo(
            expected.code() == null
                ? null
                : stack.addresses().maskinportenIssuer() + "errors/" + expected.code());
    assertThat(body.keySet()).isSubsetOf(Set.of("error", "error_description", "error_uri"));
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/json");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
    return description;
  }

  /** Makes a client without keys, with changed or added members, and returns its id. */
  static String newClientWithoutKeys(TestStack stack, Map<String, ?> changes) {
    Map<String, Object> body = new HashMap<>();
    body.put("client_name", "test");
    body.put("description", "A test");
    body.put("scopes", List.of(READ));
    body.putAll(changes);
    HttpResponse<String> made =
        stack.admin("POST", "/maskinporten/clients", stack.adminToken(), TestStack.toJson(body));
    assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
    return (String) Objects.requireNonNull(TestStack.json(made).get("client_id"));
  }

  /** A token of another organisation, which is first granted these scopes of digdir's. */
  static String tokenOf(TestStack stack, String organisation, String... scopes) {
    String admin = stack.adminToken();
    for (String scope : scopes) {
      HttpResponse<String> granted =
          stack.admin(
              "PUT",
              "/maskinporten/scopes/access/" + organisation + "?scope=" + scope,
              admin,
              null);
      assertThat(granted.statusCode()).as(granted.body()).isEqualTo(200);
    }
    TestStack.Client client =
        stack.newClient(
            Map.of(
                "client_name",
                "other",
                "description",
                "A test",
                "client_orgno",
                organisation,
                "scopes",
                scopes));
    return stack.tokenFor(client, scopes);
  }

  private static Expected invalid(@Nullable String code, String error, String text) {
    return new Expected(400, error, text, code);
  }
}

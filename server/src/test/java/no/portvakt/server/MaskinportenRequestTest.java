package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.GRANT_TYPE;
import static no.portvakt.server.MaskinportenClientFixture.INVALID_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.JWT_BEARER;
import static no.portvakt.server.MaskinportenClientFixture.REQUEST;
import static no.portvakt.server.MaskinportenClientFixture.TOKEN;
import static no.portvakt.server.MaskinportenClientFixture.TOO_LARGE;
import static no.portvakt.server.MaskinportenClientFixture.assertRefused;
import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import no.portvakt.server.maskinporten.TokenEndpoint;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests to the token endpoint that fail before their grant is looked at. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenRequestTest {
  private static final String FORM = "application/x-www-form-urlencoded";

  private final TestStack stack = TestStack.start();
  private final MaskinportenClientFixture client = MaskinportenClientFixture.of(stack);

  @AfterAll
  void stop() {
    stack.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "PUT", "DELETE", "PATCH", "OPTIONS"})
  void answersToNoOtherMethod(String method) {
    HttpResponse<String> answer =
        stack.send(method, TOKEN + "?" + good(), method.equals("GET") ? null : good());
    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().firstValue("Allow")).contains("POST");
    assertThat(answer.body()).doesNotContain("access_token");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-form-urlencoded",
        "application/x-www-form-urlencoded2",
        "x; application/x-www-form-urlencoded"
      })
  void refusesAnotherMediaType(String contentType) {
    HttpResponse<String> answer = stack.post(TOKEN, good(), "Content-Type", contentType);
    assertThat(assertRefused(stack, answer, REQUEST)).contains(FORM);
  }

  @Test
  void refusesABodyWithoutMediaType() {
    assertRefused(stack, stack.post(TOKEN, good()), REQUEST);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "&", "=", "&&==&", "x=y", "grant_type", "Assertion=x&Grant_type=y"})
  void refusesABodyWithoutTheParameters(String body) {
    assertRefused(stack, post(body), REQUEST);
  }

  @Test
  void refusesAMissingParameter() {
    assertThat(assertRefused(stack, post("grant_type=" + JWT_BEARER), REQUEST))
        .contains("assertion");
    assertThat(assertRefused(stack, post("assertion=" + assertion()), REQUEST))
        .contains("grant_type");
  }

  // RFC 6749 §3.1: parameters must not be included more than once.
  @Test
  void refusesRepeatedParameters() {
    String twice = good() + "&assertion=" + assertion();
    assertThat(assertRefused(stack, post(twice), REQUEST)).contains("assertion");
    assertRefused(stack, post(good() + "&grant_type=" + JWT_BEARER), REQUEST);
    assertRefused(stack, post(good() + "&grant%5ftype=x"), REQUEST);
    assertRefused(stack, post(good() + "&assertion="), REQUEST);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "client_credentials",
        "authorization_code",
        "jwt-bearer",
        "urn:ietf:params:oauth:grant-type:jwt-bearer ",
        "URN:IETF:PARAMS:OAUTH:GRANT-TYPE:JWT-BEARER",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange"
      })
  void refusesAnotherGrantType(String grantType) {
    HttpResponse<String> answer =
        stack.form(TOKEN, "grant_type", grantType, "assertion", assertion());
    assertThat(assertRefused(stack, answer, GRANT_TYPE)).contains(JWT_BEARER);
  }

  @Test
  void acceptsParametersInTheQueryStringWithAnEmptyBody() {
    MaskinportenClientFixture.claims(query(good(), ""));
    String encoded = good().replace(":", "%3A");
    MaskinportenClientFixture.claims(query("x=y&" + encoded, ""));
  }

  @Test
  void refusesParametersInBothPlacesAtOnce() {
    assertThat(assertRefused(stack, query(good(), good()), REQUEST)).contains("must be empty");
    assertRefused(stack, query("assertion=" + assertion(), "grant_type=" + JWT_BEARER), REQUEST);
    assertRefused(stack, query("grant_type=" + JWT_BEARER, "assertion=" + assertion()), REQUEST);
    assertRefused(stack, query("assertion=", good()), REQUEST);
    assertRefused(stack, query(good(), "x=y"), REQUEST);
  }

  @Test
  void refusesAQueryStringThatIsRepeatedIncompleteOrBroken() {
    assertRefused(stack, query(good() + "&assertion=x", ""), REQUEST);
    assertRefused(stack, query("assertion=" + assertion(), ""), REQUEST);
    assertRefused(stack, query("grant_type=" + JWT_BEARER, ""), REQUEST);
    assertRefused(stack, query("grant_type=x&assertion=" + assertion(), ""), GRANT_TYPE);
    assertThat(stack.post(TOKEN + "?" + good(), "", "Content-Type", "text/plain").statusCode())
        .isEqualTo(400);
  }

  // docs/differences.md: query strings end up in the logs of those in front.
  @Test
  void refusesParametersInTheQueryStringWhereTheSettingsSaySo() {
    try (TestStack own =
        TestStack.start(
            TestStack.grants(new TokenEndpoint.Options(120, 10, true, false, false, false)))) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      String parameters = "grant_type=" + JWT_BEARER + "&assertion=" + fixture.grant().compact();
      HttpResponse<String> answer = own.post(TOKEN + "?" + parameters, "", "Content-Type", FORM);
      assertThat(assertRefused(own, answer, REQUEST)).contains("not in the query string");
      assertRefused(
          own, own.post(TOKEN + "?" + parameters, parameters, "Content-Type", FORM), REQUEST);
      MaskinportenClientFixture.claims(own.post(TOKEN, parameters, "Content-Type", FORM));
    }
  }

  @Test
  void acceptsTheMisspeltMediaTypeOnlyWhereTheSettingsSaySo() {
    try (TestStack own =
        TestStack.start(
            TestStack.grants(new TokenEndpoint.Options(120, 10, true, true, true, false)))) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      String parameters = "grant_type=" + JWT_BEARER + "&assertion=" + fixture.grant().compact();
      assertRefused(own, own.post(TOKEN, parameters, "Content-Type", "application/json"), REQUEST);
      assertRefused(
          own, own.post(TOKEN, parameters, "Content-Type", "application/x-form"), REQUEST);
      MaskinportenClientFixture.claims(
          own.post(TOKEN, parameters, "Content-Type", "application/x-form-urlencoded"));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"%", "%4", "%zz", "a%u0041"})
  void refusesBrokenEscapes(String broken) {
    HttpResponse<String> answer = post("grant_type=" + JWT_BEARER + "&assertion=" + broken);
    assertThat(assertRefused(stack, answer, REQUEST)).contains("encoded");
    assertThat(answer.body()).doesNotContain(broken + "\"");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "%00", "%ff%fe", "%ed%a0%80", "+", "%0d%0a", "..", "%2e%2e"})
  void refusesOddBytesAsAMalformedAssertion(String assertion) {
    assertRefused(
        stack, post("grant_type=" + JWT_BEARER + "&assertion=" + assertion), INVALID_VALUE);
  }

  @Test
  void refusesAnAssertionThatIsTooLong() {
    String padded = client.grant().header("x", "x".repeat(12_500)).compact();
    assertThat(padded.length()).isGreaterThan(16 * 1024);
    client.refuses(INVALID_VALUE, padded);
    client.refuses(INVALID_VALUE, "a".repeat(60_000));
    String fits = client.grant().header("x", "x".repeat(11_400)).compact();
    assertThat(fits.length()).isBetween(15 * 1024, 16 * 1024);
    assertThat(stack.requestToken(fits).statusCode()).isEqualTo(200);
  }

  @Test
  void refusesABodyThatIsTooLarge() {
    HttpResponse<String> answer = post(good() + "&x=" + "x".repeat(70_000));
    assertRefused(stack, answer, TOO_LARGE);
    // Beyond the limit of the whole platform nobody asks what address it was for.
    assertThat(post("a=" + "x".repeat(2_000_000)).statusCode()).isEqualTo(413);
  }

  @Test
  void refusesTooManyParameters() {
    StringBuilder many = new StringBuilder(good());
    for (int i = 0; i < 200; i++) {
      many.append("&p").append(i).append('=');
    }
    assertThat(assertRefused(stack, post(many.toString()), REQUEST)).contains("100 parameters");
  }

  private HttpResponse<String> query(String query, String body) {
    return stack.post(TOKEN + "?" + query, body, "Content-Type", FORM);
  }

  private String good() {
    return "grant_type=" + JWT_BEARER + "&assertion=" + assertion();
  }

  private String assertion() {
    return client.grant().compact();
  }

  private HttpResponse<String> post(String body) {
    return stack.post(TOKEN, body, "Content-Type", FORM);
  }
}

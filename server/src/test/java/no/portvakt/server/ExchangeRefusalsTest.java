package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.List;
import no.portvakt.server.TestStack.RawAnswer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests that are refused before any token is looked into. */
class ExchangeRefusalsTest {
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
  void refusesARequestWithoutCredentialsWithABareChallenge() {
    HttpResponse<String> answer = stack.get(TestStack.EXCHANGE);
    ExchangeRefusal.assertProblem(answer, 401, null);
    // RFC 6750 §3.1: no error code when there were no credentials at all.
    assertThat(answer.headers().allValues("WWW-Authenticate")).containsExactly("Bearer");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Basic dXNlcjpwYXNz",
        "Digest username=x",
        "Token eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "Bearer",
        "Bearer ",
        "Bearer  \t ",
        "Bearer:eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "Bearer\teyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "BearereyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "DPoP eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "Basic dXNlcjpwYXNz, Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln",
        "",
      })
  void refusesAnotherScheme(String header) throws IOException {
    RawAnswer answer = stack.rawGet(TestStack.EXCHANGE, "Authorization: " + header);
    String sentence = ExchangeRefusal.assertUnauthorized(answer, header);
    assertThat(sentence).startsWith("The Authorization header ");
    assertThat(answer.headers().get("www-authenticate")).contains("error=\"invalid_request\"");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"Bearer", "Basic", "authorization: Bearer", "AUTHORIZATION: Basic", "bearer"})
  void refusesTwoAuthorizationHeaders(String second) throws IOException {
    String good = stack.forge().compact();
    String other =
        second.contains(":") ? second + " " + good : "Authorization: " + second + " " + good;
    for (List<String> lines :
        List.of(
            List.of("Authorization: Bearer " + good, other),
            List.of(other, "Authorization: Bearer " + good))) {
      RawAnswer answer = stack.rawGet(TestStack.EXCHANGE, lines.toArray(String[]::new));
      assertThat(ExchangeRefusal.assertUnauthorized(answer, good))
          .isEqualTo("The request has more than one Authorization header.");
    }
  }

  @Test
  void refusesTheSameHeaderTwice() throws IOException {
    String line = "Authorization: Bearer " + stack.forge().compact();
    String token = line.substring(22);
    ExchangeRefusal.assertUnauthorized(stack.rawGet(TestStack.EXCHANGE, line, line), token);
  }

  @Test
  void refusesTwoTokensInOneHeader() throws IOException {
    String good = stack.forge().compact();
    for (String between : List.of(",", ", ", " ", ", Bearer ")) {
      ExchangeRefusal.assertUnauthorized(
          stack.rawGet(TestStack.EXCHANGE, "Authorization: Bearer " + good + between + good), good);
    }
  }

  @Test
  void saysThatTheHeaderIsMisspelt() throws IOException {
    String good = stack.forge().compact();
    RawAnswer answer = stack.rawGet(TestStack.EXCHANGE, "Autorization: Bearer " + good);
    assertThat(ExchangeRefusal.assertUnauthorized(answer, good))
        .isEqualTo(
            "The request has a header Autorization; the name of the header is Authorization.");
  }

  @Test
  void takesNoTokenFromAnywhereElse() throws IOException {
    String good = stack.forge().compact();
    ExchangeRefusal.assertUnauthorized(
        stack.rawGet(TestStack.EXCHANGE + "?access_token=" + good), good);
    for (String header :
        List.of("Cookie: AltinnStudioRuntime=", "Proxy-Authorization: Bearer ", "Token: ")) {
      ExchangeRefusal.assertUnauthorized(stack.rawGet(TestStack.EXCHANGE, header + good), good);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "?test=",
        "?test",
        "?test=1",
        "?test=yes",
        "?test=truee",
        "?test=true,false",
        "?test=null",
        "?test=%00",
        "?a=b&test=0",
        "?test=t%C3%A6ue"
      })
  void refusesATestParameterThatIsNoTruthValue(String query) {
    for (String path : List.of(TestStack.EXCHANGE, "/authentication/api/v1/exchange/feide")) {
      // Before anything else, even the bearer check: with a good token and without any.
      ExchangeRefusal.assertProblem(stack.get(path + query), 400, null);
      HttpResponse<String> answer = stack.exchangeAt(path + query, stack.forge().compact());
      ExchangeRefusal.assertProblem(answer, 400, null);
      assertThat(String.valueOf(TestStack.json(answer).get("errors"))).startsWith("{test=");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "feide",
        "openid",
        "maskinportenx",
        "xmaskinporten",
        "id-portenx",
        "m%00",
        "%F0%9F%98%80",
        "MASK%C4%B0NPORTEN",
        "maskinporten%20"
      })
  void refusesAnUnknownProvider(String provider) {
    String path = "/authentication/api/v1/exchange/" + provider;
    HttpResponse<String> answer = stack.exchangeAt(path, stack.forge().compact());
    assertThat(answer.statusCode()).as(answer.body()).isBetween(400, 404);
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
    assertThat(answer.body()).doesNotContain(provider);
  }

  @Test
  void namesTheProvidersToWhoeverAsksForAnother() {
    HttpResponse<String> answer =
        stack.exchangeAt("/authentication/api/v1/exchange/feide", stack.forge().compact());
    ExchangeRefusal.assertProblem(answer, 400, null);
    assertThat(TestStack.json(answer)).containsEntry("token_providers", List.of("maskinporten"));
  }

  @Test
  void asksForATokenBeforeItLooksAtTheProvider() {
    ExchangeRefusal.assertProblem(stack.get("/authentication/api/v1/exchange/feide"), 401, null);
    ExchangeRefusal.assertUnauthorized(
        stack.exchangeAt("/authentication/api/v1/exchange/feide", "a.b"), "a.b");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "BREW"})
  void refusesOtherMethods(String method) {
    HttpResponse<String> answer =
        stack.send(
            method, TestStack.EXCHANGE, null, "Authorization", "Bearer " + stack.forge().compact());
    assertThat(answer.statusCode()).isEqualTo(405);
    assertThat(answer.headers().allValues("Allow")).containsExactly("GET");
    assertThat(answer.body()).doesNotContain("eyJ");
    assertThat(answer.headers().firstValue("Content-Type")).contains("application/problem+json");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/authentication/api/v1/exchange",
        "/authentication/api/v1/exchange/",
        "/authentication/api/v1/exchange//",
        "/authentication/api/v1/exchange/maskinporten/x",
        "/authentication/api/v1/exchange/maskinporten/..",
        "/exchange/maskinporten",
        "/authentication/api/v2/exchange/maskinporten",
      })
  void findsNothingAtAddressesNearby(String path) throws IOException {
    RawAnswer answer = stack.rawGet(path, "Authorization: Bearer " + stack.forge().compact());
    assertThat(answer.status()).isEqualTo(404);
    assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/authentication/api/v1/exchange/%zz",
        "/authentication/api/v1/exchange/%",
        "/authentication/api/v1/exchange/maskinporten?test=%zz",
        "/authentication/api/v1/exchange/maskinporten?%=true",
      })
  void refusesAnAddressThatIsNotProperlyEncoded(String path) throws IOException {
    RawAnswer answer = stack.rawGet(path, "Authorization: Bearer " + stack.forge().compact());
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a\u0000b", "\u0000", "a\u0007b.c.d", "a\u007f.b.c"})
  void refusesControlCharactersInTheHeader(String token) throws IOException {
    RawAnswer answer = stack.rawGet(TestStack.EXCHANGE, "Authorization: Bearer " + token);
    // RFC 9110 §5.5: such a header is invalid or, with blanks instead, no token.
    assertThat(answer.status()).isIn(400, 401);
    assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\u00c3\u00a6.b.c", "\u00ff\u00fe.\u0080.c", "a.b.\u00c3", "\u00a0"})
  void refusesBytesBeyondAsciiInTheHeader(String token) throws IOException {
    ExchangeRefusal.assertUnauthorized(
        stack.rawGet(TestStack.EXCHANGE, "Authorization: Bearer " + token), null);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Authorization:\r\n Bearer a.b.c",
        "Authorization : Bearer a.b.c",
        "Authorization",
        "Authorization: Bearer a\nX: y",
        "Host: other",
        "Content-Length: -1",
        "Content-Length: 1\r\nContent-Length: 2",
        "Transfer-Encoding: chunked\r\nContent-Length: 3"
      })
  void refusesHeadersThatAreNotHttp(String lines) throws IOException {
    RawAnswer answer = stack.rawGet(TestStack.EXCHANGE, lines);
    assertThat(answer.status()).isEqualTo(400);
    assertThat(answer.headers()).containsEntry("content-type", "application/problem+json");
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which tokens of Maskinporten are exchanged, and how a caller may ask. */
class ExchangeTest {
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
  void exchangesATokenOfTheLocalMaskinporten() {
    String proof = stack.maskinportenToken("altinn:serviceowner/instances.read");
    Map<String, @Nullable Object> claims = granted(stack.exchange(proof));
    assertThat(claims)
        .containsEntry("iss", stack.addresses().platformIssuer())
        .containsEntry("scope", "altinn:serviceowner/instances.read")
        .containsEntry("org", "digdir")
        .containsEntry("urn:altinn:orgNumber", "991825827");
  }

  @Test
  void exchangesATokenOfATrustedRemoteMaskinporten() {
    assertThat(granted(stack.exchange(stack.forge().compact())))
        .containsEntry("iss", stack.addresses().platformIssuer())
        .containsEntry("client_id", "a-client-of-digdir");
  }

  @ParameterizedTest
  @ValueSource(strings = {"RS256", "RS384", "RS512"})
  void acceptsTheAlgorithmsOfMaskinporten(String algorithm) {
    granted(stack.exchange(stack.forge().header("alg", algorithm).compact()));
  }

  @Test
  void acceptsACertificateHeaderThatIsAString() {
    granted(stack.exchange(stack.forge().header("x5c", "MIIB").compact()));
    granted(stack.exchange(stack.forge().header("x5c", List.of("MIIB")).compact()));
    granted(stack.exchange(stack.forge().header("typ", "JWT").header("cty", "x").compact()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/authentication/api/v1/exchange/Maskinporten",
        "/authentication/api/v1/exchange/MASKINPORTEN",
        "/Authentication/API/v1/Exchange/maskinporten",
        "/authentication/api/v1/exchange/maskinporten/",
        "/authentication/api/v1/exchange/maskinporten?test=false",
        "/authentication/api/v1/exchange/maskinporten?test=TRUE",
        "/authentication/api/v1/exchange/maskinporten?test=%20true%20",
        "/authentication/api/v1/exchange/maskinporten?test=+False",
        "/authentication/api/v1/exchange/maskinporten?other=1",
        "/authentication/api/v1/exchange/maskinporten?",
        "/authentication/api/v1/exchange/%6daskinporten",
      })
  void findsTheProviderHoweverTheAddressIsSpelt(String path) {
    granted(stack.exchangeAt(path, stack.forge().compact()));
  }

  @ParameterizedTest
  @ValueSource(strings = {"Bearer ", "bearer ", "BEARER ", "Bearer    "})
  void readsTheSchemeWithoutRegardToCase(String scheme) throws IOException {
    String token = stack.forge().compact();
    var answer = stack.rawGet(TestStack.EXCHANGE, "Authorization: " + scheme + token + "  ");
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
  }

  @Test
  void readsTheHeaderNameWithoutRegardToCase() throws IOException {
    var answer =
        stack.rawGet(TestStack.EXCHANGE, "aUTHORIZATION: Bearer " + stack.forge().compact());
    assertThat(answer.status()).isEqualTo(200);
  }

  @Test
  void toleratesABodyAndTheHeadersOfTheGateway() {
    HttpResponse<String> answer =
        stack.send(
            "GET",
            TestStack.EXCHANGE,
            "{\"a\":1}",
            "Authorization",
            "Bearer " + stack.forge().compact(),
            "Content-Type",
            "application/json",
            "Ocp-Apim-Subscription-Key",
            "00000000000000000000000000000000",
            "ApiKey",
            "1",
            "Cookie",
            "AltinnStudioRuntime=eyJ.eyJ.x");
    granted(answer);
    // The connection is still in step after a body that nobody read.
    granted(stack.exchange(stack.forge().compact()));
  }

  @Test
  void answersAClientThatOffersHttp2() throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      HttpRequest request =
          HttpRequest.newBuilder(stack.uri(TestStack.EXCHANGE))
              .header("Authorization", "Bearer " + stack.forge().compact())
              .build();
      granted(client.send(request, BodyHandlers.ofString()));
      granted(client.send(request, BodyHandlers.ofString()));
    }
  }

  @Test
  void forbidsCachesToKeepTheToken() {
    HttpResponse<String> answer = stack.exchange(stack.forge().compact());
    assertThat(answer.headers().allValues("Cache-Control")).containsExactly("no-store");
  }

  @ParameterizedTest
  @CsvSource({"exp,-10", "exp,-1", "exp,100000000", "nbf,10", "nbf,-5000", "iat,5000"})
  void acceptsTimesWithinTenSeconds(String claim, long seconds) {
    granted(
        stack.exchange(stack.forge().claim(claim, stack.clock().seconds() + seconds).compact()));
  }

  @Test
  void acceptsFractionsOfSeconds() {
    long now = stack.clock().seconds();
    granted(
        stack.exchange(
            stack.forge().jsonClaim("exp", now + ".75").jsonClaim("nbf", now + ".5").compact()));
  }

  @Test
  void acceptsATokenWithoutNotBeforeIssuedAtScopeOrId() {
    Map<String, @Nullable Object> claims =
        granted(
            stack.exchange(stack.forge().without("iat").without("scope").without("jti").compact()));
    assertThat(claims).doesNotContainKey("scope").doesNotContainKey("org").containsKey("jti");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0192:991825827",
        "9908:991825827",
        "0192:991825827:ER//987464291:1",
        "0192:991825827:"
      })
  void acceptsAConsumerOfTheRegisterOfOrganisations(String id) {
    Map<String, String> consumer = Map.of("authority", "iso6523-actorid-upis", "ID", id);
    Map<String, @Nullable Object> claims =
        granted(stack.exchange(stack.forge().claim("consumer", consumer).compact()));
    assertThat(claims).containsEntry("orgNumber", 991825827L);
    assertThat(claims.get("consumer")).isEqualTo(consumer);
  }

  @Test
  void acceptsAClientNumberThatAgreesWithTheConsumer() {
    granted(stack.exchange(stack.forge().claim("client_orgno", "991825827").compact()));
    granted(stack.exchange(stack.forge().claim("client_orgno", 991825827L).compact()));
  }

  @Test
  void speaksForTheConsumerWhenASupplierActsForIt() {
    Map<String, @Nullable Object> claims =
        granted(
            stack.exchange(
                stack
                    .forge("altinn:serviceowner/instances.read")
                    .claim("client_orgno", "974760673")
                    .jsonClaim(
                        "supplier",
                        "{\"authority\":\"iso6523-actorid-upis\",\"ID\":\"0192:974760673\"}")
                    .compact()));
    assertThat(claims).containsEntry("orgNumber", 991825827L).containsEntry("org", "digdir");
    assertThat(claims.get("supplier"))
        .isEqualTo(Map.of("authority", "iso6523-actorid-upis", "ID", "0192:974760673"));
  }

  @Test
  void ignoresAnEmptyEnterpriseUserHeader() throws IOException {
    for (String line :
        List.of(
            "X-Altinn-EnterpriseUser-Authentication:",
            "X-Altinn-EnterpriseUser-Authentication:   ",
            "x-altinn-enterpriseuser-authentication: ")) {
      var answer =
          stack.rawGet(
              TestStack.EXCHANGE, "Authorization: Bearer " + stack.forge().compact(), line);
      assertThat(answer.status()).as(line).isEqualTo(200);
    }
  }

  @Test
  void saysThatEnterpriseUsersAreGone() {
    HttpResponse<String> answer =
        stack.exchange(
            stack.forge().compact(), "X-Altinn-EnterpriseUser-Authentication", "dXNlcjpwYXNz");
    ExchangeRefusal.assertProblem(answer, 410, "dXNlcjpwYXNz");
    assertThat(TestStack.json(answer))
        .containsEntry("type", "https://docs.altinn.studio")
        .containsEntry("title", "Virksomhetsbruker is no longer available");
    assertThat(answer.headers().firstValue("Cache-Control")).contains("no-store");
  }

  @Test
  void findsAnEnterpriseUserInTheSecondOfTwoHeaders() throws IOException {
    var answer =
        stack.rawGet(
            TestStack.EXCHANGE,
            "Authorization: Bearer " + stack.forge().compact(),
            "X-Altinn-EnterpriseUser-Authentication:",
            "X-Altinn-EnterpriseUser-Authentication: dXNlcjpwYXNz");
    assertThat(answer.status()).isEqualTo(410);
  }

  @Test
  void saysNothingOfEnterpriseUsersBeforeTheTokenHolds() {
    RSAKey stranger = RemoteIssuer.newKey();
    for (String bad :
        List.of(
            "a.b.c",
            stack.forge().signedWith(stranger).compact(),
            stack.forge().claim("exp", stack.clock().seconds() - 11).compact(),
            stack.forge().without("consumer").compact())) {
      HttpResponse<String> answer =
          stack.exchange(bad, "X-Altinn-EnterpriseUser-Authentication", "dXNlcjpwYXNz");
      ExchangeRefusal.assertUnauthorized(answer, bad);
    }
  }

  @Test
  void acceptsAProofUntilItHasExpired() {
    try (TestStack own = TestStack.start()) {
      String proof = own.forge().compact();
      own.clock().advance(Duration.ofSeconds(129));
      granted(own.exchange(proof));
      own.clock().advance(Duration.ofSeconds(2));
      assertThat(own.exchange(proof).statusCode()).isEqualTo(401);
    }
  }

  @Test
  void opensTheExchangeToTheAudiencesThatAreConfigured() {
    try (TestStack own =
        TestStack.start(settings -> {
          Settings.Issuer it = settings.exchange().maskinporten().get(0);
          return TestStack.trusting(
                  new Settings.Issuer(
                      it.issuer(),
                      it.metadata(),
                      it.jwks(),
                      it.algorithms(),
                      java.util.Set.of("https://platform.example", "other")))
              .apply(settings);
        })) {
      granted(own.exchange(own.forge().claim("aud", "https://platform.example").compact()));
      granted(own.exchange(own.forge().claim("aud", List.of("x", "other")).compact()));
      for (Object audience :
          new Object[] {"x", "", List.of(), List.of("x"), 5, "https://platform.example/"}) {
        ExchangeRefusal.of(own, own.forge().claim("aud", audience).compact());
      }
      ExchangeRefusal.of(own, own.forge().compact());
    }
  }

  private static Map<String, @Nullable Object> granted(HttpResponse<String> answer) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return TestStack.claims(answer.body());
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose short code a platform token names: service owners' by whole scopes, and nobody else's. */
class ServiceOwnerTest {
  private static final String SERVICE_OWNER = "altinn:serviceowner/instances.read";

  private static TestStack stack;

  @BeforeAll
  static void start() {
    stack = TestStack.start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "altinn:serviceowner",
        "altinn:serviceowner/instances.read",
        "altinn:serviceowner/",
        "dgm:police altinn:serviceowner/x",
        "altinn:serviceowner dgm:police"
      })
  void namesTheOrganisationForScopesOfServiceOwners(String scope) {
    assertThat(claims(stack.forge(scope)))
        .containsEntry("org", "digdir")
        .containsEntry("urn:altinn:org", "digdir");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "dgm:police",
        "xaltinn:serviceowner",
        "xaltinn:serviceownerfoo",
        "altinn:serviceownerfoo",
        "altinn:serviceowner.read",
        "altinn:serviceowner\taltinn",
        "ALTINN:SERVICEOWNER",
        "altinn:service owner",
        "dgm:altinn:serviceowner/instances.read"
      })
  void doesNotNameTheOrganisationForOtherScopes(String scope) {
    assertThat(claims(stack.forge(scope))).doesNotContainKeys("org", "urn:altinn:org");
  }

  @Test
  void doesNotNameTheOrganisationForAScopeThatIsNoText() {
    assertThat(claims(stack.forge().jsonClaim("scope", "[\"altinn:serviceowner\"]")))
        .doesNotContainKeys("org", "urn:altinn:org");
  }

  @Test
  void exchangesForAServiceOwnerWithoutACode() {
    Map<String, @Nullable Object> claims = claims(stack.forge(SERVICE_OWNER), "889640782", "");
    assertThat(claims)
        .doesNotContainKeys("org", "urn:altinn:org")
        .containsEntry("orgNumber", 889640782L);
  }

  @Test
  void turnsDigdirIntoTheTestOrganisationOnDemand() {
    TokenForge forge = stack.forge(SERVICE_OWNER);
    for (String test : List.of("?test=true", "?test=True", "?test=%20TRUE%20")) {
      assertThat(claims(forge, TestStack.DIGDIR, test))
          .containsEntry("org", "ttd")
          .containsEntry("urn:altinn:org", "ttd")
          .containsEntry("orgNumber", 991825827L);
    }
    assertThat(claims(forge, TestStack.DIGDIR, "?test=false")).containsEntry("org", "digdir");
  }

  @Test
  void changesNoOtherOrganisationForATest() {
    assertThat(claims(stack.forge(SERVICE_OWNER), "974760673", "?test=true"))
        .containsEntry("org", "brg");
    assertThat(claims(stack.forge(SERVICE_OWNER), "889640782", "?test=true"))
        .doesNotContainKey("org");
    assertThat(claims(stack.forge("dgm:police"), TestStack.DIGDIR, "?test=true"))
        .doesNotContainKey("org");
  }

  private static Map<String, @Nullable Object> claims(TokenForge proof) {
    return claims(proof, TestStack.DIGDIR, "");
  }

  private static Map<String, @Nullable Object> claims(
      TokenForge proof, String organisation, String query) {
    proof.claim(
        "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + organisation));
    HttpResponse<String> answer = stack.exchangeAt(TestStack.EXCHANGE + query, proof.compact());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return TestStack.claims(answer.body());
  }
}

package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.SignedJWT;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import no.portvakt.maskinporten.AccessToken;
import no.portvakt.maskinporten.GrantKey;
import no.portvakt.maskinporten.MaskinportenClient;
import no.portvakt.maskinporten.TokenRefused;
import no.portvakt.maskinporten.TokenRequest;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The client library against the platform's own Maskinporten: tokens that speak for others. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenActingTest {
  private static final String BRG = "974760673";
  private static final String TTD = "405003309";
  private static final String SOURCE = "https://tt02.altinn.no/";
  private static final String READ = "altinn:serviceowner/instances.read";
  private static final String SHARED = "altinn:acting/shared";
  private static final String OPEN = "altinn:acting/open";
  private static final String BOUND = "altinn:acting/bound";
  private static final String API = "https://api.example/orders";
  private static final String PERSON = "15507600333";
  private static final String GIVER = "urn:altinn:person:identifier-no:" + PERSON;

  private static final List<Object> RIGHTS =
      List.of(
          Map.of(
              "action",
              List.of("read"),
              "resource",
              List.of(Map.of("type", "urn:altinn:resource", "value", "income"))));

  private final DevMaskinporten maskinporten;
  private final String clientId;
  private final MaskinportenClient client;

  MaskinportenActingTest(@TempDir Path folder) throws Exception {
    maskinporten = DevMaskinporten.start(folder);
    maskinporten.grant("acting/shared", BRG, Map.of("delegation_source", SOURCE));
    maskinporten.grant(
        "acting/bound", DevMaskinporten.DIGDIR, Map.of("enforced_aud_for_access_token", API));
    maskinporten.grant(
        "acting/open", BRG, Map.of("delegation_source", SOURCE, "accessible_for_all", true));
    clientId = maskinporten.newClient(READ, SHARED, OPEN, BOUND);
    RSAKey key =
        new RSAKeyGenerator(2048)
            .keyUse(KeyUse.SIGNATURE)
            .algorithm(JWSAlgorithm.RS256)
            .keyID("acting")
            .generate();
    maskinporten.post(
        "clients/" + clientId + "/jwks", Map.of("keys", List.of(key.toPublicJWK().toJSONObject())));
    client =
        MaskinportenClient.builder()
            .clientId(clientId)
            .key(GrantKey.ofJwk(key.toJSONString()))
            .wellKnownUrl(maskinporten.wellKnownUrl())
            .build();
  }

  @AfterAll
  void stop() {
    client.close();
    maskinporten.close();
  }

  @Test
  void actsForAConsumerThatHasDelegated() throws Exception {
    TokenRequest request = request(SHARED, it -> it.consumerOrg(BRG));
    TokenRefused refused = refused(request, 403, "MP-251");
    assertThat(refused.description()).contains(BRG, SHARED, DevMaskinporten.DIGDIR);
    assertThat(refused.advice()).contains("has to delegate the scope in Altinn");
    delegate(SHARED, BRG);
    assertThat(claims(request))
        .containsEntry("consumer", party(BRG))
        .containsEntry("supplier", party(DevMaskinporten.DIGDIR))
        .containsEntry("delegation_source", SOURCE);
  }

  @Test
  void saysWhoseAccessIsMissing() {
    assertThat(refused(request(SHARED, it -> it.consumerOrg(TTD)), 403, "MP-250").advice())
        .contains("give access to " + TTD + ", the organisation that the client acts for");
    assertThat(refused(TokenRequest.of(SHARED), 403, "MP-250").advice())
        .contains("the client's own organisation", "say so with consumerOrg");
  }

  @Test
  void saysThatAScopeIsNotForDelegation() {
    for (String consumer : List.of(BRG, DevMaskinporten.DIGDIR)) {
      assertThat(refused(request(READ, it -> it.consumerOrg(consumer)), 400, null).advice())
          .contains(consumer, "the scope is not for delegation");
    }
  }

  @Test
  void actsOnBehalfOfAnOrganisationThatIsRegisteredOnTheClient() throws Exception {
    TokenRequest request = request(READ, it -> it.onBehalfOf("customer"));
    assertThat(refused(request, 400, "MP-011").description())
        .contains("iss_onbehalfof is not registered on the client");
    maskinporten.post(
        "clients/" + clientId + "/onbehalfof",
        Map.of("onbehalfof", "customer", "name", "Customer", "orgno", BRG));
    assertThat(claims(request))
        .containsEntry("consumer", party(BRG))
        .containsEntry("supplier", party(DevMaskinporten.DIGDIR))
        .doesNotContainKey("delegation_source");
    assertThat(refused(request(SHARED, it -> it.onBehalfOf("customer")), 400, "MP-200").advice())
        .contains("needs consumerOrg instead of onBehalfOf");
  }

  @Test
  void actsAsASystemUser() throws Exception {
    TokenRequest plain = request(READ, it -> it.systemUser(TTD));
    TokenRequest referred = request(READ, it -> it.systemUser(TTD, "avdeling_1"));
    String advice = refused(plain, 400, "MP-303").advice();
    assertThat(advice).contains("a system user of a system that lists the client " + clientId);
    String system = DevMaskinporten.DIGDIR + "_acting";
    maskinporten.put(
        "systems/" + system,
        Map.of(
            "vendor_orgno",
            DevMaskinporten.DIGDIR,
            "name",
            "Acting",
            "client_ids",
            List.of(clientId)));
    Object id = systemUser(system, Map.of());
    assertThat(detail(plain))
        .containsEntry("systemuser_id", List.of(id))
        .containsEntry("systemuser_org", party(TTD))
        .containsEntry("system_id", system);
    refused(referred, 400, "MP-303");
    Object second = systemUser(system, Map.of("external_ref", "avdeling_1"));
    assertThat(detail(referred)).containsEntry("systemuser_id", List.of(second));
    assertThat(detail(plain)).containsEntry("systemuser_id", List.of(id));
  }

  @Test
  void usesAConsent() throws Exception {
    String advice =
        refused(request(READ, it -> it.consent(UUID.randomUUID(), GIVER)), 400, "MP-303").advice();
    assertThat(advice).contains("consent of this id").doesNotContain("system user", PERSON);
    UUID id = consent(DevMaskinporten.DIGDIR);
    assertThat(detail(request(READ, it -> it.consent(id, GIVER))))
        .containsEntry("from", GIVER)
        .containsEntry("to", party(DevMaskinporten.DIGDIR))
        .containsEntry("consentRights", RIGHTS);
    UUID foreign = consent(BRG);
    refused(request(READ, it -> it.consent(foreign, GIVER)), 400, "MP-303");
  }

  @Test
  void asksForATokenAboutAPerson() throws ParseException {
    assertThat(claims(request(READ, it -> it.pid(PERSON)))).containsEntry("pid", PERSON);
    TokenRefused refused = refused(request(READ, it -> it.pid("15507600334")), 400, "MP-011");
    assertThat(refused.description()).contains("pid must be a valid national identity number");
    assertThat(refused.advice()).contains("The description names what is wrong");
    assertThat(refused).hasMessageNotContaining("15507600334");
  }

  @Test
  void takesTheAudienceThatAScopeForces() throws ParseException {
    assertThat(claims(TokenRequest.of(BOUND))).containsEntry("aud", List.of(API));
    assertThat(claims(request(BOUND, it -> it.resource(API)))).containsEntry("aud", List.of(API));
    for (String resource : List.of("https://other.example", API + "/")) {
      TokenRefused refused = refused(request(BOUND, it -> it.resource(resource)), 400, null);
      assertThat(refused.error()).isEqualTo("invalid_target");
      assertThat(refused.advice()).contains("not one that the scope allows");
    }
  }

  @Test
  void keepsTokensThatDifferInAnythingApart() throws Exception {
    maskinporten.post(
        "clients/" + clientId + "/onbehalfof",
        Map.of("onbehalfof", "kept", "name", "Kept", "orgno", BRG));
    maskinporten.post(
        "clients/" + clientId + "/onbehalfof",
        Map.of("onbehalfof", "kept2", "name", "Kept", "orgno", BRG));
    delegate(OPEN, BRG);
    delegate(OPEN, TTD);
    UUID consent = consent(DevMaskinporten.DIGDIR);
    UUID second = consent(DevMaskinporten.DIGDIR);
    List<TokenRequest> requests =
        List.of(
            TokenRequest.of(READ),
            TokenRequest.of(BOUND),
            request(BOUND, it -> it.resource(API)),
            request(READ, it -> it.resource(API)),
            request(READ, it -> it.pid(PERSON)),
            request(READ, it -> it.pid("12829499914")),
            TokenRequest.of(OPEN),
            request(OPEN, it -> it.consumerOrg(BRG)),
            request(OPEN, it -> it.consumerOrg(TTD)),
            request(READ, it -> it.onBehalfOf("kept")),
            request(READ, it -> it.onBehalfOf("kept2")),
            request(READ, it -> it.consent(consent, GIVER)),
            request(READ, it -> it.consent(second, GIVER)));
    List<AccessToken> tokens = requests.stream().map(client::token).toList();
    Set<String> values = tokens.stream().map(AccessToken::value).collect(Collectors.toSet());
    assertThat(values).hasSameSizeAs(requests);
    List<AccessToken> again =
        Stream.concat(requests.stream(), Stream.of(request(READ, it -> it.pid(PERSON))))
            .map(client::token)
            .toList();
    assertThat(again.subList(0, tokens.size())).isEqualTo(tokens);
    assertThat(again.get(tokens.size())).isSameAs(tokens.get(4));
  }

  private void delegate(String scope, String consumer) throws Exception {
    maskinporten.put(
        "delegations",
        Map.of(
            "source",
            SOURCE,
            "scope",
            scope,
            "consumer_orgno",
            consumer,
            "supplier_orgno",
            DevMaskinporten.DIGDIR));
  }

  private Object systemUser(String system, Map<String, String> more) throws Exception {
    Map<String, String> body = new HashMap<>(more);
    body.putAll(Map.of("system_id", system, "party_orgno", TTD));
    return String.valueOf(maskinporten.post("systemusers", body).get("id"));
  }

  private UUID consent(String receiver) throws Exception {
    Map<String, Object> body =
        Map.of(
            "from",
            GIVER,
            "to",
            receiver,
            "validTo",
            "2099-01-31T00:00:00Z",
            "consentRights",
            RIGHTS);
    return UUID.fromString(String.valueOf(maskinporten.post("consents", body).get("id")));
  }

  private static TokenRequest request(String scope, UnaryOperator<TokenRequest.Builder> more) {
    return more.apply(TokenRequest.builder().scopes(scope)).build();
  }

  private static Map<String, String> party(String organisation) {
    return Map.of("authority", "iso6523-actorid-upis", "ID", "0192:" + organisation);
  }

  private Map<String, Object> claims(TokenRequest request) throws ParseException {
    return SignedJWT.parse(client.token(request).value()).getJWTClaimsSet().getClaims();
  }

  @SuppressWarnings("unchecked") // JSON objects have string keys
  private Map<String, Object> detail(TokenRequest request) throws ParseException {
    List<?> details = (List<?>) claims(request).get("authorization_details");
    assertThat(details).hasSize(1);
    return (Map<String, Object>) details.get(0);
  }

  private TokenRefused refused(TokenRequest request, int status, @Nullable String code) {
    TokenRefused refused =
        assertThatExceptionOfType(TokenRefused.class)
            .isThrownBy(() -> client.token(request))
            .actual();
    assertThat(refused.status()).isEqualTo(status);
    assertThat(refused.code()).isEqualTo(code);
    return refused;
  }
}

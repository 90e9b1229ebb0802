package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.BRG;
import static no.portvakt.server.MaskinportenClientFixture.INVALID_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.SCOPE_KIND;
import static no.portvakt.server.MaskinportenClientFixture.TARGET;
import static no.portvakt.server.MaskinportenClientFixture.UNKNOWN_CLIENT;
import static no.portvakt.server.MaskinportenClientFixture.X5C;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import no.portvakt.server.maskinporten.TokenEndpoint;
import no.portvakt.server.store.ClientTable.KeyRow;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** What the settings of scopes and clients allow in a token. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenEntitlementTest {
  private static final String JWT_BEARER = MaskinportenClientFixture.JWT_BEARER;
  private static final String API = "https://api.example/";
  private static final String OTHER_API = "https://other.example/";
  private static final String PERSON = "15507600333";

  private final MaskinportenRows rows;
  private int scopes;

  MaskinportenEntitlementTest(@TempDir Path folder) {
    rows = MaskinportenRows.in(TestStore.in(folder));
  }

  @AfterAll
  void stop() {
    rows.close();
  }

  @Test
  void givesAScopeToClientsOfItsIntegrationTypes() {
    String both = scope(Map.of("allowed_integration_types", List.of("krr", "maskinporten")));
    String none = scope(Map.of("allowed_integration_types", List.of()));
    rows.accepts(grant(Map.of("integration_type", "maskinporten"), both, none));
    rows.accepts(grant(Map.of(), both));
    rows.accepts(grant(Map.of("integration_type", "krr"), both, none));
    rows.refuses(SCOPE_KIND, grant(Map.of("integration_type", "eformidling"), both));
    String other = scope(Map.of("allowed_integration_types", List.of("idporten")));
    assertThat(rows.refuses(SCOPE_KIND, grant(Map.of(), none, other)))
        .startsWith(SCOPE_KIND.text() + other + " (");
  }

  @Test
  void refusesScopesThatNeedAPersonWhoLogsIn() {
    rows.accepts(grant(Map.of(), scope(Map.of("requires_user_authentication", false))));
    for (String flag : List.of("requires_user_authentication", "requires_user_consent")) {
      rows.refuses(SCOPE_KIND, grant(Map.of(), scope(Map.of(flag, true))));
    }
  }

  @Test
  void refusesClientsThatAreRegisteredForNoGrants() {
    String scope = scope(Map.of());
    rows.accepts(grant(Map.of("grant_types", List.of("authorization_code", JWT_BEARER)), scope));
    rows.refuses(
        UNKNOWN_CLIENT, grant(Map.of("grant_types", List.of("authorization_code")), scope));
    rows.refuses(UNKNOWN_CLIENT, grant(Map.of("grant_types", List.of()), scope));
  }

  @Test
  void bindsATokenToAPerson() {
    Map<String, @Nullable Object> claims =
        rows.accepts(grant(Map.of(), scope(Map.of())).claim("pid", PERSON));
    assertThat(claims).containsEntry("pid", PERSON);
    assertThat(List.copyOf(claims.keySet())).endsWith("consumer", "pid");
  }

  @Test
  void refusesAPersonWhoIsNone() {
    TokenForge grant = grant(Map.of(), scope(Map.of()));
    for (Object pid :
        Arrays.asList(
            "15507600334", "1550760033", " " + PERSON, "", null, 15507600333L, List.of(PERSON))) {
      assertThat(rows.refuses(INVALID_VALUE, grant.claim("pid", pid)))
          .contains("pid must be a valid national identity number")
          .doesNotContain("155076");
    }
  }

  @Test
  void refusesAPersonWhereTokensMustBePseudonymous() {
    String scope = scope(Map.of("requires_pseudonymous_tokens", true));
    rows.accepts(grant(Map.of(), scope));
    assertThat(rows.refuses(INVALID_VALUE, grant(Map.of(), scope).claim("pid", PERSON)))
        .contains("pid is not allowed with the scope " + scope);
    rows.refuses(INVALID_VALUE, grant(Map.of(), scope(Map.of()), scope).claim("pid", PERSON));
  }

  @Test
  void forcesTheAudienceThatTheScopeDemands() {
    String forced = scope(Map.of("enforced_aud_for_access_token", API));
    String wider = scope(Map.of("enforced_aud_for_access_token", List.of(API, OTHER_API)));
    String free = scope(Map.of("enforced_aud_for_access_token", List.of()));
    assertThat(rows.accepts(grant(Map.of(), forced))).containsEntry("aud", API);
    assertThat(rows.accepts(grant(Map.of(), wider))).containsEntry("aud", List.of(API, OTHER_API));
    assertThat(rows.accepts(grant(Map.of(), wider, forced, free))).containsEntry("aud", API);
    assertThat(rows.accepts(grant(Map.of(), wider).claim("resource", OTHER_API)))
        .containsEntry("aud", OTHER_API);
    assertThat(rows.accepts(grant(Map.of(), free))).doesNotContainKey("aud");
  }

  @Test
  void refusesAnotherAudienceThanTheScopeDemands() {
    String forced = scope(Map.of("enforced_aud_for_access_token", List.of(API)));
    String other = scope(Map.of("enforced_aud_for_access_token", List.of(OTHER_API)));
    assertThat(rows.refuses(TARGET, grant(Map.of(), forced).claim("resource", OTHER_API)))
        .contains("demand one of " + API);
    rows.refuses(TARGET, grant(Map.of(), forced).claim("resource", List.of(API, OTHER_API)));
    rows.refuses(TARGET, grant(Map.of(), forced).claim("resource", API + "x"));
    assertThat(rows.refuses(TARGET, grant(Map.of(), forced, other)))
        .contains("different audiences");
  }

  @Test
  void refusesMoreThanFiftyScopesAtOnce() {
    String[] many = new String[51];
    Arrays.setAll(many, i -> scope(Map.of()));
    TokenForge grant = grant(Map.of(), many);
    String fifty = String.join(" ", Arrays.asList(many).subList(0, 50));
    assertThat(rows.accepts(grant.claim("scope", fifty))).containsEntry("scope", fifty);
    for (String scopes : List.of(fifty + " " + many[50], fifty + " altinn:unknown")) {
      assertThat(rows.refuses(INVALID_VALUE, grant.claim("scope", scopes)))
          .contains("scope must be at most 50 scopes");
    }
  }

  @Test
  void refusesAKeyWhoseCertificateCannotBeRead() {
    TestStack.Client client = rows.client(BRG, scope(Map.of()));
    for (Object chain : Arrays.asList(List.of("AAAA"), List.of(), "x", null)) {
      Map<String, Object> jwk = client.key().toPublicJWK().toJSONObject();
      jwk.put("x5c", chain);
      String text = TestStack.toJson(jwk);
      KeyRow row = new KeyRow(client.key().getKeyID(), text, 0, Long.MAX_VALUE);
      rows.tables().clients().putKeys(client.id(), List.of(row));
      rows.refuses(X5C, rows.stack().grant(client, "digdir:number" + scopes));
    }
  }

  @Test
  void letsNoTokenLiveLongerThanTwoHours() {
    TokenForge grant = grant(Map.of("access_token_lifetime", 90_000), scope(Map.of()));
    long now = rows.stack().clock().seconds();
    assertThat(rows.accepts(grant)).containsEntry("exp", now + 7200);
    TokenForge negative = grant(Map.of("access_token_lifetime", -5), scope(Map.of()));
    assertThat(rows.accepts(negative)).containsEntry("exp", now + 120);
  }

  @Test
  void addsTheClaimsOfOldTokensWhereTheSettingsSaySo(@TempDir Path folder) {
    String scope = "digdir:old.read";
    try (MaskinportenRows own =
        MaskinportenRows.in(
            TestStore.in(folder),
            TestStack.grants(new TokenEndpoint.Options(120, 10, true, true, false, true)))) {
      own.scope(scope, Map.of(), BRG);
      TestStack.Client client = own.client(BRG, scope);
      Map<String, @Nullable Object> claims = own.accepts(own.stack().grant(client, scope));
      assertThat(claims).containsEntry("client_orgno", BRG).containsEntry("aud", "unspecified");
      assertThat(claims.keySet())
          .containsExactly(
              "aud",
              "scope",
              "iss",
              "client_amr",
              "token_type",
              "exp",
              "iat",
              "client_id",
              "client_orgno",
              "jti",
              "consumer");
      assertThat(own.accepts(own.stack().grant(client, scope).claim("resource", API)))
          .containsEntry("aud", API);
    }
  }

  private String scope(Map<String, ?> settings) {
    scopes++;
    return rows.scope("digdir:number" + scopes, settings, BRG);
  }

  private TokenForge grant(Map<String, ?> client, String... names) {
    return rows.stack().grant(rows.client(BRG, client, names), names);
  }
}

package no.portvakt.server;

import static no.portvakt.server.AdminCaller.client;
import static no.portvakt.server.AdminCaller.text;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract §2.4 and §2.7: the other integration types, and which settings fit together. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AdminLoginClientsTest {
  private static final String BACK = "https://app.example.no/callback";

  private final TestStack stack = TestStack.start();
  private final AdminCaller admin = AdminCaller.admin(stack);

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void makesAClientForLoginsWithDefaults() {
    Map<String, @Nullable Object> made = make(Map.of());
    assertThat(made)
        .containsEntry("integration_type", "idporten")
        .containsEntry("application_type", "web")
        .containsEntry("token_endpoint_auth_method", "client_secret_basic")
        .containsEntry("grant_types", List.of("authorization_code"))
        .containsEntry("scopes", List.of("openid", "profile"))
        .containsEntry("redirect_uris", List.of(BACK))
        .containsEntry("access_token_lifetime", 0L)
        .containsEntry("authorization_lifetime", 7200L)
        .containsEntry("refresh_token_lifetime", 600L)
        .containsEntry("refresh_token_usage", "ONETIME")
        .containsEntry("sso_disabled", false)
        .containsEntry("frontchannel_logout_session_required", false)
        .containsEntry("code_challenge_method", "S256");
    assertThat(text(made, "client_secret")).matches("[A-Za-z0-9_-]{43}");
  }

  @Test
  void keepsWhatItWasGiven() {
    Map<String, Object> given = new HashMap<>();
    given.put("integration_type", "api_klient");
    given.put("token_endpoint_auth_method", "private_key_jwt");
    given.put("grant_types", List.of("authorization_code", "refresh_token"));
    given.put("post_logout_redirect_uris", List.of("https://app.example.no/bye"));
    given.put("frontchannel_logout_uri", "https://APP.example.no:443/out");
    given.put("frontchannel_logout_session_required", true);
    given.put("backchannel_logout_uri", "https://other.example.no/out");
    given.put("client_uri", "https://example.no");
    given.put("refresh_token_usage", "REUSE");
    given.put("sso_disabled", true);
    given.put("code_challenge_method", "none");
    given.put("authorization_lifetime", 3600L);
    Map<String, @Nullable Object> made = make(given);
    assertThat(made).containsAllEntriesOf(given).doesNotContainKey("client_secret");
    String path = "/clients/" + text(made, "client_id");
    assertThat(admin.call(200, "GET", path, null)).containsAllEntriesOf(given);
  }

  @ParameterizedTest
  @CsvSource({
    "web, client_secret_basic",
    "web, client_secret_post",
    "web, private_key_jwt",
    "browser, none",
    "native, none"
  })
  void takesTheMethodsThatFitTheApplication(String application, String method) {
    Map<String, @Nullable Object> made =
        make(Map.of("application_type", application, "token_endpoint_auth_method", method));
    assertThat(made.containsKey("client_secret")).isEqualTo(method.startsWith("client_secret"));
  }

  @ParameterizedTest
  @CsvSource({
    "web, none",
    "browser, client_secret_basic",
    "browser, private_key_jwt",
    "native, client_secret_post",
    "native, private_key_jwt"
  })
  void refusesTheMethodsThatDoNot(String application, String method) {
    bad(
        "token_endpoint_auth_method",
        Map.of("application_type", application, "token_endpoint_auth_method", method));
  }

  @Test
  void refusesWhatDoesNotFitTogether() {
    bad("redirect_uris", Map.of("redirect_uris", List.of()));
    bad("redirect_uris", Map.of("redirect_uris", BACK));
    bad("grant_types", Map.of("grant_types", List.of("refresh_token")));
    bad("grant_types", Map.of("grant_types", List.of("implicit", "authorization_code")));
    bad("grant_types", Map.of("grant_types", List.of(MaskinportenClientFixture.JWT_BEARER)));
    bad("scopes", Map.of("scopes", List.of(MaskinportenClientFixture.READ)));
    bad("scopes", Map.of("integration_type", "api_klient", "scopes", List.of("altinn:none")));
    bad("code_challenge_method", Map.of("code_challenge_method", "plain"));
    bad(
        "code_challenge_method",
        Map.of("application_type", "browser", "code_challenge_method", "none"));
    bad("frontchannel_logout_uri", Map.of("frontchannel_logout_uri", "https://other.example.no/"));
    bad("frontchannel_logout_uri", Map.of("frontchannel_logout_uri", BACK + "#x"));
    bad("refresh_token_usage", Map.of("refresh_token_usage", "TWICE"));
    bad("authorization_lifetime", Map.of("authorization_lifetime", -1));
    bad("client_type", Map.of("client_type", "PUBLIC"));
    bad("client_type", Map.of("application_type", "native", "client_type", "CONFIDENTIAL"));
  }

  @Test
  void takesNoAddressesForAClientWithoutLogins() {
    for (String type : List.of("maskinporten", "eformidling")) {
      for (String name : List.of("redirect_uris", "post_logout_redirect_uris")) {
        admin.bad(
            "Client",
            name,
            "POST",
            "/clients",
            client(Map.of("integration_type", type, name, List.of(BACK))));
      }
      Map<String, Object> empty = new HashMap<>(client(Map.of("integration_type", type)));
      // As a known client in the field sends them.
      empty.put("redirect_uris", null);
      empty.put("post_logout_redirect_uris", List.of());
      empty.put("frontchannel_logout_session_required", false);
      empty.put("refresh_token_usage", "");
      empty.put("grant_types", List.of("jwt_bearer_token"));
      assertThat(admin.call(201, "POST", "/clients", empty))
          .containsEntry("grant_types", List.of(MaskinportenClientFixture.JWT_BEARER))
          .containsEntry("integration_type", type);
    }
  }

  @Test
  void refusesWhatNoMaskinportenClientMayHave() {
    for (String type : List.of("maskinporten", "krr", "eformidling")) {
      for (Map<String, ?> members :
          List.of(
              Map.of("application_type", "native"),
              Map.of("token_endpoint_auth_method", "client_secret_basic"),
              Map.of("grant_types", List.of("authorization_code")))) {
        Map<String, Object> body = client(members);
        body.put("integration_type", type);
        String field = members.keySet().iterator().next();
        admin.bad("Client", field, "POST", "/clients", body);
      }
    }
    admin.bad(
        "Client",
        "integration_type",
        "POST",
        "/clients",
        client(Map.of("integration_type", "idporten_saml2")));
  }

  @Test
  void givesAClientOfTheContactRegisterItsScopes() {
    Map<String, Object> body = client(Map.of("integration_type", "krr"));
    assertThat(admin.bad("Client", "scopes", "POST", "/clients", body))
        .isEqualTo("names a scope that does not exist");
    admin.call(200, "PUT", "/prefix/krr", Map.of("orgno", TestStack.DIGDIR));
    for (String scope : List.of("global/kontaktinformasjon.read", "global/digitalpost.read")) {
      admin.newScope(scope, Map.of("prefix", "krr", "accessible_for_all", true));
    }
    assertThat(admin.call(201, "POST", "/clients", body))
        .containsEntry(
            "scopes", List.of("krr:global/kontaktinformasjon.read", "krr:global/digitalpost.read"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://example.no/cb?x=y",
        "https://example.no:8443/",
        "http://example.no/cb",
        "http://localhost:8080/cb"
      })
  void takesAddressesThatABrowserCanGoTo(String address) {
    make(Map.of("redirect_uris", List.of(address)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://example.no/cb#fragment",
        "https://example.no/cb#",
        "https:///cb",
        "https://user@example.no/cb",
        "/cb",
        "example.no/cb",
        "no.example.app:/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "https://127.0.0.1:*/cb",
        "https://example.no/a b",
        "https://*.example.no/cb",
        "x"
      })
  void refusesOtherAddresses(String address) {
    bad("redirect_uris", Map.of("redirect_uris", List.of(BACK, address)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "no.example.app:/cb",
        "https://127.0.0.1:*/callback",
        "http://[::1]:*/callback",
        "http://localhost:1234/cb",
        "https://example.no/cb"
      })
  void takesAddressesOfNativeApps(String address) {
    make(Map.of("application_type", "native", "redirect_uris", List.of(address)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"javascript:alert(1)", "file:///etc/passwd", "https://example.no:*/cb", "x"})
  void refusesOtherAddressesOfNativeApps(String address) {
    bad("redirect_uris", Map.of("application_type", "native", "redirect_uris", List.of(address)));
  }

  private Map<String, @Nullable Object> make(Map<String, ?> members) {
    return admin.call(201, "POST", "/clients", login(members));
  }

  private void bad(String field, Map<String, ?> members) {
    admin.bad("Client", field, "POST", "/clients", login(members));
  }

  private static Map<String, Object> login(Map<String, ?> members) {
    Map<String, Object> body = client(Map.of("integration_type", "idporten"));
    body.put("redirect_uris", List.of(BACK));
    body.putAll(members);
    return body;
  }
}

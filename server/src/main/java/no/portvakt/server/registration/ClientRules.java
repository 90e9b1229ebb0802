package no.portvakt.server.registration;

import com.nimbusds.oauth2.sdk.GrantType;
import java.net.URI;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The rules for a client's settings, and which of them fit together, for each integration type
 * (docs/protocol/maskinporten-admin.md, "Clients").
 */
public final class ClientRules {
  /** What a body describes. */
  public static final String OBJECT = "Client";

  /** The integration types whose clients get tokens for JWT grants, and nobody logs in. */
  private static final Set<String> MACHINE_TYPES = Set.of("maskinporten", "krr", "eformidling");

  /** The integration types whose clients let people log in. */
  private static final Set<String> LOGIN_TYPES = Set.of("idporten", "api_klient", "ansattporten");

  /** All integration types that a scope can be for. */
  static final Set<String> TYPES =
      Set.of(
          "maskinporten",
          "krr",
          "eformidling",
          "idporten",
          "api_klient",
          "ansattporten",
          "idporten_saml2");

  private static final Set<String> LOGIN_SCOPES = Set.of("openid", "profile", "eidas", "no_pid");
  private static final List<String> KRR_SCOPES =
      List.of("krr:global/kontaktinformasjon.read", "krr:global/digitalpost.read");
  private static final String JWT_BEARER = GrantType.JWT_BEARER.getValue();
  private static final long LONGEST_LOGIN = 31_536_000;

  private final RedirectUris addresses;

  /**
   * @param development whether plain http and {@code localhost} may be redirected to
   */
  public ClientRules(boolean development) {
    this.addresses = new RedirectUris(development);
  }

  /**
   * The settings in a body, with defaults, ready to be kept.
   *
   * @param otherwise the integration type when the body names none
   * @throws BadField when a member does not hold, or does not fit the others
   */
  public Map<String, Object> read(Map<String, @Nullable Object> body, String otherwise) {
    Field field = new Field(OBJECT, body);
    Map<String, Object> kept = new LinkedHashMap<>();
    kept.put("client_name", field.required("client_name", 255));
    kept.put("description", field.required("description", 1000));
    Set<String> possible = new LinkedHashSet<>(MACHINE_TYPES);
    possible.addAll(LOGIN_TYPES);
    String type = field.oneOf("integration_type", otherwise, possible);
    boolean login = LOGIN_TYPES.contains(type);
    kept.put("integration_type", type);
    String application =
        field.oneOf(
            "application_type", "web", login ? Set.of("web", "browser", "native") : Set.of("web"));
    kept.put("application_type", application);
    boolean confidential = application.equals("web");
    kept.put("token_endpoint_auth_method", authentication(field, login, confidential));
    // Names of the first edition of the API.
    String firstEdition = confidential ? "CONFIDENTIAL" : "PUBLIC";
    field.oneOf("client_type", firstEdition, Set.of(firstEdition));
    field.oneOf(
        "token_reference",
        "SELF_CONTAINED",
        login ? Set.of("SELF_CONTAINED", "OPAQUE") : Set.of("SELF_CONTAINED"));
    kept.put("grant_types", grants(field, login));
    kept.put("scopes", scopes(field, body, type));
    kept.put(
        "access_token_lifetime",
        field.number("access_token_lifetime", 0, ClientSettings.LONGEST_TOKEN));
    for (String name : List.of("client_uri", "logo_uri")) {
      keepAddress(kept, field, name, false);
    }
    if (login) {
      keepLogin(kept, field, application);
    } else {
      for (String name :
          List.of(
              "redirect_uris",
              "post_logout_redirect_uris",
              "frontchannel_logout_uri",
              "backchannel_logout_uri")) {
        field.absent(name, "is only for clients that let people log in");
      }
      readLifetimes(field);
    }
    return kept;
  }

  /** The scopes that are not part of logging in itself, but registered by somebody. */
  public static List<String> registeredScopes(Map<String, ? extends @Nullable Object> settings) {
    boolean login = LOGIN_TYPES.contains(String.valueOf(settings.get("integration_type")));
    return ScopeSettings.texts(settings.get("scopes")).stream()
        .filter(name -> !login || !LOGIN_SCOPES.contains(name))
        .toList();
  }

  /** Whether a client with these settings proves itself with a secret. */
  public static boolean usesSecret(Map<String, ?> settings) {
    return String.valueOf(settings.get("token_endpoint_auth_method")).startsWith("client_secret_");
  }

  private static String authentication(Field field, boolean login, boolean confidential) {
    String name = "token_endpoint_auth_method";
    if (!login) {
      return field.oneOf(name, "private_key_jwt", Set.of("private_key_jwt"));
    }
    return confidential
        ? field.oneOf(
            name,
            "client_secret_basic",
            Set.of("client_secret_basic", "client_secret_post", "private_key_jwt"))
        : field.oneOf(name, "none", Set.of("none"));
  }

  private static List<String> grants(Field field, boolean login) {
    Set<String> asked = new LinkedHashSet<>();
    for (String name : field.texts("grant_types")) {
      asked.add(name.equals("jwt_bearer_token") ? JWT_BEARER : name);
    }
    String first = login ? "authorization_code" : JWT_BEARER;
    if (asked.isEmpty()) {
      return List.of(first);
    }
    Set<String> possible =
        login ? Set.of("authorization_code", "refresh_token") : Set.of(JWT_BEARER);
    if (!possible.containsAll(asked) || !asked.contains(first)) {
      throw new BadField(
          OBJECT,
          "grant_types",
          login
              ? "must be authorization_code, with or without refresh_token"
              : "must be " + JWT_BEARER);
    }
    return List.copyOf(asked);
  }

  private static List<String> scopes(Field field, Map<String, @Nullable Object> body, String type) {
    List<String> asked = field.texts("scopes").stream().distinct().toList();
    if (body.get("scopes") == null) {
      return switch (type) {
        case "krr" -> KRR_SCOPES;
        case "idporten", "api_klient", "ansattporten" -> List.of("openid", "profile");
        default -> List.of();
      };
    }
    if (type.equals("idporten") && !LOGIN_SCOPES.containsAll(asked)) {
      throw new BadField(
          OBJECT, "scopes", "must be among openid, profile, eidas and no_pid; use api_klient");
    }
    return asked;
  }

  private void keepLogin(Map<String, Object> kept, Field field, String application) {
    boolean nativeApp = application.equals("native");
    List<URI> redirects = keepAddresses(kept, field, "redirect_uris", nativeApp);
    if (redirects.isEmpty()) {
      throw new BadField(OBJECT, "redirect_uris", "must have one address at least");
    }
    keepAddresses(kept, field, "post_logout_redirect_uris", nativeApp);
    URI frontchannel = keepAddress(kept, field, "frontchannel_logout_uri", nativeApp);
    if (frontchannel != null && !nativeApp && !RedirectUris.sameOrigin(frontchannel, redirects)) {
      throw new BadField(
          OBJECT,
          "frontchannel_logout_uri",
          "must have the scheme, host and port of one of redirect_uris");
    }
    kept.put(
        "frontchannel_logout_session_required", field.flag("frontchannel_logout_session_required"));
    keepAddress(kept, field, "backchannel_logout_uri", false);
    kept.putAll(readLifetimes(field));
    kept.put("sso_disabled", field.flag("sso_disabled"));
    kept.put(
        "code_challenge_method",
        field.oneOf(
            "code_challenge_method",
            "S256",
            application.equals("web") ? Set.of("S256", "none") : Set.of("S256")));
  }

  private static Map<String, Object> readLifetimes(Field field) {
    Map<String, Object> lifetimes = new LinkedHashMap<>();
    long login = field.number("authorization_lifetime", 0, LONGEST_LOGIN);
    lifetimes.put("authorization_lifetime", login == 0 ? 7200 : login);
    long refresh = field.number("refresh_token_lifetime", 0, LONGEST_LOGIN);
    lifetimes.put("refresh_token_lifetime", refresh == 0 ? 600 : refresh);
    String usage = field.oneOf("refresh_token_usage", "ONETIME", Set.of("", "ONETIME", "REUSE"));
    lifetimes.put("refresh_token_usage", usage.isEmpty() ? "ONETIME" : usage);
    return lifetimes;
  }

  private List<URI> keepAddresses(
      Map<String, Object> kept, Field field, String name, boolean nativeApp) {
    List<String> texts = field.texts(name).stream().filter(it -> !it.isEmpty()).distinct().toList();
    List<URI> uris = new ArrayList<>();
    texts.forEach(text -> uris.add(addresses.check(name, text, nativeApp)));
    kept.put(name, texts);
    return uris;
  }

  private @Nullable URI keepAddress(
      Map<String, Object> kept, Field field, String name, boolean nativeApp) {
    String text = field.optional(name, 2000);
    if (text == null || text.isEmpty()) {
      return null;
    }
    kept.put(name, text);
    return addresses.check(name, text, nativeApp);
  }
}

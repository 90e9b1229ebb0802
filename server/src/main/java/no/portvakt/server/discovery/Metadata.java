package no.portvakt.server.discovery;

import com.nimbusds.oauth2.sdk.GrantType;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.oauth2.AuthorizationDetailsType;

/** Metadata documents: what this platform really does, made from the addresses it really has. */
public final class Metadata {
  /** How long a metadata document may be kept. */
  public static final Duration MAX_AGE = Duration.ofHours(1);

  private Metadata() {}

  /**
   * The platform as an OpenID issuer (OpenID Connect Discovery 1.0 §3). It has members only for
   * what exists: there is no log-in yet, so there is no response type.
   *
   * @param issuer the platform's issuer, with its trailing slash
   * @param algorithms the JWS algorithms of its published keys
   */
  static Document openIdConfiguration(String issuer, List<String> algorithms) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("issuer", issuer);
    members.put("jwks_uri", issuer + ".well-known/openid-configuration/jwks");
    members.put("response_types_supported", List.of());
    members.put("subject_types_supported", List.of("public"));
    members.put("id_token_signing_alg_values_supported", algorithms);
    return Document.of(members);
  }

  /**
   * The local Maskinporten as an authorization server (RFC 8414 §2), with the members of the real
   * one.
   *
   * @param issuer its issuer, with its trailing slash
   */
  public static Document maskinporten(String issuer) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put(
        "authorization_details_types_supported",
        List.of(AuthorizationDetailsType.SYSTEM_USER, AuthorizationDetailsType.CONSENT));
    members.put("grant_types_supported", List.of(GrantType.JWT_BEARER.getValue()));
    members.put("issuer", issuer);
    members.put("jwks_uri", issuer + "jwk");
    members.put("token_endpoint", issuer + "token");
    members.put("token_endpoint_auth_methods_supported", List.of("private_key_jwt"));
    members.put(
        "token_endpoint_auth_signing_alg_values_supported", List.of("RS256", "RS384", "RS512"));
    return Document.of(members);
  }
}

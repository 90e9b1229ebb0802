package no.portvakt.server.registration;

import com.nimbusds.oauth2.sdk.GrantType;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the token endpoint needs of a client's settings.
 *
 * @param scopes the scopes it may ask for
 * @param accessTokenLifetime the longest life of its tokens in seconds; 0: the default
 * @param integrationType what the client is registered for, such as {@code maskinporten}
 * @param usesGrants whether it may send JWT grants at all
 */
public record ClientSettings(
    Set<String> scopes, long accessTokenLifetime, String integrationType, boolean usesGrants) {
  /** The integration type of a client that names none. */
  public static final String MASKINPORTEN = "maskinporten";

  /** The longest life of a token that a client can be set to get, and of any, in seconds. */
  public static final long LONGEST_TOKEN = 7200;

  private static final ParsedDocuments<ClientSettings> READ =
      new ParsedDocuments<>(ClientSettings::parse);

  private static final String JWT_BEARER = GrantType.JWT_BEARER.getValue();

  public static ClientSettings read(String body) {
    return READ.of(body);
  }

  private static ClientSettings parse(String body) {
    Map<String, @Nullable Object> members = ScopeSettings.members(body);
    Object lifetime = members.get("access_token_lifetime");
    return new ClientSettings(
        ScopeSettings.texts(members.get("scopes")),
        lifetime instanceof Number number ? number.longValue() : 0,
        members.get("integration_type") instanceof String type ? type : MASKINPORTEN,
        !(members.get("grant_types") instanceof List<?> types) || types.contains(JWT_BEARER));
  }
}

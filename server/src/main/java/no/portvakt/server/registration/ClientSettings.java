package no.portvakt.server.registration;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What the token endpoint needs of a client's settings.
 *
 * @param scopes the scopes it may ask for
 * @param accessTokenLifetime the longest life of its tokens in seconds; 0: the default
 */
public record ClientSettings(Set<String> scopes, long accessTokenLifetime) {
  public static ClientSettings read(String body) {
    Map<String, @Nullable Object> members = ScopeSettings.members(body);
    Set<String> scopes = new LinkedHashSet<>();
    if (members.get("scopes") instanceof List<?> list) {
      for (Object item : list) {
        scopes.add(String.valueOf(item));
      }
    }
    Object lifetime = members.get("access_token_lifetime");
    return new ClientSettings(scopes, lifetime instanceof Number number ? number.longValue() : 0);
  }
}

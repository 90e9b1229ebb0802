package no.portvakt.server.registration;

import java.util.Map;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * What the token endpoint needs of a scope's settings.
 *
 * @param maxAge the longest life of a token with this scope in seconds; 0: no limit of its own
 * @param accessibleForAll whether every organisation may have it without being granted it
 */
public record ScopeSettings(long maxAge, boolean accessibleForAll) {
  public static ScopeSettings read(String body) {
    Map<String, @Nullable Object> members = members(body);
    return new ScopeSettings(
        members.get("at_max_age") instanceof Number number ? number.longValue() : 0,
        Boolean.TRUE.equals(members.get("accessible_for_all")));
  }

  /** The members of a document that this room stored itself. */
  public static Map<String, @Nullable Object> members(String body) {
    try {
      return Json.readObject(body);
    } catch (MalformedJson e) {
      throw new IllegalStateException("A stored document can't be read.", e);
    }
  }
}

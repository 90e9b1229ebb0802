package no.portvakt.server.registration;

import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * What the token endpoint needs of a scope's settings.
 *
 * @param maxAge the longest life of a token with this scope in seconds; 0: no limit of its own
 * @param accessibleForAll whether every organisation may have it without being granted it
 * @param integrationTypes the kinds of clients that may have it; empty: all
 * @param delegationSource the issuer of who keeps delegations of it; null: it can't be delegated
 * @param enforcedAudiences of which a token's {@code aud} must consist; empty: not forced
 * @param needsUser whether a person must log in or consent, which nobody does at Maskinporten
 * @param pseudonymous whether a token with it must not name a person
 */
public record ScopeSettings(
    long maxAge,
    boolean accessibleForAll,
    Set<String> integrationTypes,
    @Nullable String delegationSource,
    Set<String> enforcedAudiences,
    boolean needsUser,
    boolean pseudonymous) {
  private static final ParsedDocuments<ScopeSettings> READ =
      new ParsedDocuments<>(ScopeSettings::parse);

  public static ScopeSettings read(String body) {
    return READ.of(body);
  }

  private static ScopeSettings parse(String body) {
    Map<String, @Nullable Object> members = members(body);
    return new ScopeSettings(
        members.get("at_max_age") instanceof Number number ? number.longValue() : 0,
        isTrue(members, "accessible_for_all"),
        texts(members.get("allowed_integration_types")),
        members.get("delegation_source") instanceof String source && !source.isEmpty()
            ? source
            : null,
        texts(members.get("enforced_aud_for_access_token")),
        isTrue(members, "requires_user_authentication") || isTrue(members, "requires_user_consent"),
        isTrue(members, "requires_pseudonymous_tokens"));
  }

  /** The members of a document that this room stored itself. */
  public static Map<String, @Nullable Object> members(String body) {
    try {
      return Json.readObject(body);
    } catch (MalformedJson e) {
      throw new IllegalStateException("A stored document can't be read.", e);
    }
  }

  /** The texts of a stored member: a list, or a single one. */
  static Set<String> texts(@Nullable Object value) {
    Set<String> texts = new LinkedHashSet<>();
    if (value instanceof List<?> list) {
      list.forEach(item -> texts.add(String.valueOf(item)));
    } else if (value instanceof String text && !text.isEmpty()) {
      texts.add(text);
    }
    return Collections.unmodifiableSet(texts);
  }

  private static boolean isTrue(Map<String, @Nullable Object> members, String name) {
    return Boolean.TRUE.equals(members.get(name));
  }
}

package no.portvakt.cli;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.NearestName;
import org.jspecify.annotations.Nullable;

/**
 * The members that documents of the admin API can be given. The API itself ignores those that it
 * does not know, so that a wrong name would do nothing.
 */
final class Members {
  /** Of a scope, but its name; {@code description#en} and its like too. */
  static final List<String> OF_SCOPE =
      List.of(
          "description",
          "long_description",
          "visibility",
          "token_type",
          "at_max_age",
          "authorization_max_lifetime",
          "allowed_integration_types",
          "delegation_source",
          "accessible_for_all",
          "requires_user_consent",
          "requires_user_authentication",
          "requires_pseudonymous_tokens",
          "supports_european_businesses",
          "protected",
          "enforced_aud_for_access_token",
          "enforced_aud_for_introspection");

  /** Of a client, but its id. */
  static final List<String> OF_CLIENT =
      List.of(
          "client_name",
          "description",
          "client_orgno",
          "integration_type",
          "application_type",
          "token_endpoint_auth_method",
          "grant_types",
          "scopes",
          "access_token_lifetime",
          "client_uri",
          "logo_uri",
          "redirect_uris",
          "post_logout_redirect_uris",
          "frontchannel_logout_uri",
          "frontchannel_logout_session_required",
          "backchannel_logout_uri",
          "authorization_lifetime",
          "refresh_token_lifetime",
          "refresh_token_usage",
          "sso_disabled",
          "code_challenge_method");

  /** What the API adds to a document and does not take. */
  private static final List<String> ADDED =
      List.of(
          "created",
          "last_updated",
          "active",
          "owner_orgno",
          "jwks_uri",
          "supplier_orgno",
          "onbehalfof",
          "client_secret",
          "client_secret_expires_at");

  private Members() {}

  /** Refuses a name that is not known, with the nearest that is. */
  static void requireKnown(String where, Collection<?> names, List<String> known) {
    for (Object item : names) {
      String name = String.valueOf(item);
      boolean language = known.equals(OF_SCOPE) && name.matches("(long_)?description#[a-z]{2,3}");
      if (!known.contains(name) && !language) {
        throw new CannotDo(
            "There is no "
                + name.replaceAll("\\p{Cntrl}", " ")
                + " in "
                + where
                + "; did you mean "
                + NearestName.of(name, known)
                + "?");
      }
    }
  }

  /**
   * What {@code --set} gives: {@code member=value}, the value as JSON or, when it is none, as text.
   */
  static Map<String, @Nullable Object> read(
      String where, List<String> assignments, List<String> known) {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    for (String assignment : assignments) {
      int equals = assignment.indexOf('=');
      if (equals < 1) {
        throw new CannotDo("--set takes MEMBER=VALUE.");
      }
      String text = assignment.substring(equals + 1);
      Object value;
      try {
        value = Json.readValue(text.getBytes(StandardCharsets.UTF_8));
      } catch (MalformedJson e) {
        value = text;
      }
      members.put(assignment.substring(0, equals), value);
    }
    requireKnown(where, members.keySet(), known);
    return members;
  }

  /** A document as it may be sent back, with these members in place of its own. */
  static Map<String, @Nullable Object> changed(
      Map<String, @Nullable Object> document, Map<String, ? extends @Nullable Object> members) {
    Map<String, @Nullable Object> changed = new LinkedHashMap<>(document);
    changed.keySet().removeAll(ADDED);
    changed.putAll(members);
    return changed;
  }

  /**
   * Whether two values mean the same: the order of a list does not count, a single text is a list
   * of one, and an empty text is none.
   */
  static boolean same(@Nullable Object one, @Nullable Object other) {
    if (one instanceof List<?> || other instanceof List<?>) {
      return sorted(one).equals(sorted(other));
    }
    return Objects.equals("".equals(one) ? null : one, "".equals(other) ? null : other);
  }

  /** The members whose values are others in a document, each in a line for a person. */
  static List<String> differences(
      Map<String, ? extends @Nullable Object> wanted, Map<String, @Nullable Object> document) {
    List<String> lines = new ArrayList<>();
    wanted.forEach((name, value) -> {
      if (!same(value, document.get(name))) {
        lines.add(name + ": " + shown(document.get(name)) + " → " + shown(value));
      }
    });
    return lines;
  }

  private static String shown(@Nullable Object value) {
    String text = Table.text(value);
    return text.isEmpty() ? "(none)" : value instanceof String ? "\"" + text + "\"" : text;
  }

  private static List<String> sorted(@Nullable Object value) {
    List<?> items =
        value instanceof List<?> list ? list : value == null ? List.of() : List.of(value);
    List<String> texts = new ArrayList<>();
    for (Object item : items) {
      String text = String.valueOf(item);
      texts.add(
          text.equals("jwt_bearer_token") ? "urn:ietf:params:oauth:grant-type:jwt-bearer" : text);
    }
    return texts.stream().distinct().sorted().toList();
  }
}

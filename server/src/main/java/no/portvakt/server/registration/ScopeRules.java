package no.portvakt.server.registration;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The rules for a scope's name and settings (docs/protocol/maskinporten-admin.md, "Scopes"). */
public final class ScopeRules {
  /** What a body describes. */
  public static final String OBJECT = "Scope";

  private static final Pattern PREFIX = Pattern.compile("[a-zæøå0-9][a-zæøå0-9_-]{0,63}");
  private static final Pattern DESCRIPTION =
      Pattern.compile("(?:long_)?description#(?:[a-z]{2}|[a-z]{3})");
  private static final int MOST_DESCRIPTIONS = 20;
  private static final long LONGEST_AGE = 86_400;
  private static final long LONGEST_LOGIN = 31_536_000;

  private final SubscopeGrammar grammar;
  private final Predicate<String> isSource;

  /**
   * @param isSource whether an issuer keeps delegations
   */
  public ScopeRules(SubscopeGrammar grammar, Predicate<String> isSource) {
    this.grammar = grammar;
    this.isSource = isSource;
  }

  /** Whether a prefix is well formed. */
  public static boolean isPrefix(String prefix) {
    return PREFIX.matcher(prefix).matches();
  }

  /** The prefix in a body. */
  public String prefix(Map<String, @Nullable Object> body) {
    return new Field(OBJECT, body).required("prefix", 64);
  }

  /** The subscope in a body. */
  public String subscope(Map<String, @Nullable Object> body) {
    String subscope = new Field(OBJECT, body).required("subscope", 255);
    if (!grammar.isValid(subscope)) {
      throw new BadField(
          OBJECT,
          "subscope",
          grammar == SubscopeGrammar.SEED
              ? "must be runs of a-z and 0-9, with / between them, and one . at most"
              : "must be runs of lower-case letters and digits, with / between them, then :, then"
                  + " .");
    }
    return subscope;
  }

  /** Refuses a name in the body that is not the scope's own: names never change. */
  public void requireName(Map<String, @Nullable Object> body, String name) {
    String[] parts = name.split(":", 2);
    requireSame(body, "name", name);
    requireSame(body, "prefix", parts[0]);
    requireSame(body, "subscope", parts[parts.length - 1]);
  }

  private static void requireSame(Map<String, @Nullable Object> body, String member, String value) {
    Object given = body.get(member);
    if (given != null && !given.equals(value)) {
      throw new BadField(OBJECT, member, "can't be changed");
    }
  }

  /**
   * The settings in a body, with defaults, ready to be kept.
   *
   * @throws BadField when a member does not hold
   */
  public Map<String, Object> read(Map<String, @Nullable Object> body) {
    Field field = new Field(OBJECT, body);
    Map<String, Object> kept = new LinkedHashMap<>();
    kept.put("description", field.required("description", 1000));
    put(kept, "long_description", field.optional("long_description", 10_000));
    for (String name : body.keySet()) {
      if (DESCRIPTION.matcher(name).matches()) {
        put(kept, name, field.optional(name, name.startsWith("long_") ? 10_000 : 1000));
      }
    }
    if (kept.size() > MOST_DESCRIPTIONS) {
      throw new BadField(OBJECT, "description", "must not be in so many languages");
    }
    kept.put(
        "visibility", field.oneOf("visibility", "PUBLIC", Set.of("PUBLIC", "INTERNAL", "PRIVATE")));
    kept.put(
        "token_type",
        field.oneOf("token_type", "SELF_CONTAINED", Set.of("SELF_CONTAINED", "OPAQUE")));
    kept.put("at_max_age", field.number("at_max_age", 0, LONGEST_AGE));
    kept.put(
        "authorization_max_lifetime", field.number("authorization_max_lifetime", 0, LONGEST_LOGIN));
    kept.put("allowed_integration_types", types(field));
    String source = field.optional("delegation_source", 500);
    if (source != null && !source.isEmpty()) {
      if (!isSource.test(source)) {
        throw new BadField(
            OBJECT, "delegation_source", "must be the issuer of a known delegation source");
      }
      kept.put("delegation_source", source);
    }
    for (String flag :
        List.of(
            "accessible_for_all",
            "requires_user_consent",
            "requires_user_authentication",
            "requires_pseudonymous_tokens",
            "supports_european_businesses",
            "protected")) {
      kept.put(flag, field.flag(flag));
    }
    for (String name : List.of("enforced_aud_for_access_token", "enforced_aud_for_introspection")) {
      List<String> audiences =
          body.get(name) instanceof String text
              ? text.isEmpty() ? List.of() : List.of(text)
              : field.texts(name);
      if (audiences.stream().anyMatch(it -> it.isBlank() || it.length() > 500)) {
        throw new BadField(OBJECT, name, "must have at most 500 characters each");
      }
      if (!audiences.isEmpty()) {
        kept.put(name, audiences);
      }
    }
    return kept;
  }

  private static List<String> types(Field field) {
    List<String> types = field.texts("allowed_integration_types");
    // The documents have this name too, in one place.
    types = types.isEmpty() ? field.texts("allowable_integration_types") : types;
    if (!ClientRules.TYPES.containsAll(types)) {
      throw new BadField(
          OBJECT,
          "allowed_integration_types",
          "must be among " + ClientRules.TYPES.stream().sorted().toList());
    }
    return types.stream().distinct().toList();
  }

  private static void put(Map<String, Object> kept, String name, @Nullable String text) {
    if (text == null) {
      return;
    }
    if (text.chars().anyMatch(c -> c < ' ' && c != '\n' && c != '\r' && c != '\t')) {
      throw new BadField(OBJECT, name, "must have no control characters");
    }
    kept.put(name, text);
  }
}

package no.portvakt.maskinporten;

import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.UUID;
import java.util.regex.Pattern;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.Scopes;
import org.jspecify.annotations.Nullable;

/**
 * What token is wanted: the scopes, and everything else that shapes a token. Immutable. Make it
 * once and keep it: it carries its key to the cache.
 */
public final class TokenRequest {
  /** No value of its own: the client's counts. */
  static final long CLIENTS_MINIMUM = -1;

  private static final String CONSENT = "urn:altinn:consent";

  private final Map<String, Object> claims;
  private final Exchange exchange;
  private final long minimumLife;
  private final String key;

  private TokenRequest(Map<String, Object> claims, Exchange exchange, long minimumLife) {
    this.claims = Collections.unmodifiableMap(claims);
    this.exchange = exchange;
    this.minimumLife = minimumLife;
    this.key = exchange + Json.write(claims); // JSON, so that no value can pass for another member
  }

  /** Whether the token is exchanged for a platform token, and with which {@code test}. */
  enum Exchange {
    NONE,
    ORDINARY,
    TEST
  }

  /**
   * A request for scopes and nothing else.
   *
   * @param scope one scope, or several with blanks between them
   * @throws IllegalArgumentException when there is none, or one has a sign that no scope may have
   */
  public static TokenRequest of(String scope) {
    return builder().scopes(scope).build();
  }

  /** A request that is put together. */
  public static Builder builder() {
    return new Builder();
  }

  /** The scopes, sorted, with blanks between them. */
  public String scope() {
    return String.valueOf(claims.get("scope"));
  }

  /** The grant's claims that this request decides (RFC 7523 §3, RFC 8707, RFC 9396). */
  Map<String, Object> claims() {
    return claims;
  }

  /** The organisation that the client acts for, or null. */
  @Nullable String consumerOrg() {
    return claims.get("consumer_org") instanceof String text ? text : null;
  }

  /** Whether the token is wanted for a consent. */
  boolean isForConsent() {
    return claims.get("authorization_details") instanceof List<?> details
        && details.get(0) instanceof Map<?, ?> detail
        && CONSENT.equals(detail.get("type"));
  }

  Exchange exchange() {
    return exchange;
  }

  /** The request for the Maskinporten token that the exchange begins with. */
  TokenRequest withoutExchange() {
    return new TokenRequest(claims, Exchange.NONE, minimumLife);
  }

  /** In milliseconds, or {@link #CLIENTS_MINIMUM}. */
  long minimumLife() {
    return minimumLife;
  }

  /** Everything that shapes the token. Not for logs: a person number may be in it. */
  String key() {
    return key;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof TokenRequest that
        && key.equals(that.key)
        && minimumLife == that.minimumLife;
  }

  @Override
  public int hashCode() {
    return key.hashCode();
  }

  /** The scopes and the consumer; never a person. */
  @Override
  public String toString() {
    String consumer = consumerOrg();
    return "TokenRequest[scope="
        + scope()
        + (consumer == null ? "" : ", consumer_org=" + consumer)
        + (exchange == Exchange.NONE ? "" : ", for the platform")
        + "]";
  }

  /** Puts a request together. Not for use by several threads. */
  public static final class Builder {
    /** RFC 6749 §3.3, and the letters that Maskinporten allows besides. */
    private static final Pattern SCOPE = Pattern.compile("[\\x21\\x23-\\x5B\\x5D-\\x7EæøåÆØÅ]+");

    private static final Pattern PID = Pattern.compile("[0-9]{11}");
    private static final Pattern EXTERNAL_REF = Pattern.compile("[a-zA-Z0-9øØæÆåÅ_\\-]{0,255}");
    private static final Pattern CONSENT_FROM =
        Pattern.compile(
            "urn:altinn:(person:identifier-no:[0-9]{11}|organization:identifier-no:[0-9]{9})");

    private final Set<String> scopes = new TreeSet<>();
    private final Set<String> resources = new LinkedHashSet<>();
    private final Map<String, Object> others = new LinkedHashMap<>();
    private Exchange exchange = Exchange.NONE;
    private long minimumLife = CLIENTS_MINIMUM;

    private Builder() {}

    /**
     * Adds scopes (RFC 6749 §3.3). The letters æ, ø and å are allowed too, each as one character.
     *
     * @param items each one scope, or several with blanks between them
     */
    public Builder scopes(String... items) {
      for (String item : items) {
        for (String scope : Scopes.parse(item)) {
          if (!SCOPE.matcher(scope).matches()) {
            throw new IllegalArgumentException("A scope has a sign that no scope may have.");
          }
          scopes.add(scope);
        }
      }
      return this;
    }

    /**
     * Restricts the token to an API (RFC 8707 §2); several times for several.
     *
     * @param resource an absolute URI without a fragment; Maskinporten copies it to {@code aud}
     */
    public Builder resource(String resource) {
      URI uri = URI.create(resource);
      if (!uri.isAbsolute() || uri.getRawFragment() != null) {
        throw new IllegalArgumentException(
            "A resource is an absolute URI without a fragment (RFC 8707 section 2).");
      }
      resources.add(resource);
      return this;
    }

    /**
     * Acts for an organisation that has delegated its access.
     *
     * @param organisation its number, nine digits; not the client's own
     */
    public Builder consumerOrg(String organisation) {
      others.put("consumer_org", new OrganisationNumber(organisation).value());
      return this;
    }

    /** The older way to act for another: the name that is registered on the client for it. */
    public Builder onBehalfOf(String name) {
      others.put("iss_onbehalfof", Objects.requireNonNull(name));
      return this;
    }

    /** The person that the token is about: a national identity number or D-number, 11 digits. */
    public Builder pid(String pid) {
      if (!PID.matcher(pid).matches()) {
        throw new IllegalArgumentException("A pid is eleven digits.");
      }
      others.put("pid", pid);
      return this;
    }

    /** Acts as the system user of an organisation that was made without a reference. */
    public Builder systemUser(String organisation) {
      return systemUser(organisation, null);
    }

    /**
     * Acts as the system user of an organisation.
     *
     * @param organisation its number, nine digits
     * @param externalRef the reference that the system user was made with: at most 255 letters,
     *     digits, hyphens and underscores; null: none
     */
    public Builder systemUser(String organisation, @Nullable String externalRef) {
      Map<String, Object> details = new LinkedHashMap<>();
      details.put("type", "urn:altinn:systemuser");
      details.put(
          "systemuser_org",
          Map.of(
              "authority",
              "iso6523-actorid-upis",
              "ID",
              "0192:" + new OrganisationNumber(organisation).value()));
      if (externalRef != null) {
        if (!EXTERNAL_REF.matcher(externalRef).matches()) {
          throw new IllegalArgumentException(
              "An externalRef is at most 255 letters, digits, hyphens and underscores.");
        }
        details.put("externalRef", externalRef);
      }
      return details(details);
    }

    /**
     * Uses a consent.
     *
     * @param id of the consent
     * @param from who gave it: {@code urn:altinn:person:identifier-no:} and 11 digits, or {@code
     *     urn:altinn:organization:identifier-no:} and 9
     */
    public Builder consent(UUID id, String from) {
      if (!CONSENT_FROM.matcher(from).matches()) {
        throw new IllegalArgumentException(
            "Whoever gave the consent is urn:altinn:person:identifier-no: and eleven digits, or"
                + " urn:altinn:organization:identifier-no: and nine.");
      }
      Map<String, Object> details = new LinkedHashMap<>();
      details.put("type", CONSENT);
      details.put("id", id.toString());
      details.put("from", from);
      return details(details);
    }

    private Builder details(Map<String, Object> details) {
      if (others.put("authorization_details", List.of(details)) != null) {
        throw new IllegalArgumentException("A token is for one system user or one consent.");
      }
      return this;
    }

    /**
     * Exchanges the token for a platform token, which is what the client then gives. The platform's
     * address is the client's setting {@code platform-url}.
     */
    public Builder altinn() {
      exchange = Exchange.ORDINARY;
      return this;
    }

    /** As {@link #altinn}, with {@code test=true}: digdir becomes the test organisation ttd. */
    public Builder altinnTest() {
      exchange = Exchange.TEST;
      return this;
    }

    /**
     * How long a token must live when it is handed out, unless half of its whole life is less; it
     * takes the place of the client's setting {@code minimum-life}.
     */
    public Builder minimumLife(Duration life) {
      if (life.isNegative()) {
        throw new IllegalArgumentException("A life is not negative.");
      }
      minimumLife = life.toMillis();
      return this;
    }

    /**
     * The request.
     *
     * @throws IllegalArgumentException when it has no scope, or acts for another in two ways
     */
    public TokenRequest build() {
      if (scopes.isEmpty()) {
        throw new IllegalArgumentException("A token request has at least one scope.");
      }
      if (others.containsKey("consumer_org") && others.containsKey("iss_onbehalfof")) {
        throw new IllegalArgumentException("Use either consumerOrg or onBehalfOf, not both.");
      }
      Map<String, Object> claims = new LinkedHashMap<>();
      claims.put("scope", String.join(" ", scopes));
      if (!resources.isEmpty()) { // a string for one: the real clients' form
        claims.put(
            "resource",
            resources.size() == 1 ? resources.iterator().next() : new ArrayList<>(resources));
      }
      claims.putAll(new TreeMap<>(others));
      return new TokenRequest(claims, exchange, minimumLife);
    }
  }
}

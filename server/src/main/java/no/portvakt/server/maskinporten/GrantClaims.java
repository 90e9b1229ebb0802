package no.portvakt.server.maskinporten;

import static no.portvakt.tokens.ClaimNames.AUDIENCE;
import static no.portvakt.tokens.ClaimNames.AUTHORIZATION_DETAILS;
import static no.portvakt.tokens.ClaimNames.EXPIRES_AT;
import static no.portvakt.tokens.ClaimNames.ISSUED_AT;
import static no.portvakt.tokens.ClaimNames.ISSUER;
import static no.portvakt.tokens.ClaimNames.NOT_BEFORE;
import static no.portvakt.tokens.ClaimNames.PERSON_ID;
import static no.portvakt.tokens.ClaimNames.SCOPE;
import static no.portvakt.tokens.ClaimNames.SUBJECT;
import static no.portvakt.tokens.ClaimNames.TOKEN_ID;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import no.portvakt.server.maskinporten.Refusal.Refused;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.NationalIdentityNumber;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Scopes;
import org.jspecify.annotations.Nullable;

/**
 * What a grant asks for, in values of the right form. Each claim is known; whether the client may
 * have what it asks for is {@link Entitlement}'s matter.
 *
 * @param messageId what makes this grant the only one of its kind: its {@code jti}, else its
 *     fingerprint
 * @param scopes at least one
 * @param consumerOrg the organisation that the client acts for as its supplier, or null
 * @param onBehalfOf the name under which that organisation is registered on the client, or null
 * @param person the person that the token shall be bound to, or null
 * @param resources the audiences that the token shall be restricted to (RFC 8707); empty: to none
 * @param details {@code authorization_details} as sent (RFC 9396), or null when absent
 */
record GrantClaims(
    String messageId,
    Scopes scopes,
    @Nullable OrganisationNumber consumerOrg,
    @Nullable String onBehalfOf,
    @Nullable NationalIdentityNumber person,
    List<String> resources,
    @Nullable Object details) {
  private static final String CONSUMER_ORG = "consumer_org";
  private static final String ON_BEHALF_OF = "iss_onbehalfof";
  private static final String RESOURCE = "resource";
  private static final int MOST_SCOPES = 50;
  private static final int MOST_RESOURCES = 20;
  private static final int LONGEST_RESOURCE = 2048;

  /** Anything else is refused unless the settings say otherwise: a misspelt claim must be seen. */
  private static final Set<String> KNOWN =
      Set.of(
          AUDIENCE,
          ISSUER,
          SCOPE,
          ISSUED_AT,
          EXPIRES_AT,
          TOKEN_ID,
          NOT_BEFORE,
          SUBJECT,
          PERSON_ID,
          RESOURCE,
          CONSUMER_ORG,
          ON_BEHALF_OF,
          AUTHORIZATION_DETAILS);

  /** Names that are found in the wild, and what they should be. */
  private static final Map<String, String> MISSPELT =
      Map.of(
          "consumer_orgno", CONSUMER_ORG,
          "consumerOrg", CONSUMER_ORG,
          "consumer", CONSUMER_ORG,
          "onbehalfof", ON_BEHALF_OF,
          "scopes", SCOPE,
          "resources", RESOURCE,
          "audience", AUDIENCE,
          "authorization_detail", AUTHORIZATION_DETAILS);

  /**
   * Reads the claims of a grant whose signature held.
   *
   * @param rejectUnknown whether a claim that is not known is refused
   */
  static GrantClaims of(Grant grant, boolean rejectUnknown) {
    Reading reading = new Reading(grant.jws(), grant.trace());
    if (rejectUnknown) {
      reading.requireKnown();
    }
    return reading.read();
  }

  // Says nothing of the person, and of the details, which may name one.
  @Override
  public String toString() {
    return "GrantClaims[scopes=" + scopes + ", consumerOrg=" + consumerOrg + "]";
  }

  // Its components say nothing of the claims, which may name a person.
  private record Reading(CompactJws jws, RuleTrace trace) {
    private Map<String, @Nullable Object> claims() {
      return jws.unverifiedClaims();
    }

    GrantClaims read() {
      if (claims().containsKey(CONSUMER_ORG) && claims().containsKey(ON_BEHALF_OF)) {
        trace.check("grant.claims", false, "consumer_org or iss_onbehalfof", "both");
        throw Refusal.INVALID_VALUE.of(": consumer_org and iss_onbehalfof exclude each other");
      }
      String id = text(TOKEN_ID);
      Object subject = claims().get(SUBJECT);
      valid(SUBJECT, subject instanceof String, "a string", subject);
      return new GrantClaims(
          id == null ? "sha256:" + jws.fingerprint() : "jti:" + id,
          scopes(),
          consumerOrg(),
          text(ON_BEHALF_OF),
          person(),
          resources(),
          // A null that is there is no absence, and no list either.
          claims().containsKey(AUTHORIZATION_DETAILS)
              ? Objects.requireNonNullElse(claims().get(AUTHORIZATION_DETAILS), "null")
              : null);
    }

    void requireKnown() {
      for (String name : claims().keySet()) {
        if (!KNOWN.contains(name)) {
          trace.check("grant.claims", false, "claims that are known", name);
          String meant = MISSPELT.get(name);
          throw Refusal.INVALID_VALUE.of(
              ": there is no claim "
                  + RuleTrace.printable(name)
                  + (meant == null ? "" : "; it is called " + meant));
        }
      }
    }

    private @Nullable String text(String name) {
      Object value = claims().get(name);
      boolean fine =
          value instanceof String text && !text.isEmpty() && text.length() <= Grant.LONGEST_ID;
      return valid(name, fine, "a string of 1 to " + Grant.LONGEST_ID + " characters", value)
          ? String.valueOf(value)
          : null;
    }

    private Scopes scopes() {
      Object value = claims().get(SCOPE);
      Scopes scopes = Scopes.parse(value);
      boolean fine = !scopes.isEmpty() && scopes.size() <= MOST_SCOPES;
      if (!trace.check("grant.scope", fine, "1 to " + MOST_SCOPES, value)) {
        throw bad(
            SCOPE,
            scopes.isEmpty()
                ? "scopes with blanks between them"
                : "at most " + MOST_SCOPES + " scopes; ask for the rest with another grant");
      }
      return scopes;
    }

    private @Nullable OrganisationNumber consumerOrg() {
      Object value = claims().get(CONSUMER_ORG);
      OrganisationNumber number =
          value instanceof String text ? OrganisationNumber.parse(text) : null;
      valid(CONSUMER_ORG, number != null, "a valid organisation number as a string", value);
      return number;
    }

    private @Nullable NationalIdentityNumber person() {
      NationalIdentityNumber number =
          claims().get(PERSON_ID) instanceof String text
              ? NationalIdentityNumber.parse(text)
              : null;
      // What is almost a person's number must not stay behind either.
      String kept = number == null ? "none" : number.value();
      valid(PERSON_ID, number != null, "a valid national identity number as a string", kept);
      return number;
    }

    private List<String> resources() {
      if (!claims().containsKey(RESOURCE)) {
        return List.of();
      }
      Object value = claims().get(RESOURCE);
      List<?> all = value instanceof List<?> list ? list : Collections.singletonList(value);
      List<String> resources = new ArrayList<>();
      for (Object one : all) {
        if (one instanceof String text && isAbsolute(text)) {
          resources.add(text);
        }
      }
      boolean fine =
          resources.size() == all.size() && !all.isEmpty() && all.size() <= MOST_RESOURCES;
      if (!trace.check("grant.resource", fine, "absolute URIs without fragment", value)) {
        throw Refusal.TARGET.of(
            ": it must be an absolute URI without a fragment, or a list of at most "
                + MOST_RESOURCES
                + " of them");
      }
      return resources;
    }

    /** Whether a claim is there; refuses one that is there and not right. */
    private boolean valid(String name, boolean fine, String expected, @Nullable Object actual) {
      boolean present = claims().containsKey(name);
      if (present && !trace.check("grant." + name, fine, expected, actual)) {
        throw bad(name, expected);
      }
      return present;
    }

    private static Refused bad(String name, String expected) {
      return Refusal.INVALID_VALUE.of(": " + name + " must be " + expected);
    }

    private static boolean isAbsolute(String text) {
      try {
        URI uri = new URI(text);
        return uri.isAbsolute()
            && uri.getRawFragment() == null
            && text.length() <= LONGEST_RESOURCE;
      } catch (URISyntaxException e) {
        return false;
      }
    }
  }
}

package no.portvakt.server.maskinporten;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.maskinporten.Refusal.Refused;
import no.portvakt.server.registration.Registrations;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/**
 * Rich authorization requests (RFC 9396): one detail of a grant, and what becomes of it in the
 * token (docs/protocol/maskinporten-token.md, "System users and consents").
 */
final class AuthorizationDetails {
  private final SystemUsers systemUsers;
  private final Consents consents;

  AuthorizationDetails(Registrations registered) {
    this.systemUsers = new SystemUsers(registered.systemUsers());
    this.consents = new Consents(registered.consents());
  }

  /**
   * Who asks.
   *
   * @param clientId the client
   * @param consumer the organisation that the token will speak for
   */
  record Asker(String clientId, OrganisationNumber consumer) {}

  /**
   * A detail as the token carries it.
   *
   * @param claim the only element of {@code authorization_details}
   * @param kind what it is called in the audit: {@code system_user}, {@code consent}
   * @param id the id of the system user or the consent
   */
  record Detail(Map<String, @Nullable Object> claim, String kind, String id) {
    // The claim may name a person.
    @Override
    public String toString() {
      return kind + " " + id;
    }
  }

  /** What a token carries for this; null when nothing was asked for. */
  @Nullable Detail enrich(GrantClaims claims, Asker asker, Instant now, RuleTrace trace) {
    Object asked = claims.details();
    if (asked == null) {
      return null;
    }
    Map<String, @Nullable Object> detail = only(asked, trace);
    Object type = detail.get("type");
    if (SystemUsers.TYPE.equals(type)) {
      return systemUsers.enrich(detail, asker, trace);
    }
    if (Consents.TYPE.equals(type)) {
      return consents.enrich(detail, asker, now, trace);
    }
    trace.check("details.type", false, SystemUsers.TYPE + " or " + Consents.TYPE, type);
    throw Refusal.DETAILS_TYPE.of(": use " + SystemUsers.TYPE + " or " + Consents.TYPE);
  }

  /** A detail has these members and no others. */
  static void requireMembers(
      Map<String, @Nullable Object> detail, Set<String> known, RuleTrace trace) {
    for (String name : detail.keySet()) {
      if (!known.contains(name)) {
        trace.check("details.members", false, "members that are known", name);
        throw malformed(": there is no member " + RuleTrace.printable(name));
      }
    }
  }

  static Refused malformed(String more) {
    return Refusal.DETAILS_FORM.of(more);
  }

  private static Map<String, @Nullable Object> only(Object asked, RuleTrace trace) {
    boolean one = asked instanceof List<?> list && list.size() == 1;
    Map<String, @Nullable Object> detail = one ? object(((List<?>) asked).get(0)) : null;
    if (!trace.check(
            "details.form", detail != null, "a list of one object", one ? "a list of one" : "other")
        || detail == null) {
      throw malformed(": authorization_details must be a list with one object");
    }
    return detail;
  }

  /** A JSON object, or null. */
  @SuppressWarnings("unchecked") // objects that Json reads have string keys
  static @Nullable Map<String, @Nullable Object> object(@Nullable Object value) {
    return value instanceof Map<?, ?> map ? (Map<String, @Nullable Object>) map : null;
  }
}

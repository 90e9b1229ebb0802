package no.portvakt.server.maskinporten;

import static no.portvakt.server.maskinporten.AuthorizationDetails.malformed;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.maskinporten.AuthorizationDetails.Asker;
import no.portvakt.server.maskinporten.AuthorizationDetails.Detail;
import no.portvakt.server.oauth2.AuthorizationDetailsType;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.SystemUserTable;
import no.portvakt.server.store.SystemUserTable.SystemRow;
import no.portvakt.server.store.SystemUserTable.UserRow;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/** System users: a party lets a vendor's system act for it, and the system's clients ask as it. */
final class SystemUsers {
  static final String TYPE = AuthorizationDetailsType.SYSTEM_USER;

  private static final Set<String> MEMBERS = Set.of("type", "systemuser_org", "externalRef");
  private static final Set<String> PARTY_MEMBERS = Set.of("authority", "ID", "id");
  private static final int LONGEST_REFERENCE = 255;
  private static final String OTHER_LETTERS = "øØæÆåÅ_-";

  private final SystemUserTable table;

  SystemUsers(SystemUserTable table) {
    this.table = table;
  }

  /** The system user that a detail asks for, by party and reference. */
  Detail enrich(Map<String, @Nullable Object> detail, Asker asker, RuleTrace trace) {
    AuthorizationDetails.requireMembers(detail, MEMBERS, trace);
    Consumer party = party(detail, trace);
    String reference = reference(detail, trace);
    UserRow user = user(party, reference, asker, trace);
    Map<String, @Nullable Object> claim = new LinkedHashMap<>();
    claim.put("type", TYPE);
    claim.put("systemuser_id", List.of(user.id()));
    claim.put("systemuser_org", Consumer.of(party.organisation()).toClaim());
    claim.put("system_id", user.systemId());
    return new Detail(claim, "system_user", user.id());
  }

  private static Consumer party(Map<String, @Nullable Object> detail, RuleTrace trace) {
    Map<String, @Nullable Object> object =
        AuthorizationDetails.object(detail.get("systemuser_org"));
    // One page of Altinn's documentation writes id.
    boolean form =
        object != null
            && PARTY_MEMBERS.containsAll(object.keySet())
            && object.containsKey("ID") != object.containsKey("id");
    if (!trace.check("details.party", form, "an object with authority and ID", "something else")
        || object == null) {
      throw malformed(": systemuser_org must be an object with authority and ID");
    }
    Object id = object.containsKey("ID") ? object.get("ID") : object.get("id");
    Map<String, @Nullable Object> named = new LinkedHashMap<>();
    named.put("authority", object.get("authority"));
    named.put("ID", id);
    Consumer party = Consumer.parse(named);
    boolean exact = party != null && Consumer.of(party.organisation()).toClaim().equals(named);
    if (!trace.check("details.party", exact, "0192: and an organisation number", id)
        || party == null) {
      throw Refusal.DETAILS_VALUE.of(
          ": systemuser_org needs authority " + Consumer.AUTHORITY + " and ID 0192:<number>");
    }
    return party;
  }

  private static @Nullable String reference(Map<String, @Nullable Object> detail, RuleTrace trace) {
    Object value = detail.get("externalRef");
    boolean fine =
        !detail.containsKey("externalRef")
            || (value instanceof String text
                && text.length() <= LONGEST_REFERENCE
                && text.chars().allMatch(SystemUsers::isAllowed));
    if (!trace.check("details.external_ref", fine, "letters, digits, _ and -", value)) {
      throw malformed(": externalRef must be at most 255 letters, digits, _ and -");
    }
    return value instanceof String text && !text.isEmpty() ? text : null;
  }

  private UserRow user(Consumer party, @Nullable String reference, Asker asker, RuleTrace trace) {
    String organisation = party.organisation().value();
    String known = reference == null ? organisation : reference;
    List<UserRow> users = new ArrayList<>();
    for (UserRow user : table.users(asker.consumer().value(), organisation, known)) {
      SystemRow system = table.system(user.systemId());
      if (system != null
          && ScopeSettings.members(system.body()).get("client_ids") instanceof List<?> clients
          && clients.contains(asker.clientId())) {
        users.add(user);
      }
    }
    if (!trace.check(
        "details.system_user", users.size() == 1, "one of party and client", users.size())) {
      // Which of these it is only the party and the vendor may know.
      throw Refusal.DETAILS_VALUE.of(
          ": the party has no system user with this externalRef for a system of the consumer that"
              + " lists the client");
    }
    return users.get(0);
  }

  private static boolean isAllowed(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || OTHER_LETTERS.indexOf(c) >= 0;
  }
}

package no.portvakt.server.maskinporten;

import static no.portvakt.server.maskinporten.AuthorizationDetails.malformed;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.maskinporten.AuthorizationDetails.Asker;
import no.portvakt.server.maskinporten.AuthorizationDetails.Detail;
import no.portvakt.server.oauth2.AuthorizationDetailsType;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ConsentTable;
import no.portvakt.server.store.ConsentTable.ConsentRow;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/** Consents: a person or an organisation lets the consumer use data about it. */
final class Consents {
  static final String TYPE = AuthorizationDetailsType.CONSENT;

  private static final Set<String> MEMBERS = Set.of("type", "id", "from");

  private final ConsentTable table;

  Consents(ConsentTable table) {
    this.table = table;
  }

  /** The consent that a detail names. */
  Detail enrich(Map<String, @Nullable Object> detail, Asker asker, Instant now, RuleTrace trace) {
    AuthorizationDetails.requireMembers(detail, MEMBERS, trace);
    if (!trace.check(
            "details.form",
            detail.get("id") instanceof String && detail.get("from") instanceof String,
            "id and from as strings",
            "a consent")
        || !(detail.get("id") instanceof String id)) {
      throw malformed(": a consent needs id and from");
    }
    ConsentRow row = table.find(id);
    Map<String, @Nullable Object> consent =
        row == null ? Map.of() : ScopeSettings.members(row.body());
    String problem = problem(row, consent, detail.get("from"), asker.consumer(), now);
    if (!trace.check(
            "details.consent",
            problem == null,
            "to the consumer, and holds",
            problem == null ? "holds" : problem)
        || row == null) {
      // Which of these it is only the giver and the receiver may know.
      throw Refusal.DETAILS_VALUE.of(
          ": there is no consent with this id and giver to the consumer that is valid now");
    }
    Map<String, @Nullable Object> claim = new LinkedHashMap<>();
    claim.put("type", TYPE);
    claim.put("id", row.id());
    claim.put("from", row.giver());
    claim.put("to", Consumer.of(asker.consumer()).toClaim());
    claim.put(
        "consented",
        consent.getOrDefault("consented", Instant.ofEpochMilli(row.created()).toString()));
    claim.put("validTo", consent.get("validTo"));
    claim.put("consentRights", consent.getOrDefault("consentRights", List.of()));
    return new Detail(claim, "consent", row.id());
  }

  private static @Nullable String problem(
      @Nullable ConsentRow row,
      Map<String, @Nullable Object> consent,
      @Nullable Object from,
      OrganisationNumber consumer,
      Instant now) {
    if (row == null) {
      return "unknown id";
    }
    if (!row.giver().equals(from)) {
      return "another giver";
    }
    if (!row.receiver().equals(consumer.value())) {
      return "to another organisation";
    }
    Instant begins = time(consent.getOrDefault("consented", Instant.EPOCH.toString()));
    if (begins == null || now.isBefore(begins)) {
      return "not yet given";
    }
    Instant ends = time(consent.get("validTo"));
    return ends != null && now.isBefore(ends) ? null : "has ended";
  }

  private static @Nullable Instant time(@Nullable Object value) {
    try {
      return value instanceof String text ? OffsetDateTime.parse(text).toInstant() : null;
    } catch (DateTimeException e) {
      return null;
    }
  }
}

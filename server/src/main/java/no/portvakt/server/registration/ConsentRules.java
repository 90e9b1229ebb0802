package no.portvakt.server.registration;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import no.portvakt.tokens.NationalIdentityNumber;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;

/**
 * The rules for consents and system users, which others decide on in reality
 * (docs/protocol/maskinporten-admin.md, "What others decide").
 */
public final class ConsentRules {
  /** What a consent's body describes. */
  public static final String OBJECT = "Consent";

  private static final String PERSON = "urn:altinn:person:identifier-no:";
  private static final String ORGANISATION = "urn:altinn:organization:identifier-no:";
  private static final Pattern REFERENCE = Pattern.compile("[a-zA-Z0-9øØæÆåÅ_-]{1,255}");
  private static final int MOST_RIGHTS = 50;

  private ConsentRules() {}

  /** Who consents: the URN of a person or of an organisation. */
  public static String giver(Map<String, @Nullable Object> body) {
    String from = new Field(OBJECT, body).required("from", 100);
    boolean person =
        from.startsWith(PERSON)
            && NationalIdentityNumber.parse(from.substring(PERSON.length())) != null;
    boolean organisation =
        from.startsWith(ORGANISATION)
            && OrganisationNumber.parse(from.substring(ORGANISATION.length())) != null;
    if (!person && !organisation) {
      throw new BadField(
          OBJECT, "from", "must be " + PERSON + " or " + ORGANISATION + " and a valid number");
    }
    return from;
  }

  /** What is consented to, from when and for how long, ready to be kept. */
  public static Map<String, Object> read(Map<String, @Nullable Object> body, Instant now) {
    Instant consented = time(body, "consented", now);
    Instant validTo = time(body, "validTo", null);
    if (!validTo.isAfter(consented)) {
      throw new BadField(OBJECT, "validTo", "must be after consented");
    }
    if (!(body.get("consentRights") instanceof List<?> rights)
        || rights.isEmpty()
        || rights.size() > MOST_RIGHTS) {
      throw badRights();
    }
    Map<String, Object> kept = new LinkedHashMap<>();
    kept.put("consented", consented.toString());
    kept.put("validTo", validTo.toString());
    kept.put("consentRights", rights.stream().map(ConsentRules::right).toList());
    return kept;
  }

  /** What tells several system users of one party apart; the party's number by default. */
  public static String externalReference(Map<String, @Nullable Object> body, String party) {
    String text = new Field("SystemUser", body).optional("external_ref", 255);
    if (text == null || text.isEmpty()) {
      return party;
    }
    if (!REFERENCE.matcher(text).matches()) {
      throw new BadField("SystemUser", "external_ref", "must be letters, digits, '_' and '-'");
    }
    return text;
  }

  private static Map<String, Object> right(@Nullable Object item) {
    if (!(item instanceof Map<?, ?> members)
        || !(members.get("action") instanceof List<?> actions)
        || !(members.get("resource") instanceof List<?> resources)
        || actions.isEmpty()
        || resources.isEmpty()
        || !actions.stream().allMatch(it -> it instanceof String)) {
      throw badRights();
    }
    List<Object> kept = new ArrayList<>();
    for (Object resource : resources) {
      if (!(resource instanceof Map<?, ?> it)
          || !(it.get("type") instanceof String type)
          || !(it.get("value") instanceof String value)) {
        throw badRights();
      }
      kept.add(Map.of("type", type, "value", value));
    }
    Map<String, Object> right = new LinkedHashMap<>();
    right.put("action", actions);
    right.put("resource", kept);
    if (members.get("metaData") instanceof Map<?, ?> more) {
      if (!more.values().stream().allMatch(it -> it instanceof String)) {
        throw badRights();
      }
      right.put("metaData", more);
    }
    return right;
  }

  private static Instant time(
      Map<String, @Nullable Object> body, String name, @Nullable Instant otherwise) {
    String text = new Field(OBJECT, body).optional(name, 40);
    if (text == null && otherwise != null) {
      return otherwise;
    }
    try {
      return OffsetDateTime.parse(String.valueOf(text)).toInstant();
    } catch (DateTimeException e) {
      throw new BadField(OBJECT, name, "must be a time with an offset, such as 2030-01-31T00:00Z");
    }
  }

  private static BadField badRights() {
    return new BadField(
        OBJECT,
        "consentRights",
        "must be 1 to "
            + MOST_RIGHTS
            + " objects with action (texts), resource (type and value) and metaData (texts)");
  }
}

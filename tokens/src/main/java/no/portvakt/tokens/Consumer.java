package no.portvakt.tokens;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The organisation that a Maskinporten token speaks for: the claim {@code consumer} = {@code
 * {"authority":"iso6523-actorid-upis","ID":"0192:<organisation number>"}}.
 *
 * @param prefix the ISO 6523 code of the register of the number: {@code 0192}, or {@code 9908} in
 *     older tokens
 * @param organisation the organisation number
 */
public record Consumer(String prefix, OrganisationNumber organisation) {
  /** The only {@code authority} that Norwegian organisations are named by. */
  public static final String AUTHORITY = "iso6523-actorid-upis";

  /** The ISO 6523 code of the Norwegian register of organisations, used in all new tokens. */
  public static final String ORGANISATION_REGISTER = "0192";

  private static final String OLD_ORGANISATION_REGISTER = "9908";

  /** The consumer with the present prefix. */
  public static Consumer of(OrganisationNumber organisation) {
    return new Consumer(ORGANISATION_REGISTER, organisation);
  }

  /**
   * The consumer in a claim's value, or null when the value is anything but an object with the
   * right authority and an {@code ID} of a known prefix and a valid organisation number. Further
   * elements after the number (sub-units: {@code 0192:991825827:ER//987464291:1}) are tolerated.
   */
  public static @Nullable Consumer parse(@Nullable Object claim) {
    if (!(claim instanceof Map<?, ?> members)
        || !AUTHORITY.equals(members.get("authority"))
        || !(members.get("ID") instanceof String id)) {
      return null;
    }
    int first = id.indexOf(':');
    if (first < 0) {
      return null;
    }
    String prefix = id.substring(0, first);
    int second = id.indexOf(':', first + 1);
    OrganisationNumber number =
        OrganisationNumber.parse(id.substring(first + 1, second < 0 ? id.length() : second));
    boolean known =
        prefix.equals(ORGANISATION_REGISTER) || prefix.equals(OLD_ORGANISATION_REGISTER);
    return known && number != null ? new Consumer(prefix, number) : null;
  }

  /** The claim's value, members in the order of real tokens. */
  public Map<String, Object> toClaim() {
    Map<String, Object> claim = new LinkedHashMap<>();
    claim.put("authority", AUTHORITY);
    claim.put("ID", prefix + ":" + organisation.value());
    return claim;
  }
}

package no.portvakt.server.registration;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;

/**
 * Reads and checks the fields of an admin request's body; what does not hold is a {@link BadField}.
 */
public final class Field {
  private static final int MOST_ITEMS = 500;

  private final String object;
  private final Map<String, @Nullable Object> body;

  /**
   * @param object what the body describes, for error answers
   */
  public Field(String object, Map<String, @Nullable Object> body) {
    this.object = object;
    this.body = body;
  }

  /** A text that must be there and not be blank. */
  public String required(String name, int longest) {
    String text = optional(name, longest);
    if (text == null || text.isBlank()) {
      throw new BadField(object, name, "must be a text that is not blank");
    }
    return text;
  }

  /** A text, or null when it is absent. */
  public @Nullable String optional(String name, int longest) {
    Object value = body.get(name);
    if (value == null) {
      return null;
    }
    if (!(value instanceof String text) || text.length() > longest || hasNul(text)) {
      throw new BadField(object, name, "must be a text of at most " + longest + " characters");
    }
    return text;
  }

  /** Whether a text has U+0000, which not every database can look for. */
  public static boolean hasNul(String text) {
    return text.indexOf(0) >= 0;
  }

  /** An organisation number, or null when it is absent. */
  public @Nullable String organisation(String name) {
    Object value = body.get(name);
    if (value == null) {
      return null;
    }
    if (!(value instanceof String text) || OrganisationNumber.parse(text) == null) {
      throw new BadField(object, name, "must be a valid organisation number");
    }
    return text;
  }

  /** An organisation number that must be there. */
  public String requiredOrganisation(String name) {
    String number = organisation(name);
    if (number == null) {
      throw new BadField(object, name, "must be a valid organisation number");
    }
    return number;
  }

  /** Refuses a member that is there, and neither null nor empty. */
  public void absent(String name, String reason) {
    Object value = body.get(name);
    boolean empty =
        value == null || value.equals("") || (value instanceof List<?> list && list.isEmpty());
    if (!empty) {
      throw new BadField(object, name, reason);
    }
  }

  /** One of several words, or the default when it is absent. */
  public String oneOf(String name, String otherwise, Set<String> words) {
    Object value = body.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!(value instanceof String text) || !words.contains(text)) {
      throw new BadField(object, name, "must be one of " + words.stream().sorted().toList());
    }
    return text;
  }

  /** A whole number in a range, or 0 when it is absent. */
  public long number(String name, long least, long most) {
    Object value = body.get(name);
    if (value == null) {
      return 0;
    }
    if (!(value instanceof Long number) || number < least || number > most) {
      throw new BadField(object, name, "must be a whole number from " + least + " to " + most);
    }
    return number;
  }

  /** A truth value, or false when it is absent. */
  public boolean flag(String name) {
    Object value = body.get(name);
    if (value != null && !(value instanceof Boolean)) {
      throw new BadField(object, name, "must be true or false");
    }
    return Boolean.TRUE.equals(value);
  }

  /** A list of texts; empty when it is absent. */
  public List<String> texts(String name) {
    Object value = body.get(name);
    if (value == null) {
      return List.of();
    }
    List<String> texts = new ArrayList<>();
    if (value instanceof List<?> list && list.size() <= MOST_ITEMS) {
      for (Object item : list) {
        if (item instanceof String text && !hasNul(text)) {
          texts.add(text);
        }
      }
      if (texts.size() == list.size()) {
        return texts;
      }
    }
    throw new BadField(object, name, "must be a list of at most " + MOST_ITEMS + " texts");
  }
}

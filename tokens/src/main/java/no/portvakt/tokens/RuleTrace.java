package no.portvakt.tokens;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The rules that ran for one decision, in the order in which they ran, each with what it compared.
 * It is what {@code portvakt explain} shows to an operator; a caller never sees it.
 *
 * <p>Values that a caller sent are shortened and masked before they are kept, so that no secret,
 * token or person number can stay behind. Not safe for use by several threads at once.
 */
public final class RuleTrace {
  private static final int LONGEST_VALUE = 160;
  private static final int LONGEST_NAME = 400;
  private static final int PERSON_NUMBER_LENGTH = 11;
  private static final int SHORTEST_TOKEN = 60;
  private static final String UUID_FORM = "xxxxxxxx-xxxx-4xxx-vxxx-xxxxxxxxxxxx";

  private final List<Rule> rules = new ArrayList<>(20);
  private final UnaryOperator<String> persons;

  /** A trace that masks person numbers. */
  public RuleTrace() {
    this(RuleTrace::masked);
  }

  /**
   * A trace that has something else stand for a person number, such as a pseudonym.
   *
   * @param persons what stands for a number of eleven digits
   */
  public RuleTrace(UnaryOperator<String> persons) {
    this.persons = persons;
  }

  /**
   * One rule and its outcome.
   *
   * @param name the rule's name, as in {@code docs/protocol/rules.md}
   * @param held whether the rule was satisfied
   * @param expected what the rule demands
   * @param actual what was there, shortened and masked
   */
  public record Rule(String name, boolean held, String expected, String actual) {}

  /** Records a rule's outcome and returns it. */
  public boolean check(String name, boolean held, String expected, @Nullable Object actual) {
    rules.add(new Rule(name, held, expected, kept(actual)));
    return held;
  }

  /** The same rules and one more; this trace stays as it is. */
  public RuleTrace with(String name, boolean held, String expected, Object actual) {
    RuleTrace longer = new RuleTrace(persons);
    longer.rules.addAll(rules);
    longer.check(name, held, expected, actual);
    return longer;
  }

  /** The rules so far. */
  public List<Rule> rules() {
    return Collections.unmodifiableList(rules);
  }

  /** The name of the first rule that did not hold, or null when all held. */
  public @Nullable String firstFailure() {
    for (Rule rule : rules) {
      if (!rule.held()) {
        return rule.name();
      }
    }
    return null;
  }

  /** A caller's value as this trace keeps it: as {@link #printable}, but for person numbers. */
  public String kept(@Nullable Object value) {
    return printable(value, LONGEST_VALUE, persons);
  }

  /**
   * A name whose form was checked, as this trace keeps it: its first {@value #LONGEST_NAME}
   * characters.
   */
  public String keptName(String name) {
    return printable(name, LONGEST_NAME, persons);
  }

  /**
   * A caller's value as it may be kept: its first {@value #LONGEST_VALUE} characters, control
   * characters replaced, runs of {@value #PERSON_NUMBER_LENGTH} digits and whole tokens masked.
   */
  public static String printable(@Nullable Object value) {
    return printable(value, LONGEST_VALUE, RuleTrace::masked);
  }

  private static String printable(
      @Nullable Object value, int longest, UnaryOperator<String> persons) {
    if (value == null) {
      return "(absent)";
    }
    String text = value.toString();
    if (isHarmless(text)) {
      return text;
    }
    if (looksLikeToken(text)) {
      return "(a token, not shown)";
    }
    if (looksLikeThumbprint(text) || looksLikeUuid(text)) {
      return text;
    }
    int cut = Math.min(text.length(), longest);
    StringBuilder out = new StringBuilder(cut + 1);
    int at = 0;
    while (at < cut) {
      int end = endOfDigits(text, at, longest);
      if (end - at == PERSON_NUMBER_LENGTH) {
        out.append(persons.apply(digits(text, at, end))); // also what the cut would part
        at = end;
      } else if (end > at) {
        int shown = Math.min(end, cut);
        out.append(
            end - at < PERSON_NUMBER_LENGTH
                ? text.substring(at, shown)
                : masked(text.substring(at, shown)));
        at = shown;
      } else {
        char c = text.charAt(at++);
        out.append(c < ' ' || (c > '~' && !isShown(c)) ? '\ufffd' : c);
      }
    }
    return at < text.length() ? out.append('…').toString() : out.toString();
  }

  /** Most values are kept as they are: short, of printable ASCII, without a long number. */
  private static boolean isHarmless(String text) {
    if (text.length() > SHORTEST_TOKEN || text.contains("eyJ")) {
      return false;
    }
    int digits = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      digits = c >= '0' && c <= '9' ? digits + 1 : 0;
      if (c < ' ' || c > '~' || digits == PERSON_NUMBER_LENGTH) {
        return false;
      }
    }
    return true;
  }

  /** The end of the digits from a place on; read on past the cut as far as their number matters. */
  private static int endOfDigits(String text, int from, int longest) {
    int last = Math.min(text.length(), longest + PERSON_NUMBER_LENGTH + 1);
    int end = from;
    while (end < last && Character.digit(text.charAt(end), 10) >= 0) {
      end++;
    }
    return end;
  }

  private static String masked(String digits) {
    return "*".repeat(digits.length());
  }

  /** Digits of any script as those of ASCII. */
  private static String digits(String text, int from, int end) {
    StringBuilder digits = new StringBuilder(end - from);
    for (int i = from; i < end; i++) {
      digits.append(Character.digit(text.charAt(i), 10));
    }
    return digits.toString();
  }

  // C1 controls and formats (text direction) drive terminals as well; a surrogate may be cut off.
  private static boolean isShown(char c) {
    return switch (Character.getType(c)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR ->
          false;
      default -> true;
    };
  }

  // The platform's own key ids: 40 hexadecimal digits, of which many may be decimal, but not all.
  private static boolean looksLikeThumbprint(String text) {
    return text.length() == 40
        && text.chars().anyMatch(c -> c >= 'A')
        && text.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F'));
  }

  // A random UUID (RFC 9562 §5.4), as client ids are: one in 130 ends in eleven decimal digits or
  // more.
  private static boolean looksLikeUuid(String text) {
    if (text.length() != UUID_FORM.length()) {
      return false;
    }
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      boolean fits =
          switch (UUID_FORM.charAt(i)) {
            case 'x' -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
            case 'v' -> c == '8' || c == '9' || c == 'a' || c == 'b';
            default -> c == UUID_FORM.charAt(i);
          };
      if (!fits) {
        return false;
      }
    }
    return true;
  }

  // "eyJ" begins every JSON object in base64url that begins with a quote; the other form is any
  // three
  // parts of base64url that are long for a name.
  private static boolean looksLikeToken(String text) {
    return (text.contains("eyJ") && text.indexOf('.') > 0)
        || (text.length() > SHORTEST_TOKEN
            && text.chars().filter(c -> c == '.').count() >= 2
            && text.chars().allMatch(RuleTrace::isTokenCharacter));
  }

  private static boolean isTokenCharacter(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_'
        || c == '.';
  }
}

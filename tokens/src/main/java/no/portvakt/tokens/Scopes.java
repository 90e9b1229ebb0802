package no.portvakt.tokens;

import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The items of a {@code scope} value (RFC 6749 §3.3), each once and in order. Comparison is by
 * whole items, never by substring.
 */
public final class Scopes implements Iterable<String> {
  private final Set<String> items;

  private Scopes(Set<String> items) {
    this.items = items;
  }

  /** The scopes of a claim or parameter; none when it is absent or not a string. */
  public static Scopes parse(@Nullable Object value) {
    Set<String> items = new LinkedHashSet<>();
    if (value instanceof String text) {
      int start = 0;
      while (start <= text.length()) {
        int end = text.indexOf(' ', start);
        if (end < 0) {
          end = text.length();
        }
        if (end > start) {
          items.add(text.substring(start, end));
        }
        start = end + 1;
      }
    }
    return new Scopes(items);
  }

  /** The scopes of a list. */
  public static Scopes of(Collection<String> items) {
    return new Scopes(new LinkedHashSet<>(items));
  }

  /** Whether this very item is among them. */
  public boolean contains(String item) {
    return items.contains(item);
  }

  /** Whether one of them is the item itself or stands below it: {@code item/…}. */
  public boolean containsOrBelow(String item) {
    for (String candidate : items) {
      if (candidate.startsWith(item)
          && (candidate.length() == item.length() || candidate.charAt(item.length()) == '/')) {
        return true;
      }
    }
    return false;
  }

  /** How many there are. */
  public int size() {
    return items.size();
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return items.isEmpty();
  }

  @Override
  public Iterator<String> iterator() {
    return items.iterator();
  }

  /** The form of RFC 6749 §3.3: items with one blank between them. */
  @Override
  public String toString() {
    return String.join(" ", items);
  }
}

package no.portvakt.tokens;

import java.util.Collection;
import java.util.Iterator;

/** The known name that somebody probably meant who wrote one that is not known. */
public final class NearestName {
  private static final int LONGEST = 64;

  private NearestName() {}

  /**
   * The name with the smallest edit distance (Levenshtein), the first of several.
   *
   * @param wrong of a longer text only the first letters count
   * @param names at least one
   * @throws java.util.NoSuchElementException when there is no name
   */
  public static String of(String wrong, Collection<String> names) {
    Iterator<String> all = names.iterator();
    String nearest = all.next();
    int best = distance(wrong, nearest);
    while (all.hasNext()) {
      String name = all.next();
      int distance = distance(wrong, name);
      if (distance < best) {
        best = distance;
        nearest = name;
      }
    }
    return nearest;
  }

  /** How many letters to add, drop or change. */
  private static int distance(String wrong, String name) {
    String from = wrong.substring(0, Math.min(wrong.length(), LONGEST));
    int[] row = new int[name.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= from.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int change = diagonal + (from.charAt(i - 1) == name.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, Math.min(row[j], row[j - 1]) + 1);
      }
    }
    return row[name.length()];
  }
}

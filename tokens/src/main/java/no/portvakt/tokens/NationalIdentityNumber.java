package no.portvakt.tokens;

import java.time.DateTimeException;
import java.time.LocalDate;
import org.jspecify.annotations.Nullable;

/**
 * A Norwegian national identity number (fødselsnummer) or D-number: a date of birth, an individual
 * number and two control digits modulo 11, eleven digits together. Synthetic numbers are accepted
 * too. It is shown nowhere but by {@link #value}.
 *
 * @param value eleven ASCII digits
 */
public record NationalIdentityNumber(String value) {
  private static final int[] FIRST_WEIGHTS = {3, 7, 6, 1, 8, 9, 4, 5, 2, 1};
  private static final int[] SECOND_WEIGHTS = {5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1};

  /** Numbers given out from 2032 on may leave a remainder of up to this in the first sum. */
  private static final int MOST_FIRST_REMAINDER = 3;

  /** A D-number has this added to its day. */
  private static final int D_NUMBER = 40;

  /** Synthetic numbers have one of these added to their month; 0: a real one. */
  private static final int[] MONTH_OFFSETS = {0, 40, 65, 80};

  /**
   * @throws IllegalArgumentException when the value is not eleven digits that make a date and whose
   *     control digits are right
   */
  public NationalIdentityNumber {
    if (!isValid(value)) {
      throw new IllegalArgumentException(
          "A national identity number is eleven digits with a date and valid control digits.");
    }
  }

  /** The number, or null when the text is not a valid one. */
  public static @Nullable NationalIdentityNumber parse(@Nullable String text) {
    return text != null && isValid(text) ? new NationalIdentityNumber(text) : null;
  }

  /** Says nothing of the number. */
  @Override
  public String toString() {
    return "NationalIdentityNumber[***********]";
  }

  private static boolean isValid(String text) {
    return text.length() == 11
        && text.chars().allMatch(c -> c >= '0' && c <= '9')
        && remainder(text, FIRST_WEIGHTS) <= MOST_FIRST_REMAINDER
        && remainder(text, SECOND_WEIGHTS) == 0
        && hasDate(text);
  }

  private static int remainder(String text, int[] weights) {
    int sum = 0;
    for (int i = 0; i < weights.length; i++) {
      sum += (text.charAt(i) - '0') * weights[i];
    }
    return sum % 11;
  }

  private static boolean hasDate(String text) {
    int day = number(text, 0, 2) % D_NUMBER;
    int year = century(number(text, 4, 6), number(text, 6, 9)) + number(text, 4, 6);
    for (int offset : MONTH_OFFSETS) {
      int month = number(text, 2, 4) - offset;
      if (month >= 1 && month <= 12) {
        return number(text, 0, 2) <= D_NUMBER + 31 && isDate(year, month, day);
      }
    }
    return false;
  }

  /** The century that an individual number stands for; 0: none, and then there is no such date. */
  private static int century(int year, int individual) {
    if (individual < 500 || (individual >= 900 && year >= 40)) {
      return 1900;
    }
    if (individual < 750 && year >= 54) {
      return 1800;
    }
    return year < 40 ? 2000 : 0;
  }

  private static boolean isDate(int year, int month, int day) {
    try {
      return year >= 1800 && LocalDate.of(year, month, day).getYear() == year;
    } catch (DateTimeException e) {
      return false;
    }
  }

  private static int number(String text, int from, int end) {
    return Integer.parseInt(text.substring(from, end));
  }
}

package no.portvakt.tokens;

import org.jspecify.annotations.Nullable;

/**
 * A Norwegian organisation number: nine digits, the first not 0, the last a control digit modulo
 * 11.
 *
 * @param value nine ASCII digits
 */
public record OrganisationNumber(String value) {
  private static final int[] WEIGHTS = {3, 2, 7, 6, 5, 4, 3, 2};

  /**
   * @throws IllegalArgumentException when the value is not nine digits or its control digit is
   *     wrong
   */
  public OrganisationNumber {
    if (!isValid(value)) {
      throw new IllegalArgumentException(
          "An organisation number is nine digits with a valid control digit.");
    }
  }

  /** The number, or null when the text is not a valid organisation number. */
  public static @Nullable OrganisationNumber parse(@Nullable String text) {
    return text != null && isValid(text) ? new OrganisationNumber(text) : null;
  }

  /** The same number as an integer, the form of the claim {@link ClaimNames#ORG_NUMBER}. */
  public long toLong() {
    return Long.parseLong(value);
  }

  @Override
  public String toString() {
    return value;
  }

  private static boolean isValid(String text) {
    if (text.length() != 9 || text.charAt(0) == '0') {
      return false;
    }
    int sum = 0;
    for (int i = 0; i < 9; i++) {
      int digit = text.charAt(i) - '0';
      if (digit < 0 || digit > 9) {
        return false;
      }
      if (i < 8) {
        sum += digit * WEIGHTS[i];
      }
    }
    // A remainder of 1 would need the control "digit" 10: such numbers are not given out.
    int control = sum % 11 == 0 ? 0 : 11 - sum % 11;
    return control == text.charAt(8) - '0';
  }
}

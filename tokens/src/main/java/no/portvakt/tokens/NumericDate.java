package no.portvakt.tokens;

import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** A time in a claim: seconds since 1970 (RFC 7519 §2). */
public final class NumericDate {
  private static final long END_OF_YEAR_9999 = 253_402_300_799L;

  private NumericDate() {}

  /**
   * A NumericDate (RFC 7519 §2) in whole seconds, or null when the value is no number or lies
   * outside the years 1970 to 9999.
   */
  public static @Nullable Long seconds(@Nullable Object value) {
    long seconds;
    if (value instanceof Long whole) {
      seconds = whole;
    } else if (value instanceof BigDecimal fraction
        && fraction.signum() >= 0
        && (long) fraction.precision() - fraction.scale() <= 12) {
      seconds = fraction.longValue();
    } else {
      return null;
    }
    return seconds >= 0 && seconds <= END_OF_YEAR_9999 ? seconds : null;
  }
}

package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

/** All numbers here are synthetic or made up. */
class NationalIdentityNumberTest {
  // Months with +40, +80 and +80; a D-number with +80.
  @ParameterizedTest
  @ValueSource(strings = {"15507600333", "12829499914", "17912099997", "52829400197"})
  void acceptsSyntheticNumbersOfEachRegister(String number) {
    assertThat(new NationalIdentityNumber(number).value()).isEqualTo(number);
    assertThat(NationalIdentityNumber.parse(number)).isEqualTo(new NationalIdentityNumber(number));
  }

  @Test
  void acceptsEachOffsetOfDayAndMonth() {
    for (String start : new String[] {"010180", "014180", "016680", "018180", "410180", "719280"}) {
      assertThat(valid(start + "123")).as(start).isNotNull();
    }
  }

  @Test
  void refusesDaysAndMonthsThatAreNone() {
    for (String start :
        new String[] {
          "000180", "320180", "400180", "720180", "810180", "010080", "011380", "014080", "015380",
          "016580", "017880", "018080", "019380", "300280", "310480", "708280"
        }) {
      assertThat(valid(start + "123")).as(start).isNull();
    }
  }

  @Test
  void knowsLeapYearsOfTheRightCentury() {
    assertThat(valid("290204" + "123")).as("1904").isNotNull();
    assertThat(valid("290200" + "123")).as("1900").isNull();
    assertThat(valid("290200" + "600")).as("2000").isNotNull();
  }

  @Test
  void refusesIndividualNumbersThatNoCenturyHas() {
    assertThat(valid("010153" + "600")).isNull();
    assertThat(valid("010180" + "800")).isNull();
    assertThat(valid("010154" + "600")).isNotNull();
    assertThat(valid("010140" + "950")).isNotNull();
    assertThat(valid("010139" + "950")).isNotNull();
  }

  // The first sum may leave 0 to 3 for numbers from 2032 on; the second always 0.
  @Test
  void acceptsFourFirstControlDigitsAndOneSecondForEach() {
    int accepted = 0;
    for (int control = 0; control < 100; control++) {
      String number = "155076003%02d".formatted(control);
      accepted += NationalIdentityNumber.parse(number) == null ? 0 : 1;
    }
    assertThat(accepted).isBetween(2, 4);
    assertThat(NationalIdentityNumber.parse("15507600333")).isNotNull();
    assertThat(NationalIdentityNumber.parse("15507600334")).isNull();
    assertThat(NationalIdentityNumber.parse("15507600332")).isNull();
  }

  @Test
  void refusesSwappedDigits() {
    assertThat(NationalIdentityNumber.parse("51507600333")).isNull();
    assertThat(NationalIdentityNumber.parse("15507006333")).isNull();
  }

  @ParameterizedTest
  @NullAndEmptySource
  @ValueSource(
      strings = {
        "1550760033",
        "155076003333",
        "1550760033a",
        " 15507600333",
        "155076 00333",
        "-5507600333",
        "00000000000",
        "１５５０７６００３３３"
      })
  void refusesEverythingButElevenDigits(String text) {
    assertThat(NationalIdentityNumber.parse(text)).isNull();
  }

  @Test
  void showsNoDigitInTextsAndErrors() {
    assertThat(new NationalIdentityNumber("15507600333").toString()).doesNotContainPattern("[0-9]");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new NationalIdentityNumber("15507600334"))
        .withMessageNotContaining("155076");
  }

  /** A number with the right control digits for these nine, or null when none is accepted. */
  private static @Nullable NationalIdentityNumber valid(String nine) {
    for (int control = 0; control < 100; control++) {
      NationalIdentityNumber number =
          NationalIdentityNumber.parse("%s%02d".formatted(nine, control));
      if (number != null) {
        return number;
      }
    }
    return null;
  }
}

package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullAndEmptySource;
import org.junit.jupiter.params.provider.ValueSource;

class OrganisationNumberTest {
  @ParameterizedTest
  @ValueSource(strings = {"974760673", "991825827", "405003309", "889640782"})
  void acceptsNumbersThatAreGivenOut(String number) {
    assertThat(new OrganisationNumber(number).value()).isEqualTo(number);
    assertThat(OrganisationNumber.parse(number)).isEqualTo(new OrganisationNumber(number));
  }

  @Test
  void acceptsControlDigitZeroWhenTheSumDividesByEleven() {
    assertThat(OrganisationNumber.parse("900100000")).isNotNull();
  }

  @Test
  void showsItselfAsTextAndAsNumber() {
    OrganisationNumber number = new OrganisationNumber("974760673");
    assertThat(number).hasToString("974760673");
    assertThat(number.toLong()).isEqualTo(974_760_673L);
  }

  @Test
  void refusesEveryOtherControlDigit() {
    for (char last = '0'; last <= '9'; last++) {
      if (last != '3') {
        assertThat(OrganisationNumber.parse("97476067" + last)).as("last digit %s", last).isNull();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"90100000", "00020000"})
  void refusesEveryNumberWhoseRemainderIsOne(String firstEight) {
    for (char last = '0'; last <= '9'; last++) {
      assertThat(OrganisationNumber.parse(firstEight + last)).as("last digit %s", last).isNull();
    }
  }

  @Test
  void refusesSwappedDigits() {
    assertThat(OrganisationNumber.parse("794760673")).isNull();
    assertThat(OrganisationNumber.parse("974670673")).isNull();
  }

  @ParameterizedTest
  @NullAndEmptySource
  @ValueSource(
      strings = {
        "97476067",
        "9747606731",
        "0974760673",
        " 974760673",
        "974760673 ",
        "974 760 673",
        "974760673\n",
        "97476067a",
        "NO9747606",
        "+74760673",
        "-74760673",
        "９７４７６０６７３",
        "97476067３",
        "٩٧٤٧٦٠٦٧٣",
        "974760673MVA",
        "0192:974760673"
      })
  void refusesAnythingButNineAsciiDigits(String text) {
    assertThat(OrganisationNumber.parse(text)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "974760674", "97476067x", "９７４７６０６７３"})
  void cannotBeMadeFromAnInvalidNumber(String text) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new OrganisationNumber(text))
        .withMessageContaining("control digit");
  }
}

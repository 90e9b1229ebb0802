package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.RuleTrace.Rule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RuleTraceTest {
  @Test
  void keepsEachRuleInOrderAndReturnsItsOutcome() {
    RuleTrace trace = new RuleTrace();
    assertThat(trace.check("issuer", true, "one of [a]", "a")).isTrue();
    assertThat(trace.check("exp", false, "at least 5", 4L)).isFalse();
    assertThat(trace.check("nbf", false, "at most 5", null)).isFalse();
    assertThat(trace.rules())
        .containsExactly(
            new Rule("issuer", true, "one of [a]", "a"),
            new Rule("exp", false, "at least 5", "4"),
            new Rule("nbf", false, "at most 5", "(absent)"));
    assertThat(trace.firstFailure()).isEqualTo("exp");
  }

  @Test
  void hasNoFailureWhenAllRulesHeld() {
    RuleTrace trace = new RuleTrace();
    assertThat(trace.firstFailure()).isNull();
    trace.check("issuer", true, "a", "a");
    assertThat(trace.firstFailure()).isNull();
  }

  @Test
  void givesAListThatNobodyCanChange() {
    RuleTrace trace = new RuleTrace();
    trace.check("issuer", true, "a", "a");
    List<Rule> rules = trace.rules();
    assertThatExceptionOfType(UnsupportedOperationException.class).isThrownBy(rules::clear);
  }

  @Test
  void showsShortHarmlessValuesAsTheyAre() {
    assertThat(RuleTrace.printable("altinn:instances.read")).isEqualTo("altinn:instances.read");
    assertThat(RuleTrace.printable("0192:974760673")).isEqualTo("0192:974760673");
    assertThat(RuleTrace.printable("Brønnøysund")).isEqualTo("Brønnøysund");
    assertThat(RuleTrace.printable(1_571_935_870L)).isEqualTo("1571935870");
    assertThat(RuleTrace.printable(true)).isEqualTo("true");
    assertThat(RuleTrace.printable(List.of("a", 1L))).isEqualTo("[a, 1]");
    assertThat(RuleTrace.printable("")).isEmpty();
    assertThat(RuleTrace.printable("a.b")).isEqualTo("a.b");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "15507600333",
        "pid=15507600333",
        "15507600333 ",
        "x15507600333x",
        "urn:altinn:person:identifier-no:15507600333",
        "015507600333",
        "155076003330",
        "155076003331550760033315507600333",
        "15507600333,12829499914"
      })
  void masksRunsOfElevenDigits(String text) {
    assertThat(RuleTrace.printable(text)).doesNotContainPattern("[0-9]").contains("***********");
  }

  @Test
  void masksEachRunByItself() {
    assertThat(RuleTrace.printable("0192:974760673 15507600333 12829499914 1234567890"))
        .isEqualTo("0192:974760673 *********** *********** 1234567890");
  }

  @Test
  void masksPersonNumbersOfEveryType() {
    assertThat(RuleTrace.printable(15_507_600_333L)).isEqualTo("***********");
    assertThat(RuleTrace.printable(new BigDecimal("15507600333.0"))).startsWith("***********");
    assertThat(RuleTrace.printable(List.of(15_507_600_333L, "15507600333")))
        .isEqualTo("[***********, ***********]");
    assertThat(RuleTrace.printable(Map.of("pid", "15507600333"))).isEqualTo("{pid=***********}");
  }

  @Test
  void leavesNoPartOfAPersonNumberWhereTheValueIsCut() {
    for (int before = 140; before <= 165; before++) {
      String shown = RuleTrace.printable("x".repeat(before) + "15507600333");
      assertThat(shown).as("after %s characters", before).doesNotContainPattern("[0-9]");
    }
  }

  @Test
  void showsThePlatformsKeyIdsWhole() {
    String keyId = "0123456789012345678901234567890123456CAF";
    assertThat(RuleTrace.printable(keyId)).isEqualTo(keyId);
    for (String other : List.of("1234567890".repeat(4), keyId + "1", keyId.substring(1))) {
      assertThat(RuleTrace.printable(other)).startsWith("***********");
    }
  }

  // RFC 9562 §5.4.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "d395043f-19de-4f01-9ea7-12345678901a",
        "d395043f-19de-4f01-8ea7-a12345678901",
        "00000000-0000-4000-b000-123456789012"
      })
  void showsIdsThatAreRandomUuidsWhole(String id) {
    assertThat(RuleTrace.printable(id)).isEqualTo(id);
    RuleTrace trace =
        new RuleTrace(number -> {
          throw new AssertionError(number);
        });
    assertThat(trace.kept(id)).isEqualTo(id);
    assertThat(trace.keptName(id)).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "d395043f-19de-1f01-9ea7-15507600333a",
        "d395043f-19de-4f01-7ea7-15507600333a",
        "D395043F-19DE-4F01-9EA7-15507600333A",
        "d395043f-19de-4f01-9ea7_15507600333a",
        "d395043f-19de-4f01-9ea7-15507600333g",
        "d395043f-19de-4f01-9ea7-15507600333",
        "xd395043f-19de-4f01-9ea7-15507600333a",
        "d395043f-19de-4f01-9ea7-15507600333a "
      })
  void masksTheDigitsOfWhatIsNoRandomUuid(String text) {
    assertThat(RuleTrace.printable(text)).contains("***********").doesNotContain("1550760");
  }

  @Test
  void growsByARuleWithoutChangingItself() {
    RuleTrace trace = new RuleTrace();
    trace.check("issuer", true, "a", "a");
    RuleTrace longer = trace.with("replay", false, "once", "twice");
    assertThat(longer.rules()).extracting(Rule::name).containsExactly("issuer", "replay");
    assertThat(longer.firstFailure()).isEqualTo("replay");
    assertThat(trace.rules()).hasSize(1);
  }

  @Test
  void hidesTokensWhole() {
    String token = Forge.sign("{\"alg\":\"RS256\"}", "{\"pid\":\"15507600333\"}");
    List<String> texts = new ArrayList<>();
    texts.add(token);
    texts.add("Bearer " + token);
    texts.add(token.substring(0, token.lastIndexOf('.')));
    texts.add("[" + token + "]");
    for (String text : texts) {
      assertThat(RuleTrace.printable(text)).isEqualTo("(a token, not shown)");
    }
    assertThat(RuleTrace.printable(List.of(token))).isEqualTo("(a token, not shown)");
  }

  // ESC and CSI (0x9b) drive terminals, U+202E turns text around; an operator reads this in one.
  @ParameterizedTest
  @ValueSource(
      chars = {
        '\0', '\n', '\r', '\t', '\u001b', '\u007f', '\u0080', '\u009b', '\u202e', '\u2028', '\u2066'
      })
  void replacesControlCharacters(char control) {
    assertThat(RuleTrace.printable("a" + control + "[31mb")).isEqualTo("a\ufffd[31mb");
  }

  @Test
  void replacesSurrogatesSoThatNoneStaysAlone() {
    assertThat(RuleTrace.printable("a\ud800b")).isEqualTo("a\ufffdb");
    assertThat(RuleTrace.printable("x".repeat(159) + "\uD83D\uDE00")).doesNotContain("\ud83d");
  }

  @Test
  void shortensLongValues() {
    String longest = "x".repeat(160);
    assertThat(RuleTrace.printable(longest)).isEqualTo(longest);
    assertThat(RuleTrace.printable(longest + "y")).isEqualTo(longest + "…");
    assertThat(RuleTrace.printable("x".repeat(1_000_000))).hasSize(161);
  }

  @Test
  void keepsValuesOnlyInTheirPrintableForm() {
    RuleTrace trace = new RuleTrace();
    trace.check("pid", false, "none", "15507600333");
    assertThat(trace.rules()).extracting(Rule::actual).containsExactly("***********");
  }

  @Test
  void masksDigitsOfOtherScripts() {
    assertThat(
            RuleTrace.printable(
                "\uff11\uff15\uff15\uff10\uff17\uff16\uff10\uff10\uff13\uff13\uff13"))
        .isEqualTo("***********");
    assertThat(RuleTrace.printable("x1550760033\u0663")).isEqualTo("x***********");
  }

  @Test
  void hasThePseudonymStandForEachNumberOfElevenDigits() {
    RuleTrace trace = new RuleTrace(number -> "p:" + number.charAt(10));
    trace.check("pid", false, "none", "a 15507600333, b 12829499914");
    assertThat(trace.rules()).extracting(Rule::actual).containsExactly("a p:3, b p:4");
    assertThat(trace.kept(15_507_600_333L)).isEqualTo("p:3");
    assertThat(trace.kept(List.of("15507600333"))).isEqualTo("[p:3]");
    assertThat(trace.kept("\uff11550760033\u0663")).isEqualTo("p:3");
    assertThat(trace.with("x", true, "y", "12829499914").rules().get(1).actual()).isEqualTo("p:4");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"155076003331", "x155076003331", "1550760033315507600333", "015507600333"})
  void masksLongerRunsWhateverStandsForPersons(String text) {
    RuleTrace trace =
        new RuleTrace(number -> {
          throw new AssertionError(number);
        });
    assertThat(trace.kept(text)).doesNotContainPattern("[0-9]").contains("************");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "0192:974760673",
        "1571935870",
        "a.b",
        "0123456789012345678901234567890123456CAF"
      })
  void asksForNoPseudonymWithoutANumberOfElevenDigits(String text) {
    RuleTrace trace =
        new RuleTrace(number -> {
          throw new AssertionError(number);
        });
    assertThat(trace.kept(text)).isEqualTo(text);
    assertThat(trace.kept(null)).isEqualTo("(absent)");
  }

  @Test
  void keepsAPseudonymWholeWhereTheValueIsCut() {
    RuleTrace trace = new RuleTrace(number -> "p:pseudonym");
    for (int before = 140; before < 160; before++) {
      assertThat(trace.kept("x".repeat(before) + "15507600333 and more"))
          .startsWith("x".repeat(before) + "p:pseudonym")
          .hasSizeLessThan(175);
      assertThat(trace.kept("x".repeat(before) + "1550760033315507600333"))
          .doesNotContainPattern("[0-9p]");
    }
    assertThat(trace.kept("x".repeat(160) + "15507600333")).isEqualTo("x".repeat(160) + "…");
  }
}

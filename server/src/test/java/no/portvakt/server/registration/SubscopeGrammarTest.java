package no.portvakt.server.registration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SubscopeGrammarTest {
  /** The documented expressions: the first edition's and the present one. */
  private static final Pattern FIRST = Pattern.compile("^([a-z0-9]+/?)+[a-z0-9]+(\\.[a-z0-9]+)?$");

  private static final Pattern PRESENT =
      Pattern.compile("^([a-zæøå0-9]+/?)+(:[a-zæøå0-9]+)*[a-zæøå0-9]+(\\.[a-zæøå0-9]+)*$");

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ab",
        "00",
        "lookup",
        "a/b",
        "a/b.c",
        "instances/metadata.read",
        "apps.read",
        "a/b/c/d.e",
        "serviceowner/instances.read",
        "accessmanagement/enduser:connections:fromothers.read",
        "akvakultur.innrapportering.lakselus",
        "ers.delegated.read",
        "blåbær/øl.æ",
        "a:bc",
        "a/:bc",
        "ab/cd:ef:gh.read.x"
      })
  void acceptsNamesThatAreInUse(String subscope) {
    assertThat(SubscopeGrammar.EXTENDED.isValid(subscope)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        "/",
        ".",
        ":",
        "/ab",
        "ab/",
        "ab//c",
        "a.read",
        ".read",
        "ab.",
        "ab..c",
        "ab.c/d",
        "ab.cd:ef",
        "ab:c",
        "ab:c.d",
        ":ab",
        "ab:",
        "ab::cd",
        "ab:/cd",
        "/:ab",
        "a/:b",
        "ab//:cd",
        "ab:cd/:ef",
        "a-b",
        "a_b",
        "Ab",
        "aB",
        "ab cd",
        " ab",
        "ab ",
        "ab\n",
        "ab\u0000",
        "a+b",
        "ab.*",
        "äb",
        "ÆØÅ",
        "аb",
        "ａb",
        "a\u0308b",
        "\uD83D\uDE00ab",
        "instances/metadata.read$"
      })
  void refusesEverythingElse(String subscope) {
    assertThat(SubscopeGrammar.EXTENDED.isValid(subscope)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"ab", "a/b", "instances/metadata.read", "a/b/c/d.e", "00.1"})
  void acceptsNamesOfTheFirstEdition(String subscope) {
    assertThat(SubscopeGrammar.SEED.isValid(subscope)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "a:bc", "ab.c.d", "blåbær", "ab/:cd", "ab.", "a.read", "a-b"})
  void refusesInTheFirstEditionWhatCameLater(String subscope) {
    assertThat(SubscopeGrammar.SEED.isValid(subscope)).isFalse();
  }

  @Test
  void agreesWithBothExpressionsOnEveryShortText() {
    List<String> texts = texts("a/:.", 8);
    texts.addAll(texts("å0/:.-", 5));
    for (String text : texts) {
      assertThat(SubscopeGrammar.SEED.isValid(text))
          .as(text)
          .isEqualTo(FIRST.matcher(text).matches());
      assertThat(SubscopeGrammar.EXTENDED.isValid(text))
          .as(text)
          .isEqualTo(PRESENT.matcher(text).matches());
    }
  }

  @Test
  void acceptsTheLongestNameAndNoLonger() {
    assertThat(SubscopeGrammar.EXTENDED.isValid("a".repeat(255))).isTrue();
    assertThat(SubscopeGrammar.EXTENDED.isValid("a".repeat(256))).isFalse();
    assertThat(SubscopeGrammar.EXTENDED.isValid("ab/".repeat(84) + "abc")).isTrue();
    assertThat(SubscopeGrammar.EXTENDED.isValid("ab/".repeat(85) + "abc")).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "a/", "aa/", "a:", ":a", "a.a/", "/"})
  void answersAtOnceOnTextsThatStopABacktrackingExpression(String part) {
    for (int length : new int[] {250, 100_000}) {
      String text = part.repeat(length / part.length()) + "-";
      Assertions.assertTimeoutPreemptively(
          Duration.ofSeconds(20),
          () -> {
            for (int i = 0; i < 1000; i++) {
              for (SubscopeGrammar grammar : SubscopeGrammar.values()) {
                assertThat(grammar.isValid(text)).as("%s", grammar).isFalse();
              }
            }
          });
    }
  }

  @Test
  void takesAnyTextWithoutFailing() {
    StringBuilder all = new StringBuilder();
    for (char c = 0; c < Character.MAX_VALUE; c++) {
      String text = "a" + c + "b";
      assertThatCode(() -> SubscopeGrammar.EXTENDED.isValid(text)).doesNotThrowAnyException();
      if (SubscopeGrammar.EXTENDED.isValid(text)) {
        all.append(c);
      }
    }
    assertThat(all.toString())
        .isEqualTo("/0123456789abcdefghijklmnopqrstuvwxyzåæø")
        .doesNotContain(":"); // "a:b" has one letter after the colon
  }

  /** Every text of up to so many of these characters. */
  private static List<String> texts(String alphabet, int longest) {
    List<String> all = new ArrayList<>(List.of(""));
    int from = 0;
    for (int length = 1; length <= longest; length++) {
      int to = all.size();
      for (int i = from; i < to; i++) {
        for (int c = 0; c < alphabet.length(); c++) {
          all.add(all.get(i) + alphabet.charAt(c));
        }
      }
      from = to;
    }
    return all;
  }
}

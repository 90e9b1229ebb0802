package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ScopesTest {
  @Test
  void keepsEachItemOnceAndInOrder() {
    assertThat(Scopes.parse("b a b c a")).containsExactly("b", "a", "c");
    assertThat(Scopes.of(List.of("b", "a", "b"))).containsExactly("b", "a");
  }

  @Test
  void writesOneBlankBetweenItems() {
    assertThat(Scopes.parse("  altinn:a   altinn:b ")).hasToString("altinn:a altinn:b");
    assertThat(Scopes.parse("")).hasToString("");
  }

  @Test
  void findsWholeItems() {
    Scopes scopes = Scopes.parse("altinn:instances.read altinn:instances.write");
    assertThat(scopes.contains("altinn:instances.read")).isTrue();
    assertThat(scopes.contains("altinn:instances.write")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "altinn:instances",
        "altinn:instances.rea",
        "altinn:instances.read.more",
        "tinn:instances.read",
        "ALTINN:instances.read",
        "altinn:instances.read altinn:instances.write",
        " altinn:instances.read"
      })
  void findsNothingBySubstringOrCase(String item) {
    Scopes scopes = Scopes.parse("altinn:instances.read altinn:instances.write");
    assertThat(scopes.contains(item)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "altinn:serviceowner",
        "altinn:serviceowner/",
        "altinn:serviceowner/instances.read",
        "altinn:serviceownerx altinn:serviceowner/instances.read",
        "openid altinn:serviceowner"
      })
  void findsTheItemItselfOrWhatIsBelowIt(String text) {
    assertThat(Scopes.parse(text).containsOrBelow("altinn:serviceowner")).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "altinn:serviceowne",
        "altinn:serviceowners",
        "altinn:serviceowner.read",
        "altinn:serviceowner:read",
        "altinn:serviceownerx/instances.read",
        "x-altinn:serviceowner",
        "xaltinn:serviceowner/instances.read",
        "Altinn:serviceowner/instances.read"
      })
  void findsNothingBesideIt(String text) {
    assertThat(Scopes.parse(text).containsOrBelow("altinn:serviceowner")).isFalse();
  }

  // RFC 6749 §3.3: only the blank separates; anything else belongs to an item.
  @Test
  void separatesByNothingButBlanks() {
    assertThat(Scopes.parse("a\tb\nc,d\u00a0e")).containsExactly("a\tb\nc,d\u00a0e");
  }

  @Test
  void hasNoItemWhenTheClaimIsAbsentOrNoText() {
    assertThat(Scopes.parse(null).isEmpty()).isTrue();
    assertThat(Scopes.parse(List.of("a", "b")).isEmpty()).isTrue();
    assertThat(Scopes.parse(5L).isEmpty()).isTrue();
    assertThat(Scopes.parse("   ").isEmpty()).isTrue();
    assertThat(Scopes.parse("a").isEmpty()).isFalse();
  }
}

package no.portvakt.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestNameTest {
  private static final List<String> NAMES = List.of("listen.port", "listen.host", "base-url");

  @ParameterizedTest
  @CsvSource({
    "listen.prot, listen.port",
    "listen.hosts, listen.host",
    "baseurl, base-url",
    "base_url, base-url",
    "listen.xxxx, listen.port",
    "'', base-url"
  })
  void takesTheNameWithTheFewestChanges(String wrong, String nearest) {
    assertThat(NearestName.of(wrong, NAMES)).isEqualTo(nearest);
  }

  @Test
  void doesLittleWorkForALongText() {
    assertThat(NearestName.of("base-url" + "x".repeat(1_000_000), NAMES)).isIn(NAMES);
  }

  @Test
  void needsAName() {
    assertThatThrownBy(() -> NearestName.of("x", List.of()))
        .isInstanceOf(NoSuchElementException.class);
  }
}

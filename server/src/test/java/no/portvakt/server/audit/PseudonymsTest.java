package no.portvakt.server.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.HashSet;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PseudonymsTest {
  private static final String PERSON = "17817012345";

  // HMAC-SHA-256 with the key 00 01 … 1f, computed with another program.
  private static final String PSEUDONYM = "p:pR-xI6A_vUMfUmzP";

  private final Pseudonyms pseudonyms = Pseudonyms.of(key());

  @Test
  void isTheKeyedHashOfTheNumber() {
    assertThat(pseudonyms.of(PERSON)).isEqualTo(PSEUDONYM);
    assertThat(Pseudonyms.of(key()).of(PERSON)).isEqualTo(PSEUDONYM);
  }

  @Test
  void isAnotherForAnotherNumberAndAnotherKey() {
    Set<String> all = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      all.add(pseudonyms.of(String.valueOf(17_817_000_000L + i)));
    }
    all.add(Pseudonyms.of(Pseudonyms.freshKey()).of(PERSON));
    all.add(Pseudonyms.of(Pseudonyms.freshKey()).of(PERSON));
    assertThat(all).hasSize(1_002).allMatch(it -> it.matches("p:[A-Za-z0-9_-]{16}"));
  }

  @Test
  void isTheSameFromManyThreads() {
    assertThat(IntStream.range(0, 2_000).parallel().mapToObj(_ -> pseudonyms.of(PERSON)))
        .containsOnly(PSEUDONYM);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 16, 31, 33, 64})
  void refusesAKeyOfAnotherLength(int length) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Pseudonyms.of(new byte[length]))
        .withMessage("The key of pseudonyms is not 32 bytes.");
  }

  @Test
  void doesNotChangeWithTheArrayItCameFrom() {
    byte[] key = key();
    Pseudonyms own = Pseudonyms.of(key);
    key[0] = 99;
    assertThat(own.of(PERSON)).isEqualTo(PSEUDONYM);
  }

  @Test
  void showsNoKey() {
    assertThat(pseudonyms.toString()).isEqualTo("Pseudonyms[]");
  }

  private static byte[] key() {
    byte[] key = new byte[32];
    for (int i = 0; i < key.length; i++) {
      key[i] = (byte) i;
    }
    return key;
  }
}

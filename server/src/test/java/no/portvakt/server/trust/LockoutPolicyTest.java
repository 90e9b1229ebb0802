package no.portvakt.server.trust;

import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.time.Duration;
import no.portvakt.server.trust.Lockout.Policy;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LockoutPolicyTest {
  @ParameterizedTest
  @CsvSource({"pin, 1, PT1S, PT1S, PT1S", "pin, 100, P1D, P1D, P30D", "pin, 5, PT30S, PT1H, P1D"})
  void takesWhatIsWithinItsBounds(
      String secret, int failures, Duration first, Duration longest, Duration forgotten) {
    assertThatNoException()
        .isThrownBy(() -> new Policy(secret, failures, first, longest, forgotten));
  }

  @ParameterizedTest
  @CsvSource({
    "' ', 5, PT30S, PT1H, P1D, secret",
    "pin, 0, PT30S, PT1H, P1D, failures",
    "pin, -1, PT30S, PT1H, P1D, failures",
    "pin, 101, PT30S, PT1H, P1D, failures",
    "pin, 5, PT0.999S, PT1H, P1D, firstLock",
    "pin, 5, PT-30S, PT1H, P1D, firstLock",
    "pin, 5, PT24H0.001S, PT24H0.001S, P2D, firstLock",
    "pin, 5, PT30S, PT29S, P1D, longestLock",
    "pin, 5, PT30S, PT24H0.001S, P2D, longestLock",
    "pin, 5, PT30S, PT1H, PT59M, forgottenAfter",
    "pin, 5, PT30S, PT1H, PT-1H, forgottenAfter",
    "pin, 5, PT30S, PT1H, P31D, forgottenAfter",
  })
  void refusesWhatIsNot(
      String secret,
      int failures,
      Duration first,
      Duration longest,
      Duration forgotten,
      String named) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new Policy(secret, failures, first, longest, forgotten))
        .withMessageStartingWith("A lockout can't have " + named + " = ");
  }
}

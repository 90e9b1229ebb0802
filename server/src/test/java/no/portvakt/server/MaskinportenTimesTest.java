package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.EXPIRED;
import static no.portvakt.server.MaskinportenClientFixture.EXPIRES_BEFORE_ISSUED;
import static no.portvakt.server.MaskinportenClientFixture.INVALID_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.ISSUED_IN_FUTURE;
import static no.portvakt.server.MaskinportenClientFixture.REPLAYED;
import static no.portvakt.server.MaskinportenClientFixture.TOO_LONG;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import no.portvakt.server.maskinporten.TokenEndpoint;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Contract §1.5: the times of a grant, on both sides of each boundary. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenTimesTest {
  private final TestStack stack = TestStack.start();
  private final MaskinportenClientFixture client = MaskinportenClientFixture.of(stack);
  private final long now = stack.clock().seconds();

  @AfterAll
  void stop() {
    stack.close();
  }

  @Test
  void acceptsExpiryTenSecondsAgoAndNoEarlier() {
    client.accepts(times(now - 40, now - 10));
    assertThat(client.refuses(EXPIRED, times(now - 40, now - 11)))
        .contains("It expired 11 s ago by the server's clock.");
    client.refuses(EXPIRED, times(0, 0));
    client.refuses(EXPIRED, times(now - 86_400, now - 86_300));
  }

  @Test
  void acceptsIssueInTenSecondsAndNoLater() {
    client.accepts(times(now + 10, now + 60));
    assertThat(client.refuses(ISSUED_IN_FUTURE, times(now + 11, now + 60)))
        .contains("It is 11 s ahead of the server's clock.");
    client.refuses(ISSUED_IN_FUTURE, times(now + 3600, now + 3660));
  }

  @Test
  void acceptsALifeOfTwoMinutesAndNoLonger() {
    client.accepts(times(now, now + 120));
    client.accepts(times(now - 120, now));
    client.accepts(times(now + 10, now + 130));
    assertThat(client.refuses(TOO_LONG, times(now, now + 121)))
        .contains("exp is 121 s after iat, and 120 s are allowed.");
    client.refuses(TOO_LONG, times(now - 60, now + 61));
    client.refuses(TOO_LONG, times(0, now + 60));
    client.refuses(TOO_LONG, times(now, 253_402_300_799L));
  }

  @Test
  void acceptsALifeOfNoLengthAndNoNegativeOne() {
    client.accepts(times(now, now));
    assertThat(client.refuses(EXPIRES_BEFORE_ISSUED, times(now, now - 1)))
        .contains("exp is 1 s before iat.");
    client.refuses(EXPIRES_BEFORE_ISSUED, times(now + 10, now));
  }

  // Contract §1.5: too long comes before in the future, and that before expired.
  @Test
  void namesTheFirstOfSeveralFaults() {
    client.refuses(TOO_LONG, times(now - 500, now - 300));
    client.refuses(TOO_LONG, times(now + 300, now + 500));
  }

  @Test
  void acceptsNotBeforeInTenSecondsAndNoLater() {
    client.accepts(client.grant().claim("nbf", now + 10));
    client.accepts(client.grant().claim("nbf", 0));
    assertThat(client.refuses(ISSUED_IN_FUTURE, client.grant().claim("nbf", now + 11)))
        .contains("nbf is 11 s ahead of the server's clock.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"iat", "exp"})
  void refusesATimeThatIsMissing(String name) {
    client.refuses(INVALID_VALUE, client.grant().without(name));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "\"1772446530\"",
        "\"2026-03-02T10:15:30Z\"",
        "true",
        "[]",
        "{}",
        "[1772446530]",
        "-1",
        "1772446530000",
        "99999999999999999999999",
        "1e2147483647",
        "-1e5"
      })
  void refusesATimeThatIsNone(String value) {
    for (String name : new String[] {"iat", "exp", "nbf"}) {
      String claims = client.grant().without(name).claimsJson();
      String spoilt = claims.substring(0, claims.length() - 1) + ",\"" + name + "\":" + value + "}";
      client.refuses(INVALID_VALUE, client.grant().rawClaims(spoilt));
    }
  }

  @Test
  void followsTheServersClock() {
    try (TestStack own = TestStack.start()) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      String early = fixture.grant().compact();
      own.clock().advance(Duration.ofSeconds(-11));
      fixture.refuses(ISSUED_IN_FUTURE, early);
      own.clock().advance(Duration.ofSeconds(1));
      assertThat(own.requestToken(early).statusCode()).isEqualTo(200);
      String late = fixture.grant().compact();
      own.clock().advance(Duration.ofSeconds(130));
      assertThat(own.requestToken(late).statusCode()).isEqualTo(200);
      String later = fixture.grant().compact();
      own.clock().advance(Duration.ofSeconds(131));
      fixture.refuses(EXPIRED, later);
    }
  }

  @Test
  void takesTheLongestLifeFromTheSettings() {
    try (TestStack own =
        TestStack.start(
            TestStack.grants(new TokenEndpoint.Options(180, 10, true, true, false, false)))) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      long start = own.clock().seconds();
      fixture.accepts(fixture.grant().claim("iat", start).claim("exp", start + 180));
      assertThat(
              fixture.refuses(
                  TOO_LONG, fixture.grant().claim("iat", start).claim("exp", start + 181)))
          .contains("180 s are allowed");
      fixture.refuses(EXPIRED, fixture.grant().claim("iat", start - 180).claim("exp", start - 11));
    }
  }

  // docs/operations.md: as far as clocks may be apart, and no second more.
  @ParameterizedTest
  @ValueSource(ints = {0, 25, 60})
  void takesHowFarClocksMayBeApartFromTheSettings(int skew) {
    try (TestStack own =
        TestStack.start(
            TestStack.grants(new TokenEndpoint.Options(120, skew, true, true, false, false)))) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      long start = own.clock().seconds();
      fixture.accepts(fixture.grant().claim("iat", start + skew).claim("exp", start + 100));
      fixture.refuses(ISSUED_IN_FUTURE, fixture.grant().claim("iat", start + skew + 1));
      fixture.refuses(ISSUED_IN_FUTURE, fixture.grant().claim("nbf", start + skew + 1));
      TokenForge late = fixture.grant().claim("iat", start - 90).claim("exp", start - skew);
      fixture.accepts(late);
      fixture.refuses(REPLAYED, late);
      fixture.refuses(
          EXPIRED, fixture.grant().claim("iat", start - 90).claim("exp", start - skew - 1));
    }
  }

  private TokenForge times(long issued, long expires) {
    return client.grant().claim("iat", issued).claim("exp", expires);
  }
}

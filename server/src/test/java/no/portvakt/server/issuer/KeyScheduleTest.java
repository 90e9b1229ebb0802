package no.portvakt.server.issuer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import no.portvakt.server.TestClock;
import no.portvakt.server.issuer.KeySchedule.UnsafeStep;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** The rules of docs/keys.md, each at its edges. */
class KeyScheduleTest {
  private static final Duration MAX_AGE = Duration.ofHours(1);
  private static final Duration SKEW = Duration.ofMinutes(1);
  private static final Duration LONGEST_TOKEN = Duration.ofMinutes(30);
  private static final Duration GRACE = Duration.ofMinutes(10);
  private static final KeyRules RULES = new KeyRules(MAX_AGE, SKEW, LONGEST_TOKEN, GRACE);

  private static final Instant NOW = TestClock.START;
  private static final Instant READY = NOW.plus(MAX_AGE).plus(SKEW);
  private static final Duration KEPT = GRACE.plus(LONGEST_TOKEN).plus(SKEW);
  private static final Duration MOMENT = Duration.ofMillis(1);

  @Test
  void letsTheFirstKeyOfEachAlgorithmSignAtOnceAndNoOther() {
    KeySchedule keys = at(NOW);
    keys.publish(fresh("A", "RS256", NOW));
    keys.publish(fresh("B", "RS256", NOW));
    keys.publish(fresh("C", "ES256", NOW));
    assertThat(states(keys)).containsExactly("A current", "B next", "C current");
    assertThat(keys.steps())
        .containsExactly(
            "The key A is published and signs.",
            "The key B is published.",
            "The key C is published and signs.");
  }

  @Test
  void doesNotLetAKeyOfANewAlgorithmSignAtOnce() {
    KeySchedule keys = at(NOW, signing("A", NOW.minus(MAX_AGE)));
    keys.publish(fresh("B", "ES256", NOW));
    assertThat(states(keys)).containsExactly("A current", "B next");
    assertThat(keys.current("ES256")).isNull();
  }

  @Test
  void doesNotTakeAKeyForTheFirstWhileAPreviousOneIsPublished() {
    KeySchedule keys = at(NOW, row("A", NOW.minus(MAX_AGE), NOW.minus(MOMENT), NOW.plus(MOMENT)));
    keys.publish(fresh("B", "RS256", NOW));
    assertThat(states(keys)).containsExactly("A previous", "B next");
  }

  @Test
  void refusesAKeyThatVerifiersMayNotHaveSeen() {
    SigningKeyRow next = fresh("B", "RS256", NOW);
    for (Duration early : List.of(MAX_AGE.plus(SKEW), SKEW, MOMENT)) {
      KeySchedule keys = at(READY.minus(early), signing("A", NOW.minus(MAX_AGE)), next);
      UnsafeStep refused = refusal(() -> keys.activate("RS256"));
      assertThat(refused.earliest()).isEqualTo(READY);
      assertThat(refused)
          .hasMessageContaining("The key B may not sign yet")
          .hasMessageContaining("up to 3600 s")
          .hasMessageEndingWith("The earliest safe time is " + READY + ".");
      assertThat(keys.steps()).isEmpty();
    }
  }

  @Test
  void refusesToRotateWhenNoKeyWaits() {
    KeySchedule keys = at(NOW, signing("A", NOW.minus(MAX_AGE)));
    assertThat(refusal(() -> keys.activate("RS256")))
        .hasMessage("No RS256 key waits to sign.")
        .returns(null, UnsafeStep::earliest);
    assertThat(refusal(() -> keys.activateWhenReady("RS256")).earliest()).isNull();
    assertThat(refusal(() -> keys.activate("ES256")).earliest()).isNull();
  }

  @Test
  void letsAKeySignAfterMaxAgeAndSkewAndKeepsThePreviousOneUntilItsLastTokenHasExpired() {
    KeySchedule keys = at(READY, signing("A", NOW.minus(MAX_AGE)), fresh("B", "RS256", NOW));
    keys.activate("RS256");
    assertThat(states(keys)).containsExactly("A previous", "B current");
    assertThat(key(keys, "A")).isEqualTo(row("A", NOW.minus(MAX_AGE), READY, READY.plus(KEPT)));
    assertThat(RULES.lastSigning(key(keys, "A"))).isEqualTo(READY.plus(GRACE));
    assertThat(states(at(READY.plus(KEPT).minus(MOMENT), keys.keys())))
        .containsExactly("A previous", "B current");
    assertThat(states(at(READY.plus(KEPT), keys.keys()))).containsExactly("A removed", "B current");
  }

  @Test
  void schedulesARotationThatHappensByItself() {
    KeySchedule keys = at(NOW, signing("A", NOW.minus(MAX_AGE)), fresh("B", "RS256", NOW));
    keys.activateWhenReady("RS256");
    assertThat(states(keys)).containsExactly("A current", "B next");
    assertThat(states(at(READY.minus(MOMENT), keys.keys()))).containsExactly("A current", "B next");
    assertThat(states(at(READY, keys.keys()))).containsExactly("A previous", "B current");
    KeySchedule late = at(READY.plusSeconds(5), signing("A", NOW), fresh("B", "RS256", NOW));
    late.activateWhenReady("RS256");
    assertThat(states(late)).containsExactly("A previous", "B current");
  }

  @Test
  void refusesToRetireAKeyThatSigns() {
    KeySchedule keys = at(NOW, signing("A", NOW), fresh("B", "RS256", NOW));
    assertThat(refusal(() -> keys.retire("A")))
        .hasMessage("The key A signs; rotate first, so that another one does.")
        .returns(null, UnsafeStep::earliest);
  }

  @Test
  void refusesToRetireAKeyWhoseTokensMayLive() {
    Instant ended = NOW.minus(KEPT);
    SigningKeyRow previous =
        row("A", ended.minus(MAX_AGE), ended.plus(MOMENT), NOW.plus(Duration.ofDays(9)));
    KeySchedule keys = at(NOW, previous, signing("B", ended));
    UnsafeStep refused = refusal(() -> keys.retire("A"));
    assertThat(refused.earliest()).isEqualTo(NOW.plus(MOMENT));
    assertThat(refused).hasMessageContaining("Tokens that the key A signed may still live.");
    KeySchedule then = at(NOW.plus(MOMENT), previous, signing("B", ended));
    then.retire("A");
    assertThat(states(then)).containsExactly("A removed", "B current");
  }

  @Test
  void refusesToRetireAKeyThatIsNotPublished() {
    KeySchedule keys =
        at(NOW, signing("A", NOW), row("B", NOW.minus(MAX_AGE), NOW.minus(MAX_AGE), NOW));
    for (String kid : List.of("B", "C", "")) {
      assertThat(refusal(() -> keys.retire(kid))).hasMessage("No key " + kid + " is published.");
      assertThat(refusal(() -> keys.revoke(kid)).earliest()).isNull();
    }
    assertThat(keys.steps()).isEmpty();
  }

  @Test
  void retiresTheNextKeyAtOnce() {
    KeySchedule keys = at(NOW, signing("A", NOW), fresh("B", "RS256", NOW));
    keys.retire("B");
    assertThat(states(keys)).containsExactly("A current", "B removed");
    assertThat(keys.steps()).containsExactly("The key B is no longer published.");
  }

  @Test
  void leavesNoGapWhenTheKeyOfAScheduledRotationIsTakenOut() {
    for (boolean emergency : List.of(false, true)) {
      KeySchedule keys = at(NOW, signing("A", NOW), fresh("B", "RS256", NOW));
      keys.activateWhenReady("RS256");
      KeySchedule later = at(READY.minus(MOMENT), keys.keys());
      if (emergency) {
        later.revoke("B");
      } else {
        later.retire("B");
      }
      assertThat(key(later, "A")).isEqualTo(signing("A", NOW));
      assertThat(states(at(READY.plus(Duration.ofDays(9)), later.keys())))
          .containsExactly("A current", "B removed");
      assertThat(later.steps()).anyMatch(step -> step.startsWith("The key A signs on"));
    }
  }

  @Test
  void letsANewerKeyTakeThePlaceOfOneThatWasScheduled() {
    KeySchedule keys = at(NOW, signing("A", NOW), fresh("B", "RS256", NOW));
    keys.activateWhenReady("RS256");
    Instant later = NOW.plus(MAX_AGE.dividedBy(2));
    KeySchedule then = at(later, keys.keys());
    then.publish(fresh("C", "RS256", later));
    then.activateWhenReady("RS256");
    Instant newest = later.plus(MAX_AGE).plus(SKEW);
    assertThat(states(at(READY, then.keys()))).containsExactly("A previous", "B current", "C next");
    assertThat(states(at(newest, then.keys())))
        .containsExactly("A previous", "B previous", "C current");
    assertThat(states(at(newest.plus(KEPT), then.keys())))
        .as("no key stays published for ever")
        .containsExactly("A removed", "B removed", "C current");
  }

  @Test
  void saysWhatAnEmergencyBreaks() {
    KeySchedule keys = at(NOW, signing("A", NOW.minus(MAX_AGE)), fresh("B", "RS256", NOW));
    keys.activateAtOnce("RS256");
    keys.revoke("A");
    assertThat(states(keys)).containsExactly("A removed", "B current");
    assertThat(keys.steps())
        .anyMatch(step ->
            step.startsWith("Breaks: a verifier that keeps an older key set")
                && step.contains(READY.toString()))
        .anyMatch(step ->
            step.startsWith("Breaks: tokens that it signed are refused")
                && step.contains(NOW.plus(MAX_AGE).toString()));
  }

  @Test
  void breaksOnlyOldTokensInAnEmergencyWhenTheNextKeyIsKnown() {
    KeySchedule keys = at(READY, signing("A", NOW), fresh("B", "RS256", NOW));
    keys.activateAtOnce("RS256");
    keys.revoke("A");
    assertThat(keys.steps().stream().filter(step -> step.startsWith("Breaks")))
        .singleElement()
        .asString()
        .contains("tokens that it signed");
    KeySchedule waiting = at(NOW, signing("A", NOW), fresh("B", "RS256", NOW));
    waiting.revoke("B");
    assertThat(waiting.steps()).noneMatch(step -> step.startsWith("Breaks"));
  }

  @Test
  void doesNotLetAScheduledKeySignBesideTheOneOfAnEmergency() {
    KeySchedule keys = at(NOW, signing("A", NOW), fresh("B", "RS256", NOW));
    keys.activateWhenReady("RS256");
    KeySchedule then = at(NOW.plusSeconds(9), keys.keys());
    then.publish(fresh("C", "RS256", NOW.plusSeconds(9)));
    then.activateAtOnce("RS256");
    then.revoke("A");
    assertThat(states(at(READY, then.keys()))).containsExactly("A removed", "B next", "C current");
  }

  @Test
  void letsGoOfAnAlgorithm() {
    KeySchedule keys =
        at(
            NOW,
            signing("A", NOW.minus(MAX_AGE)),
            fresh("B", "RS256", NOW),
            fresh("C", "RS256", NOW),
            ofAlgorithm("D", "ES256", NOW));
    keys.activateWhenReady("RS256");
    keys.drop("RS256");
    assertThat(states(keys)).containsExactly("A previous", "B removed", "C removed", "D current");
    assertThat(key(keys, "A").removed()).isEqualTo(NOW.plus(KEPT).toEpochMilli());
    assertThat(keys.algorithms()).containsExactly("ES256");
    List<SigningKeyRow> before = keys.keys();
    keys.drop("RS256");
    assertThat(keys.keys()).isEqualTo(before);
  }

  @Test
  void keepsAKeyLongerWhenTokensCameToLiveLonger() {
    KeySchedule keys = at(NOW, signing("A", NOW), fresh("B", "RS256", NOW));
    keys.activateWhenReady("RS256");
    Duration longer = LONGEST_TOKEN.multipliedBy(4);
    KeyRules changed = new KeyRules(MAX_AGE, SKEW, longer, GRACE);
    KeySchedule then = new KeySchedule(changed, READY.minus(SKEW), keys.keys());
    then.prolong();
    assertThat(key(then, "A").removed())
        .isEqualTo(READY.plus(GRACE).plus(longer).plus(SKEW).toEpochMilli());
    assertThat(changed.lastSigning(key(then, "A"))).isEqualTo(READY.plus(GRACE));
    KeySchedule unchanged = at(READY.minus(SKEW), keys.keys());
    unchanged.prolong();
    assertThat(unchanged.steps()).isEmpty();
  }

  @Test
  void forgetsOnlyWhatHasNotBeenPublishedForLong() {
    KeySchedule keys =
        at(NOW, row("A", NOW, NOW, NOW.minus(MOMENT)), row("B", NOW, NOW, NOW), signing("C", NOW));
    keys.forget(NOW);
    assertThat(keys.keys()).extracting(SigningKeyRow::kid).containsExactly("B", "C");
  }

  @Test
  void lowersWhatVerifiersMayKeepToTheNextChangeAndToWhatThisNodeHasSeen() {
    Duration now = Duration.ZERO;
    Set<Duration> drawn = new HashSet<>();
    for (int i = 0; i < 50; i++) {
      drawn.add(RULES.cacheable(NOW, null, now));
    }
    assertThat(drawn)
        .as("verifiers do not come all at once")
        .hasSizeGreaterThan(1)
        .allSatisfy(it -> assertThat(it).isBetween(MAX_AGE.multipliedBy(9).dividedBy(10), MAX_AGE));
    assertThat(RULES.cacheable(NOW, NOW.plusSeconds(60), now))
        .isBetween(Duration.ofSeconds(60), Duration.ofSeconds(60).plus(SKEW));
    assertThat(RULES.cacheable(NOW, NOW.minusSeconds(60), now))
        .isGreaterThan(Duration.ofMinutes(50));
    assertThat(RULES.cacheable(NOW, null, MAX_AGE.minusSeconds(7)))
        .isEqualTo(Duration.ofSeconds(7));
    assertThat(RULES.cacheable(NOW, null, MAX_AGE.plusSeconds(7))).isEqualTo(Duration.ofSeconds(1));
  }

  private static KeySchedule at(Instant time, SigningKeyRow... rows) {
    return at(time, Arrays.asList(rows));
  }

  private static KeySchedule at(Instant time, List<SigningKeyRow> rows) {
    return new KeySchedule(RULES, time, rows);
  }

  private static List<String> states(KeySchedule keys) {
    List<String> states = new ArrayList<>();
    keys.keys().forEach(key -> states.add(key.kid() + " " + keys.state(key)));
    return states;
  }

  private static SigningKeyRow key(KeySchedule keys, String kid) {
    return keys.keys().stream().filter(it -> it.kid().equals(kid)).findFirst().orElseThrow();
  }

  private static UnsafeStep refusal(Runnable step) {
    return Objects.requireNonNull(catchThrowableOfType(UnsafeStep.class, step::run));
  }

  private static SigningKeyRow fresh(String kid, String algorithm, Instant published) {
    return row(kid, algorithm, published, null, null, null);
  }

  private static SigningKeyRow signing(String kid, Instant from) {
    return row(kid, "RS256", from, from, null, null);
  }

  private static SigningKeyRow ofAlgorithm(String kid, String algorithm, Instant from) {
    return row(kid, algorithm, from, from, null, null);
  }

  private static SigningKeyRow row(String kid, Instant from, Instant until, Instant removed) {
    return row(kid, "RS256", from, from, until, removed);
  }

  private static SigningKeyRow row(
      String kid,
      String algorithm,
      Instant published,
      @Nullable Instant from,
      @Nullable Instant until,
      @Nullable Instant removed) {
    long time = published.toEpochMilli();
    return new SigningKeyRow(
        "role",
        kid,
        algorithm,
        "",
        "",
        KeyStorage.STORE,
        time,
        time,
        from == null ? null : from.toEpochMilli(),
        until == null ? null : until.toEpochMilli(),
        removed == null ? null : removed.toEpochMilli());
  }
}

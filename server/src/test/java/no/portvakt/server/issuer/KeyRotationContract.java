package no.portvakt.server.issuer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import no.portvakt.server.SigningKeyFile;
import no.portvakt.server.TestClock;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyCipher.WrongMasterKey;
import no.portvakt.server.issuer.KeyNode.Setup;
import no.portvakt.server.issuer.KeyRotation.Mode;
import no.portvakt.server.issuer.KeySchedule.UnsafeStep;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys in a store, whichever it is: every node sees the same, and no two nodes fight. */
abstract class KeyRotationContract {
  private static final Duration MOMENT = Duration.ofMillis(1);

  final TestClock clock = new TestClock();
  private final List<AutoCloseable> open = new ArrayList<>();

  /** Opens the test's store once more, as another node. */
  abstract Database open();

  @AfterEach
  void close() throws Exception {
    for (AutoCloseable each : open.reversed()) {
      each.close();
    }
  }

  final KeyNode node(Setup setup) {
    Database database = open();
    open.add(database);
    KeyNode node = new KeyNode(database, clock, setup);
    open.add(node);
    return node;
  }

  @Test
  void takesEachStepWhenItsTimeComesWithoutAnotherWord() {
    KeyNode node = node(Setup.plain()).start();
    String first = node.active();
    node.rotation.rotate("ES256", Mode.SCHEDULED, false);
    node.ring().reload();
    String second = node.only("next");
    assertThat(node.published()).containsExactly(first, second);
    clock.advance(KeyNode.READY.minus(MOMENT));
    assertThat(node.active()).isEqualTo(first);
    clock.advance(MOMENT);
    assertThat(node.active()).isEqualTo(second);
    assertThat(node.published()).containsExactly(second, first);
    clock.advance(KeyNode.LONGEST_TOKEN.plus(KeyNode.SKEW).minus(MOMENT));
    assertThat(node.published()).containsExactly(second, first);
    assertThat(node.ring().keySet().byId(first)).isNotNull();
    clock.advance(MOMENT);
    assertThat(node.published()).containsExactly(second);
    assertThat(node.ring().keySet().byId(first)).isNull();
  }

  // Up to a tenth of the longest time, and of the skew, is left out at random.
  @Test
  void letsNobodyKeepTheKeysForLongerThanToADecidedChangeAndTheSkew() {
    KeyNode node = node(Setup.plain()).start();
    assertThat(node.ring().cacheable()).isBetween(Duration.ofMinutes(54), KeyNode.MAX_AGE);
    node.rotation.rotate("ES256", Mode.SCHEDULED, false);
    node.ring().reload();
    Duration left = Duration.ofMinutes(1);
    clock.advance(KeyNode.READY.minus(left));
    assertThat(node.ring().cacheable())
        .isBetween(left.plus(KeyNode.SKEW.multipliedBy(9).dividedBy(10)), left.plus(KeyNode.SKEW));
    clock.advance(left.minus(MOMENT));
    assertThat(node.ring().cacheable()).isLessThanOrEqualTo(KeyNode.SKEW.plus(MOMENT));
    clock.advance(MOMENT);
    Duration toRemoval = KeyNode.LONGEST_TOKEN.plus(KeyNode.SKEW);
    assertThat(node.ring().cacheable()).isBetween(toRemoval, toRemoval.plus(KeyNode.SKEW));
    clock.advance(toRemoval);
    assertThat(node.ring().cacheable()).isBetween(Duration.ofMinutes(54), KeyNode.MAX_AGE);
  }

  @Test
  void givesTheKeysOfOneMomentWhileAnotherThreadRotates() throws Exception {
    KeyNode node = node(Setup.plain().withStandby()).start();
    KeyRing ring = node.ring();
    SigningKeys first = ring.keys();
    List<String> firstPublished = node.published();
    Set<String> seen = ConcurrentHashMap.newKeySet();
    AtomicBoolean rotating = new AtomicBoolean(true);
    // Nothing slow is done here, so that what is torn for a moment is met.
    FutureTask<String> reader =
        new FutureTask<>(() -> {
          while (rotating.get()) {
            SigningKeys keys = ring.keys();
            SigningKey active = KeyNode.known(keys.active());
            if (!keys.current().equals(List.of(active)) || !keys.published().contains(active)) {
              return active + " is no current key of " + keys;
            }
            seen.add(active.keyId());
          }
          return "";
        });
    Thread.ofPlatform().daemon().start(reader);
    try {
      for (int round = 0; round < 50; round++) {
        node.rotation.rotate("ES256", Mode.EMERGENCY, false);
        ring.reload();
        String active = node.active();
        KeyNode.await("the reader", () -> reader.isDone() || seen.contains(active));
      }
    } finally {
      rotating.set(false);
    }
    assertThat(reader.get()).isEmpty();
    assertThat(seen).hasSizeGreaterThanOrEqualTo(50);
    assertThat(first.published()).extracting(SigningKey::keyId).isEqualTo(firstPublished);
    assertThat(node.published()).doesNotContainAnyElementsOf(firstPublished);
  }

  @Test
  void publishesTheNextKeyAndRefusesToSignWithItTooEarly() {
    KeyNode node = node(Setup.plain()).start();
    String first = node.active();
    for (int i = 0; i < 3; i++) {
      assertThatExceptionOfType(UnsafeStep.class)
          .isThrownBy(() -> node.rotation.rotate("ES256", Mode.SAFE, false))
          .returns(TestClock.START.plus(KeyNode.READY), UnsafeStep::earliest);
      assertThat(node.all("next")).as("one next key, however often it is asked for").hasSize(1);
      clock.advance(Duration.ofMinutes(20));
    }
    String second = node.only("next");
    clock.advance(MOMENT.plus(KeyNode.SKEW));
    node.rotation.rotate("ES256", Mode.SAFE, false);
    node.ring().reload();
    assertThat(node.active()).isEqualTo(second);
    assertThat(node.only("previous")).isEqualTo(first);
    assertThat(node.changes).containsExactly("keys.tend", "keys.publish", "keys.rotate");
  }

  @Test
  void changesNothingForAPlan() {
    KeyNode node = node(Setup.plain().withStandby()).start();
    String current = node.only("current");
    var before = node.rotation.list();
    for (Mode mode : List.of(Mode.SCHEDULED, Mode.EMERGENCY)) {
      assertThat(node.rotation.rotate("ES256", mode, true)).isNotEmpty();
    }
    String next = node.only("next");
    assertThat(node.rotation.retire(next, false, true)).hasSize(1);
    assertThatThrownBy(() -> node.rotation.rotate("ES256", Mode.SAFE, true))
        .isInstanceOf(UnsafeStep.class);
    assertThatThrownBy(() -> node.rotation.retire(current, true, true))
        .isInstanceOf(UnsafeStep.class);
    var key = SigningKeyFile.of("secp256r1", clock.instant()).material();
    assertThat(node.rotation.bringIn(key, "ES256", true)).hasSize(2);
    assertThat(node.rotation.list()).isEqualTo(before);
    assertThat(node.changes).containsExactly("keys.tend");
  }

  @Test
  void refusesWhatNobodySignsWith() {
    KeyNode node = node(Setup.plain()).start();
    for (Mode mode : Mode.values()) {
      assertThatThrownBy(() -> node.rotation.rotate("RS256", mode, false))
          .hasMessage("Nothing signs with RS256 here.");
    }
    assertThatThrownBy(() -> node.rotation.retire(node.only("current"), false, false))
        .isInstanceOf(UnsafeStep.class);
    assertThatThrownBy(() -> node.rotation.retire("unknown", false, false))
        .hasMessage("No key unknown is published.");
    assertThat(node.all("current")).hasSize(1);
  }

  @Test
  void takesAKeyFromElsewhereAndRefusesOneThatCanNotSign() {
    KeyNode node = node(Setup.plain()).start();
    SigningKeyFile mine = SigningKeyFile.of("secp256r1", clock.instant());
    node.rotation.bringIn(mine.material(), "ES256", false);
    assertThat(node.only("next")).isEqualTo(mine.keyId());
    refuses(node, mine, "ES256", "is known already");
    refuses(node, SigningKeyFile.of("secp384r1", clock.instant()), "ES256", "not of a kind");
    refuses(node, SigningKeyFile.of("RSA2048", clock.instant()), "ES256", "not of a kind");
    refuses(node, SigningKeyFile.of("RSA2048", clock.instant()), "RS256", "Nothing signs with");
    refuses(
        node,
        SigningKeyFile.of("secp256r1", clock.instant().plusSeconds(60)),
        "ES256",
        "certificate is not valid now");
    refuses(
        node,
        SigningKeyFile.of(
            "secp256r1", TestClock.START.minusSeconds(9), TestClock.START.minusSeconds(3)),
        "ES256",
        "certificate is not valid now");
    clock.advance(KeyNode.READY);
    node.rotation.rotate("ES256", Mode.SAFE, false);
    node.ring().reload();
    assertThat(node.active()).isEqualTo(mine.keyId());
  }

  private static void refuses(KeyNode node, SigningKeyFile key, String algorithm, String why) {
    assertThatExceptionOfType(UnsafeStep.class)
        .isThrownBy(() -> node.rotation.bringIn(key.material(), algorithm, false))
        .withMessageContaining(why);
    assertThat(node.all("next")).hasSize(1);
  }

  @Test
  void makesOneFirstKeyHoweverManyNodesStartAtOnce() throws Exception {
    List<KeyNode> nodes = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      nodes.add(node(Setup.plain().withStandby()));
    }
    together(nodes, KeyNode::start);
    assertThat(nodes.get(0).all("next")).hasSize(1);
    for (KeyNode node : nodes) {
      assertThat(node.active()).isEqualTo(nodes.get(0).only("current"));
    }
  }

  @Test
  void letsExactlyOneOfTwoRotationsWin() throws Exception {
    KeyNode one = node(Setup.plain()).start();
    KeyNode other = node(Setup.plain()).start();
    for (int round = 0; round < 5; round++) {
      assertThatThrownBy(() -> one.rotation.rotate("ES256", Mode.SAFE, false))
          .isInstanceOf(UnsafeStep.class);
      String next = one.only("next");
      clock.advance(KeyNode.READY);
      Queue<String> outcomes = new ConcurrentLinkedQueue<>();
      together(
          List.of(one, other),
          node -> {
            try {
              node.rotation.rotate("ES256", Mode.SAFE, false);
              outcomes.add("won");
            } catch (UnsafeStep e) {
              outcomes.add("refused");
            }
          });
      assertThat(outcomes).containsExactlyInAnyOrder("won", "refused");
      assertThat(one.only("current")).isEqualTo(next);
      one.ring().reload();
      other.ring().reload();
      assertThat(one.active()).isEqualTo(next);
      assertThat(other.active()).isEqualTo(next);
    }
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void alwaysHasExactlyOneCurrentKeyWhateverHappensAtOnce(Mode mode) throws Exception {
    KeyNode one = node(Setup.plain().withStandby()).start();
    KeyNode other = node(Setup.plain().withStandby()).start();
    for (int round = 0; round < 3; round++) {
      clock.advance(KeyNode.READY);
      together(
          List.of(one, other, one, other),
          node -> {
            try {
              node.rotation.rotate("ES256", mode, false);
            } catch (UnsafeStep e) {
              assertThat(e.getMessage()).isNotEmpty();
            }
          });
      assertThat(one.all("current")).hasSize(1);
      clock.advance(KeyNode.READY);
      assertThat(other.all("current")).hasSize(1);
      other.ring().reload();
      assertThat(other.active()).isEqualTo(one.only("current"));
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void rotatesByAge(boolean standby) {
    KeyNode node = node(standby ? Setup.plain().withStandby() : Setup.plain()).start();
    String first = node.active();
    clock.advance(KeyNode.ROTATE_AFTER.minus(MOMENT));
    assertThat(node.tend()).isEmpty();
    clock.advance(MOMENT);
    assertThat(node.tend()).isNotEmpty();
    assertThat(node.tend()).as("nothing is left to do").isEmpty();
    if (!standby) {
      assertThat(node.active()).isEqualTo(first);
      clock.advance(KeyNode.READY);
    }
    assertThat(node.active()).isNotEqualTo(first);
    assertThat(node.only("previous")).isEqualTo(first);
    node.tend();
    assertThat(node.all("next")).hasSize(standby ? 1 : 0);
  }

  @Test
  void neverStopsSigningWhenTheKeyOfAScheduledRotationIsTakenOut() {
    KeyNode node = node(Setup.plain()).start();
    String first = node.active();
    node.rotation.rotate("ES256", Mode.SCHEDULED, false);
    node.rotation.retire(node.only("next"), false, false);
    node.ring().reload();
    clock.advance(KeyNode.READY.multipliedBy(2));
    assertThat(node.active()).isEqualTo(first);
  }

  @Test
  void changesTheAlgorithmWithoutAGap() {
    String rsa = node(Setup.plain()).start().active();
    KeyNode node = node(Setup.plain().withAlgorithms("Ed25519")).start();
    assertThat(node.active()).isEqualTo(rsa);
    assertThat(node.ring().keys().algorithms()).containsExactly("ES256", "Ed25519");
    clock.advance(KeyNode.READY.minus(MOMENT));
    node.tend();
    assertThat(node.active()).isEqualTo(rsa);
    clock.advance(MOMENT);
    assertThat(node.ring().active().algorithm()).isEqualTo("Ed25519");
    node.tend();
    assertThat(node.published()).containsExactly(node.only("current"), rsa);
    clock.advance(KeyNode.LONGEST_TOKEN.plus(KeyNode.SKEW));
    assertThat(node.published()).doesNotContain(rsa);
    assertThat(node.tend()).isEmpty();
  }

  @Test
  void losesNoKeyAndSignsOnWhenTheClockStepsBack() {
    KeyNode node = node(Setup.plain()).start();
    String first = node.active();
    node.rotation.rotate("ES256", Mode.SCHEDULED, false);
    clock.advance(KeyNode.READY);
    node.tend();
    String second = node.active();
    for (int hours = 0; hours < 6; hours++) {
      clock.advance(Duration.ofHours(-1));
      assertThat(node.published()).containsExactlyInAnyOrder(first, second);
      assertThat(node.active()).isIn(first, second);
      assertThat(node.tend()).isEmpty();
      assertThat(node.published()).containsExactlyInAnyOrder(first, second);
      KeyNode started = node(Setup.plain()).start();
      assertThat(started.active()).as("%s hours back", hours).isIn(first, second);
      assertThat(started.published()).containsExactlyInAnyOrder(first, second);
    }
  }

  @Test
  void saysThatTheMasterKeyIsWrongAndWritesNothingWithIt() {
    KeyNode good = node(Setup.plain()).start();
    String first = good.active();
    Setup wrong = Setup.plain().withMasterKey(KeyNode.OTHER_MASTER_KEY);
    String sentence =
        "The key " + first + " can't be opened: the master key is not the one it was stored with.";
    assertThatExceptionOfType(WrongMasterKey.class)
        .isThrownBy(() -> node(wrong).start())
        .withMessage(sentence);
    assertThatExceptionOfType(WrongMasterKey.class)
        .isThrownBy(() -> node(wrong.withStandby()).rotation.tend())
        .withMessage(sentence);
    for (Mode mode : Mode.values()) {
      assertThatExceptionOfType(WrongMasterKey.class)
          .isThrownBy(() -> node(wrong).rotation.rotate("ES256", mode, false))
          .withMessage(sentence);
    }
    assertThat(good.rotation.list()).hasSize(1);
    good.ring().reload();
    assertThat(node(Setup.plain()).start().active()).isEqualTo(first);
  }

  @Test
  void seesWhatAnotherNodeChangedAtTheNextLook() {
    KeyNode one = node(Setup.plain()).start();
    KeyNode other = node(Setup.plain()).start();
    one.rotation.rotate("ES256", Mode.EMERGENCY, false);
    other.ring().reload();
    assertThat(other.active()).isEqualTo(one.only("current"));
    assertThat(other.published()).containsExactly(one.only("current"));
  }

  private interface Step {
    void of(KeyNode node) throws Exception;
  }

  private static void together(List<KeyNode> nodes, Step step) throws Exception {
    CyclicBarrier start = new CyclicBarrier(nodes.size());
    Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
    List<Thread> threads = new ArrayList<>();
    for (KeyNode node : nodes) {
      threads.add(
          Thread.ofPlatform()
              .start(() -> {
                try {
                  start.await();
                  step.of(node);
                } catch (Exception | AssertionError e) {
                  failures.add(e);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    assertThat(failures).isEmpty();
  }
}

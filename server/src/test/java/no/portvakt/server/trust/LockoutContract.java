package no.portvakt.server.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.StoreUnavailable;
import no.portvakt.server.store.AttemptTable;
import no.portvakt.server.store.AttemptTable.Attempts;
import no.portvakt.server.trust.Lockout.Allowed;
import no.portvakt.server.trust.Lockout.Attempt;
import no.portvakt.server.trust.Lockout.Locked;
import no.portvakt.server.trust.Lockout.Policy;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A secret may be guessed so often and no oftener, whichever nodes are asked. */
abstract class LockoutContract extends SingleUseContract {
  static final Policy PIN =
      new Policy("pin", 3, Duration.ofSeconds(30), Duration.ofMinutes(2), Duration.ofMinutes(10));

  private static final Duration MOMENT = Duration.ofMillis(1);

  static Lockout lockout(Database database) {
    return new Lockout(database, new AttemptTable(database));
  }

  private Attempt begin(Database database, String subject) {
    return lockout(database).begin(PIN, subject, clock.instant());
  }

  private void assertFails(Database database, String subject) {
    assertThat(begin(database, subject)).isInstanceOf(Allowed.class);
  }

  private void assertSucceeds(Database database, String subject) {
    Allowed attempt = (Allowed) begin(database, subject);
    boolean _ =
        database.record(session -> {
          attempt.succeeded(session);
          return true;
        });
  }

  private void assertLocked(Database database, String subject, Instant until) {
    assertThat(begin(database, subject)).isEqualTo(new Locked(until));
  }

  private Instant in(Duration time) {
    return clock.instant().plus(time);
  }

  // Of several subjects in any order: two nodes may then wait for each other in the database.
  @ParameterizedTest
  @ValueSource(ints = {1, 8})
  void letsSoManyThroughOfAllThatComeAtOnceAndNoMore(int subjects) throws Exception {
    int each = 20;
    Map<String, Integer> allowed = new HashMap<>();
    try (Database one = open();
        Database other = open();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      CyclicBarrier moment = new CyclicBarrier(each * subjects);
      Map<Future<Attempt>, String> attempts = new HashMap<>();
      for (int i = 0; i < each * subjects; i++) {
        Database node = i % 2 == 0 ? one : other;
        String subject = "s" + i / 2 * 3 % subjects;
        Future<Attempt> attempt =
            threads.submit(() -> {
              moment.await();
              return begin(node, subject);
            });
        attempts.put(attempt, subject);
      }
      for (Map.Entry<Future<Attempt>, String> attempt : attempts.entrySet()) {
        if (attempt.getKey().get() instanceof Allowed) {
          allowed.merge(attempt.getValue(), 1, Integer::sum);
        }
      }
    }
    assertThat(allowed).hasSize(subjects);
    assertThat(allowed.values()).containsOnly(3);
  }

  @Test
  void locksTwiceAsLongAfterEachFurtherFailureUntilTheLongestTime() {
    try (Database database = open()) {
      assertFails(database, "a");
      assertFails(database, "a");
      for (int seconds : new int[] {30, 60, 120, 120, 120}) {
        assertFails(database, "a");
        Instant until = in(Duration.ofSeconds(seconds));
        assertLocked(database, "a", until);
        clock.advance(Duration.ofSeconds(seconds).minus(MOMENT));
        assertLocked(database, "a", until);
        clock.advance(MOMENT);
      }
    }
  }

  @Test
  void clearsTheCountAfterASuccess() {
    try (Database one = open();
        Database other = open()) {
      for (int i = 0; i < 3; i++) {
        assertFails(one, "a");
        assertFails(other, "a");
        assertSucceeds(one, "a"); // counted as the third failure until then
      }
      for (int i = 0; i < 3; i++) {
        assertFails(other, "a");
      }
      assertLocked(one, "a", in(Duration.ofSeconds(30)));
      assertLocked(other, "a", in(Duration.ofSeconds(30)));
      clock.advance(Duration.ofSeconds(30));
      assertSucceeds(one, "a");
      assertFails(one, "a");
      assertFails(other, "a");
    }
  }

  @Test
  void countsOnAfterTheStoreWasOpenedAgain() {
    for (int i = 0; i < 3; i++) {
      try (Database database = open()) {
        assertFails(database, "a");
      }
    }
    for (int i = 0; i < 2; i++) {
      try (Database database = open()) {
        assertLocked(database, "a", in(Duration.ofSeconds(30)));
      }
    }
  }

  @Test
  void forgetsFailuresAfterTheirTimeAndNotBefore() {
    try (Database database = open()) {
      assertFails(database, "a");
      assertFails(database, "a");
      clock.advance(Duration.ofMinutes(10).minus(MOMENT));
      assertFails(database, "a");
      assertLocked(database, "a", in(Duration.ofSeconds(30)));
      clock.advance(Duration.ofSeconds(30).plus(Duration.ofMinutes(10)));
      assertFails(database, "a");
      assertFails(database, "a");
      assertFails(database, "a");
      assertLocked(database, "a", in(Duration.ofSeconds(30)));
    }
  }

  @Test
  void countsEachSubjectAndEachSecretByItself() {
    Policy password =
        new Policy("password", 1, PIN.firstLock(), PIN.longestLock(), PIN.forgottenAfter());
    try (Database database = open()) {
      for (int i = 0; i < 3; i++) {
        assertFails(database, "a");
      }
      assertLocked(database, "a", in(Duration.ofSeconds(30)));
      for (String another : List.of("A", "a ", "")) {
        assertFails(database, another);
        assertSucceeds(database, another);
      }
      assertThat(lockout(database).begin(password, "a", clock.instant()))
          .isInstanceOf(Allowed.class);
      assertLocked(database, "a", in(Duration.ofSeconds(30)));
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 31", "60, 90", "91, 120", "100000000, 120"})
  void locksNoShorterAndNoLongerThanTheLongestTimeWhenTheClockIsSetBack(int back, int left) {
    try (Database one = open();
        Database other = open()) {
      for (int i = 0; i < 3; i++) {
        assertFails(one, "a");
      }
      clock.advance(Duration.ofSeconds(-back));
      Instant until = in(Duration.ofSeconds(left));
      assertLocked(one, "a", until);
      clock.advance(Duration.ofSeconds(left).minus(MOMENT));
      assertLocked(other, "a", until);
      clock.advance(MOMENT);
      assertSucceeds(other, "a");
      assertFails(one, "a");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 7, 100})
  void forgetsWhatExpiredAndNothingElseHoweverFewItRemovesTogether(int together) {
    try (Database database = open()) {
      AttemptTable table = new AttemptTable(database);
      boolean _ =
          database.record(session -> {
            for (int i = 0; i < 14; i++) {
              Attempts _ = table.hold(session, "s" + i);
              table.put(session, "s" + i, new Attempts(1, i, i));
            }
            return true;
          });
      table.forgetExpired(6, together);
      assertThat(subjects(database)).hasSize(7).doesNotContain("s0", "s6").contains("s7");
      table.forgetExpired(6, together);
      assertThat(subjects(database)).hasSize(7);
      table.forgetExpired(13, together);
      assertThat(subjects(database)).isEmpty();
    }
  }

  @Test
  void keepsNoNameOfASubject() {
    try (Database database = open()) {
      assertFails(database, "somebody");
      assertThat(subjects(database)).hasSize(1).first().asString().hasSize(24);
      assertThat(subjects(database).toString()).doesNotContain("somebody").doesNotContain("pin");
      assertThat(begin(database, "somebody").toString()).doesNotContain("somebody");
    }
  }

  @Test
  void allowsNothingThatCannotBeCounted() {
    Database database = open();
    assertFails(database, "a");
    database.close();
    for (String subject : List.of("a", "b")) {
      assertThatExceptionOfType(StoreUnavailable.class).isThrownBy(() -> begin(database, subject));
    }
  }

  private static List<String> subjects(Database database) {
    return new ArrayList<>(
        database.<List<String>>read(
            session -> session.query(row -> row.getString(1), "SELECT subject FROM attempt")));
  }
}

package no.portvakt.server.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import no.portvakt.server.audit.AuditVerifier.Report;
import no.portvakt.server.audit.Checkpoints.Tampered;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.CheckpointTable;
import no.portvakt.server.store.CheckpointTable.CheckpointRow;
import org.junit.jupiter.api.Test;

/** What retention promises besides: it takes what is old and signed for, and nothing else. */
abstract class RetentionContract extends CheckpointsContract {
  RetentionContract(Supplier<Database> nodes) {
    super(nodes);
  }

  @Test
  void forgetsWhatIsOldAndCovered() {
    append(database, 3);
    checkpoints.sign();
    append(database, 2);
    clock.advance(MONTH.plusSeconds(1));
    append(database, 1);
    checkpoints.sign();
    assertThat(checkpoints.forget(MONTH)).isEqualTo(3); // 4 and 5 are old, but not covered in time
    assertThat(kept(0)).containsExactly(4L, 5L, 6L);
    Report.Whole whole = whole();
    assertThat(whole.records()).isEqualTo(3);
    assertThat(whole.chains().getFirst().from()).isEqualTo(3);
  }

  @Test
  void forgetsNothingThatIsYoung() {
    append(database, 3);
    checkpoints.sign();
    clock.advance(MONTH);
    assertThat(checkpoints.forget(MONTH)).isZero();
    assertThat(kept(0)).hasSize(3);
  }

  @Test
  void forgetsNothingThatWasSignedForWhileTheClockStoodBack() {
    append(database, 2);
    clock.advance(MONTH.multipliedBy(2));
    append(database, 3);
    // The first checkpoint of all: it says of young records that they are old.
    clock.advance(MONTH.multipliedBy(-2));
    assertThat(checkpoints.sign()).isTrue();
    clock.advance(MONTH.multipliedBy(2));
    assertThat(checkpoints.forget(MONTH)).isEqualTo(2); // what is old all the same
    assertThat(checkpoints.forget(MONTH)).isZero();
    assertThat(kept(0)).containsExactly(3L, 4L, 5L);
    assertThat(whole().records()).isEqualTo(3);
    clock.advance(MONTH.multipliedBy(2));
    assertThat(checkpoints.forget(MONTH)).isEqualTo(2);
    assertThat(kept(0)).containsExactly(5L);
    assertThat(whole().records()).isEqualTo(1);
  }

  @Test
  void forgetsNothingThatWasWrittenWhileTheClockStoodBack() {
    append(database, 3);
    clock.advance(MONTH.multipliedBy(2));
    assertThat(checkpoints.sign()).isTrue();
    clock.advance(MONTH.multipliedBy(-2));
    append(database, 2);
    assertThat(checkpoints.sign()).isTrue();
    clock.advance(MONTH.multipliedBy(2));
    // Nothing is signed for as long as a month, whatever the clock said meanwhile.
    assertThat(checkpoints.forget(MONTH)).isZero();
    assertThat(kept(0)).hasSize(5);
    clock.advance(MONTH);
    assertThat(checkpoints.forget(MONTH)).isEqualTo(4);
    assertThat(whole().records()).isEqualTo(1);
  }

  @Test
  void signsNoCheckpointThatLooksOlderThanTheOneBefore() {
    append(database, 1);
    checkpoints.sign();
    clock.advance(MONTH.negated());
    append(database, 1);
    checkpoints.sign();
    clock.advance(MONTH.multipliedBy(2));
    append(database, 1);
    checkpoints.sign();
    List<Long> times =
        new CheckpointTable(database).after(0, 10).stream().map(CheckpointRow::time).toList();
    assertThat(times.get(1)).isEqualTo(times.get(0));
    assertThat(times.get(2)).isEqualTo(clock.millis());
  }

  @Test
  void forgetsNothingThatNoCheckpointCovers() {
    append(database, 3);
    clock.advance(MONTH.multipliedBy(2));
    assertThat(checkpoints.forget(MONTH)).isZero();
    assertThat(kept(0)).hasSize(3);
  }

  @Test
  void keepsTheLastRecordOfAChainThatNobodyGoesOnWith() {
    append(database, 3);
    checkpoints.sign();
    clock.advance(MONTH.multipliedBy(2));
    assertThat(checkpoints.forget(MONTH)).isEqualTo(2);
    assertThat(checkpoints.forget(MONTH)).isZero();
    assertThat(kept(0)).containsExactly(3L);
    assertThat(whole().records()).isEqualTo(1);
    clock.advance(MONTH.multipliedBy(2));
    assertThat(checkpoints.forget(MONTH)).isZero();
    assertThat(whole().records()).isEqualTo(1);
  }

  @Test
  void goesOnWithTheChainAfterwards() {
    append(database, 3);
    checkpoints.sign();
    clock.advance(MONTH.multipliedBy(2));
    append(database, 1);
    checkpoints.sign();
    assertThat(checkpoints.forget(MONTH)).isEqualTo(3);
    append(opened(), 2);
    append(database, 2);
    assertThat(checkpoints.sign()).isTrue();
    assertThat(whole().records()).isEqualTo(5);
    clock.advance(MONTH.multipliedBy(2));
    assertThat(checkpoints.forget(MONTH)).isPositive();
    assertThat(whole().chains()).allSatisfy(it -> assertThat(it.count()).isEqualTo(1));
    assertThat(checkpoints.problem()).isNull();
  }

  @Test
  void forgetsOldCheckpointsTogetherWithTheirRecords() {
    threeCheckpoints();
    clock.advance(MONTH.multipliedBy(2));
    append(database, 1);
    checkpoints.sign();
    assertThat(checkpoints.forget(MONTH)).isEqualTo(5);
    assertThat(numbers()).containsExactly(3L, 4L, 5L);
    assertThat(whole().records()).isEqualTo(1);
  }

  @Test
  void isNoExcuseForWhoeverDeletesAtTheFront() {
    append(database, 6);
    checkpoints.sign();
    clock.advance(MONTH.multipliedBy(2));
    append(database, 6);
    checkpoints.sign();
    assertThat(checkpoints.forget(MONTH)).isEqualTo(6);
    assertThat(whole().records()).isEqualTo(6);
    sql("DELETE FROM audit WHERE seq = 7");
    assertThat(verify(export()))
        .isInstanceOfSatisfying(
            Report.Broken.class,
            it ->
                assertThat(it.sentence())
                    .isEqualTo("Record 7 of chain 0 is missing at the front."));
  }

  @Test
  void forgetsNothingOnTheWordOfAForgedCheckpoint() {
    threeCheckpoints();
    clock.advance(MONTH);
    // Made to look older than it is.
    sql("UPDATE audit_checkpoint SET time = time - 100000 WHERE number = 2");
    assertThatExceptionOfType(Tampered.class).isThrownBy(() -> checkpoints.forget(MONTH));
    sql("UPDATE audit_checkpoint SET document = 'x', time = 0 WHERE number = 2");
    sql("UPDATE audit_checkpoint SET time = time + 100000 WHERE number = 1");
    assertThatExceptionOfType(Tampered.class).isThrownBy(() -> checkpoints.forget(MONTH));
    assertThat(kept(0)).hasSize(5);
  }

  @Test
  void forgetsNothingWhenTheHeadIsNotAsItWas() {
    threeCheckpoints();
    clock.advance(MONTH.multipliedBy(2));
    sql("DELETE FROM audit WHERE seq = 5");
    append(database, 3);
    assertThatExceptionOfType(Tampered.class).isThrownBy(() -> checkpoints.forget(MONTH));
    assertThat(kept(0)).hasSize(7);
    assertThat(numbers()).containsExactly(1L, 2L, 3L);
  }

  @Test
  void leavesWholeWhatNodesForgetAndSignAtOnce() throws Exception {
    Database other = opened();
    List<FutureTask<Boolean>> nodes = new ArrayList<>();
    for (Database node : List.of(database, other)) {
      Checkpoints own = checkpoints(node, KeptAudit.KEY);
      nodes.add(
          start(() -> {
            for (int i = 0; i < 30; i++) {
              append(node, 2);
              boolean _ = own.sign();
              long _ = own.forget(Duration.ofSeconds(5));
            }
            return true;
          }));
    }
    for (FutureTask<Boolean> node : nodes) {
      assertThat(node.get()).isTrue();
    }
    assertThat(whole().records()).isPositive().isLessThan(120);
  }
}

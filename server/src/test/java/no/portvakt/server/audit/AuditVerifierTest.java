package no.portvakt.server.audit;

import static no.portvakt.server.audit.KeptAudit.assertBroken;
import static no.portvakt.server.audit.KeptAudit.chainAgain;
import static no.portvakt.server.audit.KeptAudit.whole;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import no.portvakt.server.audit.AuditVerifier.Report;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Exports that are whole, and damage at a beginning that only the end of the export knows. */
class AuditVerifierTest {
  @Test
  void findsAnExportWhole() {
    Report.Whole report = whole(KeptAudit.ofFourChains().export());
    assertThat(report.records()).isEqualTo(21);
    assertThat(report.checkpoints()).isEqualTo(3);
    assertThat(report.chains())
        .extracting(ChainSpan::chain, ChainSpan::from, ChainSpan::to)
        .containsExactly(tuple(0, 6L, 18L), tuple(1, 0L, 4L), tuple(2, 0L, 5L), tuple(3, 2L, 2L));
    assertThat(report.keyThumbprint()).isEqualTo(CheckpointSigner.of(KeptAudit.KEY).keyId());
    // Record 7 of chain 0 came seven seconds after the beginning.
    assertThat(report.firstTime()).isEqualTo(Instant.parse("2026-03-02T10:15:37.750Z"));
    assertThat(report.lastCheckpointTime()).isAfter(report.firstTime());
    assertThat(report.endTime()).isAfter(report.lastCheckpointTime());
  }

  @Test
  void findsAnExportWholeWithoutCheckpoints() {
    Report.Whole report = whole(new KeptAudit().record(0, 3).record(4, 1).export());
    assertThat(report.records()).isEqualTo(4);
    assertThat(report.checkpoints()).isZero();
    assertThat(report.lastCheckpointTime()).isNull();
  }

  @Test
  void findsAnExportWholeWithoutRecords() {
    assertThat(whole(new KeptAudit().export()).firstTime()).isNull();
    assertThat(whole(new KeptAudit().checkpoint().checkpoint().export()).checkpoints())
        .isEqualTo(2);
    assertThat(whole(new KeptAudit().record(0, 3).checkpoint().delete(0, 3).export()).records())
        .isZero();
  }

  @Test
  void findsAnExportWholeWhoseFirstCheckpointsWereDeleted() {
    assertThat(whole(KeptAudit.ofFourChains().forgetCheckpoints(2).export()).checkpoints())
        .isEqualTo(1);
  }

  @Test
  void findsAnExportWholeWithoutALineFeedAtItsEnd() {
    String file = String.join("\n", KeptAudit.ofFourChains().export());
    assertThat(KeptAudit.verify(file, null)).isInstanceOf(Report.Whole.class);
  }

  @Test
  void verifiesFiveThousandRecordsFast() {
    KeptAudit audit = new KeptAudit();
    for (int i = 0; i < 50; i++) {
      audit.record(0, 60).record(1, 40).checkpoint();
    }
    List<String> lines = audit.export();
    long start = System.nanoTime();
    assertThat(whole(lines).records()).isEqualTo(5000);
    // Generous, for a machine that does much else; it takes about a tenth of a second.
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(10));
  }

  @Test
  void verifiesAFile(@TempDir Path folder) throws IOException {
    Path file = Files.write(folder.resolve("export"), KeptAudit.ofFourChains().export());
    assertThat(AuditVerifier.verify(file, KeptAudit.KEY)).isInstanceOf(Report.Whole.class);
    assertThatThrownBy(() -> AuditVerifier.verify(folder.resolve("none"), null))
        .isInstanceOf(NoSuchFileException.class);
    assertThatThrownBy(() -> AuditVerifier.verify(folder, null)).isInstanceOf(IOException.class);
  }

  // Retention went on after the last checkpoint: of chain 0 the records 13 to 18 are kept (lines 5
  // to 10), and no checkpoint names record 12. Chain 1 follows in lines 11 to 14.

  @Test
  void findsAnExportWholeWhoseBeginningNoCheckpointNames() {
    assertThat(whole(deletedFurther()).records()).isEqualTo(15);
  }

  @Test
  void refusesAFirstRecordThatWasChangedWhereNoCheckpointNamesWhatCameBefore() {
    List<String> lines = deletedFurther();
    lines.set(4, lines.get(4).replace("exchange", "exchanged"));
    assertBroken(lines, 5, 0, 13L, "not what was recorded");
  }

  @Test
  void refusesAFirstRecordWithAnotherHashWhereNoCheckpointNamesWhatCameBefore() {
    List<String> lines = deletedFurther();
    lines.set(4, lines.get(4).replace(KeptAudit.hashIn(lines.get(4)), "a".repeat(64)));
    assertBroken(lines, 5, 0, 13L, "not what was recorded");
  }

  @Test
  void refusesAMissingFrontWhereNoCheckpointNamesWhatCameBefore() {
    List<String> lines = deletedFurther();
    lines.subList(4, 5).clear();
    assertBroken(lines, 5, 0, 13L, "Record 13 of chain 0 is missing at the front");
  }

  @Test
  void refusesAMissingFrontUpToACheckpoint() {
    List<String> lines = deletedFurther();
    lines.subList(4, 7).clear();
    assertBroken(lines, 5, 0, 13L, "Records 13 to 15 of chain 0 are missing at the front");
  }

  @Test
  void namesAMissingFrontBeforeALaterFaultOfTheSameChain() {
    List<String> lines = deletedFurther();
    lines.set(9, lines.get(9).replace("exchange", "exchanged"));
    lines.subList(4, 5).clear();
    assertBroken(lines, 5, 0, 13L, "missing at the front");
  }

  @Test
  void namesAMissingFrontBeforeALaterFaultOfAnotherChain() {
    List<String> lines = deletedFurther();
    lines.set(12, "{");
    lines.subList(4, 5).clear();
    assertBroken(lines, 5, 0, 13L, "missing at the front");
  }

  @Test
  void namesTheLaterFaultWhereNoEndShowsAnEarlierOne() {
    List<String> lines = deletedFurther();
    lines.set(12, lines.get(12).replace("exchange", "exchanged"));
    lines.subList(4, 5).clear();
    lines.removeLast();
    assertBroken(lines, 12, 1, 3L, "not what was recorded");
  }

  @Test
  void refusesRecordsThatTheEndSaysWereDeleted() {
    KeptAudit audit = new KeptAudit().record(0, 6).checkpoint();
    List<String> lines = audit.export();
    lines.set(lines.size() - 1, audit.delete(0, 2).end());
    assertBroken(lines, 3, 0, 1L, "should not be there", "by the end");
  }

  @Test
  void refusesAllRecordsWrittenAnewWhereNoCheckpointNamesOne() {
    List<String> lines = new KeptAudit().record(0, 4).delete(0, 1).export();
    lines.set(2, lines.get(2).replace("exchange", "exchanged"));
    chainAgain(lines, 3, 4);
    assertBroken(lines, 2, 0, 2L, "Records 2 to 4 of chain 0 were written anew");
  }

  @Test
  void refusesMoreChainsThanAnExportCanHave() {
    KeptAudit audit = new KeptAudit();
    for (int chain = 0; chain < Checkpoint.MAX_CHAINS; chain++) {
      audit.record(chain, 1);
    }
    List<String> lines = audit.export();
    whole(lines);
    lines.add(501, lines.get(500).replace("\"chain\":499,", "\"chain\":500,"));
    assertBroken(lines, 502, 500, 1L, "Chain 500 should not be there");
    lines.removeLast(); // the end would say which chain is one too many
    assertBroken(lines, 502, 500, 1L, "more chains than an export can have");
  }

  @Test
  void refusesToKeepMoreFirstRecordsThanAnExportCanHave() {
    List<String> lines = new KeptAudit().export();
    for (int chain = 0; chain < 20; chain++) {
      lines.add(
          chain + 1,
          "{\"chain\":%d,\"seq\":2,\"hash\":\"%s\",\"text\":\"%s\"}"
              .formatted(chain, "a".repeat(64), "x".repeat(1_000_000)));
    }
    assertBroken(lines, 2, 0, 2L, "Chain 0 should not be there");
    lines.removeLast(); // the end would say that none of them belongs there
    assertBroken(lines, 18, 16, 2L, "more chains than an export can have");
  }

  private static List<String> deletedFurther() {
    return KeptAudit.ofFourChains().delete(0, 12).export();
  }
}

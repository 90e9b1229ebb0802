package no.portvakt.server.audit;

import static no.portvakt.server.audit.KeptAudit.assertBroken;
import static no.portvakt.server.audit.KeptAudit.chainAgain;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage to the records of an export; {@link KeptAudit#ofFourChains} says which line is which. */
class DamagedRecordsTest {
  private final KeptAudit audit = KeptAudit.ofFourChains();
  private final List<String> lines = audit.export();

  @ParameterizedTest
  @CsvSource({"5, 0, 7", "8, 0, 10", "9, 0, 11", "16, 0, 18", "17, 1, 1", "21, 2, 1", "25, 2, 5"})
  void refusesARecordThatWasChanged(int line, int chain, long seq) {
    edit(line, "exchange", "exchanges");
    assertBroken(lines, line, chain, seq, "not what was recorded");
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"id\": ", " \"id\":"})
  void refusesARecordWithABlankMore(String member) {
    edit(9, "\"id\":", member);
    if (member.startsWith(" ")) {
      assertBroken(lines, 9, 0, 11L, "does not begin with");
    } else {
      assertBroken(lines, 9, 0, 11L, "not what was recorded");
    }
  }

  @Test
  void refusesAHashThatWasChanged() {
    edit(9, KeptAudit.hashIn(lines.get(8)), "0".repeat(64));
    assertBroken(lines, 9, 0, 11L, "not what was recorded");
  }

  @Test
  void refusesAGapWhereARecordWasRemoved() {
    lines.remove(9 - 1);
    assertBroken(lines, 9, 0, 11L, "Record 11 of chain 0 is missing", "record 12 stands");
  }

  @Test
  void refusesAGapThatWasClosedByNewNumbers() {
    lines.remove(9 - 1);
    for (int line = 9; line <= 15; line++) {
      edit(line, "\"seq\":" + (line + 3) + ",", "\"seq\":" + (line + 2) + ",");
    }
    assertBroken(lines, 9, 0, 11L, "not what was recorded");
  }

  @Test
  void refusesAGapThatWasClosedByNewNumbersAndHashes() {
    lines.remove(9 - 1);
    for (int line = 9; line <= 15; line++) {
      edit(line, "\"seq\":" + (line + 3) + ",", "\"seq\":" + (line + 2) + ",");
    }
    chainAgain(lines, 9, 15);
    assertBroken(lines, 9, 0, 11L, "Records 11 to 15 of chain 0 were written anew", "checkpoint 2");
  }

  @Test
  void refusesARecordThatStandsTwice() {
    lines.add(9, lines.get(8));
    assertBroken(lines, 10, 0, 11L, "Record 11 of chain 0 stands twice");
  }

  @Test
  void refusesARecordThatWasPutIn() {
    String invented = lines.get(8).replace("exchange", "invented");
    lines.add(8, invented);
    assertBroken(lines, 9, 0, 11L, "not what was recorded");
    chainAgain(lines, 9, 9);
    assertBroken(lines, 10, 0, 11L, "stands twice");
  }

  @Test
  void refusesARecordAfterTheLast() {
    String last = lines.get(25 - 1);
    lines.add(25, last.replace("\"seq\":5,", "\"seq\":6,"));
    chainAgain(lines, 26, 26);
    assertBroken(lines, 26, 2, 6L, "should not be there", "by the end");
  }

  @Test
  void refusesRecordsThatChangedPlaces() {
    Collections.swap(lines, 9 - 1, 10 - 1);
    assertBroken(lines, 9, 0, 11L, "Record 11 of chain 0 is missing");
  }

  @Test
  void refusesARecordThatWasMovedDown() {
    lines.add(15, lines.get(10));
    assertBroken(lines, 16, 0, 13L, "Record 13 of chain 0 stands after record 17");
  }

  @Test
  void refusesARecordThatWasMovedToAnotherChain() {
    lines.set(16, lines.get(16).replace("\"chain\":1,", "\"chain\":0,"));
    assertBroken(lines, 17, 0, 1L, "stands after record 18");
  }

  @Test
  void refusesChainsThatChangedPlaces() {
    List<String> first = new ArrayList<>(lines.subList(16, 20));
    lines.subList(16, 20).clear();
    lines.addAll(21, first);
    assertBroken(lines, 17, 1, 1L, "Chain 1 is missing");
  }

  @Test
  void refusesAChainAmongAnother() {
    lines.add(8, lines.get(16));
    assertBroken(lines, 9, 0, 11L, "missing at the end");
  }

  @Test
  void refusesAChainThatComesBack() {
    lines.add(20, lines.get(15));
    assertBroken(lines, 21, 0, 18L, "stands after records of chain 1");
  }

  @ParameterizedTest
  @CsvSource({"16, 0, 18", "20, 1, 4", "25, 2, 5"})
  void refusesAChainThatLacksItsLastRecord(int line, int chain, long seq) {
    lines.remove(line - 1);
    assertBroken(
        lines,
        line,
        chain,
        seq,
        "Record %d of chain %d is missing at the end".formatted(seq, chain));
  }

  @Test
  void refusesAChainThatLacksWhatACheckpointNames() {
    lines.subList(8, 16).clear();
    assertBroken(lines, 9, 0, 11L, "missing at the end");
  }

  @Test
  void refusesAChainThatIsMissingWhole() {
    lines.subList(16, 20).clear();
    assertBroken(lines, 17, 1, 1L, "Chain 1 is missing");
  }

  @Test
  void refusesALastChainThatIsMissingWhole() {
    lines.subList(20, 25).clear();
    assertBroken(lines, 21, 2, 1L, "Chain 2 is missing");
  }

  @Test
  void refusesAFirstChainThatIsMissingWhole() {
    lines.subList(4, 16).clear();
    assertBroken(lines, 5, 0, 7L, "Chain 0 is missing");
  }

  @Test
  void refusesAnExportWithoutItsRecords() {
    lines.subList(4, 25).clear();
    assertBroken(lines, 5, 0, 7L, "Chain 0 is missing");
  }

  @ParameterizedTest
  @CsvSource({"5, 5, 0, 7, Record 7 of chain 0 is", "6, 5, 0, 7, Records 7 to 8 of chain 0 are"})
  void refusesRecordsThatAreMissingAtTheFront(
      int last, int line, int chain, long seq, String words) {
    lines.subList(4, last).clear();
    assertBroken(lines, line, chain, seq, words, "missing at the front");
  }

  @Test
  void refusesAChainThatNeitherCheckpointNorEndNames() {
    String stranger = lines.get(17 - 1).replace("\"chain\":1,", "\"chain\":7,");
    lines.add(25, stranger);
    assertBroken(lines, 26, 7, 1L, "Chain 7 should not be there");
  }

  @Test
  void refusesARecordThatWasDeletedLongAgo() {
    List<String> before = new KeptAudit().record(0, 10).export();
    lines.add(4, before.get(1 + 5)); // record 6 of chain 0
    assertBroken(lines, 5, 0, 6L, "should not be there", "the last checkpoint");
  }

  @Test
  void refusesRecordsWrittenAnewBetweenTwoCheckpoints() {
    edit(10, "exchange", "exchanged");
    chainAgain(lines, 10, 16);
    assertBroken(
        lines,
        9,
        0,
        11L,
        "Records 11 to 15 of chain 0 were written anew between checkpoint 1 and checkpoint 2");
  }

  @Test
  void refusesRecordsWrittenAnewAfterTheLastCheckpoint() {
    edit(15, "exchange", "exchanged");
    chainAgain(lines, 15, 16);
    assertBroken(
        lines,
        14,
        0,
        16L,
        "Records 16 to 18 of chain 0 were written anew",
        "the end of the export");
  }

  @Test
  void refusesRecordsWrittenAnewFromTheFirstOn() {
    edit(21, "exchange", "exchanged");
    edit(21, KeptAudit.hashIn(lines.get(20)), again(ChainSpan.NO_HASH, lines.get(20)));
    chainAgain(lines, 22, 25);
    assertBroken(lines, 21, 2, 1L, "Records 1 to 3 of chain 2 were written anew", "checkpoint 2");
  }

  @Test
  void refusesTheOnlyRecordWrittenAnew() {
    List<String> one = new KeptAudit().record(0, 1).checkpoint().export();
    one.set(2, one.get(2).replace("exchange", "exchanged"));
    one.set(
        2, one.get(2).replace(KeptAudit.hashIn(one.get(2)), again(ChainSpan.NO_HASH, one.get(2))));
    assertBroken(one, 3, 0, 1L, "Record 1 of chain 0 was written anew", "checkpoint 1");
  }

  @Test
  void refusesTheRecordsOfAnotherPlatform() {
    List<String> others = new KeptAudit().record(1, 1).record(0, 18).delete(0, 6).export();
    for (int line = 5; line <= 16; line++) {
      lines.set(line - 1, others.get(line - 4));
    }
    assertBroken(lines, 5, 0, 7L, "not what was recorded");
  }

  @Test
  void namesTheFirstOfTwoFaults() {
    edit(9, "exchange", "exchanges");
    edit(19, "exchange", "exchanges");
    assertBroken(lines, 9, 0, 11L, "not what was recorded");
  }

  @Test
  void namesWhatIsMissingAtAnEndBeforeALaterFault() {
    edit(19, "exchange", "exchanges");
    lines.remove(16 - 1);
    assertBroken(lines, 16, 0, 18L, "missing at the end");
  }

  @Test
  void namesAChainThatIsMissingBeforeALaterFault() {
    edit(22, "exchange", "exchanges");
    lines.subList(16, 20).clear();
    assertBroken(lines, 17, 1, 1L, "Chain 1 is missing");
  }

  private void edit(int line, String old, String now) {
    lines.set(line - 1, lines.get(line - 1).replace(old, now));
  }

  private static String again(String before, String line) {
    return KeptAudit.hash(before, "{" + line.substring(line.indexOf(KeptAudit.hashIn(line)) + 66));
  }
}

package no.portvakt.server.audit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static no.portvakt.server.audit.KeptAudit.assertBroken;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import no.portvakt.server.audit.AuditVerifier.Report;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage to an export as a file: its header, its key, its lines, its end. */
class DamagedFileTest {
  private final List<String> lines = KeptAudit.ofFourChains().export();

  @Test
  void refusesAnEmptyFile() {
    assertThat(KeptAudit.verify("", null))
        .isEqualTo(new Report.Broken(1, null, null, "The file is empty."));
  }

  @ParameterizedTest
  @CsvSource({
    "1, 2, its checkpoints",
    "4, 5, its checkpoints",
    "9, 10, record 11",
    "25, 26, record 5"
  })
  void refusesAFileThatWasCutOffAfterALine(int kept, int line, String after) {
    assertBroken(lines.subList(0, kept), line, null, null, "cut off", "has no end after " + after);
  }

  @ParameterizedTest
  @CsvSource({"9, 0, 11", "20, 1, 4", "26, 2, 6"})
  void refusesAFileThatWasCutOffInALine(int line, int chain, long seq) {
    String file = String.join("\n", lines.subList(0, line));
    assertThat(KeptAudit.verify(file.substring(0, file.length() - 9), null))
        .isEqualTo(
            new Report.Broken(
                line, chain, seq, "The file was cut off: it ends in the middle of this line."));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3})
  void refusesAFileThatWasCutOffBeforeItsRecords(int line) {
    String file = String.join("\n", lines.subList(0, line));
    assertThat(KeptAudit.verify(file.substring(0, file.length() - 9), null))
        .isEqualTo(
            new Report.Broken(
                line, null, null, "The file was cut off: it ends in the middle of this line."));
  }

  @Test
  void refusesALineThatIsCutInACharacter() {
    byte[] file = String.join("\n", lines.subList(0, 9)).getBytes(UTF_8);
    int arrow = new String(file, UTF_8).lastIndexOf('→');
    int cut = new String(file, UTF_8).substring(0, arrow).getBytes(UTF_8).length + 1;
    assertThat(KeptAudit.verify(java.util.Arrays.copyOf(file, cut), null))
        .isEqualTo(
            new Report.Broken(
                9, null, null, "The file was cut off: it ends in the middle of this line."));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "{}", "{\"chain\":9}", "{\"end\":\"a.b.c\"}"})
  void refusesAnythingAfterTheEnd(String more) {
    lines.add(more);
    assertBroken(lines, 27, null, null, "more after the end");
  }

  @Test
  void refusesASecondExportAfterTheFirst() {
    lines.addAll(KeptAudit.ofFourChains().export());
    assertBroken(lines, 27, null, null, "more after the end");
  }

  @Test
  void refusesASecondHeader() {
    List<String> early = new ArrayList<>(lines);
    early.add(1, lines.getFirst());
    assertBroken(early, 2, null, null, "A second header");
    lines.add(10, lines.getFirst());
    assertBroken(lines, 11, 0, 13L, "A second header");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "{", "[]", "null", "\"chain\"", "{\"chain\":0,\"chain\":0}"})
  void refusesALineThatIsNoJsonObject(String line) {
    lines.set(8, line);
    assertBroken(lines, 9, 0, 11L, "The line ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"record\":{}}",
        "{\"chain\":0}",
        "{\"chain\":0,\"seq\":11,\"id\":\"0-11\"}",
        "{\"end\":\"a.b.c\",\"id\":1}",
        "{\"end\":1}",
        "{\"checkpoint\":{}}"
      })
  void refusesALineOfAnotherForm(String line) {
    lines.set(8, line);
    assertBroken(lines, 9, 0, 11L, "The line ");
  }

  @ParameterizedTest
  @CsvSource({
    "'\"chain\":0', '\"chain\":00'",
    "'\"chain\":0', '\"chain\":-1'",
    "'\"chain\":0', '\"chain\":\"0\"'",
    "'\"chain\":0', '\"chain\":9999999999'",
    "'\"seq\":11', '\"seq\":0'",
    "'\"seq\":11', '\"seq\":11.0'",
    "'\"seq\":11', '\"seq\":1e1'",
    "'\"seq\":11', '\"seq\":99999999999999999999'",
    "'\"hash\":\"', '\"hash\":\"A'",
    "'\"chain\":0,\"seq\":11', '\"seq\":11,\"chain\":0'"
  })
  void refusesARecordThatDoesNotSayItsPlace(String old, String now) {
    lines.set(8, lines.get(8).replace(old, now));
    assertThat(KeptAudit.verify(lines))
        .isInstanceOfSatisfying(
            Report.Broken.class,
            broken -> {
              assertThat(broken.line()).isEqualTo(9);
              assertThat(broken.chain()).isZero();
              assertThat(broken.seq()).isEqualTo(11);
            });
  }

  @Test
  void refusesALineThatIsTooLong() {
    String good = lines.get(8);
    lines.set(8, good.substring(0, good.length() - 1) + " ".repeat(1024 * 1024) + "}");
    assertBroken(lines, 9, null, null, "longer than 1 MiB");
    lines.set(0, " ".repeat(3 * 1024 * 1024));
    assertBroken(lines, 1, null, null, "longer than 1 MiB");
  }

  @Test
  void readsALineOfOneMebibyte() {
    String good = lines.get(8);
    lines.set(8, good.substring(0, good.length() - 1) + " ".repeat(1024 * 1024 - size(good)) + "}");
    assertBroken(lines, 9, 0, 11L, "not what was recorded");
  }

  @Test
  void refusesALineThatIsNotUtf8() {
    byte[] file = String.join("\n", lines).getBytes(UTF_8);
    file[file.length / 2] = (byte) 0xff;
    assertThat(KeptAudit.verify(file, null))
        .isInstanceOfSatisfying(
            Report.Broken.class,
            broken -> assertThat(broken.sentence()).isEqualTo("The line is not UTF-8."));
  }

  @Test
  void refusesAFileWithOtherLineEnds() {
    assertThat(KeptAudit.verify(String.join("\r\n", lines), null))
        .isInstanceOfSatisfying(
            Report.Broken.class, broken -> assertThat(broken.sentence()).contains("CR LF"));
  }

  @ParameterizedTest
  @CsvSource({
    "portvakt-audit-1, portvakt-audit-2, no export in the format",
    "'\"format\"', '\"form\"', no export in the format",
    "'\"format\":\"portvakt-audit-1\"', '\"format\":1', no export in the format",
    "'\"issuer\":', '\"issuers\":', other members",
    "'\"exported\":\"', '\"exported\":\"x', other members",
    "'{\"format\"', '{\"more\":1,\"format\"', other members",
    "'\"kty\":\"EC\"', '\"kty\":\"RSA\"', no public P-256 key",
    "'\"crv\":\"P-256\"', '\"crv\":\"P-384\"', no public P-256 key",
    "'\"x\":\"', '\"x\":\"AAAA', no public P-256 key",
    "'\"x\":\"', '\"d\":\"AAAA\",\"x\":\"', no public P-256 key",
    "'\"key\":{', '\"key\":[{', The line"
  })
  void refusesAnotherHeader(String old, String now, String words) {
    assertThat(lines.getFirst()).contains(old);
    lines.set(0, lines.getFirst().replace(old, now));
    assertBroken(lines, 1, null, null, words);
  }

  @Test
  void refusesAFileWithoutHeader() {
    lines.removeFirst();
    assertBroken(lines, 1, null, null, "no export in the format");
  }

  @Test
  void refusesTheHeaderOfAnotherPlatform() {
    lines.set(0, new KeptAudit(KeptAudit.key()).export().getFirst());
    assertBroken(lines, 2, null, null, "signed by another key");
  }

  @Test
  void believesATrustedKeyAndNoOther() {
    String file = String.join("\n", lines);
    assertThat(KeptAudit.verify(file, KeptAudit.KEY.toPublicJWK()))
        .isInstanceOf(Report.Whole.class);
    assertThat(KeptAudit.verify(file, KeptAudit.key()))
        .isEqualTo(
            new Report.Broken(
                1,
                null,
                null,
                "The key is not the trusted one: its thumbprint is "
                    + CheckpointSigner.of(KeptAudit.KEY).keyId()
                    + "."));
  }

  @Test
  void refusesATrustedKeyOfAnotherKind() throws JOSEException {
    JWK other = new ECKeyGenerator(Curve.P_384).generate();
    assertThatIllegalArgumentException().isThrownBy(() -> KeptAudit.verify("", other));
  }

  @Test
  void refusesAnExportWithoutAnyOneOfItsLines() {
    for (int i = 0; i < lines.size(); i++) {
      List<String> damaged = new ArrayList<>(lines);
      damaged.remove(i);
      // That the oldest checkpoints are missing is what retention looks like.
      assertThat(KeptAudit.verify(damaged))
          .as("without line " + (i + 1))
          .isInstanceOf(i == 1 ? Report.Whole.class : Report.Broken.class);
    }
  }

  @Test
  void refusesAnyLineTwiceAndAnyTwoInAnotherOrder() {
    for (int i = 0; i < lines.size(); i++) {
      for (int j = i; j < lines.size(); j++) {
        List<String> damaged = new ArrayList<>(lines);
        if (i == j) {
          damaged.add(i, lines.get(i));
        } else {
          Collections.swap(damaged, i, j);
        }
        assertThat(KeptAudit.verify(damaged)).isInstanceOf(Report.Broken.class);
      }
    }
  }

  @Test
  void refusesAnyBitThatFlipped() {
    byte[] file = (String.join("\n", lines) + "\n").getBytes(UTF_8);
    for (int i = lines.getFirst().length(); i < file.length - 1; i += 5) {
      file[i] ^= (byte) (1 << (i % 7));
      assertThat(KeptAudit.verify(file, null)).as("byte " + i).isInstanceOf(Report.Broken.class);
      file[i] ^= (byte) (1 << (i % 7));
    }
  }

  private static int size(String text) {
    return text.getBytes(UTF_8).length;
  }
}

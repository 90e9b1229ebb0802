package no.portvakt.server.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringWriter;
import java.io.Writer;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import no.portvakt.server.audit.AuditVerifier.Report;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an export's lines are, and what becomes of records that the store no longer has whole. */
class AuditExportTest {
  private static final CheckpointSigner SIGNER = CheckpointSigner.of(KeptAudit.KEY);
  private static final Instant TIME = Instant.parse("2026-03-02T10:15:30Z");

  @Test
  void writesTheDocumentedLines() throws MalformedJson {
    List<String> lines = new KeptAudit().record(0, 2).checkpoint().export();
    Map<String, @Nullable Object> header = Json.readObject(lines.get(0));
    assertThat(header.keySet()).containsExactly("format", "issuer", "exported", "key");
    assertThat(header)
        .containsEntry("format", "portvakt-audit-1")
        .containsEntry("issuer", "https://platform.example/")
        .containsEntry("key", Json.readObject(SIGNER.publicJwk().toJSONString()));
    assertThat(lines.get(1)).matches("\\{\"checkpoint\":\"[\\w-]+\\.[\\w-]+\\.[\\w-]+\"}");
    assertThat(lines.get(2))
        .matches("\\{\"chain\":0,\"seq\":1,\"hash\":\"[0-9a-f]{64}\",\"id\":\"0-1\",.*}");
    assertThat(lines.get(4)).matches("\\{\"end\":\"[\\w-]+\\.[\\w-]+\\.[\\w-]+\"}");
    assertThat(lines).hasSize(5);
  }

  @Test
  void keepsTheRecordToTheLetter() throws IOException {
    String record = "{ \"b\" : 1.50, \"a\":\"\\u00e6\\/ø\\\"\",\"hashes\":[]}";
    String hash = KeptAudit.hash(ChainSpan.NO_HASH, record);
    String file = file(new AuditExport.Line(0, 1, hash, record), hash);
    assertThat(file).contains("\"hash\":\"" + hash + "\"," + record.substring(1) + "\n");
    // A blank before the first member: the hash holds, but the line has not the documented form.
    assertThat(KeptAudit.verify(file, null)).isInstanceOf(Report.Broken.class);
    String plain = record.replace("{ ", "{");
    String its = KeptAudit.hash(ChainSpan.NO_HASH, plain);
    assertThat(KeptAudit.verify(file(new AuditExport.Line(0, 1, its, plain), its), null))
        .isInstanceOf(Report.Whole.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{}",
        "x",
        "[]",
        "null",
        "{\"a\":1",
        "{\"a\":1}}",
        "{\"a\":1}\n{\"a\":1}",
        "{\"a\":1,\"a\":1}",
        "{\"chain\":1}",
        "{\"seq\":1}",
        "{\"hash\":1}",
        "\"a\":1}"
      })
  void writesARecordThatIsNoneSoThatTheVerifierFindsIt(String record) throws IOException {
    String hash = KeptAudit.hash(ChainSpan.NO_HASH, record);
    assertThat(KeptAudit.verify(file(new AuditExport.Line(0, 1, hash, record), hash), null))
        .isInstanceOfSatisfying(
            Report.Broken.class,
            broken -> {
              assertThat(broken.line()).isEqualTo(2);
              assertThat(broken.seq()).as(broken.sentence()).isIn(1L, null);
            });
  }

  @Test
  void asksForRecordsOneByOneAndHandsOnWhatFails() {
    assertThatThrownBy(() ->
            AuditExport.write(
                Writer.nullWriter(),
                "x",
                TIME,
                SIGNER.publicJwk(),
                List.of(),
                _ -> {
                  throw new IOException("gone");
                },
                "a.b.c"))
        .isInstanceOf(IOException.class)
        .hasMessage("gone");
  }

  /** An export of one record as a store gave it, and an end that names a hash. */
  private static String file(AuditExport.Line line, String hash) throws IOException {
    Checkpoint end =
        new Checkpoint(
            1, TIME, ChainSpan.NO_HASH, List.of(new ChainSpan(0, 0, ChainSpan.NO_HASH, 1, hash)));
    StringWriter out = new StringWriter();
    AuditExport.write(
        out,
        "x",
        TIME,
        SIGNER.publicJwk(),
        List.of(),
        sink -> sink.accept(line),
        SIGNER.sign(Checkpoint.Type.END, end));
    return out.toString();
  }
}

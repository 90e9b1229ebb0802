package no.portvakt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import com.nimbusds.jose.jwk.gen.OctetSequenceKeyGenerator;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import no.portvakt.server.audit.AuditExport;
import no.portvakt.server.audit.ChainSpan;
import no.portvakt.server.audit.Checkpoint;
import no.portvakt.server.audit.CheckpointSigner;
import no.portvakt.tokens.Digests;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code audit verify} on exports of four records in two chains, with one checkpoint. */
class AuditVerifyCommandTest {
  private static final Instant TIME = Instant.parse("2026-03-02T10:15:30Z");

  private final CheckpointSigner signer = CheckpointSigner.of(key());

  @TempDir private Path folder;

  private Path export = Path.of("");

  @BeforeEach
  void export() throws IOException {
    export = folder.resolve("audit.jsonl");
    List<AuditExport.Line> lines = new ArrayList<>();
    List<ChainSpan> spans = new ArrayList<>();
    for (int chain : new int[] {0, 3}) {
      String hash = ChainSpan.NO_HASH;
      for (long seq = 1; seq <= 2; seq++) {
        String record =
            "{\"time\":\"2026-03-02T10:00:0%d.5Z\",\"chains\":%d}".formatted(seq, chain);
        hash = hash(hash, record);
        lines.add(new AuditExport.Line(chain, seq, hash, record));
      }
      spans.add(new ChainSpan(chain, 0, ChainSpan.NO_HASH, 2, hash));
    }
    String checkpoint =
        signer.sign(Checkpoint.Type.CHECKPOINT, new Checkpoint(1, TIME, ChainSpan.NO_HASH, spans));
    String end =
        signer.sign(
            Checkpoint.Type.END,
            new Checkpoint(2, TIME.plusSeconds(9), Checkpoint.hash(checkpoint), spans));
    try (Writer out = Files.newBufferedWriter(export)) {
      AuditExport.write(
          out,
          "https://platform.example/",
          TIME.plusSeconds(9),
          signer.publicJwk(),
          List.of(checkpoint),
          sink -> {
            for (AuditExport.Line line : lines) {
              sink.accept(line);
            }
          },
          end);
    }
  }

  @Test
  void saysWhatAWholeExportHolds() {
    assertThat(verify().succeeds().out())
        .contains("whole: 4 records, 2 chains, 1 checkpoints")
        .containsPattern("chain 0 +records 1 to 2")
        .containsPattern("chain 3 +records 1 to 2")
        .contains("2026-03-02T10:00:01.500Z", "2026-03-02T10:15:30Z", "2026-03-02T10:15:39Z")
        .contains(signer.keyId())
        .contains("compare its thumbprint");
  }

  @Test
  void saysItAsJson() {
    List<Map<String, @Nullable Object>> objects = verify("--json").succeeds().objects();
    assertThat(objects).hasSize(1);
    assertThat(objects.getFirst())
        .containsEntry("whole", true)
        .containsEntry("records", 4L)
        .containsEntry("checkpoints", 1L)
        .containsEntry("first_time", "2026-03-02T10:00:01.500Z")
        .containsEntry("last_checkpoint_time", "2026-03-02T10:15:30Z")
        .containsEntry("end_time", "2026-03-02T10:15:39Z")
        .containsEntry("key", signer.keyId())
        .containsEntry("key_trusted", false);
    assertThat(String.valueOf(objects.getFirst().get("chains"))).contains("chain=3, from=0, to=2");
  }

  @Test
  void believesTheKeyThatItIsGiven() throws IOException {
    Path jwk = Files.writeString(folder.resolve("jwk"), signer.publicJwk().toJSONString());
    assertThat(verify("--key", jwk.toString()).succeeds().out())
        .contains(signer.keyId())
        .doesNotContain("compare its thumbprint");
    assertThat(verify("--json", "--key", jwk.toString()).succeeds().objects().getFirst())
        .containsEntry("key_trusted", true);
  }

  @Test
  void readsStandardInput() throws IOException {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(Files.readAllBytes(export)));
    try {
      Console.run("audit", "verify", "-").succeeds();
      assertThat(Console.run("audit", "verify", "-").code()).isEqualTo(1);
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void namesTheFirstBadRecord() throws IOException {
    Files.writeString(export, Files.readString(export).replace("10:00:02.5", "11:00:02.5"));
    Console console = verify();
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.err()).isEmpty();
    assertThat(console.out().lines())
        .containsExactly(
            "BROKEN at line 4, chain 0, record 2",
            "Record 2 of chain 0 is not what was recorded: its hash does not hold.");
  }

  @Test
  void namesTheFirstBadRecordAsJson() throws IOException {
    Files.writeString(export, Files.readString(export).replace("10:00:02.5", "11:00:02.5"));
    Console console = verify("--json");
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.objects().getFirst())
        .containsEntry("whole", false)
        .containsEntry("line", 4L)
        .containsEntry("chain", 0L)
        .containsEntry("seq", 2L)
        .containsEntry(
            "reason", "Record 2 of chain 0 is not what was recorded: its hash does not hold.");
  }

  @ParameterizedTest
  @CsvSource({"0, BROKEN at line 1", "1, BROKEN at line 2", "4, BROKEN at line 5"})
  void refusesAnExportThatWasCutOff(int kept, String words) throws IOException {
    Files.write(export, Files.readAllLines(export).subList(0, kept));
    Console console = verify();
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).startsWith(words);
  }

  @Test
  void refusesAnotherKeyThanTheTrustedOne() throws IOException {
    Path jwk = Files.writeString(folder.resolve("jwk"), key().toPublicJWK().toJSONString());
    Console console = verify("--key", jwk.toString());
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).contains("BROKEN at line 1", "not the trusted one", signer.keyId());
  }

  @Test
  void showsNothingOfTheFileInAnAnswer() throws IOException {
    Files.writeString(
        export, Files.readString(export).replace("\"seq\":2", "\"seq\":\"\u001b[2J\""));
    Console console = verify();
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).doesNotContain("\u001b").doesNotContainPattern(Console.TOKEN);
  }

  @ParameterizedTest
  @ValueSource(strings = {"none", "", "none/none", "\u0000"})
  void refusesAFileThatCannotBeRead(String name) {
    String file = name.isEmpty() ? folder.toString() : folder + "/" + name;
    assertThat(Console.run("audit", "verify", file).fails()).contains("can't be read");
  }

  @Test
  void refusesAKeyFileThatIsNone() throws IOException, JOSEException {
    List<String> keys =
        List.of(
            "",
            "x",
            "[]",
            "{}",
            "{\"kty\":\"EC\"}",
            "{\"kty\":null}",
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":1,\"y\":null}",
            "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}",
            new ECKeyGenerator(Curve.P_384).generate().toPublicJWK().toJSONString(),
            new RSAKeyGenerator(2048).generate().toPublicJWK().toJSONString(),
            new OctetSequenceKeyGenerator(256).generate().toJSONString());
    for (String key : keys) {
      Path jwk = Files.writeString(folder.resolve("jwk"), key);
      assertThat(verify("--key", jwk.toString()).fails()).as(key).contains("no P-256 key");
    }
    assertThat(verify("--key", folder.resolve("none").toString()).fails()).contains("no key file");
    assertThat(verify("--key", folder.toString()).fails()).contains("no key file");
    Files.writeString(folder.resolve("jwk"), " ".repeat(70_000));
    assertThat(verify("--key", folder.resolve("jwk").toString()).fails()).contains("no key file");
  }

  private Console verify(String... options) {
    List<String> line = new ArrayList<>(List.of("audit", "verify", export.toString()));
    line.addAll(List.of(options));
    return Console.run(line.toArray(String[]::new));
  }

  private static String hash(String before, String record) {
    byte[] json = record.getBytes(UTF_8);
    byte[] bytes = new byte[32 + json.length];
    System.arraycopy(HexFormat.of().parseHex(before), 0, bytes, 0, 32);
    System.arraycopy(json, 0, bytes, 32, json.length);
    return HexFormat.of().formatHex(Digests.sha256(bytes));
  }

  private static ECKey key() {
    try {
      return new ECKeyGenerator(Curve.P_256).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }
}

package no.portvakt.server.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import no.portvakt.server.TestClock;
import no.portvakt.server.audit.AuditVerifier.Report;
import org.jspecify.annotations.Nullable;

/** The audit of a platform with several nodes, as its store would hold it, and its exports. */
final class KeptAudit {
  static final ECKey KEY = key();

  private final TestClock clock = new TestClock();
  private final CheckpointSigner signer;
  private final TreeMap<Integer, Kept> chains = new TreeMap<>();
  private final List<String> checkpoints = new ArrayList<>();
  private long number;
  private String previous = ChainSpan.NO_HASH;

  KeptAudit() {
    this(KEY);
  }

  KeptAudit(ECKey key) {
    signer = CheckpointSigner.of(key);
  }

  /** One chain: what is kept, and what came before it. */
  private static final class Kept {
    long from;
    String fromHash = ChainSpan.NO_HASH;
    final List<AuditExport.Line> lines = new ArrayList<>();

    ChainSpan span(int chain) {
      return lines.isEmpty()
          ? new ChainSpan(chain, from, fromHash, from, fromHash)
          : new ChainSpan(chain, from, fromHash, lines.getLast().seq(), lines.getLast().hash());
    }
  }

  /**
   * Three checkpoints; of chain 0 the records 7 to 18 are kept, of chain 1 the records 1 to 4, of
   * chain 2 the records 1 to 5, of chain 3 none. Checkpoints end chain 0 at 10, 15 and 15, chain 2
   * at 3. So the export has its checkpoints in the lines 2 to 4, chain 0 in 5 to 16, chain 1 in 17
   * to 20, chain 2 in 21 to 25, and the end in line 26.
   */
  static KeptAudit ofFourChains() {
    return new KeptAudit()
        .record(0, 10)
        .record(1, 4)
        .record(3, 2)
        .checkpoint()
        .record(0, 5)
        .record(2, 3)
        .checkpoint()
        .delete(0, 6)
        .delete(3, 2)
        .checkpoint()
        .record(0, 3)
        .record(2, 2);
  }

  /** Appends records to a chain. */
  KeptAudit record(int chain, int count) {
    Kept kept = chains.computeIfAbsent(chain, _ -> new Kept());
    for (int i = 0; i < count; i++) {
      ChainSpan span = kept.span(chain);
      clock.advance(Duration.ofSeconds(1));
      String json =
          "{\"id\":\"%d-%d\",\"time\":\"%s\",\"event\":\"exchange\",\"text\":\"æ → %d\"}"
              .formatted(chain, span.to() + 1, clock.instant(), i);
      kept.lines.add(new AuditExport.Line(chain, span.to() + 1, hash(span.toHash(), json), json));
    }
    return this;
  }

  /** Deletes the records of a chain up to a place, as retention does. */
  KeptAudit delete(int chain, long upTo) {
    Kept kept = chains.getOrDefault(chain, new Kept());
    while (!kept.lines.isEmpty() && kept.lines.getFirst().seq() <= upTo) {
      AuditExport.Line gone = kept.lines.removeFirst();
      kept.from = gone.seq();
      kept.fromHash = gone.hash();
    }
    return this;
  }

  /** Signs a checkpoint of what is kept now. */
  KeptAudit checkpoint() {
    String compact = signer.sign(Checkpoint.Type.CHECKPOINT, next());
    checkpoints.add(compact);
    previous = Checkpoint.hash(compact);
    number++;
    return this;
  }

  /** Deletes the oldest checkpoints, as retention does. */
  KeptAudit forgetCheckpoints(int count) {
    checkpoints.subList(0, count).clear();
    return this;
  }

  /** What a statement of this moment says. */
  Checkpoint next() {
    clock.advance(Duration.ofMinutes(1));
    return new Checkpoint(
        number + 1,
        clock.instant(),
        previous,
        chains.entrySet().stream().map(it -> it.getValue().span(it.getKey())).toList());
  }

  /** The line of an export that ends it at this moment. */
  String end() {
    return end(next());
  }

  String end(Checkpoint statement) {
    return "{\"end\":\"" + signer.sign(Checkpoint.Type.END, statement) + "\"}";
  }

  /** The line of a signed checkpoint. */
  String checkpoint(Checkpoint statement) {
    return "{\"checkpoint\":\"" + signer.sign(Checkpoint.Type.CHECKPOINT, statement) + "\"}";
  }

  /** The lines of an export. */
  List<String> export() {
    StringWriter out = new StringWriter();
    try {
      AuditExport.write(
          out,
          "https://platform.example/",
          clock.instant(),
          signer.publicJwk(),
          checkpoints,
          sink -> {
            for (Kept kept : chains.values()) {
              for (AuditExport.Line line : kept.lines) {
                sink.accept(line);
              }
            }
          },
          signer.sign(Checkpoint.Type.END, next()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ArrayList<>(out.toString().lines().toList());
  }

  /** Verifies lines with the key that they carry. */
  static Report verify(List<String> lines) {
    return verify(String.join("\n", lines) + "\n", null);
  }

  static Report verify(String file, @Nullable JWK trusted) {
    return verify(file.getBytes(StandardCharsets.UTF_8), trusted);
  }

  static Report verify(byte[] file, @Nullable JWK trusted) {
    try {
      return AuditVerifier.verify(new ByteArrayInputStream(file), trusted);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Report.Whole whole(List<String> lines) {
    Report report = verify(lines);
    assertThat(report).isInstanceOf(Report.Whole.class);
    return (Report.Whole) report;
  }

  /** Asserts what is found first, and that the sentence has each word. */
  static void assertBroken(
      List<String> lines, long line, @Nullable Integer chain, @Nullable Long seq, String... words) {
    Report report = verify(lines);
    assertThat(report).isInstanceOf(Report.Broken.class);
    Report.Broken broken = (Report.Broken) report;
    assertThat(broken).isEqualTo(new Report.Broken(line, chain, seq, broken.sentence()));
    assertThat(broken.sentence()).contains(words).endsWith(".").doesNotContain("eyJ", "%");
  }

  /** Writes the hashes of records anew, so that they follow from each other again. */
  static void chainAgain(List<String> lines, int first, int last) {
    for (int line = first; line <= last; line++) {
      String before = hashIn(lines.get(line - 2));
      String text = lines.get(line - 1);
      String record = "{" + text.substring(text.indexOf(hashIn(text)) + 66);
      lines.set(line - 1, text.replace(hashIn(text), hash(before, record)));
    }
  }

  static String hashIn(String line) {
    int start = line.indexOf("\"hash\":\"") + 8;
    return line.substring(start, start + 64);
  }

  static String hash(String before, String record) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(HexFormat.of().parseHex(before));
      return HexFormat.of().formatHex(digest.digest(record.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  static ECKey key() {
    try {
      return new ECKeyGenerator(Curve.P_256).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }
}

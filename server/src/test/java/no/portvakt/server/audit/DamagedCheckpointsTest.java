package no.portvakt.server.audit;

import static no.portvakt.server.audit.KeptAudit.assertBroken;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JOSEObjectType;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.Payload;
import com.nimbusds.jose.crypto.ECDSASigner;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Damage to the checkpoints and to the end of an export. */
class DamagedCheckpointsTest {
  private final KeptAudit audit = KeptAudit.ofFourChains();
  private final List<String> lines = audit.export();

  @Test
  void refusesAGapWhereACheckpointWasRemoved() {
    lines.remove(3 - 1);
    assertBroken(lines, 3, null, null, "Checkpoint 2 is missing", "checkpoint 3 stands");
  }

  @Test
  void refusesAnExportWithoutItsLastCheckpoint() {
    lines.remove(4 - 1);
    assertBroken(lines, 25, null, null, "Checkpoint 3 is missing", "the end");
  }

  @Test
  void refusesAnExportWithoutItsCheckpoints() {
    lines.subList(1, 4).clear();
    assertBroken(lines, 23, null, null, "The checkpoints are missing");
  }

  @Test
  void refusesACheckpointThatStandsTwice() {
    lines.add(3, lines.get(2));
    assertBroken(lines, 4, null, null, "Checkpoint 2 stands after checkpoint 2");
  }

  @Test
  void refusesCheckpointsThatChangedPlaces() {
    Collections.swap(lines, 2, 3);
    assertBroken(lines, 3, null, null, "Checkpoint 2 is missing");
  }

  @Test
  void refusesACheckpointAmongTheRecords() {
    lines.add(8, lines.get(3));
    assertBroken(lines, 9, 0, 11L, "among the records");
  }

  @ParameterizedTest
  @CsvSource({
    "0, The checkpoint is signed by another key", // the header: kid
    "1, was changed or forged",
    "2, was changed or forged"
  })
  void refusesACheckpointThatWasChanged(int part, String words) {
    List<String> others =
        new KeptAudit(part == 0 ? KeptAudit.key() : KeptAudit.KEY)
            .record(0, 1)
            .checkpoint()
            .checkpoint()
            .checkpoint()
            .export();
    String[] parts = lines.get(2).split("\\.", -1);
    String[] other = others.get(2).split("\\.", -1);
    // The first part begins with the member's name and the last ends with the brace: both alike.
    parts[part] = other[part];
    lines.set(2, String.join(".", parts));
    assertBroken(lines, 3, null, null, words);
  }

  @Test
  void refusesCheckpointsOfAnotherKey() {
    List<String> others = new KeptAudit(KeptAudit.key()).record(0, 10).checkpoint().export();
    lines.set(1, others.get(1));
    assertBroken(lines, 2, null, null, "signed by another key");
  }

  @Test
  void refusesACheckpointForgedUnderTheNameOfTheKey() throws JOSEException {
    String kid = CheckpointSigner.of(KeptAudit.KEY).keyId();
    JWSObject forged = new JWSObject(header(Checkpoint.Type.CHECKPOINT.typ(), kid), payload());
    forged.sign(new ECDSASigner(KeptAudit.key()));
    lines.set(1, line("checkpoint", forged));
    assertBroken(lines, 2, null, null, "its signature does not hold");
  }

  @Test
  void refusesATokenOfAnotherType() throws JOSEException {
    JWSObject token =
        new JWSObject(header("JWT", CheckpointSigner.of(KeptAudit.KEY).keyId()), payload());
    token.sign(new ECDSASigner(KeptAudit.KEY));
    lines.set(1, line("checkpoint", token));
    assertBroken(lines, 2, null, null, "a token of another type");
  }

  @Test
  void refusesAHeaderWithMoreMembers() throws JOSEException {
    JWSHeader header =
        new JWSHeader.Builder(JWSAlgorithm.ES256)
            .type(new JOSEObjectType(Checkpoint.Type.CHECKPOINT.typ()))
            .keyID(CheckpointSigner.of(KeptAudit.KEY).keyId())
            .customParam("more", true)
            .build();
    JWSObject token = new JWSObject(header, payload());
    token.sign(new ECDSASigner(KeptAudit.KEY));
    lines.set(1, line("checkpoint", token));
    assertBroken(lines, 2, null, null, "another header");
  }

  @Test
  void refusesAnAlgorithmThatSignsNothing() {
    String header =
        "{\"alg\":\"none\",\"typ\":\"portvakt-audit-checkpoint+jwt\",\"kid\":\"%s\"}"
            .formatted(CheckpointSigner.of(KeptAudit.KEY).keyId());
    String[] parts = lines.get(1).split("\\.", -1);
    parts[0] = "{\"checkpoint\":\"" + base64(header);
    lines.set(1, String.join(".", parts));
    assertBroken(lines, 2, null, null, "another header");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "a", "a.b", "a.b.c", "a.b.c.d", "..", "e30.e30."})
  void refusesWhatIsNoToken(String token) {
    lines.set(1, "{\"checkpoint\":\"" + token + "\"}");
    assertBroken(lines, 2, null, null, "is no compact JWS");
  }

  @Test
  void refusesCheckpointsThatDoNotFollowEachOther() {
    // The same key, the same numbers, another history.
    lines.set(1, new KeptAudit().record(0, 10).checkpoint().export().get(1));
    assertBroken(lines, 3, null, null, "Checkpoint 2 does not follow the checkpoint 1");
  }

  @Test
  void refusesTheEndOfAnExportInPlaceOfACheckpoint() {
    lines.set(3, lines.get(25).replace("{\"end\"", "{\"checkpoint\""));
    assertBroken(lines, 4, null, null, "end of an export stands in place of a checkpoint");
  }

  @Test
  void refusesACheckpointInPlaceOfTheEnd() {
    lines.set(25, audit.checkpoint(audit.next()).replace("{\"checkpoint\"", "{\"end\""));
    assertBroken(lines, 26, null, null, "A checkpoint stands in place of the end");
  }

  @Test
  void refusesTheEndOfAnEarlierExportBeforeACheckpoint() {
    KeptAudit earlier = new KeptAudit().record(0, 3).checkpoint();
    String end = earlier.end();
    List<String> later = earlier.record(0, 1).checkpoint().export();
    later.set(later.size() - 1, end);
    assertBroken(later, later.size(), null, null, "an earlier export", "checkpoint 1");
  }

  @Test
  void refusesTheEndOfAnEarlierExportAfterTheSameCheckpoint() {
    KeptAudit earlier = new KeptAudit().record(0, 3).checkpoint();
    String end = earlier.end();
    List<String> later = earlier.record(0, 2).export();
    later.set(later.size() - 1, end);
    assertBroken(later, 6, 0, 4L, "Record 4 of chain 0 should not be there");
  }

  @Test
  void refusesTheEndOfALaterExportAfterTheSameCheckpoint() {
    lines.set(25, audit.record(2, 1).end());
    assertBroken(lines, 26, 2, 6L, "Record 6 of chain 2 is missing at the end");
  }

  @Test
  void refusesTheEndOfAnotherPlatformWithTheSameNumber() {
    KeptAudit other = new KeptAudit().record(0, 18).checkpoint().checkpoint().checkpoint();
    lines.set(25, other.end());
    assertBroken(lines, 26, null, null, "The end is that of another export");
  }

  @Test
  void refusesAnEndOfAnotherKey() {
    lines.set(25, new KeptAudit(KeptAudit.key()).record(0, 1).end());
    assertBroken(lines, 26, null, null, "The end is signed by another key");
  }

  @Test
  void refusesAnEndThatWasChanged() {
    String[] parts = lines.get(25).split("\\.", -1);
    parts[1] = audit.record(0, 1).end().split("\\.", -1)[1];
    lines.set(25, String.join(".", parts));
    assertBroken(lines, 26, null, null, "its signature does not hold");
  }

  // The key's owner contradicts itself: what a server would sign whose store was tampered with.

  @Test
  void refusesACheckpointThatNoLongerNamesAChain() {
    Checkpoint next = audit.next();
    List<ChainSpan> fewer = new ArrayList<>(next.chains());
    fewer.remove(1);
    replaceEnd(next, fewer);
    assertBroken(lines, 26, 1, null, "no longer names chain 1");
  }

  @Test
  void refusesAChainThatEndsBeforeItDid() {
    replaceEnd(2, new ChainSpan(2, 0, ChainSpan.NO_HASH, 2, "a".repeat(64)));
    assertBroken(lines, 26, 2, null, "goes back in chain 2");
  }

  @Test
  void refusesAChainThatBeginsBeforeItDid() {
    replaceEnd(0, new ChainSpan(0, 5, "a".repeat(64), 18, "a".repeat(64)));
    assertBroken(lines, 26, 0, null, "goes back in chain 0");
  }

  @Test
  void refusesAnotherHashForTheSameBeginning() {
    replaceEnd(0, new ChainSpan(0, 6, "a".repeat(64), 18, "a".repeat(64)));
    assertBroken(lines, 26, 0, 6L, "another hash for record 6 of chain 0");
  }

  @Test
  void refusesAnotherHashForTheSameEnd() {
    replaceEnd(1, new ChainSpan(1, 0, ChainSpan.NO_HASH, 4, "a".repeat(64)));
    assertBroken(lines, 26, 1, 4L, "another hash for record 4 of chain 1");
  }

  @Test
  void refusesAnotherHashForABeginningThatACheckpointEndedAt() {
    replaceEnd(0, new ChainSpan(0, 10, "a".repeat(64), 18, "a".repeat(64)));
    assertBroken(lines, 26, 0, 10L, "another hash for record 10 of chain 0");
  }

  private void replaceEnd(int place, ChainSpan span) {
    Checkpoint next = audit.next();
    List<ChainSpan> chains = new ArrayList<>(next.chains());
    chains.set(place, span);
    replaceEnd(next, chains);
  }

  private void replaceEnd(Checkpoint next, List<ChainSpan> chains) {
    lines.set(25, audit.end(new Checkpoint(next.number(), next.time(), next.previous(), chains)));
  }

  private static JWSHeader header(String typ, String kid) {
    return new JWSHeader.Builder(JWSAlgorithm.ES256)
        .type(new JOSEObjectType(typ))
        .keyID(kid)
        .build();
  }

  /** The payload of the first checkpoint. */
  private Payload payload() {
    String payload = lines.get(1).split("\\.", -1)[1];
    return new Payload(Base64.getUrlDecoder().decode(payload));
  }

  private static String line(String member, JWSObject token) {
    return "{\"" + member + "\":\"" + token.serialize() + "\"}";
  }

  private static String base64(String text) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(text.getBytes(StandardCharsets.UTF_8));
  }
}

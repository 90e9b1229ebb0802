package no.portvakt.server.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSObject;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import java.text.ParseException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import no.portvakt.server.audit.Checkpoint.MalformedCheckpoint;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Checkpoints, their claims and their signatures. */
class CheckpointTest {
  private static final String A = "a".repeat(64);
  private static final String B = "b".repeat(64);
  private static final Instant TIME = Instant.parse("2026-03-02T10:15:30.750Z");
  private static final Checkpoint SECOND =
      new Checkpoint(
          2,
          TIME,
          A,
          List.of(new ChainSpan(0, 6, A, 18, B), new ChainSpan(3, 0, ChainSpan.NO_HASH, 2, A)));
  private static final String CLAIMS =
      """
      {"number":2,"time":"2026-03-02T10:15:30.750Z","previous":"AA","chains":[\
      {"chain":0,"from":6,"from_hash":"AA","to":18,"to_hash":"BB"},\
      {"chain":3,"from":0,"from_hash":"00","to":2,"to_hash":"AA"}]}\
      """
          .replace("AA", A)
          .replace("BB", B)
          .replace("\"00\"", "\"" + ChainSpan.NO_HASH + "\"");

  @Test
  void writesAndReadsTheClaims() throws Exception {
    assertThat(Json.write(SECOND.toClaims())).isEqualTo(CLAIMS);
    assertThat(Checkpoint.parse(Json.readObject(CLAIMS))).isEqualTo(SECOND);
  }

  @ParameterizedTest
  @CsvSource({
    "'\"number\":2', '\"number\":0', a number below 1",
    "'\"number\":2', '\"number\":-7', a number below 1",
    "'\"number\":2', '\"number\":1', is the first and names one before it",
    "'\"number\":2', '\"number\":2.0', other claims",
    "'\"number\":2', '\"number\":\"2\"', other claims",
    "'\"number\":2', '\"number\":99999999999999999999', other claims",
    "'\"number\":2', '\"more\":1,\"number\":2', other claims",
    "'\"time\"', '\"times\"', other claims",
    "'.750Z', '.750+01:00', other claims",
    "'2026-03-02', '2026-13-02', a time that is none",
    "'\"previous\":\"a', '\"previous\":\"A', a previous hash that is none",
    "'\"previous\":\"a', '\"previous\":\"', a previous hash that is none",
    "'\"chain\":3', '\"chain\":0', out of order",
    "'\"chain\":0', '\"chain\":4', out of order",
    "'\"chain\":0', '\"chain\":-1', a number out of range",
    "'\"chain\":3', '\"chain\":1000000000', of another form",
    "'\"chain\":3', '\"chain\":3,\"more\":1', of another form",
    "'\"from\":6', '\"from\":19', ends before it begins",
    "'\"from\":6', '\"from\":-6', ends before it begins",
    "'\"from\":6', '\"from\":0', do not fit",
    "'\"from\":6', '\"from\":18', do not fit",
    "'\"from\":6', '\"from\":null', of another form",
    "'\"to_hash\":\"b', '\"to_hash\":\"g', a hash that is none",
    "'\"from_hash\":\"a', '\"from_hash\":\"', a hash that is none",
    "'{\"chain\":0', '0,{\"chain\":0', of another form"
  })
  void refusesOtherClaims(String old, String now, String words) throws MalformedJson {
    var claims = Json.readObject(CLAIMS.replace(old, now));
    assertThatThrownBy(() -> Checkpoint.parse(claims))
        .isInstanceOfSatisfying(
            MalformedCheckpoint.class, e -> assertThat(e.reason()).contains(words));
  }

  @Test
  void refusesMoreChainsThanATokenCanHold() throws JOSEException {
    List<ChainSpan> chains = new ArrayList<>();
    for (int i = 0; i < Checkpoint.MAX_CHAINS; i++) {
      chains.add(
          new ChainSpan(ChainSpan.LAST_CHAIN - 999 + i, Long.MAX_VALUE - 1, A, Long.MAX_VALUE, B));
    }
    Checkpoint full = new Checkpoint(Long.MAX_VALUE, TIME, A, chains);
    assertThat(CheckpointSigner.of(KeptAudit.KEY).sign(Checkpoint.Type.CHECKPOINT, full).length())
        .isLessThan(no.portvakt.tokens.CompactJws.MAX_LENGTH);
    chains.add(new ChainSpan(ChainSpan.LAST_CHAIN, 0, ChainSpan.NO_HASH, 1, A));
    assertThatIllegalArgumentException().isThrownBy(() -> new Checkpoint(2, TIME, A, chains));
  }

  @Test
  void hashesTheCompactForm() {
    assertThat(Checkpoint.hash("abc"))
        .isEqualTo("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  }

  @ParameterizedTest
  @CsvSource({"CHECKPOINT, portvakt-audit-checkpoint+jwt", "END, portvakt-audit-end+jwt"})
  void signsWhatAnyLibraryVerifies(Checkpoint.Type type, String typ)
      throws JOSEException, ParseException, MalformedJson {
    CheckpointSigner signer = CheckpointSigner.of(KeptAudit.KEY);
    JWSObject jws = JWSObject.parse(signer.sign(type, SECOND));
    assertThat(jws.verify(new ECDSAVerifier(KeptAudit.KEY.toECPublicKey()))).isTrue();
    assertThat(jws.getPayload().toString()).isEqualTo(CLAIMS);
    assertThat(jws.getHeader().getParsedBase64URL().decodeToString())
        .isEqualTo(
            "{\"alg\":\"ES256\",\"typ\":\"%s\",\"kid\":\"%s\"}"
                .formatted(typ, KeptAudit.KEY.computeThumbprint()));
  }

  @Test
  void showsNoPrivateKey() {
    CheckpointSigner signer = CheckpointSigner.of(KeptAudit.KEY);
    String secret = KeptAudit.KEY.getD().toString();
    assertThat(signer.publicJwk().isPrivate()).isFalse();
    assertThat(signer.publicJwk().toJSONString()).doesNotContain(secret).contains(signer.keyId());
    assertThat(signer.toString()).doesNotContain(secret).contains(signer.keyId());
    assertThat(String.join("", KeptAudit.ofFourChains().export())).doesNotContain(secret);
  }

  @Test
  void refusesAKeyThatCannotSignCheckpoints() throws JOSEException {
    ECKey larger = new ECKeyGenerator(Curve.P_384).generate();
    assertThatIllegalArgumentException().isThrownBy(() -> CheckpointSigner.of(larger));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> CheckpointSigner.of(KeptAudit.KEY.toPublicJWK()));
  }
}

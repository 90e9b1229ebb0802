package no.portvakt.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.jwk.gen.RSAKeyGenerator;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code explain --token}: without a server and without a store. */
class ExplainTokenTest {
  private static final RSAKey KEY = key("one");
  private static final RSAKey OTHER = key("two");
  private static final String ISSUER = "https://test.maskinporten.no/";

  @TempDir private Path folder = Path.of("");
  private Path jwks = Path.of("");

  @BeforeEach
  void writeKeys() throws IOException {
    jwks = Files.writeString(folder.resolve("jwks.json"), new JWKSet(KEY).toString());
  }

  @Test
  void saysThatAGoodTokenHolds() throws IOException {
    Console console = explain(token(KEY, 120), "--jwks", jwks.toString());
    assertThat(console.succeeds().out())
        .contains("header", "claims", "scope", ISSUER)
        .contains("held    signature")
        .doesNotContain("FAILED");
  }

  @Test
  void readsWhatPeoplePaste() throws IOException {
    String token = token(KEY, 120);
    for (String pasted :
        List.of(token + "\n", "\"" + token + "\"", "Bearer " + token, "  bearer  " + token + " ")) {
      explain(pasted, "--jwks", jwks.toString()).succeeds();
    }
  }

  @Test
  void readsStandardInput() {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(token(KEY, 120).getBytes(UTF_8)));
    try {
      Console.run("explain", "--token", "-", "--jwks", jwks.toString()).succeeds();
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void showsTimesAsAPersonReadsThem() throws IOException {
    String out = explain(token(KEY, 120), "--jwks", jwks.toString()).out();
    assertThat(out).containsPattern("exp +[0-9]{10}  \\(20[0-9-]{8}T[0-9:]{8}Z\\)");
  }

  @Test
  void saysThatATokenHasExpired() throws IOException {
    Console console = explain(token(KEY, -3600), "--jwks", jwks.toString());
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out())
        .containsPattern("FAILED +exp")
        .contains("held    signature")
        .contains("expired");
  }

  @Test
  void saysThatTheSignatureDoesNotHold() throws IOException {
    RSAKey imposter = new RSAKey.Builder(OTHER).keyID("one").build();
    Console console = explain(token(imposter, 120), "--jwks", jwks.toString());
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).containsPattern("FAILED +signature");
  }

  @Test
  void saysThatTheKeyIsUnknown() throws IOException {
    Console console = explain(token(OTHER, 120), "--jwks", jwks.toString());
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).containsPattern("FAILED +key");
  }

  @Test
  void saysWhichRulesDidNotRunWithoutKeys() throws IOException {
    Console console = explain(token(KEY, 120));
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).contains("--jwks");
  }

  @Test
  void believesOnlyTheIssuerThatItIsGiven() throws IOException {
    String token = token(KEY, 120);
    explain(token, "--jwks", jwks.toString(), "--issuer", ISSUER).succeeds();
    for (String issuer : List.of("https://test.maskinporten.no", "https://other/", "")) {
      Console console = explain(token, "--jwks", jwks.toString(), "--issuer", issuer);
      assertThat(console.code()).isEqualTo(1);
      assertThat(console.out()).containsPattern("FAILED +issuer");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "x", "a.b.c", "eyJhbGciOiJSUzI1NiJ9.e30.", "\"", "Bearer", "..", "e30.e30.AA"})
  void saysWhatIsWrongWithGarbage(String text) throws IOException {
    Console console = explain(text, "--jwks", jwks.toString());
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).contains("FAILED");
    assertThat(console.err()).isEmpty();
  }

  @Test
  void showsNoPersonNumberAndNoSignature() throws IOException {
    String token = token(KEY, 120);
    Console console = explain(token, "--jwks", jwks.toString());
    assertThat(console.out()).doesNotContain("15507600333").contains("***********");
    assertThat(console.out()).doesNotContain(token.substring(token.lastIndexOf('.') + 1));
  }

  @Test
  void showsNoPersonNumberAndNothingThatDrivesATerminalInNames() throws Exception {
    SignedJWT odd =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256)
                .customParam("a\u001b[2Jb", 1)
                .customParam("15507600333", 1)
                .build(),
            new JWTClaimsSet.Builder()
                .claim("c\u001b[31md\u202ee", 1)
                .claim("urn:15507600333", 1)
                .build());
    odd.sign(new RSASSASigner(KEY));
    assertThat(explain(odd.serialize()).out())
        .contains("[2Jb", "[31md", "urn:***********")
        .doesNotContain("\u001b", "\u202e", "15507600333");
  }

  @Test
  void refusesATokenThatIsTooLong() throws IOException {
    String longest = "a".repeat(1024 * 1024);
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream((longest + "b").getBytes(UTF_8)));
    try {
      assertThat(Console.run("explain", "--token", "-").fails())
          .contains("standard input is too long: more than 1024 KiB");
    } finally {
      System.setIn(before);
    }
    assertThat(explain(longest + "b").fails()).contains("is too long");
  }

  @Test
  void refusesFilesThatAreNotThere() throws IOException {
    assertThat(Console.run("explain", "--token", folder + "/none").fails()).contains("none");
    assertThat(Console.run("explain", "--token", folder.toString()).fails())
        .contains(folder.toString());
    for (Path missing : List.of(folder.resolve("none"), folder)) {
      Console console = explain(token(KEY, 120), "--jwks", missing.toString());
      assertThat(console.code()).isEqualTo(2);
      assertThat(console.err().strip())
          .isEqualTo("portvakt: The keys in " + missing + " can't be read.");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "[]", "{}", "null", "{\"keys\":5}"})
  void refusesKeysThatAreNoKeySet(String text) throws IOException {
    Files.writeString(jwks, text);
    Console console = explain(token(KEY, 120), "--jwks", jwks.toString());
    assertThat(console.code()).isEqualTo(2);
    assertThat(console.err()).contains("jwks.json").contains("JWK set");
    assertThat(console.err().lines()).hasSize(1);
  }

  @Test
  void asksForOneOfDecisionAndToken() {
    assertThat(Console.run("explain").fails()).contains("--token");
    assertThat(Console.run("explain", "abc", "--token", "-").fails()).contains("--token");
  }

  private Console explain(String token, String... options) throws IOException {
    Path file = Files.writeString(folder.resolve("token"), token);
    String[] line = new String[options.length + 3];
    line[0] = "explain";
    line[1] = "--token";
    line[2] = file.toString();
    System.arraycopy(options, 0, line, 3, options.length);
    return Console.run(line);
  }

  private static String token(RSAKey key, long seconds) {
    Instant now = Instant.now();
    SignedJWT token =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).build(),
            new JWTClaimsSet.Builder()
                .issuer(ISSUER)
                .claim("scope", "altinn:instances.read")
                .claim("pid", "15507600333")
                .claim(
                    "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:974760673"))
                .expirationTime(Date.from(now.plusSeconds(seconds)))
                .build());
    try {
      token.sign(new RSASSASigner(key));
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
    return token.serialize();
  }

  private static RSAKey key(String id) {
    try {
      return new RSAKeyGenerator(2048).keyID(id).generate();
    } catch (JOSEException e) {
      throw new IllegalStateException(e);
    }
  }
}

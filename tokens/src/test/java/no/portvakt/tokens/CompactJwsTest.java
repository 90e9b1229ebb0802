package no.portvakt.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.fail;

import java.util.Base64;
import java.util.List;
import no.portvakt.tokens.CompactJws.MalformedToken;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CompactJwsTest {
  private static final String HEADER = Forge.encode("{\"alg\":\"RS256\",\"kid\":\"k\"}");
  private static final String PAYLOAD = Forge.encode("{\"iss\":\"a\",\"n\":1}");
  private static final String SIGNATURE = Forge.encode(new byte[256]);

  @Test
  void takesATokenApart() throws MalformedToken {
    CompactJws jws = CompactJws.parse(HEADER + "." + PAYLOAD + "." + SIGNATURE);
    assertThat(jws.algorithm()).isEqualTo("RS256");
    assertThat(jws.keyId()).isEqualTo("k");
    assertThat(jws.header().keySet()).containsExactly("alg", "kid");
    assertThat(jws.unverifiedClaims()).containsEntry("iss", "a").containsEntry("n", 1L);
    assertThat(jws.signature()).hasSize(256);
    assertThat(jws.signingInput()).asString().isEqualTo(HEADER + "." + PAYLOAD);
  }

  @Test
  void givesMapsThatNobodyCanChange() throws MalformedToken {
    CompactJws jws = CompactJws.parse(HEADER + "." + PAYLOAD + "." + SIGNATURE);
    assertThatExceptionOfType(UnsupportedOperationException.class)
        .isThrownBy(() -> jws.header().put("alg", "none"));
    assertThatExceptionOfType(UnsupportedOperationException.class)
        .isThrownBy(() -> jws.unverifiedClaims().clear());
  }

  // Test tokens in the field carry x5c as one string; RFC 7515 §4.1.6 asks for a list.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"alg\":\"RS256\",\"x5c\":\"MIIB\"}",
        "{\"alg\":\"RS256\",\"x5c\":[\"MIIB\"]}",
        "{\"alg\":\"RS256\",\"x5c\":5,\"x5t\":[],\"typ\":{}}",
        "{}"
      })
  void toleratesHeadersOfAnyTypes(String header) throws MalformedToken {
    CompactJws jws = CompactJws.parse(Forge.encode(header) + "." + PAYLOAD + "." + SIGNATURE);
    assertThat(jws.keyId()).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"5", "true", "null", "[\"RS256\"]", "{\"a\":1}"})
  void hasNoAlgorithmOrKeyIdOfAnotherType(String value) throws MalformedToken {
    String header = "{\"alg\":" + value + ",\"kid\":" + value + "}";
    CompactJws jws = CompactJws.parse(Forge.encode(header) + "." + PAYLOAD + "." + SIGNATURE);
    assertThat(jws.algorithm()).isNull();
    assertThat(jws.keyId()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "a",
        ".",
        "..",
        "...",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e",
        ".b.c",
        "a..c",
        "a.b.",
        " . . "
      })
  void refusesAnythingButThreeParts(String token) {
    refuses(token);
  }

  @Test
  void refusesPartsTooMany() {
    String good = HEADER + "." + PAYLOAD + "." + SIGNATURE;
    for (String token :
        List.of(good + ".", "." + good, good + "." + SIGNATURE, HEADER + "." + PAYLOAD)) {
      assertThat(sentence(token)).isEqualTo("The token does not have three parts.");
    }
  }

  @Test
  void refusesASignatureOfZeroLength() {
    assertThat(sentence(HEADER + "." + PAYLOAD + ".")).isEqualTo("The token has no signature.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"+", "/", "=", "*", " ", "\n", "\t", "\u0000", "æ", "А", "\uD83D\uDE00"})
  void refusesCharactersOutsideBase64Url(String odd) {
    for (int part = 0; part < 3; part++) {
      String[] parts = {HEADER, PAYLOAD, SIGNATURE};
      String whole = parts[part];
      for (String broken :
          List.of(odd + whole, whole + odd, whole.substring(0, 5) + odd + whole.substring(5))) {
        parts[part] = broken;
        refuses(String.join(".", parts));
      }
    }
  }

  // RFC 7515 §2: base64url with all trailing '=' characters omitted.
  @Test
  void refusesPadding() {
    String payload = Base64.getUrlEncoder().encodeToString("{\"iss\":\"a\"}".getBytes(UTF_8));
    assertThat(payload).endsWith("=");
    refuses(HEADER + "." + payload + "." + SIGNATURE);
    refuses(HEADER + "=." + PAYLOAD + "." + SIGNATURE);
    refuses(HEADER + "." + PAYLOAD + "." + SIGNATURE + "==");
    refuses(HEADER + "." + PAYLOAD + ".=");
  }

  // RFC 4648 §3.5: the bits that no byte needs are zero; else one signature has many forms.
  @Test
  void refusesUnusedBitsThatAreNotZero() throws MalformedToken {
    for (byte[] signature : List.of(new byte[256], new byte[257])) {
      String canonical = Forge.encode(signature);
      CompactJws.parse(HEADER + "." + PAYLOAD + "." + canonical);
      String head = canonical.substring(0, canonical.length() - 1);
      for (char last : "BCDEFGHIJKLMNOP_-9az".toCharArray()) {
        byte[] decoded = Base64.getUrlDecoder().decode(head + last);
        boolean isCanonical = Forge.encode(decoded).equals(head + last);
        String token = HEADER + "." + PAYLOAD + "." + head + last;
        if (isCanonical) {
          CompactJws.parse(token);
        } else {
          assertThat(sentence(token)).contains("canonical");
        }
      }
    }
  }

  @Test
  void refusesALengthThatNoBytesHave() {
    refuses(HEADER + "." + PAYLOAD + "." + SIGNATURE + "AAA");
    refuses(HEADER + "." + PAYLOAD + ".A");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x",
        "[]",
        "\"a\"",
        "null",
        "1",
        "{",
        "{\"alg\":\"RS256\",\"alg\":\"none\"}",
        "{\"a\":{\"b\":1,\"b\":2}}",
        "{}{}",
        "{\"a\":'x'}",
        "\uFEFF{}",
        "{\"a\":\"\\ud800\"}"
      })
  void refusesAHeaderOrPayloadThatIsNoStrictJsonObject(String json) {
    refuses(Forge.encode(json) + "." + PAYLOAD + "." + SIGNATURE);
    refuses(HEADER + "." + Forge.encode(json) + "." + SIGNATURE);
  }

  @Test
  void refusesInvalidUtf8() {
    String latin1 = Forge.encode(new byte[] {'{', '"', (byte) 0xe6, '"', ':', '1', '}'});
    assertThat(sentence(latin1 + "." + PAYLOAD + "." + SIGNATURE))
        .isEqualTo("The token's header is not UTF-8.");
    assertThat(sentence(HEADER + "." + latin1 + "." + SIGNATURE))
        .isEqualTo("The token's payload is not UTF-8.");
  }

  @Test
  void readsTheLongestTokenAndNoLonger() throws MalformedToken {
    int room = CompactJws.MAX_LENGTH - HEADER.length() - PAYLOAD.length() - 2;
    String longest = "A".repeat(room - room % 4);
    CompactJws.parse(HEADER + "." + PAYLOAD + "." + longest);
    assertThat(sentence(HEADER + "." + PAYLOAD + "." + longest + "AAAAAAAA")).contains("longer");
    assertThat(sentence("a".repeat(1024 * 1024))).contains("longer");
  }

  @Test
  void hasTheSameFingerprintWhenTheSameMessageIsSignedAgain() throws MalformedToken {
    String header = "{\"alg\":\"ES256\"}";
    String one = Forge.sign(header, "{\"a\":1}", "ES256", Forge.privateKey(Forge.EC));
    String two = Forge.sign(header, "{\"a\":1}", "ES256", Forge.privateKey(Forge.EC));
    assertThat(one).isNotEqualTo(two);
    assertThat(CompactJws.parse(one).fingerprint()).isEqualTo(CompactJws.parse(two).fingerprint());
  }

  @Test
  void hasAnotherFingerprintForAnotherMessage() throws MalformedToken {
    String fingerprint = CompactJws.parse(HEADER + "." + PAYLOAD + "." + SIGNATURE).fingerprint();
    String other = Forge.encode("{\"iss\":\"a\",\"n\":2}");
    assertThat(CompactJws.parse(HEADER + "." + other + "." + SIGNATURE).fingerprint())
        .isNotEqualTo(fingerprint);
    assertThat(CompactJws.parse(Forge.encode("{}") + "." + PAYLOAD + "." + SIGNATURE).fingerprint())
        .isNotEqualTo(fingerprint);
    assertThat(fingerprint).matches("[A-Za-z0-9_-]{43}");
  }

  @Test
  void showsNoClaimAndNoSignatureOfItself() throws MalformedToken {
    CompactJws jws = CompactJws.parse(HEADER + "." + PAYLOAD + "." + SIGNATURE);
    assertThat(jws.toString()).isEqualTo("CompactJws[alg=RS256]");
  }

  private static void refuses(String token) {
    assertThat(sentence(token)).startsWith("The token").endsWith(".");
  }

  private static String sentence(String token) {
    try {
      CompactJws.parse(token);
    } catch (MalformedToken e) {
      return e.sentence();
    }
    return fail("It was taken apart: " + token);
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import no.portvakt.server.TestStack.RawAnswer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Bearers that are no signed JSON message: always 401, never 500, however they are broken. */
class ExchangeTokenFormTest {
  private static TestStack stack;

  @BeforeAll
  static void start() {
    stack = TestStack.start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 4, 5, 6, 100})
  void refusesAnyOtherNumberOfParts(int parts) {
    String[] good = stack.forge().compact().split("\\.", -1);
    StringBuilder token = new StringBuilder(good[0]);
    for (int i = 1; i < parts; i++) {
      token.append('.').append(good[Math.min(i, 2)]);
    }
    assertThat(ExchangeRefusal.of(stack, token.toString()))
        .isEqualTo("The token does not have three parts.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a.b.c",
        "..",
        "...",
        ".",
        "a",
        "a..",
        ".b.",
        "..c",
        "a.b.",
        "eyJ.eyJ.x",
        "null",
        "{}",
        "undefined",
        "[object]",
        "\"eyJhbGciOiJSUzI1NiJ9.e30.c2ln\"",
        "eyJhbGciOiJSUzI1NiJ9.e30.",
        "eyJhbGciOiJSUzI1NiJ9..c2ln",
        ".e30.c2ln",
        "e30.e30.e30",
        "bnVsbA.bnVsbA.bnVsbA"
      })
  void refusesWhatIsNoToken(String token) {
    ExchangeRefusal.of(stack, token);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void refusesPartsThatAreNotBase64Url(int part) {
    for (String bad :
        new String[] {"a", "%", "a+b/", "a b=", "====", "a=", "ab==", "a~bc", "æøåæ"}) {
      String[] parts = stack.forge().compact().split("\\.", -1);
      parts[part] = part == 1 ? bad : parts[part] + bad;
      String token = String.join(".", parts);
      if (token.chars().allMatch(c -> c < 128)) {
        ExchangeRefusal.of(stack, token);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void refusesPaddingAndASecondSpellingOfTheSameBytes(int part) {
    TokenForge forge = stack.forge();
    // 256 bytes of signature leave two unused bits; a payload of 3n+1 bytes leaves four.
    String pad = " ".repeat((3 - (forge.claimsJson().length() % 3) + 1) % 3);
    forge.rawClaims(forge.claimsJson() + pad);
    forge.rawHeader("{\"alg\":\"RS256\",\"kid\":\"" + stack.remote().key().getKeyID() + "\"} ");
    String[] parts = forge.compact().split("\\.", -1);
    assertThat(stack.exchange(String.join(".", parts)).statusCode()).isEqualTo(200);

    String whole = parts[part];
    parts[part] = whole + "=".repeat((4 - whole.length() % 4) % 4);
    if (!parts[part].equals(whole)) {
      ExchangeRefusal.of(stack, String.join(".", parts));
    }
    char last = whole.charAt(whole.length() - 1);
    String alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    parts[part] =
        whole.substring(0, whole.length() - 1) + alphabet.charAt(alphabet.indexOf(last) ^ 1);
    ExchangeRefusal.of(stack, String.join(".", parts));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "x",
        "null",
        "true",
        "1",
        "\"text\"",
        "[]",
        "[{}]",
        "{",
        "{\"alg\":\"RS256\"",
        "{\"alg\":\"RS256\",}",
        "{'alg':'RS256'}",
        "{alg:RS256}",
        "{\"alg\":\"RS256\"}x",
        "{\"alg\":\"RS256\"}{}",
        "/*c*/{\"alg\":\"RS256\"}",
        ")]}'\n{\"alg\":\"RS256\"}",
        "{\"alg\":\"RS256\",\"a\":NaN}",
        "{\"alg\":\"RS256\",\"a\":01}",
        "{\"alg\":\"RS256\",\"a\":+1}",
        "{\"alg\":\"RS256\",\"a\":.5}",
        "{\"alg\":\"RS256\",\"a\":1.}",
        "{\"alg\":\"RS256\",\"a\":0x10}",
        "{\"alg\":\"RS256\",\"a\":True}",
        "{\"alg\":\"RS256\";\"a\":1}",
        "{\"alg\"=\"RS256\"}",
        "{\"alg\":\"RS256\",\"a\":\"\t\"}",
        "{\"alg\":\"RS256\",\"a\":\"\\x\"}",
        "\uFEFF{\"alg\":\"RS256\"}"
      })
  void refusesHeadersAndPayloadsThatAreNoJsonObject(String json) {
    assertThat(ExchangeRefusal.of(stack, stack.forge().rawHeader(json).compact()))
        .startsWith("The token's header ");
    assertThat(ExchangeRefusal.of(stack, stack.forge().rawClaims(json).compact()))
        .startsWith("The token's payload ");
  }

  @Test
  void refusesDuplicateMembersAtEveryDepth() {
    String kid = stack.remote().key().getKeyID();
    for (String more :
        new String[] {
          "\"iss\":\"" + stack.remote().issuer() + "\"",
          "\"consumer\":{}",
          "\"i\\u0073s\":\"x\"",
          "\"a\":{\"b\":1,\"b\":1}",
          "\"a\":[{\"b\":{\"c\":1,\"c\":2}}]",
          "\"\":1,\"\":2"
        }) {
      String token = stack.forge().rawMembers(more).compact();
      assertThat(ExchangeRefusal.of(stack, token))
          .isEqualTo("The token's payload has a duplicate member.");
    }
    for (String header :
        new String[] {
          "{\"alg\":\"RS256\",\"alg\":\"RS256\",\"kid\":\"" + kid + "\"}",
          "{\"alg\":\"RS256\",\"kid\":\"" + kid + "\",\"ki\\u0064\":\"" + kid + "\"}",
          "{\"alg\":\"RS256\",\"kid\":\"" + kid + "\",\"x\":{\"a\":1,\"a\":1}}"
        }) {
      String token = stack.forge().rawHeader(header).compact();
      assertThat(ExchangeRefusal.of(stack, token))
          .isEqualTo("The token's header has a duplicate member.");
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {33, 100, 10_000, 40_000})
  void refusesDeepNesting(int depth) {
    for (String[] pair : new String[][] {{"[", "]"}, {"{\"a\":", "}"}}) {
      // As many as fit into the headers; unclosed nesting is as deep as closed nesting.
      int levels = pair[0].length() > 1 ? Math.min(depth, 7000) : depth;
      String deep = pair[0].repeat(levels) + "1" + (levels > 20_000 ? "" : pair[1].repeat(levels));
      ExchangeRefusal.of(stack, stack.forge().rawMembers("\"deep\":" + deep).compact());
      ExchangeRefusal.of(
          stack, stack.forge().rawHeader("{\"alg\":\"RS256\",\"x\":" + deep + "}").compact());
      ExchangeRefusal.of(stack, stack.forge().rawClaims(deep).compact());
    }
  }

  @Test
  void acceptsNestingThatIsUsual() {
    String deep = "[".repeat(25) + "1" + "]".repeat(25);
    String token = stack.forge().rawMembers("\"deep\":" + deep).compact();
    assertThat(stack.exchange(token).statusCode()).isEqualTo(200);
  }

  @Test
  void refusesInvalidUtf8() {
    byte[] good = stack.forge().claimsJson().getBytes(StandardCharsets.UTF_8);
    for (int[] bad :
        new int[][] {
          {0xff}, {0xc3}, {0xc0, 0xaf}, {0xed, 0xa0, 0x80}, {0xf4, 0x90, 0x80, 0x80}, {0x80}, {0xfe}
        }) {
      byte[] text = new byte[good.length + bad.length];
      int at = new String(good, StandardCharsets.UTF_8).indexOf("dgm:police") + 3;
      System.arraycopy(good, 0, text, 0, at);
      for (int i = 0; i < bad.length; i++) {
        text[at + i] = (byte) bad[i];
      }
      System.arraycopy(good, at, text, at + bad.length, good.length - at);
      assertThat(ExchangeRefusal.of(stack, stack.forge().rawClaims(text).compact()))
          .isEqualTo("The token's payload is not UTF-8.");
      assertThat(ExchangeRefusal.of(stack, stack.forge().rawHeader(text).compact()))
          .isEqualTo("The token's header is not UTF-8.");
    }
    ExchangeRefusal.of(
        stack,
        stack
            .forge()
            .rawClaims(stack.forge().claimsJson().getBytes(StandardCharsets.UTF_16))
            .compact());
  }

  @Test
  void refusesRawNulAndHalfCharacters() {
    ExchangeRefusal.of(stack, stack.forge().rawMembers("\"a\":\"\u0000\"").compact());
    ExchangeRefusal.of(stack, stack.forge().rawClaims("\u0000").compact());
    ExchangeRefusal.of(
        stack, stack.forge().rawClaims(stack.forge().claimsJson() + "\u0000").compact());
    ExchangeRefusal.of(stack, stack.forge().rawHeader("{\"alg\":\"RS256\"\u0000}").compact());
    ExchangeRefusal.of(stack, stack.forge().rawMembers("\"a\":\"\\ud800\"").compact());
  }

  @Test
  void staysInStepWithEscapedNul() {
    // A legal text; where it decides something it must not be cut off at the NUL.
    String token =
        stack.forge().jsonClaim("iss", "\"" + stack.remote().issuer() + "\\u0000x\"").compact();
    assertThat(ExchangeRefusal.of(stack, token)).isEqualTo("The token's issuer is not trusted.");
    String kid = stack.remote().key().getKeyID() + "\u0000";
    assertThat(ExchangeRefusal.of(stack, stack.forge().header("kid", kid).compact()))
        .isEqualTo("The token names no key of its issuer.");
  }

  @Test
  void refusesNumbersThatWouldCostTooMuch() {
    for (String number : new String[] {"9".repeat(10_000), "1" + "0".repeat(64), "1e9999999999"}) {
      ExchangeRefusal.of(stack, stack.forge().rawMembers("\"a\":" + number).compact());
    }
  }

  @Test
  void refusesATokenOfAllTheBytesThatHeadersMayHave() {
    String token = stack.forge().claim("filler", "x".repeat(45_000)).compact();
    assertThat(token.length()).isBetween(60_000, 64_000);
    assertThat(stack.exchange(token).statusCode()).isEqualTo(200);
    ExchangeRefusal.of(stack, token.substring(0, token.length() - 400));
  }

  @ParameterizedTest
  @ValueSource(ints = {66_000, 200_000, 1_000_000, 8_000_000})
  void saysThatHeadersAreTooLargeToWhoeverReadsTheSocket(int length) throws IOException {
    RawAnswer answer =
        stack.rawGet(TestStack.EXCHANGE, "Authorization: Bearer " + "a".repeat(length));
    assertTooLarge(answer.status(), answer.headers().get("content-type"), answer.body());
  }

  @ParameterizedTest
  @ValueSource(ints = {66_000, 1_000_000, 8_000_000})
  void saysThatHeadersAreTooLargeToAnOrdinaryClient(int length) {
    byte[] noise = new byte[length / 4];
    java.util.Arrays.fill(noise, (byte) 7);
    String part = Base64.getUrlEncoder().withoutPadding().encodeToString(noise);
    HttpResponse<String> answer = stack.exchange(part + "." + part + "." + part);
    assertTooLarge(
        answer.statusCode(), answer.headers().firstValue("Content-Type").orElse(""), answer.body());
    // The client goes on as if nothing had happened.
    assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
  }

  @Test
  void saysThatManySmallHeadersAreTooLarge() throws IOException {
    String lines = "X-Filler: abcdefghij\r\n".repeat(5000) + "X: y";
    RawAnswer answer = stack.rawGet(TestStack.EXCHANGE, lines);
    assertTooLarge(answer.status(), answer.headers().get("content-type"), answer.body());
  }

  private static void assertTooLarge(
      int status, @org.jspecify.annotations.Nullable String type, String body) {
    assertThat(status).as(body).isEqualTo(431);
    assertThat(type).isEqualTo("application/problem+json");
    assertThat(TestStack.json(body))
        .containsEntry("title", "Request Header Fields Too Large")
        .containsEntry("detail", "The request's headers have more than 65536 bytes.");
  }
}

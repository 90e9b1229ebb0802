package no.portvakt.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
  @Test
  void readsEachTypeAndKeepsTheOrderOfMembers() throws MalformedJson {
    Map<String, @Nullable Object> read =
        Json.readObject(
            "{\"z\":\"text\",\"a\":1,\"m\":[true,false,null],\"o\":{\"b\":1.5,\"a\":{}}}");
    assertThat(read.keySet()).containsExactly("z", "a", "m", "o");
    assertThat(read.get("z")).isEqualTo("text");
    assertThat(read.get("a")).isEqualTo(1L);
    assertThat(read.get("m")).isEqualTo(Arrays.asList(true, false, null));
    assertThat(read.get("o")).isEqualTo(Map.of("b", new BigDecimal("1.5"), "a", Map.of()));
  }

  @Test
  void givesEachNumberTheNarrowestTypeThatHoldsIt() throws MalformedJson {
    assertThat(number("0")).isEqualTo(0L);
    assertThat(number("-1")).isEqualTo(-1L);
    assertThat(number("999999999999999999")).isEqualTo(999_999_999_999_999_999L);
    assertThat(number("9223372036854775807")).isEqualTo(Long.MAX_VALUE);
    assertThat(number("-9223372036854775808")).isEqualTo(Long.MIN_VALUE);
    assertThat(number("9223372036854775808")).isEqualTo(BigInteger.TWO.pow(63));
    assertThat(number("-9223372036854775809"))
        .isEqualTo(BigInteger.TWO.pow(63).negate().subtract(BigInteger.ONE));
    assertThat(number("1.0")).isEqualTo(new BigDecimal("1.0"));
    assertThat(number("1e3")).isEqualTo(new BigDecimal("1e3"));
    assertThat(number("-2.5E-7")).isEqualTo(new BigDecimal("-2.5E-7"));
  }

  @Test
  void writesWhatItRead() throws MalformedJson {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    members.put("long", Long.MAX_VALUE);
    members.put("big", BigInteger.TEN.pow(40));
    members.put("decimal", new BigDecimal("0.10"));
    members.put("exponent", new BigDecimal("1E+3"));
    members.put("text", "æøå <&> \"\\ \u0000\u001f\u007f\u2028 \uD83D\uDE00");
    members.put("nothing", null);
    members.put("list", Arrays.asList(1L, null, "x", List.of(), Map.of()));
    String written = Json.write(members);
    assertThat(Json.readObject(written)).isEqualTo(members);
    assertThat(Json.readObject(written.getBytes(UTF_8))).isEqualTo(members);
    assertThat(Json.readObject(Json.writePretty(members))).isEqualTo(members);
  }

  @Test
  void acceptsWhitespaceAroundAndEscapesInside() throws MalformedJson {
    assertThat(Json.readObject(" \t\r\n{ \"a\" : \"\\u00e6\\n\\/\\ud83d\\ude00\" } \r\n"))
        .isEqualTo(Map.of("a", "æ\n/\uD83D\uDE00"));
  }

  @Test
  void readsAnyValueWhenAskedTo() throws MalformedJson {
    assertThat(Json.readValue(bytes("[1]"))).isEqualTo(List.of(1L));
    assertThat(Json.readValue(bytes("\"a\""))).isEqualTo("a");
    assertThat(Json.readValue(bytes("null"))).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"b\":2,\"a\":null}",
        "{\"a\":1,\"\\u0061\":2}",
        "{\"o\":{\"a\":1,\"a\":2}}",
        "{\"o\":[[{\"a\":{},\"a\":{}}]]}",
        "{\"\":1,\"\":2}"
      })
  void refusesDuplicateMembersAtEveryDepth(String json) {
    assertThat(reason(json)).isEqualTo("has a duplicate member");
  }

  @Test
  void acceptsTheSameNameInDifferentObjects() throws MalformedJson {
    assertThat(Json.readObject("{\"a\":{\"a\":1},\"b\":[{\"a\":1},{\"a\":2}],\"A\":1}")).hasSize(3);
  }

  @Test
  void readsTheDeepestNestingAndNoDeeper() throws MalformedJson {
    assertThat(Json.readValue(bytes(nested(Json.MAX_DEPTH)))).isInstanceOf(List.class);
    assertThat(reason(nested(Json.MAX_DEPTH + 1))).startsWith("is nested deeper than");
    assertThat(reason(nested(10_000))).startsWith("is nested deeper than");
    assertThat(reason("{\"a\":".repeat(10_000) + "1" + "}".repeat(10_000)))
        .startsWith("is nested deeper than");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}x", "{}{}", "{} {}", "{},", "{}]", "{}\u0000", "[]1", "{}//", "1 2"})
  void refusesTextAfterTheValue(String json) {
    assertThat(reason(json)).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "\n",
        "{",
        "[",
        "{\"a\"",
        "{\"a\":",
        "{\"a\":1",
        "{\"a\":1,}",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{,}",
        "{\"a\" 1}",
        "{\"a\"=1}",
        "{\"a\"=>1}",
        "{\"a\":1;\"b\":2}",
        "[1;2]",
        "{a:1}",
        "{1:1}",
        "{null:1}",
        "{'a':1}",
        "{\"a\":'b'}",
        "{\"a\":b}",
        "{\"a\":undefined}",
        "// c\n{}",
        "/* c */{}",
        "# c\n{}",
        "{}//c",
        "{/*c*/}",
        ")]}'\n{}"
      })
  void refusesWhatIsNotJson(String json) {
    assertThat(reason(json)).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "NaN",
        "-NaN",
        "Infinity",
        "-Infinity",
        "+1",
        "01",
        "-01",
        "00",
        "1.",
        ".5",
        "-",
        "-.5",
        "1e",
        "1e+",
        "0x10",
        "1_000",
        "1f",
        "１",
        "True",
        "FALSE",
        "Null",
        "nul",
        "truee"
      })
  void refusesWhatLooksLikeANumberOrWordButIsNone(String value) {
    assertThat(reason("[" + value + "]")).as(value).isNotEmpty();
    assertThat(reason("{\"a\":" + value + "}")).as(value).isNotEmpty();
  }

  @Test
  void refusesNumbersTooLongToComputeWith() throws MalformedJson {
    assertThat(number("1" + "0".repeat(63))).isEqualTo(BigInteger.TEN.pow(63));
    assertThat(reason("[1" + "0".repeat(64) + "]")).contains("64 characters");
    assertThat(reason("[0." + "1".repeat(100_000) + "]")).isNotEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[\"\u0000\"]",
        "[\"a\nb\"]",
        "[\"a\tb\"]",
        "[\"\u001f\"]",
        "[\"\\x41\"]",
        "[\"\\'\"]",
        "[\"\\u12\"]",
        "[\"\\u12g4\"]",
        "[\"\\\n\"]",
        "[\"abc]",
        "\u0000{}",
        "{\u0000}",
        "{\"a\u0000\":1}"
      })
  void refusesControlCharactersAndUnknownEscapes(String json) {
    assertThat(reason(json)).as(json).isNotEmpty();
  }

  // RFC 8259 §8.2: half a surrogate pair has no UTF-8 form; a claim with it could not be copied.
  @ParameterizedTest
  @ValueSource(
      strings = {
        "[\"\\ud800\"]",
        "[\"\\udc00\"]",
        "[\"\\ud800x\"]",
        "[\"\\ude00\\ud83d\"]",
        "[\"\\ud83d\\ud83d\\ude00\"]",
        "{\"\\ud800\":1}",
        "{\"o\":{\"a\":[\"\\ud83d\"]}}"
      })
  void refusesLoneSurrogates(String json) {
    assertThat(reason(json)).as(json).isNotEmpty();
  }

  // RFC 8259 §8.1 lets a reader ignore it; a signed message shall have one form.
  @Test
  void refusesAByteOrderMark() {
    assertThat(reason("\uFEFF{}")).isNotEmpty();
    assertThat(reason("{}\uFEFF")).isNotEmpty();
    assertThat(reason(new byte[] {(byte) 0xef, (byte) 0xbb, (byte) 0xbf, '{', '}'})).isNotEmpty();
  }

  @Test
  void refusesBytesThatAreNotUtf8() {
    List<byte[]> invalid = new ArrayList<>();
    invalid.add(new byte[] {'"', (byte) 0xe6, '"'}); // Latin-1
    invalid.add(new byte[] {'"', (byte) 0xc0, (byte) 0xaf, '"'}); // an overlong slash
    invalid.add(new byte[] {'"', (byte) 0xed, (byte) 0xa0, (byte) 0x80, '"'}); // half a pair
    invalid.add(new byte[] {'"', (byte) 0xf5, (byte) 0x80, (byte) 0x80, (byte) 0x80, '"'});
    invalid.add(new byte[] {'"', (byte) 0xc3}); // cut
    invalid.add(new byte[] {(byte) 0xff, (byte) 0xfe, '{', 0, '}', 0}); // UTF-16
    for (byte[] bytes : invalid) {
      assertThat(reason(bytes)).as(Arrays.toString(bytes)).isEqualTo("is not UTF-8");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"[]", "[{}]", "\"a\"", "1", "true", "null"})
  void refusesAnythingButAnObjectWhereOneIsDue(String json) {
    assertThatExceptionOfType(MalformedJson.class)
        .isThrownBy(() -> Json.readObject(json))
        .withMessage("is not a JSON object");
  }

  @Test
  void neverQuotesTheText() {
    for (String json : List.of("{\"secret\"", "{\"secret\":1,\"secret\":2}", "secret", "[secret")) {
      assertThat(reason(json)).doesNotContain("secret");
    }
  }

  @Test
  void refusesToWriteWhatJsonHasNoFormFor() {
    assertThatIllegalArgumentException().isThrownBy(() -> Json.write(Double.NaN));
  }

  private static @Nullable Object number(String text) throws MalformedJson {
    return Json.readValue(bytes(text));
  }

  private static String nested(int depth) {
    return "[".repeat(depth) + "]".repeat(depth);
  }

  private static byte[] bytes(String text) {
    return text.getBytes(UTF_8);
  }

  private static String reason(String json) {
    return reason(bytes(json));
  }

  private static String reason(byte[] json) {
    Object read;
    try {
      read = Json.readValue(json);
    } catch (MalformedJson e) {
      return e.reason();
    }
    throw new AssertionError("It was read as " + Json.write(read));
  }
}

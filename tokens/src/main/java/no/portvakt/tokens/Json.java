package no.portvakt.tokens;

import com.nimbusds.jose.shaded.gson.FormattingStyle;
import com.nimbusds.jose.shaded.gson.Strictness;
import com.nimbusds.jose.shaded.gson.stream.JsonReader;
import com.nimbusds.jose.shaded.gson.stream.JsonToken;
import com.nimbusds.jose.shaded.gson.stream.JsonWriter;
import com.nimbusds.jose.shaded.gson.stream.MalformedJsonException;
import java.io.EOFException;
import java.io.IOException;
import java.io.StringReader;
import java.io.Writer;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Strict JSON (RFC 8259) to and from Java's own types: {@code Map} (in member order), {@code List},
 * {@code String}, {@code Long}, {@code BigInteger}, {@code BigDecimal}, {@code Boolean}, {@code
 * null}.
 *
 * <p>It refuses what RFC 8259 §4 leaves open and a signed message must not have: duplicate members
 * at any depth, invalid UTF-8, a byte order mark, half surrogate pairs, and nesting beyond {@value
 * #MAX_DEPTH}. The reader and the writer are those that the JOSE library carries, so that the
 * client libraries need no second JSON library.
 */
public final class Json {
  /** The deepest nesting of objects and arrays that is read. */
  public static final int MAX_DEPTH = 32;

  /** The longest number that is read, in characters: no quadratic work on a caller's digits. */
  private static final int MAX_NUMBER_LENGTH = 64;

  private Json() {}

  /**
   * Reads one JSON object.
   *
   * @throws MalformedJson when the bytes are not UTF-8, not JSON, not one object, nested too deep,
   *     or have a duplicate member
   */
  public static Map<String, @Nullable Object> readObject(byte[] utf8) throws MalformedJson {
    return asObject(read(decode(utf8)));
  }

  /** Reads one JSON object from text; see {@link #readObject(byte[])}. */
  public static Map<String, @Nullable Object> readObject(String text) throws MalformedJson {
    return asObject(read(text));
  }

  /** Reads one JSON value of any type; see {@link #readObject(byte[])} for what is refused. */
  public static @Nullable Object readValue(byte[] utf8) throws MalformedJson {
    return read(decode(utf8));
  }

  /** Writes a value as compact JSON; members keep the order of the map. */
  public static String write(@Nullable Object value) {
    return write(value, FormattingStyle.COMPACT);
  }

  /** Writes a value as JSON for people, with two blanks for each level. */
  public static String writePretty(@Nullable Object value) {
    return write(value, FormattingStyle.PRETTY);
  }

  private static String write(@Nullable Object value, FormattingStyle style) {
    StringBuilder out = new StringBuilder(1024);
    try (JsonWriter writer = new JsonWriter(new Unlocked(out))) {
      writer.setStrictness(Strictness.STRICT);
      writer.setFormattingStyle(style);
      writeAny(writer, value);
    } catch (IOException e) {
      throw new IllegalStateException("Writing to memory failed.", e);
    }
    return out.toString();
  }

  private static void writeAny(JsonWriter writer, @Nullable Object value) throws IOException {
    if (value == null) {
      writer.nullValue();
    } else if (value instanceof String text) {
      writer.value(text);
    } else if (value instanceof Map<?, ?> members) {
      writer.beginObject();
      for (Map.Entry<?, ?> member : members.entrySet()) {
        writer.name(String.valueOf(member.getKey()));
        writeAny(writer, member.getValue());
      }
      writer.endObject();
    } else if (value instanceof Iterable<?> items) {
      writer.beginArray();
      for (Object item : items) {
        writeAny(writer, item);
      }
      writer.endArray();
    } else if (value instanceof Number number) {
      writer.value(number);
    } else if (value instanceof Boolean flag) {
      writer.value(flag);
    } else {
      throw new IllegalArgumentException("No JSON form for " + value.getClass().getName());
    }
  }

  private static String decode(byte[] utf8) throws MalformedJson {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(utf8)).toString();
    } catch (CharacterCodingException e) {
      throw new MalformedJson("is not UTF-8");
    }
  }

  @SuppressWarnings("unchecked") // read() makes maps with String keys only
  private static Map<String, @Nullable Object> asObject(@Nullable Object value)
      throws MalformedJson {
    if (value instanceof Map<?, ?> map) {
      return (Map<String, @Nullable Object>) map;
    }
    throw new MalformedJson("is not a JSON object");
  }

  private static @Nullable Object read(String text) throws MalformedJson {
    if (text.startsWith("\uFEFF")) {
      throw new MalformedJson("begins with a byte order mark");
    }
    try (JsonReader reader = new JsonReader(new StringReader(text))) {
      reader.setStrictness(Strictness.STRICT);
      reader.setNestingLimit(MAX_DEPTH);
      Object value = readAny(reader);
      if (reader.peek() != JsonToken.END_DOCUMENT) {
        throw new MalformedJson("has text after the JSON value");
      }
      return value;
    } catch (EOFException | MalformedJsonException e) {
      throw new MalformedJson(
          String.valueOf(e.getMessage()).startsWith("Nesting limit")
              ? "is nested deeper than " + MAX_DEPTH + " levels"
              : "is not valid JSON");
    } catch (IOException | IllegalStateException | NumberFormatException e) {
      throw new MalformedJson("is not valid JSON");
    }
  }

  private static @Nullable Object readAny(JsonReader reader) throws IOException, MalformedJson {
    return switch (reader.peek()) {
      case BEGIN_OBJECT -> readMembers(reader);
      case BEGIN_ARRAY -> readItems(reader);
      case STRING -> text(reader.nextString());
      case NUMBER -> number(reader.nextString());
      case BOOLEAN -> reader.nextBoolean();
      case NULL -> {
        reader.nextNull();
        yield null;
      }
      default -> throw new MalformedJson("is not valid JSON");
    };
  }

  private static List<@Nullable Object> readItems(JsonReader reader)
      throws IOException, MalformedJson {
    List<@Nullable Object> items = new ArrayList<>();
    reader.beginArray();
    while (reader.hasNext()) {
      items.add(readAny(reader));
    }
    reader.endArray();
    return items;
  }

  private static Map<String, @Nullable Object> readMembers(JsonReader reader)
      throws IOException, MalformedJson {
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    reader.beginObject();
    while (reader.hasNext()) {
      String name = text(reader.nextName());
      if (members.containsKey(name)) {
        throw new MalformedJson("has a duplicate member");
      }
      members.put(name, readAny(reader));
    }
    reader.endObject();
    return members;
  }

  // RFC 8259 §8.2: \ud800 alone is a legal escape of a character that no UTF-8 can carry on.
  private static String text(String read) throws MalformedJson {
    for (int i = 0; i < read.length(); i++) {
      if (Character.isSurrogate(read.charAt(i))) {
        if (!Character.isSupplementaryCodePoint(read.codePointAt(i))) {
          throw new MalformedJson("has half a surrogate pair");
        }
        i++;
      }
    }
    return read;
  }

  private static Number number(String text) throws MalformedJson {
    if (text.length() > MAX_NUMBER_LENGTH) {
      throw new MalformedJson("has a number of more than " + MAX_NUMBER_LENGTH + " characters");
    }
    boolean integer = true;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '.' || c == 'e' || c == 'E') {
        integer = false;
        break;
      }
    }
    if (!integer) {
      return new BigDecimal(text);
    }
    if (text.length() <= 18) {
      return Long.parseLong(text);
    }
    BigInteger big = new BigInteger(text);
    return big.bitLength() < Long.SIZE ? (Number) big.longValue() : big;
  }

  /** A writer to memory without the locks of {@link java.io.StringWriter}. */
  private static final class Unlocked extends Writer {
    private final StringBuilder out;

    Unlocked(StringBuilder out) {
      this.out = out;
    }

    @Override
    public void write(int c) {
      out.append((char) c);
    }

    @Override
    public void write(String text) {
      out.append(text);
    }

    @Override
    public void write(String text, int offset, int length) {
      boolean whole = length == text.length(); // which is the quick way, and most texts are
      out.append(whole ? text : text.substring(offset, offset + length));
    }

    @Override
    public void write(char[] text, int offset, int length) {
      out.append(text, offset, length);
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }

  /** Says in a few fixed words why a text is not acceptable JSON; never quotes the text. */
  public static final class MalformedJson extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedJson(String reason) {
      super(reason, null, false, false);
    }

    /** What is wrong, fit to follow a subject: "is not UTF-8". */
    public String reason() {
      return String.valueOf(getMessage());
    }
  }
}

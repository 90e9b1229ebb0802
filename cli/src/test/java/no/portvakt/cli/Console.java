package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/** What a command wrote, and its exit code. */
record Console(int code, String out, String err) {
  /** A token or its long beginning; random ids of up to 43 characters may hold {@code eyJ} too. */
  static final String TOKEN = "eyJ[A-Za-z0-9_-]*(\\.[A-Za-z0-9_-]|[A-Za-z0-9_-]{41})";

  /** Runs a command to its end. */
  static Console run(String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    int code = Portvakt.run(new PrintWriter(out, true), new PrintWriter(err, true), arguments);
    return new Console(code, out.toString(), err.toString());
  }

  /** Asserts that the command did what it was asked to, without a word of complaint. */
  Console succeeds() {
    assertThat(err).isEmpty();
    assertThat(code).as(out).isZero();
    return this;
  }

  /** Asserts exit code 2 and one sentence for a person: no stack trace, nothing on standard out. */
  String fails() {
    assertThat(code).as(err).isEqualTo(2);
    assertThat(out).isEmpty();
    assertThat(err.lines()).as(err).hasSize(1);
    assertThat(err).startsWith("portvakt: ").doesNotContain("Exception");
    assertThat(err.strip()).matches(".*[.?]");
    return err.strip();
  }

  /** Standard out as JSON objects, one a line. */
  List<Map<String, @Nullable Object>> objects() {
    List<Map<String, @Nullable Object>> objects = new ArrayList<>();
    for (String line : out.lines().toList()) {
      try {
        objects.add(Json.readObject(line));
      } catch (MalformedJson e) {
        throw new AssertionError("Not a JSON object: " + line, e);
      }
    }
    return objects;
  }
}

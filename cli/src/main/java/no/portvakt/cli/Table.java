package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/** Objects as a person reads them on a console. */
final class Table {
  private Table() {}

  /** An object a line, below the names of the columns. */
  static void print(
      PrintWriter out, List<Map<String, @Nullable Object>> objects, String... columns) {
    int[] widths = Arrays.stream(columns).mapToInt(String::length).toArray();
    for (Map<String, @Nullable Object> object : objects) {
      for (int i = 0; i < columns.length; i++) {
        widths[i] = Math.max(widths[i], text(object.get(columns[i])).length());
      }
    }
    line(out, widths, columns);
    for (Map<String, @Nullable Object> object : objects) {
      line(
          out,
          widths,
          Arrays.stream(columns).map(name -> text(object.get(name))).toArray(String[]::new));
    }
  }

  /** A member a line. */
  static void print(PrintWriter out, Map<String, @Nullable Object> object) {
    int width =
        object.keySet().stream()
            .mapToInt(name -> RuleTrace.printable(name).length())
            .max()
            .orElse(0);
    object.forEach((name, value) ->
        line(out, new int[] {width, 0}, new String[] {RuleTrace.printable(name), text(value)}));
  }

  private static void line(PrintWriter out, int[] widths, String[] cells) {
    StringBuilder line = new StringBuilder();
    for (int i = 0; i < cells.length; i++) {
      line.append(cells[i]).repeat(" ", Math.max(0, widths[i] - cells[i].length())).append("  ");
    }
    out.println(line.toString().stripTrailing());
  }

  /** A value in one line. */
  static String text(@Nullable Object value) {
    if (value == null) {
      return "";
    }
    boolean texts =
        value instanceof List<?> list && list.stream().allMatch(it -> it instanceof String);
    String text =
        texts
            ? String.join(" ", ((List<?>) value).stream().map(String::valueOf).toList())
            : value instanceof Map || value instanceof List ? Json.write(value) : value.toString();
    // What is shown may come from somebody else: nothing that drives a terminal reaches it.
    return text.replaceAll("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}]", " ");
  }
}

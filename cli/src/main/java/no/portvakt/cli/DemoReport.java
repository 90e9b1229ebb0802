package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** Prints the demonstration's steps, for a person or as one JSON object a step. */
final class DemoReport {
  private final PrintWriter out;
  private final boolean json;
  private int steps;
  private boolean allHeld = true;

  DemoReport(PrintWriter out, boolean json) {
    this.out = out;
    this.json = json;
  }

  /** Begins a step. */
  Step step(String title) {
    steps++;
    return new Step(title);
  }

  boolean allHeld() {
    return allHeld;
  }

  /** One step: what was sent, what came back, what was checked. */
  final class Step {
    private final String title;
    private final Map<String, @Nullable Object> parts = new LinkedHashMap<>();
    private final List<Map<String, Object>> checks = new ArrayList<>();
    private boolean held = true;

    private Step(String title) {
      this.title = title;
    }

    /** Shows a part of the step under a name. */
    Step show(String name, @Nullable Object value) {
      parts.put(name, value);
      return this;
    }

    /** Checks something that must hold. */
    boolean check(String what, boolean holds) {
      checks.add(Map.of("what", what, "held", holds));
      held &= holds;
      return holds;
    }

    /** Prints the step and says whether all of it held. */
    boolean end() {
      allHeld &= held;
      if (json) {
        Map<String, @Nullable Object> line = new LinkedHashMap<>();
        line.put("step", steps);
        line.put("title", title);
        line.put("held", held);
        line.putAll(parts);
        line.put("checks", checks);
        out.println(Json.write(line));
      } else {
        out.printf("%d. %s%n", steps, title);
        parts.forEach((name, value) -> {
          String text = value instanceof String it ? it : Json.writePretty(value);
          out.printf("   %-8s %s%n", name, text.replace("\n", "\n            "));
        });
        checks.forEach(check ->
            out.printf(
                "   %s %s%n",
                Boolean.TRUE.equals(check.get("held")) ? "✓" : "✗ NOT", check.get("what")));
        out.println();
      }
      out.flush();
      return held;
    }
  }
}

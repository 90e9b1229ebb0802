package no.portvakt.server.registry;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.OrganisationTable.Organisation;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/**
 * Reads organisations from the public list's form: {@code {"orgs":{"<code>":{"orgnr":"<nine digits
 * or empty>","name":{"nb":…}}}}}. A bad entry is reported by its code and does not spoil the rest.
 */
public final class OrganisationImport {
  private static final int LONGEST_CODE = 32;

  private OrganisationImport() {}

  /**
   * What came of an import.
   *
   * @param imported how many organisations were stored
   * @param problems one sentence for each entry that was left out
   */
  public record Result(int imported, List<String> problems) {}

  /**
   * Stores the good entries.
   *
   * @throws MalformedJson when the document is not JSON of this form at all
   */
  public static Result run(byte[] document, OrganisationTable table) throws MalformedJson {
    Map<String, @Nullable Object> root = Json.readObject(document);
    List<Organisation> good = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    if (!(root.get("orgs") instanceof Map<?, ?> entries)) {
      return new Result(0, List.of("The document has no object named orgs."));
    }
    Map<String, String> codeByNumber = new HashMap<>();
    entries.forEach((code, entry) -> {
      String problem = read(String.valueOf(code), entry, codeByNumber, good);
      if (problem != null) {
        problems.add(shown(String.valueOf(code)) + ": " + problem);
      }
    });
    table.put(good);
    return new Result(good.size(), problems);
  }

  private static @Nullable String read(
      String code,
      @Nullable Object entry,
      Map<String, String> codeByNumber,
      List<Organisation> good) {
    if (code.isEmpty() || code.length() > LONGEST_CODE || !code.matches("[a-z0-9_-]+")) {
      return "the code is not of the form a-z, 0-9, _ and -, at most 32 characters";
    }
    if (!(entry instanceof Map<?, ?> members)) {
      return "the entry is not an object";
    }
    Object orgnr = members.get("orgnr");
    if (orgnr != null && !(orgnr instanceof String)) {
      return "orgnr is not a string";
    }
    String number = orgnr instanceof String text && !text.isEmpty() ? text : null;
    if (number != null && OrganisationNumber.parse(number) == null) {
      return "orgnr is not a valid organisation number";
    }
    Object name = members.get("name");
    if (name != null && !(name instanceof Map<?, ?>)) {
      return "name is not an object";
    }
    // Last, so that an entry that is left out takes nobody's number.
    if (number != null) {
      String other = codeByNumber.putIfAbsent(number, code);
      if (other != null) {
        return "orgnr is that of " + shown(other) + " already";
      }
    }
    good.add(new Organisation(code, number, Json.write(name == null ? Map.of() : name)));
    return null;
  }

  private static String shown(String code) {
    return RuleTrace.printable(
        code.length() <= LONGEST_CODE ? code : code.substring(0, LONGEST_CODE) + "…");
  }
}

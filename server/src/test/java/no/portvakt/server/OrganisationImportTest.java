package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import no.portvakt.server.database.Database;
import no.portvakt.server.registry.OrganisationImport;
import no.portvakt.server.registry.OrganisationImport.Result;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.OrganisationTable.Organisation;
import no.portvakt.tokens.Json.MalformedJson;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bringing in short codes from the public list's form. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OrganisationImportTest {
  private final TestStore store;
  private final Database database;
  private final OrganisationTable table;

  OrganisationImportTest(@TempDir Path folder) {
    store = TestStore.in(folder);
    database = store.open();
    table = new OrganisationTable(database);
  }

  @AfterEach
  void forget() {
    store.sql("DELETE FROM organisation");
  }

  @AfterAll
  void close() {
    database.close();
  }

  @Test
  void bringsInCodesNumbersAndNames() throws MalformedJson {
    Result result =
        run(
            """
            {"orgs":{
              "ssb":{"orgnr":"971526920","name":{"en":"Statistics Norway","nb":"Statistisk sentralbyrå"},
                     "logo":"https://example.com/ssb.png","environments":["tt02"]},
              "nav":{"orgnr":"889640782"},
              "test":{"orgnr":"","name":{}},
              "none":{"name":{"nb":"Uten nummer"}},
              "null":{"orgnr":null}
            },"other":1}
            """);
    assertThat(result.problems()).isEmpty();
    assertThat(result.imported()).isEqualTo(5);
    assertThat(table.codeOf("971526920")).isEqualTo("ssb");
    assertThat(table.codeOf("889640782")).isEqualTo("nav");
    assertThat(table.all())
        .contains(
            new Organisation(
                "ssb",
                "971526920",
                "{\"en\":\"Statistics Norway\",\"nb\":\"Statistisk sentralbyrå\"}"),
            new Organisation("test", null, "{}"))
        .hasSize(5);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "\"bad\":5 | the entry is not an object",
        "\"bad\":null | the entry is not an object",
        "\"bad\":[] | the entry is not an object",
        "\"bad\":{\"orgnr\":971526920} | orgnr is not a string",
        "\"bad\":{\"orgnr\":\"97152692\"} | orgnr is not a valid organisation number",
        "\"bad\":{\"orgnr\":\"971526921\"} | orgnr is not a valid organisation number",
        "\"bad\":{\"orgnr\":\"97152692x\"} | orgnr is not a valid organisation number",
        "\"bad\":{\"orgnr\":\" 971526920\"} | orgnr is not a valid organisation number",
        "\"bad\":{\"orgnr\":\"889640782\"} | orgnr is that of nav already",
        "\"bad\":{\"orgnr\":\"971526920\",\"name\":\"SSB\"} | name is not an object",
      })
  void leavesOutABadEntryAndKeepsTheRest(String bad, String problem) throws MalformedJson {
    Result result =
        run(
            "{\"orgs\":{\"nav\":{\"orgnr\":\"889640782\"},"
                + bad
                + ",\"brg\":{\"orgnr\":\"974760673\"}}}");
    assertThat(result.problems()).containsExactly("bad: " + problem);
    assertThat(result.imported()).isEqualTo(2);
    assertThat(table.codeOf("889640782")).isEqualTo("nav");
    assertThat(table.codeOf("974760673")).isEqualTo("brg");
    assertThat(table.codeOf("971526920")).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", "SSB", "æøå", "a b", "a/b", "../x", "a.b", "a\\u0000", "<b>"})
  void leavesOutACodeOfAnotherForm(String code) throws MalformedJson {
    Result result = run("{\"orgs\":{\"" + code + "\":{},\"good\":{}}}");
    assertThat(result.imported()).isEqualTo(1);
    assertThat(result.problems())
        .singleElement()
        .asString()
        .contains("the code is not of the form");
  }

  @Test
  void shortensACodeThatIsTooLong() throws MalformedJson {
    Result result = run("{\"orgs\":{\"" + "x".repeat(10_000) + "\":{}}}");
    assertThat(result.imported()).isZero();
    assertThat(result.problems().get(0)).hasSizeLessThan(200);
  }

  @Test
  void doesNotLetAnEntryThatIsLeftOutTakeANumber() throws MalformedJson {
    Result result =
        run(
            "{\"orgs\":{\"bad\":{\"orgnr\":\"971526920\",\"name\":5},"
                + "\"ssb\":{\"orgnr\":\"971526920\"}}}");
    assertThat(result.problems()).containsExactly("bad: name is not an object");
    assertThat(table.codeOf("971526920")).isEqualTo("ssb");
  }

  @Test
  void replacesWhatItKnewUnderTheSameCode() throws MalformedJson {
    run("{\"orgs\":{\"ssb\":{\"orgnr\":\"971526920\"},\"nav\":{\"orgnr\":\"889640782\"}}}");
    run("{\"orgs\":{\"ssb\":{\"orgnr\":\"974760673\"}}}");
    assertThat(table.codeOf("974760673")).isEqualTo("ssb");
    assertThat(table.codeOf("971526920")).isNull();
    assertThat(table.codeOf("889640782")).isEqualTo("nav");
  }

  @Test
  void movesANumberFromOneCodeToAnother() throws MalformedJson {
    run("{\"orgs\":{\"a\":{\"orgnr\":\"971526920\"},\"b\":{\"orgnr\":\"889640782\"}}}");
    run("{\"orgs\":{\"a\":{\"orgnr\":\"889640782\"},\"b\":{\"orgnr\":\"971526920\"}}}");
    assertThat(table.codeOf("889640782")).isEqualTo("a");
    assertThat(table.codeOf("971526920")).isEqualTo("b");
    run("{\"orgs\":{\"c\":{\"orgnr\":\"971526920\"}}}");
    assertThat(table.codeOf("971526920")).isEqualTo("c");
    assertThat(table.all()).hasSize(3);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "null",
        "[]",
        "\"orgs\"",
        "{",
        "{\"orgs\":{\"a\":{}}",
        "<html>",
        "{\"orgs\":{\"a\":{},\"a\":{}}}"
      })
  void refusesADocumentThatIsNoJsonObject(String document) {
    assertThatExceptionOfType(MalformedJson.class).isThrownBy(() -> run(document));
    assertThat(table.all()).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"{}", "{\"orgs\":null}", "{\"orgs\":[]}", "{\"ORGS\":{}}", "{\"orgs\":5}"})
  void reportsADocumentWithoutOrganisations(String document) throws MalformedJson {
    assertThat(run(document))
        .isEqualTo(new Result(0, java.util.List.of("The document has no object named orgs.")));
  }

  @Test
  void isSeenByAServerThatRunsOnTheSameStore(@TempDir Path elsewhere) throws MalformedJson {
    TestStore used = TestStore.in(elsewhere);
    try (TestStack stack = TestStack.start(used.settings());
        Database other = used.open()) {
      OrganisationImport.run(
          "{\"orgs\":{\"nav\":{\"orgnr\":\"889640782\"}}}".getBytes(StandardCharsets.UTF_8),
          new OrganisationTable(other));
      TokenForge proof =
          stack
              .forge("altinn:serviceowner")
              .claim(
                  "consumer", Map.of("authority", "iso6523-actorid-upis", "ID", "0192:889640782"));
      assertThat(TestStack.claims(stack.exchange(proof.compact()).body()))
          .containsEntry("org", "nav");
    }
  }

  private Result run(String document) throws MalformedJson {
    return OrganisationImport.run(document.getBytes(StandardCharsets.UTF_8), table);
  }
}

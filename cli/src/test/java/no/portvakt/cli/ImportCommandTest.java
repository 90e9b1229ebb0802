package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.OrganisationTable.Organisation;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImportCommandTest {
  private static final String GOOD =
      """
      {"orgs": {
        "brg": {"name": {"en": "Register", "nb": "Brønnøysund"}, "orgnr": "974760673", "logo": "x"},
        "test-1_a": {"name": {}, "orgnr": ""},
        "ttd": {"orgnr": "405003309"}
      }}
      """;

  @TempDir private Path folder = Path.of("");

  @Test
  void importsOrganisations() throws IOException {
    Console console = run(GOOD);
    assertThat(console.succeeds().out()).contains("3 organisations imported.");
    assertThat(stored())
        .extracting(it -> it.code() + " " + it.number())
        .containsExactly("brg 974760673", "test-1_a null", "ttd 405003309");
    assertThat(stored().get(0).names()).contains("Brønnøysund");
  }

  @Test
  void replacesOrganisationsOfTheSameCode() throws IOException {
    run(GOOD).succeeds();
    run("{\"orgs\":{\"brg\":{\"orgnr\":\"889640782\"}}}").succeeds();
    assertThat(stored())
        .extracting(it -> it.code() + " " + it.number())
        .contains("brg 889640782", "ttd 405003309");
  }

  @Test
  void leavesABadEntryOutAndNamesIt() throws IOException {
    String mixed =
        """
        {"orgs": {
          "brg": {"orgnr": "974760673"},
          "bad1": {"orgnr": "974760674"},
          "bad2": {"orgnr": 974760673},
          "bad3": "x",
          "bad4": null,
          "bad5": {"orgnr": "405003309", "name": "Test"},
          "bad6": {"orgnr": "974760673"},
          "BAD7": {"orgnr": "991825827"},
          "": {"orgnr": "991825827"},
          "ttd": {"orgnr": "405003309"}
        }}
        """;
    Console console = run(mixed);
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.out()).contains("2 organisations imported.");
    assertThat(console.err().lines()).hasSize(8).allMatch(line -> line.startsWith("left out: "));
    for (String code : List.of("bad1", "bad2", "bad3", "bad4", "bad5", "bad6", "BAD7")) {
      assertThat(console.err()).contains("left out: " + code + ": ");
    }
    assertThat(stored()).extracting(Organisation::code).containsExactly("brg", "ttd");
  }

  @Test
  void showsNoControlCharactersOfABadCode() throws IOException {
    Console console = run("{\"orgs\":{\"a\\u001b[31m\\nb\":{\"orgnr\":\"974760673\"}}}");
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.err()).doesNotContain("\u001b");
    assertThat(console.err().lines()).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "[]", "{\"orgs\":{}", "{\"orgs\":{\"a\":{},\"a\":{}}}", "{}x"})
  void refusesAFileThatIsNoJsonObject(String text) throws IOException {
    assertThat(run(text).fails()).contains("orgs.json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"{}", "{\"orgs\":[]}", "{\"orgs\":null}", "{\"Orgs\":{}}"})
  void saysThatThereAreNoOrganisationsInTheFile(String text) throws IOException {
    Console console = run(text);
    assertThat(console.code()).isEqualTo(1);
    assertThat(console.err()).contains("orgs");
  }

  @Test
  void refusesInvalidUtf8() throws IOException {
    byte[] latin1 =
        "{\"orgs\":{\"a\":{\"name\":{\"nb\":\"æ\"}}}}".getBytes(StandardCharsets.ISO_8859_1);
    Path file = Files.write(folder.resolve("orgs.json"), latin1);
    assertThat(run(file).fails()).contains("UTF-8");
  }

  @Test
  void refusesAFileThatIsNotThere() {
    assertThat(run(folder.resolve("none.json")).fails()).contains("none.json");
    assertThat(run(folder).fails()).contains(folder.toString());
  }

  @Test
  void refusesAFolderThatCanNotBeWritten() throws IOException {
    Path file = Files.writeString(folder.resolve("orgs.json"), GOOD);
    assertThat(
            Console.run("import", "organisations", file.toString(), "--data", file + "/below")
                .fails())
        .contains("--data");
  }

  private Console run(String text) throws IOException {
    return run(Files.writeString(folder.resolve("orgs.json"), text));
  }

  private Console run(Path file) {
    return Console.run(
        "import", "organisations", file.toString(), "--data", folder.resolve("data").toString());
  }

  private List<Organisation> stored() {
    try (Database database = Database.open(folder.resolve("data"))) {
      return new OrganisationTable(database).all();
    }
  }
}

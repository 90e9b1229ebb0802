package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code portvakt maskinporten}: scopes, accesses, clients, and what others decide. */
class MaskinportenCommandTest {
  private static final String DIGDIR = "991825827";
  private static final String BRG = "974760673";
  private static final String ALTINN = "https://tt02.altinn.no/";

  @TempDir private static Path folder = Path.of("");

  @SuppressWarnings("NullAway.Init") // before the first test
  private static TestPlatform platform;

  @BeforeAll
  static void start() {
    platform = TestPlatform.start(folder);
  }

  @AfterAll
  static void stop() {
    platform.close();
  }

  /** A name that no other test has. */
  private static String fresh(String beginning) {
    return beginning + UUID.randomUUID().toString().replace("-", "").substring(0, 8) + ".read";
  }

  private static String scope(String... settings) {
    String name = fresh("altinn:test/");
    String[] line = new String[5 + settings.length];
    line[0] = "scope";
    line[1] = "create";
    line[2] = name;
    line[3] = "--description";
    line[4] = "For a test";
    System.arraycopy(settings, 0, line, 5, settings.length);
    platform.run(line).succeeds();
    return name;
  }

  private static String client(String name, String... more) {
    String[] line = new String[3 + more.length];
    line[0] = "client";
    line[1] = "create";
    line[2] = name;
    System.arraycopy(more, 0, line, 3, more.length);
    return String.valueOf(platform.object(line).get("client_id"));
  }

  @Test
  void makesChangesAndDeletesAScope() {
    String name = scope("--set", "at_max_age=60", "--set", "accessible_for_all=true");
    assertThat(platform.object("scope", "show", name))
        .containsEntry("at_max_age", 60L)
        .containsEntry("accessible_for_all", true)
        .containsEntry("owner_orgno", DIGDIR);
    assertThat(platform.object("scope", "update", name, "--set", "at_max_age=30"))
        .containsEntry("at_max_age", 30L)
        .containsEntry("accessible_for_all", true);
    platform.run("scope", "delete", name).succeeds();
    assertThat(platform.run("scope", "list").succeeds().out()).doesNotContain(name);
    assertThat(platform.run("scope", "list", "--inactive").succeeds().out()).contains(name);
    assertThat(platform.object("scope", "update", name, "--set", "description=\"Back\""))
        .containsEntry("active", true)
        .containsEntry("description", "Back");
  }

  @Test
  void writesTablesForPeople() {
    String name = scope();
    assertThat(platform.run("scope", "list").succeeds().out().lines().findFirst().orElse(""))
        .matches("name +visibility +accessible_for_all +at_max_age +description");
    assertThat(platform.run("scope", "show", name).succeeds().out())
        .containsPattern("(?m)^description +For a test$")
        .containsPattern("(?m)^owner_orgno +" + DIGDIR + "$");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "scope create other:some/thing.read --description x|403 forbidden",
        "scope create altinn:A --description x|subscope",
        "scope create altinn --description x|a prefix, a colon and a subscope",
        "scope create altinn:a/b.read --description x --set at_maxage=1|did you mean at_max_age?",
        "scope create altinn:a/b.read --description x --set at_max_age|MEMBER=VALUE",
        "scope create altinn:a/b.read --description x --set at_max_age=many|at_max_age",
        "scope show altinn:not/there.read|no scope altinn:not/there.read",
        "scope delete altinn:not/there.read|404 not_found",
        "access grant altinn:not/there.read 974760673|404 not_found",
        "access grant altinn:serviceowner/instances.read 974760674|valid organisation number",
        "access deny altinn:serviceowner/instances.read 889640782|404 not_found",
        "client show nobody|404 not_found",
        "client create x --scope altinn:not/there.read|scopes",
        "client create x --set scope=[]|did you mean scopes?",
        "client update nobody|What is to change?",
        "prefix put idporten 974760673|403 forbidden",
        "system show nothing|404 not_found",
        "system-user add nothing 974760673|404 not_found",
        "consent remove nothing|404 not_found"
      })
  void refusesWithOneSentence(String line, String part) {
    assertThat(platform.run(line.split(" ", -1)).fails()).contains(part);
  }

  @Test
  void grantsAndDeniesAnAccess() {
    String name = scope();
    assertThat(platform.object("access", "grant", name, BRG)).containsEntry("state", "APPROVED");
    assertThat(platform.object("access", "list", "--scope", name))
        .containsEntry("consumer_orgno", BRG);
    assertThat(platform.object("access", "deny", name, BRG)).containsEntry("state", "DENIED");
    assertThat(platform.run("access", "list").succeeds().out())
        .contains("altinn:serviceowner/instances.read")
        .doesNotContain(name);
  }

  @Test
  void findsAClientByItsNameUnlessSeveralHaveIt() {
    String name = fresh("reader");
    String id = client(name, "--scope", "altinn:serviceowner/instances.read");
    assertThat(platform.object("client", "show", name)).containsEntry("client_id", id);
    assertThat(platform.object("client", "update", name, "--set", "access_token_lifetime=60"))
        .containsEntry("access_token_lifetime", 60L)
        .containsEntry("scopes", List.of("altinn:serviceowner/instances.read"));
    String odd = name + "/æ 100%";
    String oddId = client(odd);
    assertThat(platform.object("client", "show", odd)).containsEntry("client_id", oddId);
    String second = client(name);
    assertThat(platform.run("client", "show", name).fails())
        .contains("Several clients are named")
        .contains(id, second);
    platform.run("client", "delete", second).succeeds();
    assertThat(platform.object("client", "show", name)).containsEntry("client_id", id);
    assertThat(platform.run("client", "list", "--inactive").succeeds().out()).contains(second);
  }

  @Test
  void makesClientsOfOtherOrganisations() {
    String id = client(fresh("other"), "--org", BRG);
    assertThat(platform.object("client", "show", id)).containsEntry("client_orgno", BRG);
    assertThat(platform.run("client", "list").succeeds().out()).doesNotContain(id);
  }

  @Test
  void showsTheSecretOfAClientThatHasOneOnce() {
    Map<?, ?> made =
        platform.object(
            "client",
            "create",
            fresh("web"),
            "--set",
            "integration_type=idporten",
            "--set",
            "redirect_uris=[\"https://example.com/back\"]");
    assertThat(String.valueOf(made.get("client_secret"))).hasSizeGreaterThan(30);
    assertThat(platform.object("client", "show", String.valueOf(made.get("client_id"))))
        .doesNotContainKey("client_secret");
  }

  @Test
  void registersWhatOthersDecide() throws IOException {
    String prefix = "p" + UUID.randomUUID().toString().substring(0, 8).replace("-", "");
    platform.run("prefix", "put", prefix, DIGDIR).succeeds();
    assertThat(platform.run("prefix", "list").succeeds().out()).contains(prefix);
    platform.run("prefix", "remove", prefix).succeeds();
    assertThat(platform.run("prefix", "list").succeeds().out()).doesNotContain(prefix);

    String name = scope("--set", "delegation_source=" + ALTINN);
    platform.run("delegation", "add", name, BRG, DIGDIR).succeeds();
    assertThat(platform.run("delegation", "list", BRG).succeeds().out()).contains(name);
    platform.run("delegation", "remove", name, BRG, DIGDIR).succeeds();
    assertThat(platform.run("delegation", "list", BRG).succeeds().out()).doesNotContain(name);
    assertThat(platform.run("delegation", "add", name, DIGDIR, DIGDIR).fails())
        .contains("another organisation");
    assertThat(platform.run("delegation", "sources").succeeds().out()).contains(ALTINN);

    String id = client(fresh("vendor"));
    String system = DIGDIR + "_" + prefix;
    platform.run("system", "put", system, "--vendor", DIGDIR, "--client-id", id).succeeds();
    assertThat(platform.object("system", "show", system)).containsEntry("client_ids", List.of(id));
    assertThat(platform.run("system", "list", DIGDIR).succeeds().out()).contains(system);
    Object user = platform.object("system-user", "add", system, BRG, "--ref", "payroll").get("id");
    assertThat(platform.object("system-user", "list", system))
        .containsEntry("external_ref", "payroll");
    platform.run("system-user", "remove", String.valueOf(user)).succeeds();
    assertThat(platform.objects("system-user", "list", system)).isEmpty();

    Path consent =
        Files.writeString(
            folder.resolve("consent.json"),
            """
            {"from":"urn:altinn:organization:identifier-no:974760673","to":"991825827",
             "validTo":"2099-01-31T00:00Z","consentRights":[{"action":["read"],
             "resource":[{"type":"urn:altinn:resource","value":"income"}]}]}
            """);
    Object given = platform.object("consent", "add", consent.toString()).get("id");
    assertThat(platform.run("consent", "list", DIGDIR).succeeds().out())
        .contains(String.valueOf(given));
    platform.run("consent", "remove", String.valueOf(given)).succeeds();
    Files.writeString(consent, " ".repeat(64 * 1024) + "{}");
    assertThat(platform.run("consent", "add", consent.toString()).fails())
        .contains("is too long: more than 64 KiB.");
  }

  @Test
  void saysWhatToDoWhenNobodyAnswers() throws IOException {
    int port = CommandProcess.freePort();
    assertThat(platform.run("scope", "list", "--url", "http://localhost:" + port).fails())
        .contains("is `portvakt dev` running");
    assertThat(platform.run("scope", "list", "--url", platform.base() + "/nothing").fails())
        .contains("404");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://example.com",
        "ftp://localhost",
        "localhost",
        "https://a@b",
        "https://a?b",
        "http://localhost:0",
        "http://localhost:99999",
        "::"
      })
  void sendsNoTokenToAnAddressThatWillNotDo(String url) {
    assertThat(platform.run("scope", "list", "--url", url).fails()).contains(url);
  }

  @Test
  void refusesAClientFileThatIsNone() throws IOException {
    Path none = folder.resolve("none.json");
    assertThat(platform.run("scope", "list", "--admin", none.toString()).fails())
        .contains("no client file");
    Path text = Files.writeString(folder.resolve("text.json"), "secret");
    assertThat(platform.run("scope", "list", "--admin", text.toString()).fails())
        .contains("is not valid JSON")
        .doesNotContain("secret");
    Path empty = Files.writeString(folder.resolve("empty.json"), "{\"issuer\":\"https://a/\"}");
    assertThat(platform.run("scope", "list", "--admin", empty.toString()).fails())
        .contains("lacks");
    String admin = Files.readString(platform.adminFile());
    for (String sign : List.of("\\t", "\\\"")) {
      Path scopes =
          Files.writeString(
              folder.resolve("scopes.json"), admin.replace("idporten:dcr.write", "a" + sign + "b"));
      assertThat(platform.run("scope", "list", "--admin", scopes.toString()).fails())
          .contains("no scope may have");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "scope", "access", "client", "key", "prefix", "delegation", "system-user"})
  void helps(String group) {
    Console console =
        group.isEmpty()
            ? Console.run("maskinporten", "--help")
            : Console.run("maskinporten", group, "--help");
    assertThat(console.succeeds().out()).contains("Usage: portvakt maskinporten " + group);
    Console bare =
        group.isEmpty() ? Console.run("maskinporten") : Console.run("maskinporten", group);
    assertThat(bare.code()).isEqualTo(2);
    assertThat(bare.err()).contains("ubcommand");
  }
}

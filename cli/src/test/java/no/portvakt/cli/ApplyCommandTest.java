package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code portvakt maskinporten apply}; each test with names of its own. */
class ApplyCommandTest {
  private static final String DIGDIR = "991825827";
  private static final String BRG = "974760673";

  @TempDir private static Path folder = Path.of("");

  @SuppressWarnings("NullAway.Init") // before the first test
  private static TestPlatform platform;

  private final String id = "t" + UUID.randomUUID().toString().replace("-", "").substring(0, 8);
  private final String scope = id + ":things/list.read";

  @BeforeAll
  static void start() {
    platform = TestPlatform.start(folder);
  }

  @AfterAll
  static void stop() {
    platform.close();
  }

  /** A file with one of everything. */
  private String everything() throws IOException {
    RSAKey key = ClientFile.newKey();
    Files.writeString(folder.resolve(id + ".jwk"), key.toPublicJWK().toJSONString());
    return """
    prefixes: [ID]
    scopes:
      - name: ID:things/list.read
        description: The things of an organisation
        at_max_age: 60
        delegation_source: https://tt02.altinn.no/
        enforced_aud_for_access_token: https://things.example.com/
    accesses:
      ID:things/list.read: [991825827, 974760673]
    clients:
      - client_name: ID-reader
        description: Reads things
        scopes: [ID:things/list.read, "altinn:serviceowner/instances.read"]
        grant_types: [jwt_bearer_token]
        keys:
          - file: ID.jwk
    delegations:
      - scope: ID:things/list.read
        consumer_orgno: 974760673
        supplier_orgno: 991825827
        source: https://tt02.altinn.no/
    systems:
      - system_id: 991825827_ID
        vendor_orgno: 991825827
        name: Things
        clients: [ID-reader]
        users:
          - party_orgno: 974760673
          - party_orgno: 974760673
            external_ref: second
    """
        .replace("ID", id);
  }

  private Console apply(String yaml, String... options) throws IOException {
    Path file = Files.writeString(folder.resolve(id + ".yaml"), yaml);
    String[] line = new String[options.length + 2];
    line[0] = "apply";
    line[1] = file.toString();
    System.arraycopy(options, 0, line, 2, options.length);
    return platform.run(line);
  }

  private boolean scopeExists() {
    return platform.run("scope", "show", scope).code() == 0;
  }

  @Test
  void makesEverythingAndThenFindsNothingToDo() throws IOException {
    Path ids = folder.resolve(id + "-ids.json");
    Console first = apply(everything(), "--out", ids.toString()).succeeds();
    assertThat(first.out().lines())
        .containsSubsequence(
            "+ prefix " + id,
            "+ scope " + scope,
            "+ access " + scope + " " + DIGDIR,
            "+ access " + scope + " " + BRG,
            "+ client " + id + "-reader",
            "~ keys of client " + id + "-reader",
            "+ system " + DIGDIR + "_" + id,
            "+ delegation " + scope + " " + BRG + " to " + DIGDIR,
            "To create: 9, to change: 1, to remove: 0.",
            "Done.");
    Object client = TestPlatform.read(ids).get(id + "-reader");
    assertThat(first.out()).contains("Client " + id + "-reader: " + client);
    assertThat(platform.object("client", "show", id + "-reader"))
        .containsEntry("client_id", client);
    assertThat(platform.objects("key", "list", id + "-reader")).hasSize(1);
    assertThat(platform.object("system", "show", DIGDIR + "_" + id))
        .containsEntry("client_ids", List.of(Objects.requireNonNull(client)));
  }

  @Test
  void findsNothingToDoTheSecondTime() throws IOException {
    String yaml = everything();
    apply(yaml).succeeds();
    assertThat(apply(yaml).succeeds().out()).startsWith("Nothing to do.\n");
    assertThat(apply(yaml, "--plan", "--prune").out()).doesNotContain(id);
  }

  @Test
  void changesNothingForAPlan() throws IOException {
    Console plan = apply(everything(), "--plan");
    assertThat(plan.code()).isEqualTo(1);
    assertThat(plan.err()).isEmpty();
    assertThat(plan.out()).contains("+ scope " + scope).doesNotContain("Done");
    assertThat(scopeExists()).isFalse();
    assertThat(platform.run("prefix", "list").out()).doesNotContain(id);
  }

  @Test
  void repairsWhatHasDriftedAndLeavesWhatTheFileDoesNotSay() throws IOException {
    String yaml = everything();
    apply(yaml).succeeds();
    platform
        .run("scope", "update", scope, "--set", "at_max_age=10", "--set", "visibility=PRIVATE")
        .succeeds();
    platform.run("access", "deny", scope, BRG).succeeds();
    platform
        .run("client", "update", id + "-reader", "--scope", "altinn:serviceowner/instances.read")
        .succeeds();
    Console repaired = apply(yaml).succeeds();
    assertThat(repaired.out())
        .contains("~ scope " + scope + "\n    at_max_age: 10 → 60\n")
        .contains("+ access " + scope + " " + BRG)
        .contains("    scopes: altinn:serviceowner/instances.read → ")
        .contains("To create: 1, to change: 2, to remove: 0.");
    assertThat(platform.object("scope", "show", scope))
        .containsEntry("at_max_age", 60L)
        .containsEntry("visibility", "PRIVATE");
    assertThat(apply(yaml).succeeds().out()).startsWith("Nothing to do.");
  }

  @Test
  void bringsBackAScopeThatWasDeleted() throws IOException {
    String yaml = everything();
    apply(yaml).succeeds();
    platform.run("scope", "delete", scope).succeeds();
    assertThat(apply(yaml).succeeds().out()).contains("active: false → true");
    assertThat(platform.object("scope", "show", scope)).containsEntry("active", true);
  }

  @Test
  void removesOnlyWhenToldAndOnlyWhatASectionLacks() throws IOException {
    apply(everything()).succeeds();
    Path other = folder.resolve(id + "-other.json");
    platform.run("key", "add", id + "-reader", "--new", other.toString()).succeeds();
    String less =
        """
        accesses:
          %s: [991825827]
        systems:
          - {system_id: 991825827_%s, vendor_orgno: 991825827, name: Things, users: []}
        """
            .formatted(scope, id);
    String kept = apply(less).succeeds().out();
    assertThat(kept).contains("~ system").doesNotContain("\n- ");
    Console pruned = apply(less, "--prune").succeeds();
    assertThat(pruned.out())
        .contains("- access " + scope + " " + BRG)
        .contains("- system user 991825827_" + id + " " + BRG + ":second")
        .contains("To create: 0, to change: 0, to remove: 3.");
    assertThat(scopeExists()).isTrue();
    assertThat(platform.objects("key", "list", id + "-reader")).hasSize(2);
    assertThat(apply(less, "--prune").succeeds().out()).startsWith("Nothing to do.");
  }

  @Test
  void neverRemovesItsOwnClientNorTheScopesOfTheAdminApi() throws IOException {
    Console plan = apply("prefixes: []\nscopes: []\nclients: []\n", "--prune", "--plan");
    Object own = TestPlatform.read(platform.adminFile()).get("client_id");
    assertThat(plan.out())
        .contains("- scope altinn:serviceowner/instances.read")
        .doesNotContain("scope idporten:", "scope portvakt:", "prefix idporten")
        .doesNotContain(String.valueOf(own));
  }

  @Test
  void replacesKeysOnlyWhenPruning() throws IOException {
    String yaml = everything();
    apply(yaml).succeeds();
    Object first = platform.object("key", "list", id + "-reader").get("kid");
    String fresh = everything();
    apply(fresh).succeeds();
    assertThat(platform.objects("key", "list", id + "-reader")).hasSize(2);
    assertThat(
            apply(
                    fresh.substring(fresh.indexOf("clients:"), fresh.indexOf("delegations:")),
                    "--plan",
                    "--prune")
                .out())
        .contains("    - " + first);
  }

  @Test
  void registersAKeyAnewThatHasExpired() throws IOException {
    String yaml = everything();
    apply(yaml).succeeds();
    Object kid = platform.object("key", "list", id + "-reader").get("kid");
    // Beside another one, which stays with its time of expiry.
    Path other = folder.resolve(id + "-other.json");
    platform.run("key", "add", id + "-reader", "--new", other.toString()).succeeds();
    platform.sql("UPDATE client_key SET expires = 1000 WHERE kid = '" + kid + "'");
    assertThat(platform.objects("key", "list", id + "-reader")).hasSize(1);
    assertThat(apply(yaml).succeeds().out())
        .contains("~ keys of client " + id + "-reader\n    + " + kid + "\n")
        .contains("To create: 0, to change: 1, to remove: 0.");
    assertThat(platform.objects("key", "list", id + "-reader"))
        .hasSize(2)
        .anySatisfy(key -> assertThat(key).containsEntry("kid", kid))
        .allSatisfy(key ->
            assertThat((long) Objects.requireNonNull(key.get("exp")))
                .isGreaterThan(Instant.now().plus(Duration.ofDays(364)).getEpochSecond()));
    assertThat(apply(yaml).succeeds().out()).startsWith("Nothing to do.");
  }

  @Test
  void stopsAtTheFirstRefusalAndSaysWhatIsDoneAndWhatNot() throws IOException {
    Console refused =
        apply(
            """
            prefixes: [ID]
            scopes:
              - {name: "ID:things/list.read", description: Things}
            clients:
              - {client_name: ID-a, description: A, scopes: ["ID:not/there.read"]}
              - {client_name: ID-b, description: B}
            """
                .replace("ID", id));
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).startsWith("portvakt: ").contains("scopes").hasLineCount(1);
    assertThat(refused.out())
        .contains("Done:     + scope " + scope)
        .contains("Refused:  + client " + id + "-a")
        .contains("Not done: + client " + id + "-b");
    assertThat(scopeExists()).isTrue();
    assertThat(platform.run("client", "show", id + "-b").code()).isEqualTo(2);
  }

  @Test
  void refusesAScopeBelowAPrefixOfSomebodyElse() throws IOException {
    Console refused = apply("scopes:\n  - {name: \"nav:things/list.read\", description: Things}\n");
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("403 forbidden").contains("prefix");
  }

  @Test
  void refusesAPrivateKeyWithoutShowingIt() throws IOException {
    RSAKey key = ClientFile.newKey();
    String yaml =
        "clients:\n  - client_name: x\n    description: x\n    keys: [%s]\n"
            .formatted(key.toJSONString());
    assertThat(apply(yaml).fails())
        .contains("A key of the client x holds a private key")
        .doesNotContain(String.valueOf(key.getPrivateExponent()));
    Files.writeString(folder.resolve(id + ".jwk"), key.toJSONString());
    assertThat(
            apply(
                    "clients:\n  - client_name: x\n    description: x\n    keys: [{file: %s.jwk}]\n"
                        .formatted(id))
                .fails())
        .contains("private key");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "scops: []|did you mean scopes?",
        "scopes: [{name: a:b/c.read, description: x, at_maxage: 1}]|did you mean at_max_age?",
        "clients: [{client_name: x, description: x, scope: []}]|did you mean scopes?",
        "systems: [{system_id: x, vendor_org: 1}]|did you mean vendor_orgno?",
        "scopes: [{name: a:b/c.read}]|description must be a text",
        "scopes: {}|must be a list in scopes",
        "scopes: [x]|What should be a scope",
        "accesses: []|names of scopes",
        "prefixes: [[]]|must be a text",
        "x|What should be the file",
        "scopes: [|not YAML",
        "'scopes: []\nscopes: []'|name twice",
        "scopes: !!java.util.Date []|not YAML",
        "scopes: [{name: a:b/c.read, description: 2030-01-01}]|needs quotes",
        "scopes: [{name: a:b/c.read, description: x}, {name: a:b/c.read, description: y}]|two of",
        "clients: [{client_name: x, description: x}, {client_name: x, description: y}]|two of",
        "clients: [{client_name: x, description: x, client_id: nobody}]|no client of the id nobody",
        "clients: [{client_name: x, description: x, client_orgno: 974760673}]|another organisation",
        "clients: [{client_name: x, description: x, integration_type: idporten}]|secret",
        "clients: [{client_name: x, description: x, keys: [{file: none.pem}]}]|none.pem",
        "clients: [{client_name: x, description: x, keys: [{file: a, kid: b}]}]|did you mean file?",
        "clients: [{client_name: x, description: x, keys: [{kty: oct}]}]|no RSA public key"
      })
  void refusesAFileThatWillNotDoBeforeAnythingIsChanged(String yaml, String part)
      throws IOException {
    assertThat(apply(yaml).fails()).contains(part);
  }

  @Test
  void refusesAClientOfWhichThereAreSeveral() throws IOException {
    Object first = platform.object("client", "create", id).get("client_id");
    platform.run("client", "create", id).succeeds();
    String yaml = "clients:\n  - {client_name: %s, description: x}\n".formatted(id);
    assertThat(apply(yaml).fails()).contains("client_id must say which", String.valueOf(first));
    String exact = yaml.replace("description", "client_id: \"" + first + "\", description");
    assertThat(apply(exact).succeeds().out()).contains("description: \"" + id + "\" → \"x\"");
  }

  @Test
  void saysWhenTheAuthorityDoesNotKeepWhatTheFileSays() throws IOException {
    Console refused =
        apply(
            "clients:\n  - {client_name: %s, description: x, authorization_lifetime: 60}\n"
                .formatted(id));
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.err()).contains("does not keep", "authorization_lifetime");
    assertThat(refused.out())
        .contains("Differs:  + client " + id)
        .doesNotContain("Refused", "Not done");
    assertThat(platform.object("client", "show", id)).containsEntry("client_name", id);
    String other = id + "-other";
    Console asJson =
        apply(
            "clients:\n  - {client_name: %s, description: x, authorization_lifetime: 60}\n"
                .formatted(other),
            "--json");
    assertThat(asJson.objects().get(1))
        .containsEntry("done", List.of("client " + other))
        .containsEntry("different", List.of("client " + other))
        .containsEntry("not_done", List.of());
  }

  @Test
  void saysWhichClientsAreNewThoughALaterStepIsRefused() throws IOException {
    Path ids = folder.resolve(id + "-ids.json");
    String yaml =
        """
        clients:
          - {client_name: ID-a, description: A}
          - {client_name: ID-b, description: B, scopes: ["ID:not/there.read"]}
        """
            .replace("ID", id);
    Console refused = apply(yaml, "--json", "--out", ids.toString());
    assertThat(refused.code()).isEqualTo(2);
    assertThat(refused.objects().get(2))
        .containsEntry("done", List.of("client " + id + "-a"))
        .containsEntry("not_done", List.of("client " + id + "-b"));
    assertThat(TestPlatform.read(ids)).containsOnlyKeys(id + "-a");
    Path nowhere = folder.resolve("not/there/ids.json");
    String less = yaml.substring(0, yaml.lastIndexOf("  - "));
    assertThat(apply(less, "--out", nowhere.toString()).err()).contains("can't be written");
    assertThat(apply(yaml, "--out", nowhere.toString()).err().lines())
        .hasSize(2)
        .satisfiesExactly(
            refusal -> assertThat(refusal).contains("scopes"),
            unwritten -> assertThat(unwritten).contains(nowhere + " can't be written"));
  }

  @Test
  void writesStepsAsJsonForPrograms() throws IOException {
    Console plan = apply(everything(), "--plan", "--json");
    assertThat(plan.code()).isEqualTo(1);
    List<Map<String, @Nullable Object>> steps = plan.objects();
    assertThat(steps).hasSize(10);
    assertThat(steps.get(0))
        .containsEntry("action", "create")
        .containsEntry("what", "prefix " + id);
  }
}

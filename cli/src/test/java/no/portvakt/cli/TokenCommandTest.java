package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code portvakt maskinporten token}. */
class TokenCommandTest {
  private static final String SCOPE = "altinn:serviceowner/instances.read";
  private static final String CONSENT = "5e7b9f4e-3d6f-4a53-9d0f-0d6ad0b6bb51";

  @TempDir private static Path folder = Path.of("");

  @SuppressWarnings("NullAway.Init") // before the first test
  private static TestPlatform platform;

  private static Path client = Path.of("");

  @BeforeAll
  static void start() {
    platform = TestPlatform.start(folder);
    client = folder.resolve("client.json");
    platform
        .run("client", "create", "reader", "--scope", SCOPE, "--new-key", client.toString())
        .succeeds();
  }

  @AfterAll
  static void stop() {
    platform.close();
  }

  private static Console token(String... options) {
    return tokenOf(client, options);
  }

  private static Console tokenOf(Path file, String... options) {
    List<String> line = new ArrayList<>(List.of("maskinporten", "token"));
    line.addAll(List.of("--client", file.toString()));
    line.addAll(Arrays.asList(options));
    return Console.run(line.toArray(String[]::new));
  }

  private static Map<String, @Nullable Object> claims(Console console) throws Exception {
    return CompactJws.parse(console.succeeds().out().strip()).unverifiedClaims();
  }

  @Test
  void writesTheTokenAndNothingElse() throws Exception {
    assertThat(claims(token()))
        .containsEntry("scope", SCOPE)
        .containsEntry("iss", platform.base() + "/maskinporten/");
    assertThat(claims(token("--scope", SCOPE, "--resource", "https://api.example.com/")))
        .containsEntry("aud", "https://api.example.com/");
  }

  @Test
  void exchangesTheToken() throws Exception {
    assertThat(claims(token("--exchange")))
        .containsEntry("iss", platform.base() + "/authentication/api/v1/openid/")
        .containsEntry("org", "digdir");
    assertThat(token("--exchange", "--platform-url", "http://localhost:1").fails()).isNotEmpty();
  }

  @Test
  void takesAScopeWithNorwegianLettersFromTheClientFile() throws Exception {
    String scope = "altinn:prøve/målinger.les";
    Path file = folder.resolve("letters.json");
    platform.run("scope", "create", scope, "--description", "t").succeeds();
    platform.run("access", "grant", scope, "991825827").succeeds();
    platform
        .run("client", "create", "letters", "--scope", scope, "--new-key", file.toString())
        .succeeds();
    assertThat(Files.readString(file)).contains(scope);
    assertThat(claims(tokenOf(file))).containsEntry("scope", scope);
    assertThat(claims(tokenOf(file, "--exchange"))).containsEntry("scope", scope);
    assertThat(token("--scope", scope).fails()).contains("MP-200");
    assertThat(token("--scope", "altinn:ä").fails()).contains("no scope may have");
  }

  @Test
  void decodesTheToken() throws Exception {
    Map<String, @Nullable Object> parts = Json.readObject(token("--decode").succeeds().out());
    assertThat(parts).containsOnlyKeys("header", "claims");
    assertThat(String.valueOf(parts.get("claims"))).contains(SCOPE);
  }

  @Test
  void writesAGrantThatGivesOneToken() throws Exception {
    String grant = token("--grant-only", "--pid", "15507600333").succeeds().out().strip();
    assertThat(CompactJws.parse(grant).unverifiedClaims()).containsEntry("pid", "15507600333");
    String plain = token("--grant-only").succeeds().out().strip();
    Map<String, String> parameters = new LinkedHashMap<>();
    parameters.put("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer");
    parameters.put("assertion", plain);
    String endpoint = platform.base() + "/maskinporten/token";
    assertThat(new DemoHttp().form(endpoint, parameters).status()).isEqualTo(200);
    assertThat(new DemoHttp().form(endpoint, parameters).status()).isEqualTo(400);
    assertThat(token("--grant-only", "--exchange").fails()).contains("exclude");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--scope altinn:not/there.read|altinn:not/there.read",
        "--resource nowhere|absolute URI",
        "--pid 1550760033|eleven digits",
        "--consumer-org 123|rganisation",
        "--system-user 123|rganisation",
        "--consent 5e7b9f4e-3d6f-4a53-9d0f-0d6ad0b6bb51|go together",
        "--consumer-org 974760673 --on-behalf-of x|not both"
      })
  void refusesWithOneSentence(String options, String part) {
    assertThat(token(options.split(" ", -1)).fails()).contains(part).doesNotContain("1550760033 ");
  }

  @Test
  void putsWhatActsForOthersIntoTheGrant() throws Exception {
    assertThat(
            CompactJws.parse(
                    token("--grant-only", "--consumer-org", "974760673").succeeds().out().strip())
                .unverifiedClaims())
        .containsEntry("consumer_org", "974760673");
    assertThat(
            String.valueOf(
                CompactJws.parse(
                        token("--grant-only", "--system-user", "974760673:payroll")
                            .succeeds()
                            .out()
                            .strip())
                    .unverifiedClaims()
                    .get("authorization_details")))
        .contains("urn:altinn:systemuser", "0192:974760673", "payroll");
  }

  @Test
  void readsAPersonFromStandardInput() throws Exception {
    assertThat(grantWith("15507600333\n", "--pid", "-")).containsEntry("pid", "15507600333");
    String giver = "urn:altinn:person:identifier-no:15507600333";
    assertThat(grantWith(giver + "\n", "--consent", CONSENT, "--consent-from", "-").toString())
        .contains(giver);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "--pid -|15507600333x|eleven digits",
        "--pid -|''|eleven digits",
        "--consent ID --consent-from -|15507600333|Whoever gave the consent",
        "--consent ID --consent-from - --pid -|15507600333|can't both be read"
      })
  void refusesWhatIsNoPersonOnStandardInput(String options, String typed, String part) {
    String line = options.replace("ID", CONSENT);
    assertThat(typing(typed, () -> token(line.split(" ", -1))).fails())
        .contains(part)
        .doesNotContain("15507600333");
  }

  private static Map<String, @Nullable Object> grantWith(String typed, String... options)
      throws Exception {
    List<String> line = new ArrayList<>(List.of("--grant-only"));
    line.addAll(Arrays.asList(options));
    return claims(typing(typed, () -> token(line.toArray(String[]::new))));
  }

  private static Console typing(String typed, Supplier<Console> command) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream(typed.getBytes(StandardCharsets.UTF_8)));
    try {
      return command.get();
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void isTheClientOfTheVariables() throws Exception {
    Map<String, @Nullable Object> file = TestPlatform.read(client);
    Map<String, String> variables = new LinkedHashMap<>();
    variables.put("MASKINPORTEN_CLIENT_ID", String.valueOf(file.get("client_id")));
    variables.put("MASKINPORTEN_CLIENT_JWK", Json.write(file.get("jwk")));
    variables.put("MASKINPORTEN_ISSUER", String.valueOf(file.get("issuer")));
    variables.put(
        "MASKINPORTEN_WELL_KNOWN_URL",
        platform.base() + "/maskinporten/.well-known/oauth-authorization-server");
    variables.put("MASKINPORTEN_SCOPES", SCOPE);
    assertThat(claims(run(variables, "token"))).containsEntry("scope", SCOPE);
    assertThat(claims(run(variables, "token", "--exchange"))).containsEntry("org", "digdir");
    assertThat(run(variables, "token", "--grant-only").fails()).contains("client file");
    assertThat(run(variables, "scope", "list").fails()).contains("403 insufficient_scope");
    variables.remove("MASKINPORTEN_SCOPES");
    assertThat(run(variables, "scope", "list").fails()).contains("MASKINPORTEN_SCOPES");
    assertThat(run(variables, "token").fails()).contains("--scope");
    variables.remove("MASKINPORTEN_CLIENT_JWK");
    assertThat(run(variables, "token", "--scope", SCOPE).fails())
        .contains("MASKINPORTEN_CLIENT_JWK");
  }

  private static Console run(Map<String, String> variables, String... arguments)
      throws IOException, InterruptedException {
    List<String> line = new ArrayList<>(List.of("maskinporten"));
    line.addAll(Arrays.asList(arguments));
    Path empty = Files.createDirectories(folder.resolve("empty"));
    return CommandProcess.run(empty, variables, line.toArray(String[]::new));
  }
}

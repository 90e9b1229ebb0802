package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.PublicKey;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.Json;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code portvakt maskinporten key} and {@code client create --new-key}. */
class ClientKeyCommandTest {
  private static final String SCOPE = "altinn:serviceowner/instances.read";

  @TempDir private static Path folder = Path.of("");

  @SuppressWarnings("NullAway.Init") // before the first test
  private static TestPlatform platform;

  private final String name = "keys-" + UUID.randomUUID();
  private final Path file = folder.resolve(name + ".json");

  @BeforeAll
  static void start() {
    platform = TestPlatform.start(folder);
  }

  @AfterAll
  static void stop() {
    platform.close();
  }

  private String create() {
    return String.valueOf(
        platform
            .object("client", "create", name, "--scope", SCOPE, "--new-key", file.toString())
            .get("client_id"));
  }

  private List<String> kids() {
    return platform.objects("key", "list", name).stream()
        .map(key -> String.valueOf(key.get("kid")))
        .toList();
  }

  private static String kid(Path file) throws IOException {
    return TestPlatform.read(file).get("jwk") instanceof Map<?, ?> jwk
        ? String.valueOf(jwk.get("kid"))
        : "";
  }

  private static Console token(Path client) {
    return Console.run("maskinporten", "token", "--client", client.toString());
  }

  @Test
  void makesAClientThatGetsTokensAtOnce() throws Exception {
    Console made =
        platform
            .run("client", "create", name, "--scope", SCOPE, "--new-key", file.toString())
            .succeeds();
    RSAKey key = RSAKey.parse(Json.write(TestPlatform.read(file).get("jwk")));
    assertThat(key.isPrivate()).isTrue();
    assertThat(made.out())
        .contains(key.getKeyID(), file.toString())
        .doesNotContain(String.valueOf(key.getPrivateExponent()));
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(kids()).containsExactly(key.getKeyID());
    assertThat(token(file).succeeds().out()).matches("[\\w-]+\\.[\\w-]+\\.[\\w-]+\\R");
  }

  @Test
  void neverReplacesAFileThatMayHoldAKey() throws IOException {
    Files.writeString(file, "mine");
    assertThat(
            platform
                .run("client", "create", name, "--scope", SCOPE, "--new-key", file.toString())
                .fails())
        .contains("is there already");
    assertThat(Files.readString(file)).isEqualTo("mine");
    assertThat(platform.run("client", "show", name).fails()).contains("404");
    platform.run("client", "create", name).succeeds();
    assertThat(platform.run("key", "add", name, "--new", file.toString()).fails())
        .contains("is there already");
    assertThat(Files.readString(file)).isEqualTo("mine");
    assertThat(kids()).isEmpty();
  }

  @Test
  void leavesNoFileWhenTheKeyIsRefused() {
    create();
    for (int i = 0; i < 4; i++) {
      Path more = folder.resolve(name + i + ".json");
      platform.run("key", "add", name, "--new", more.toString()).succeeds();
    }
    Path sixth = folder.resolve(name + "-sixth.json");
    assertThat(platform.run("key", "add", name, "--new", sixth.toString()).fails())
        .contains("1 to 5 keys");
    assertThat(sixth).doesNotExist();
    assertThat(kids()).hasSize(5);
  }

  @Test
  void rotatesWithoutAnInterruption() throws IOException {
    create();
    Path next = folder.resolve(name + "-next.json");
    assertThat(platform.run("key", "rotate", name, "--new", next.toString()).succeeds().out())
        .contains("key remove")
        .contains(kid(file));
    assertThat(kids()).containsExactlyInAnyOrder(kid(file), kid(next));
    token(file).succeeds();
    token(next).succeeds();
    platform.run("key", "remove", name, kid(file)).succeeds();
    token(next).succeeds();
    assertThat(token(file).fails()).contains("kid");
    assertThat(platform.run("key", "remove", name, kid(file)).fails()).contains("has no key");
  }

  @Test
  void removesTheOldKeysAtOnceWhenTold() throws IOException {
    create();
    Path next = folder.resolve(name + "-next.json");
    platform.run("key", "rotate", name, "--new", next.toString(), "--remove-old").succeeds();
    assertThat(kids()).containsExactly(kid(next));
    platform.run("key", "remove", name, kid(next)).succeeds();
    assertThat(kids()).isEmpty();
  }

  @Test
  void takesAPublicKeyAsJwkAndAsPem() throws Exception {
    create();
    RSAKey first = ClientFile.newKey();
    RSAKey second = ClientFile.newKey();
    Path jwk = Files.writeString(folder.resolve(name + ".jwk"), first.toPublicJWK().toJSONString());
    Path pem = Files.writeString(folder.resolve(name + ".pem"), pem(second.toPublicKey()));
    platform.run("key", "add", name, jwk.toString()).succeeds();
    platform.run("key", "add", name, pem.toString()).succeeds();
    platform.run("key", "add", name, pem.toString()).succeeds();
    assertThat(kids())
        .containsExactlyInAnyOrder(
            kid(file), first.getKeyID(), second.computeThumbprint().toString());
  }

  @Test
  void refusesAPrivateKeyAndWhatIsNoKey() throws Exception {
    create();
    RSAKey key = ClientFile.newKey();
    Path jwk = Files.writeString(folder.resolve(name + ".jwk"), key.toJSONString());
    assertThat(platform.run("key", "add", name, jwk.toString()).fails())
        .contains("private key")
        .doesNotContain(String.valueOf(key.getPrivateExponent()));
    Path pem =
        Files.writeString(
            folder.resolve(name + ".pem"),
            "-----BEGIN PRIVATE KEY-----\n"
                + Base64.getMimeEncoder().encodeToString(key.toPrivateKey().getEncoded())
                + "\n-----END PRIVATE KEY-----\n");
    assertThat(platform.run("key", "add", name, pem.toString()).fails()).contains("private key");
    Path text = Files.writeString(folder.resolve(name + ".txt"), "nothing");
    assertThat(platform.run("key", "add", name, text.toString()).fails()).contains("neither");
    Path symmetric =
        Files.writeString(folder.resolve(name + ".oct"), "{\"kty\":\"EC\",\"crv\":\"P-256\"}");
    assertThat(platform.run("key", "add", name, symmetric.toString()).fails()).contains("RSA");
    assertThat(kids()).containsExactly(kid(file));
    assertThat(platform.run("key", "add", name).fails()).contains("Which key?");
  }

  @Test
  void doesNotUndoWhatSomebodyElseHasChangedMeanwhile() {
    String path = ClientCommand.path(create());
    String token = platform.run("token").succeeds().out().strip();
    AdminApiClient api = new AdminApiClient(platform.base() + "/maskinporten/", () -> token);
    ClientKeyCommand.Keys seen = ClientKeyCommand.Keys.of(api, path);
    platform.run("key", "add", name, "--new", folder.resolve(name + "-2").toString()).succeeds();
    assertThatThrownBy(() -> api.put(path + "/jwks", Map.of("keys", seen.keys()), seen.tag()))
        .isInstanceOf(CannotDo.class)
        .hasMessageContaining("412 precondition_failed");
    assertThat(kids()).hasSize(2);
  }

  @Test
  void addsAFirstKeyOnlyWhereThereIsNone() {
    String path =
        ClientCommand.path(
            String.valueOf(platform.object("client", "create", name).get("client_id")));
    String token = platform.run("token").succeeds().out().strip();
    AdminApiClient api = new AdminApiClient(platform.base() + "/maskinporten/", () -> token);
    ClientKeyCommand.Keys seen = ClientKeyCommand.Keys.of(api, path);
    platform.run("key", "add", name, "--new", file.toString()).succeeds();
    List<Object> mine = List.of(ClientFile.newKey().toPublicJWK().toJSONObject());
    assertThatThrownBy(() -> seen.replace(api, path, mine))
        .isInstanceOf(CannotDo.class)
        .hasMessageContaining("412 precondition_failed");
    assertThat(kids()).hasSize(1);
    platform.run("key", "remove", name, kids().get(0)).succeeds();
    seen.replace(api, path, mine);
    assertThat(kids()).hasSize(1);
  }

  private static String pem(PublicKey key) {
    return "-----BEGIN PUBLIC KEY-----\n"
        + Base64.getMimeEncoder().encodeToString(key.getEncoded())
        + "\n-----END PUBLIC KEY-----\n";
  }

  @Test
  void listsKeysWithTheirExpiry() {
    create();
    assertThat(platform.run("key", "list", name).succeeds().out())
        .containsPattern("(?m)^kid +kty +alg +exp$")
        .containsPattern("RSA  RS256  20\\d\\d-\\d\\d-\\d\\dT");
    assertThat(platform.run("key", "list", "nobody").fails()).contains("404");
  }
}

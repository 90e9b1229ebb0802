package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import no.portvakt.server.Addresses;
import no.portvakt.server.PlatformKeys;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyRotation;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code portvakt keys} on the data folder of a server that ran, and beside one that runs. */
class KeysCommandTest {
  @TempDir Path folder = Path.of("");

  private Path config = Path.of("");

  @BeforeEach
  void run() throws IOException {
    config =
        Files.writeString(
            folder.resolve("settings.yaml"),
            "signing:\n  algorithm: ES256\n  standby-key: false\n");
    // The keys of the two roles, as a start makes them, without the time that a start takes.
    Settings settings = settings();
    Server.start(settings).close();
  }

  private Settings settings() {
    return Addresses.withPort(
        no.portvakt.server.SettingsFile.read(config, Map.of(), Settings.development(folder, 0)));
  }

  private Console keys(String command, String... more) {
    List<String> line = new ArrayList<>(List.of("keys", command));
    line.addAll(List.of("--data", folder.toString(), "--config", config.toString()));
    line.addAll(Arrays.asList(more));
    return Console.run(line.toArray(String[]::new));
  }

  private List<Map<String, @Nullable Object>> list() {
    return keys("list", "--json").succeeds().objects();
  }

  /** The ids of the keys of platform tokens in a state. */
  private List<String> in(String state) {
    return list().stream()
        .filter(key -> state.equals(key.get("state")) && "authentication".equals(key.get("role")))
        .map(key -> String.valueOf(key.get("kid")))
        .toList();
  }

  private void refuses(Console console, String sentence) {
    assertThat(console.code()).as(console.err()).isEqualTo(1);
    assertThat(console.err()).isEmpty();
    assertThat(console.out()).startsWith("Refused: ").contains(sentence).hasLineCount(1);
  }

  @Test
  void listsTheKeysOfEachRole() {
    assertThat(list())
        .hasSize(2)
        .allSatisfy(key -> {
          assertThat(key).containsEntry("state", "current").containsEntry("source", "store");
          assertThat(String.valueOf(key.get("kid"))).matches("[0-9A-F]{40}");
          assertThat(Instant.parse(String.valueOf(key.get("signs_from"))))
              .isBeforeOrEqualTo(Instant.now());
          assertThat(key).doesNotContainKeys("private_key", "certificate");
        })
        .extracting(key -> key.get("role") + " " + key.get("alg"))
        .containsExactly("authentication ES256", "maskinporten RS256");
    assertThat(keys("list").succeeds().out().lines())
        .hasSize(2)
        .allMatch(line -> line.contains(" current ") && line.contains("signs from "));
  }

  @Test
  void saysWhatHappensNextAndWhatIsWrong() throws IOException {
    assertThat(keys("status").succeeds().out())
        .contains("authentication ES256: " + in("current").get(0) + " signs since ")
        .contains("maskinporten RS256: ");
    Files.writeString(config, "signing:\n  algorithm: ES256\n  standby-key: true\n");
    Console wrong = keys("status");
    assertThat(wrong.code()).isEqualTo(1);
    assertThat(wrong.out()).contains("Problem: authentication ES256: no next key is published.");
    Files.writeString(config, "signing:\n  algorithm: PS256\n  standby-key: false\n");
    assertThat(keys("status").code()).isEqualTo(1);
    assertThat(keys("status").out()).contains("Problem: authentication PS256: no key signs.");
  }

  @Test
  void refusesARotationThatWouldBreakVerifiersAndSaysFromWhenItIsSafe() {
    String current = in("current").get(0);
    refuses(keys("rotate"), "verifiers keep the key set for up to 3600 s");
    String year = Instant.now().plus(Duration.ofHours(1)).toString().substring(0, 4);
    refuses(keys("rotate"), "The earliest safe time is " + year);
    assertThat(in("next")).as("the next key is published, and only one").hasSize(1);
    assertThat(in("current")).containsExactly(current);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "--schedule", "--emergency"})
  void changesNothingForAPlan(String mode) {
    List<Map<String, @Nullable Object>> before = list();
    Console plan = mode.isEmpty() ? keys("rotate", "--plan") : keys("rotate", "--plan", mode);
    if (mode.isEmpty()) {
      refuses(plan, "A new key may not sign yet");
    } else {
      assertThat(plan.succeeds().out())
          .startsWith("This would be done:\n  A new key is published.\n  A new key signs from ")
          .as("no id is named but that of the key that is there")
          .doesNotContainPattern("(?!" + in("current").get(0) + ")[0-9A-F]{40}");
    }
    assertThat(list()).isEqualTo(before);
  }

  @Test
  void schedulesARotation() {
    String current = in("current").get(0);
    assertThat(keys("rotate", "--schedule").succeeds().out())
        .startsWith("Done:\n")
        .contains("The key " + current + " signs until ")
        .doesNotContain("Breaks");
    assertThat(in("current")).containsExactly(current);
    String next = in("next").get(0);
    assertThat(keys("status").succeeds().out()).contains(next + " is next, and may sign from ");
    keys("retire", next).succeeds();
    assertThat(list())
        .anySatisfy(key ->
            assertThat(key).containsEntry("kid", current).containsEntry("signs_until", null));
  }

  @Test
  void rotatesInAnEmergencyAndSaysWhatBreaks() {
    String current = in("current").get(0);
    assertThat(keys("rotate", "--emergency").succeeds().out())
        .contains("The key " + current + " is no longer published and signs nothing.")
        .contains("Breaks: a verifier that keeps an older key set")
        .contains("Breaks: tokens that it signed are refused");
    assertThat(in("current")).hasSize(1).doesNotContain(current);
    assertThat(in("removed")).containsExactly(current);
  }

  @Test
  void rotatesTheKeysOfTheOtherRoleAlone() {
    String current = in("current").get(0);
    keys("rotate", "--role", "maskinporten", "--emergency").succeeds();
    assertThat(in("current")).containsExactly(current);
    assertThat(list()).filteredOn(key -> "maskinporten".equals(key.get("role"))).hasSize(2);
    refuses(keys("rotate", "--role", "maskinporten", "--alg", "ES256"), "Nothing signs with ES256");
  }

  @Test
  void retiresOnlyWhatDoesNotSign() {
    String current = in("current").get(0);
    refuses(keys("retire", current), "signs; rotate first");
    refuses(keys("retire", current, "--emergency"), "signs; rotate first");
    refuses(keys("retire", "ABC"), "No key ABC is published.");
    refuses(keys("rotate"), "may not sign yet");
    String next = in("next").get(0);
    assertThat(keys("retire", next, "--plan").succeeds().out()).contains(next);
    assertThat(in("next")).containsExactly(next);
    keys("retire", next).succeeds();
    assertThat(in("next")).isEmpty();
    assertThat(in("current")).containsExactly(current);
  }

  @Test
  void retiresAKeyWhoseTokensLiveInAnEmergencyOnlyAndSaysWhatBreaks() throws IOException {
    Path own =
        Files.writeString(
            folder.resolve("own.yaml"),
            "data: "
                + folder.resolve("own")
                + "\nsigning: {algorithm: ES256, standby-key: false}\n");
    // 70 minutes ago a rotation was scheduled: 9 minutes ago the next key took over.
    Settings settings = no.portvakt.server.SettingsFile.read(own, Map.of(), Settings.serving());
    InstantSource then = InstantSource.fixed(Instant.now().minus(Duration.ofMinutes(70)));
    try (Database database = Server.openStore(settings);
        PlatformKeys keys = StoreOptions.keys(settings, database, then)) {
      KeyRotation rotation = keys.rotation(Settings.Role.AUTHENTICATION);
      rotation.tend();
      rotation.rotate("ES256", KeyRotation.Mode.SCHEDULED, false);
    }
    Map<String, String> before = states(own);
    assertThat(before).containsOnlyKeys("previous", "current");
    String previous = String.valueOf(before.get("previous"));
    String[] retire = {"keys", "retire", previous, "--config", own.toString()};
    refuses(Console.run(retire), "Tokens that the key " + previous + " signed may still live.");
    String[] emergency = {"keys", "retire", previous, "--emergency", "--config", own.toString()};
    assertThat(Console.run(emergency).succeeds().out())
        .startsWith("Done:\n")
        .contains("The key " + previous + " is no longer published and signs nothing.")
        .contains("Breaks: tokens that it signed are refused by each verifier");
    assertThat(states(own))
        .isEqualTo(Map.of("removed", previous, "current", String.valueOf(before.get("current"))));
    refuses(Console.run(emergency), "No key " + previous + " is published.");
  }

  /** The id of the only key in each state. */
  private static Map<String, String> states(Path config) {
    return Console.run("keys", "list", "--json", "--config", config.toString())
        .succeeds()
        .objects()
        .stream()
        .collect(
            Collectors.toMap(
                key -> String.valueOf(key.get("state")), key -> String.valueOf(key.get("kid"))));
  }

  @Test
  void bringsAKeyInFromAFile() throws Exception {
    Path pem = folder.resolve("new.pem");
    Path store = folder.resolve("new.p12");
    IssuedKey.ec(Duration.ofDays(90)).write(pem, store);
    Path password = Files.writeString(folder.resolve("password"), "secret\nmore");
    keys("import", pem.toString(), "--plan").succeeds();
    assertThat(in("next")).isEmpty();
    assertThat(
            keys("import", store.toString(), "--password-file", password.toString())
                .succeeds()
                .out())
        .startsWith("Done:\n");
    assertThat(in("next")).hasSize(1);
    refuses(keys("import", pem.toString()), "is known already");
    IssuedKey.rsa(Duration.ofDays(90)).write(pem, store);
    refuses(keys("import", pem.toString()), "not of a kind that ES256 takes");
    refuses(keys("import", pem.toString(), "--alg", "RS256"), "Nothing signs with RS256");
    Files.writeString(password, "wrong");
    String name = store.toString();
    assertThat(keys("import", name, "--password-file", password.toString()).fails())
        .contains("new.p12")
        .doesNotContain("wrong\n", "secret");
    assertThat(keys("import", name, "--password-file", folder + "/none").fails()).contains("none");
    Files.writeString(pem, "garbage");
    assertThat(keys("import", pem.toString()).fails()).contains("new.pem can't be used: ");
    assertThat(keys("import", folder + "/missing.pem").fails()).contains("can't be read.");
    assertThat(in("next")).hasSize(1);
  }

  @Test
  void canNotDoWithoutStoreMasterKeyOrSense() throws IOException {
    assertThat(keys("rotate", "--schedule", "--emergency").fails()).contains("exclude each other");
    assertThat(Console.run("keys", "list", "--data", folder.resolve("x").toString()).fails())
        .contains("holds no store");
    assertThat(keys("rotate", "--role", "nobody").code()).isEqualTo(2);
    assertThat(keys("retire").code()).isEqualTo(2);
    assertThat(keys("turn").code()).isEqualTo(2);
    Path master = folder.resolve("master.key");
    Files.writeString(master, "YW5vdGhlciB0aGlydHktdHdvIGJ5dGVzLCBvdGhlci4=\n");
    assertThat(keys("rotate", "--emergency").fails()).contains("the master key is not the one");
    assertThat(keys("list").fails()).contains("the master key is not the one");
    Files.writeString(master, "short");
    assertThat(keys("list").fails()).contains("is not 32 bytes in base64");
  }

  @Test
  void isTakenOverByAServerThatRuns() throws Exception {
    Settings settings = settings();
    try (Server server = Server.start(settings);
        HttpClient http = HttpClient.newHttpClient()) {
      String before = in("current").get(0);
      URI address =
          URI.create(
              "http://127.0.0.1:"
                  + server.port()
                  + "/authentication/api/v1/openid/.well-known/openid-configuration/jwks");
      assertThat(get(http, address)).contains(before);
      keys("rotate", "--emergency").succeeds();
      String now = in("current").get(0);
      long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
      String published = get(http, address);
      while (!published.contains(now)) {
        assertThat(System.nanoTime()).as("the server looks").isLessThan(deadline);
        LockSupport.parkNanos(50_000_000);
        published = get(http, address);
      }
      assertThat(published).doesNotContain(before);
    }
  }

  private static String get(HttpClient http, URI address) throws Exception {
    return http.send(HttpRequest.newBuilder(address).build(), BodyHandlers.ofString()).body();
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.database.PostgresAddressText;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every setting as an environment variable: it means what the same text in the file means. */
class SettingsEnvironmentTest {
  private static final Settings BASE = Settings.serving();

  /** Key, one value, another value, and what else must be there; all as YAML. */
  private static final String KEYS =
      """
      roles | [authentication] | [maskinporten, authentication] |
      base-url | https://one.example.com | https://other.example.com |
      data | one | other |
      listen.host | 127.0.0.1 | 0.0.0.0 |
      listen.port | 8080 | 8443 |
      listen.tls.certificate | one.crt | other.crt | listen.tls.key=tls.key
      listen.tls.key | one.key | other.key | listen.tls.certificate=tls.crt
      listen.tls.keystore | one.p12 | other.p12 |
      listen.tls.password-file | one | other | listen.tls.keystore=tls.p12
      listen.proxies | [192.0.2.1] | [192.0.2.2, 10.0.0.0/8] |
      store.url | jdbc:postgresql://one/p | jdbc:postgresql://other:5433/p |
      store.user | one | other | store.url=jdbc:postgresql://db/p
      store.password | one | other | store.url=jdbc:postgresql://db/p
      store.password-file | FOLDER/one | FOLDER/other | store.url=jdbc:postgresql://db/p
      store.connections | 1 | 1000 | store.url=jdbc:postgresql://db/p
      master-key.file | one | other |
      master-key.text | one | other |
      master-key.device.library | one.so | other.so | master-key.device.pin-file=p; master-key.device.alias=a
      master-key.device.slot-index | 1 | 2 | master-key.device.library=l; master-key.device.pin-file=p; master-key.device.alias=a
      master-key.device.pin-file | one | other | master-key.device.library=l; master-key.device.alias=a
      master-key.device.alias | one | other | master-key.device.library=l; master-key.device.pin-file=p
      signing.algorithm | ES256 | PS256 |
      signing.also | [ES256] | [PS256, Ed25519] |
      signing.keys-max-age | 600 | 12h |
      signing.skew | 90s | 5m |
      signing.together | 3 | 1024 |
      signing.rotate-after | 30d | 86400 |
      signing.standby-key | true | false |
      signing.source.type | azure-key-vault | another-module |
      signing.source.files | [one.p12] | [one.p12, other.pem] | signing.source.type=files
      signing.source.password-file | one | other | signing.source.type=files; signing.source.files=[a.p12]
      signing.source.device.library | one.so | other.so | signing.source.type=pkcs11; signing.source.device.pin-file=p
      signing.source.device.slot-index | 1 | 2 | signing.source.type=pkcs11; signing.source.device.pin-file=p; signing.source.device.library=l
      signing.source.device.pin-file | one | other | signing.source.type=pkcs11; signing.source.device.library=l
      signing.source.device.alias | one | other | signing.source.type=pkcs11; signing.source.device.pin-file=p; signing.source.device.library=l
      signing.source.vault | https://one.example/ | https://other.example/ | signing.source.type=azure-key-vault
      signing.source.certificate | one | other | signing.source.type=azure-key-vault
      signing.source.refresh | 60 | 1h | signing.source.type=azure-key-vault
      signing.source.outage | 7d | 12h | signing.source.type=azure-key-vault
      audit.checkpoint-every | 30 | 5m |
      audit.retention | 365d | 90d |
      exchange.profile | strict | altinn |
      exchange.lifetime | 600 | 1200 |
      exchange.bound-by-proof | false | true |
      exchange.collapse-arrays | false | true |
      exchange.claim-families | [short] | [urn] |
      exchange.audiences | [a] | [b, https://c.example.com] |
      exchange.maskinporten | [] | [{issuer: i, jwks: 'https://i.example/jwk', algorithms: [RS256], audiences: [a]}] |
      maskinporten.anchors | one.pem | other.pem |
      maskinporten.admin-client | one.json | other.json |
      maskinporten.revocation.check | [ocsp] | [crl, ocsp] |
      maskinporten.revocation.when-unknown | refuse | accept |
      maskinporten.revocation.timeout | 2s | 10 |
      maskinporten.revocation.keep | 10m | 1d |
      maskinporten.revocation.responder | http://one.example/ocsp | https://other.example/ |
      maskinporten.revocation.lists | [one.crl] | [one.crl, 'http://crl.example/2'] |
      maskinporten.prefixes | {nav: 889640782} | {nav: 974760673, 974760673: '974760673'} |
      maskinporten.subscope-grammar | extended | seed |
      maskinporten.status-codes | observed | documented |
      maskinporten.grant-lifetime | 60 | 3m |
      maskinporten.clock-skew | 0 | 1m |
      maskinporten.reject-unknown-claims | true | false |
      maskinporten.query-parameters | true | false |
      maskinporten.misspelt-media-type | false | true |
      maskinporten.legacy-claims | false | true |
      """;

  @TempDir private static Path folder;

  record Key(String name, String one, String other, Map<String, String> besides) {
    String variable() {
      return "PORTVAKT_" + name.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
    }

    Map<String, String> with(String value) {
      Map<String, String> all = new LinkedHashMap<>(besides);
      all.put(name, value);
      return all;
    }

    @Override
    public String toString() {
      return name;
    }
  }

  static List<Key> keys() {
    return KEYS.lines().map(SettingsEnvironmentTest::key).toList();
  }

  private static Key key(String line) {
    String[] parts = line.replace("FOLDER", folder.toString()).split(" \\| ?", -1);
    Map<String, String> besides =
        Stream.of(parts[3].split("; "))
            .filter(it -> !it.isEmpty())
            .map(it -> it.split("=", 2))
            .collect(Collectors.toMap(it -> it[0], it -> it[1]));
    return new Key(parts[0], parts[1], parts[2], besides);
  }

  @ParameterizedTest
  @MethodSource("keys")
  void meansTheSameAsInTheFileAndGoesOverIt(Key key) throws IOException {
    Files.writeString(folder.resolve("one"), "one\n");
    Files.writeString(folder.resolve("other"), "other\n");
    String one = shown(read(key.with(key.one), Map.of()));
    String other = shown(read(key.with(key.other), Map.of()));
    assertThat(one).isNotEqualTo(other);
    assertThat(shown(read(key.besides, Map.of(key.variable(), key.other)))).isEqualTo(other);
    assertThat(shown(read(key.with(key.one), Map.of(key.variable(), key.other)))).isEqualTo(other);
    assertThat(shown(read(key.with(key.other), Map.of(key.variable(), key.one)))).isEqualTo(one);
  }

  @ParameterizedTest
  @MethodSource("keys")
  void takesAllFromVariablesWithoutAFile(Key key) throws IOException {
    Files.writeString(folder.resolve("one"), "one\n");
    Map<String, String> variables =
        key.with(key.one).entrySet().stream()
            .collect(
                Collectors.toMap(
                    it -> new Key(it.getKey(), "", "", Map.of()).variable(), Map.Entry::getValue));
    assertThat(shown(SettingsFile.read(null, variables, BASE)))
        .isEqualTo(shown(read(key.with(key.one), Map.of())));
  }

  @Test
  void theListAboveAndDocsOperationsNameTheSameKeys() throws IOException {
    String page = Files.readString(Path.of("..", "docs", "operations.md"));
    String settings = page.substring(page.indexOf("\n## Settings"), page.indexOf("\n## TLS"));
    Matcher row = Pattern.compile("(?m)^\\| `([a-z.-]+)` \\|").matcher(settings);
    Set<String> documented = new TreeSet<>();
    row.results().forEach(it -> assertThat(documented.add(it.group(1))).as(it.group(1)).isTrue());
    assertThat(documented).isEqualTo(new TreeSet<>(keys().stream().map(Key::name).toList()));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PORTVAKT_LISTEN_PROXIES | 192.0.2.1,10.0.0.0/8",
        "PORTVAKT_LISTEN_PROXIES | ' 192.0.2.1 ,  10.0.0.0/8 '",
        "PORTVAKT_LISTEN_PROXIES | [192.0.2.1, 10.0.0.0/8]",
        "PORTVAKT_LISTEN_PROXIES | '[\"192.0.2.1\", ''10.0.0.0/8'']'",
      })
  void takesAListWithCommasOrAsYaml(String variable, String text) throws IOException {
    assertThat(read(Map.of(), Map.of(variable, text)).listen().proxies())
        .containsExactly("192.0.2.1", "10.0.0.0/8");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PORTVAKT_LISTEN_PROT | PORTVAKT_LISTEN_PORT",
        "PORTVAKT_STORE_URI | PORTVAKT_STORE_URL",
        "PORTVAKT_BASEURL | PORTVAKT_BASE_URL",
        "PORTVAKT_LISTEN | PORTVAKT_",
        "PORTVAKT_MASTER_KEY | PORTVAKT_MASTER_KEY_",
        "PORTVAKT_listen_port | PORTVAKT_",
        "PORTVAKT_EXCHANGE_MASKINPORTEN_0_ISSUER | PORTVAKT_EXCHANGE_MASKINPORTEN",
        "PORTVAKT_JAVA_OPT | PORTVAKT_",
        "PORTVAKT_ | PORTVAKT_",
      })
  void refusesAnUnknownVariableAndNamesTheNearest(String variable, String nearest) {
    assertThatExceptionOfType(BadSettings.class)
        .isThrownBy(() -> read(Map.of(), Map.of(variable, "hidden-value")))
        .withMessageStartingWith(
            "There is no setting for the variable " + variable + "; did you mean " + nearest)
        .withMessageNotContaining("hidden-value");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PORTVAKT_JAVA_OPTS",
        "PORTVAKT_NO_AOT",
        "PORTVAKT_NO_BUILD",
        "PORTVAKT_SERVER_COMMAND",
        "PATH",
        "HOME",
        "portvakt_listen_port",
        "LISTEN_PORT"
      })
  void leavesOtherProgramsVariablesAlone(String variable) throws IOException {
    assertThat(read(Map.of(), Map.of(variable, "-Xmx1g"))).isEqualTo(BASE);
    assertThat(SettingsFile.anyIn(Map.of(variable, "-Xmx1g"))).isFalse();
    assertThat(SettingsFile.anyIn(Map.of(variable, "", "PORTVAKT_DATA", ""))).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "PORTVAKT_LISTEN_PORT | http",
        "PORTVAKT_LISTEN_PORT | 65536",
        "PORTVAKT_LISTEN_PORT | -1",
        "PORTVAKT_LISTEN_PORT | [80]",
        "PORTVAKT_LISTEN_PORT | '80: 81'",
        "PORTVAKT_LISTEN_PORT | '{'",
        "PORTVAKT_STORE_CONNECTIONS | 0",
        "PORTVAKT_SIGNING_STANDBY_KEY | 1",
        "PORTVAKT_SIGNING_STANDBY_KEY | maybe",
        "PORTVAKT_SIGNING_SKEW | 90x",
        "PORTVAKT_SIGNING_SKEW | 1.5m",
        "PORTVAKT_SIGNING_SKEW | 11m",
        "PORTVAKT_SIGNING_ALGORITHM | es256",
        "PORTVAKT_SIGNING_ALSO | 'ES256,'",
        "PORTVAKT_SIGNING_ALSO | ES256;PS256",
        "PORTVAKT_LISTEN_PROXIES | [192.0.2.1",
        "PORTVAKT_LISTEN_PROXIES | [[192.0.2.1]]",
        "PORTVAKT_EXCHANGE_LIFETIME | 30m",
      })
  void refusesAVariableOfTheWrongForm(String variable, String text) {
    assertBad(variable, text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PORTVAKT_ROLES",
        "PORTVAKT_BASE_URL",
        "PORTVAKT_DATA",
        "PORTVAKT_LISTEN_PORT",
        "PORTVAKT_LISTEN_PROXIES",
        "PORTVAKT_STORE_PASSWORD",
        "PORTVAKT_MASTER_KEY_TEXT",
        "PORTVAKT_SIGNING_SKEW",
        "PORTVAKT_SIGNING_STANDBY_KEY",
        "PORTVAKT_SIGNING_ALGORITHM",
        "PORTVAKT_AUDIT_RETENTION"
      })
  void refusesABlankVariable(String variable) {
    for (String blank : List.of("", " ", "\n")) {
      assertBad(variable, blank);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "PORTVAKT_LISTEN_PORT",
        "PORTVAKT_SIGNING_SKEW",
        "PORTVAKT_SIGNING_STANDBY_KEY",
        "PORTVAKT_SIGNING_ALGORITHM"
      })
  void refusesAVariableThatSaysNothingInYaml(String variable) {
    for (String nothing : List.of("~", "null", "# nothing")) {
      assertBad(variable, nothing);
    }
  }

  private void assertBad(String variable, String text) {
    String key = variable.substring("PORTVAKT_".length()).toLowerCase(Locale.ROOT);
    assertThatExceptionOfType(BadSettings.class)
        .as(text)
        .isThrownBy(() -> read(Map.of(), Map.of(variable, text)))
        .satisfies(
            e -> assertThat(String.valueOf(e.getMessage()).replaceAll("[.-]", "_")).contains(key));
  }

  /** All of it, with what a person must not see. */
  private static String shown(Settings settings) {
    PostgresAddress store = settings.store();
    return String.join(
        " ",
        settings.toString(),
        String.valueOf(settings.masterKey().text()),
        store == null ? "" : PostgresAddressText.of(store));
  }

  private static Settings read(Map<String, String> values, Map<String, String> variables)
      throws IOException {
    StringBuilder yaml = new StringBuilder();
    Map<String, Object> tree = new LinkedHashMap<>();
    values.forEach((name, value) -> put(tree, name, value));
    write(yaml, tree);
    Path file = Files.writeString(folder.resolve("settings.yaml"), yaml);
    return SettingsFile.read(file, variables, BASE);
  }

  @SuppressWarnings("unchecked")
  private static void put(Map<String, Object> tree, String name, String value) {
    int dot = name.indexOf('.');
    if (dot < 0) {
      tree.put(name, value);
    } else {
      Object below = tree.computeIfAbsent(name.substring(0, dot), _ -> new LinkedHashMap<>());
      put((Map<String, Object>) below, name.substring(dot + 1), value);
    }
  }

  private static void write(StringBuilder yaml, Map<?, ?> tree) {
    yaml.append("{");
    tree.forEach((name, value) -> {
      yaml.append(name).append(": ");
      if (value instanceof Map<?, ?> below) {
        write(yaml, below);
      } else {
        yaml.append(value);
      }
      yaml.append("\n, ");
    });
    yaml.append("}");
  }
}

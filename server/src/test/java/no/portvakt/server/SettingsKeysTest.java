package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import no.portvakt.server.Settings.Role;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.certificates.Revocation;
import no.portvakt.server.database.PostgresAddressText;
import no.portvakt.server.http.HttpServer;
import no.portvakt.server.http.TlsFiles;
import no.portvakt.server.issuer.KeyCipher.WrongMasterKey;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The settings of a node: what they mean, what they refuse, and that no secret is shown. */
class SettingsKeysTest {
  private static final Settings BASE = Settings.serving();
  private static final String STORE = "store: {url: 'jdbc:postgresql://db/portvakt'";
  private static final String SECRET = "hunter2-of-the-night";

  /** 32 bytes in base64; worth nothing outside the tests. */
  private static final String MASTER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=";

  @TempDir private Path folder;

  @Test
  void servesWithoutTestDataAndWithTheNextKeyReady() throws IOException {
    Settings settings = read("");
    assertThat(settings).isEqualTo(BASE);
    assertThat(settings.roles()).containsExactlyInAnyOrder(Role.AUTHENTICATION, Role.MASKINPORTEN);
    assertThat(settings.baseUrl()).isNull();
    assertThat(settings.data()).isEqualTo(Path.of("data"));
    assertThat(settings.development()).isNull();
    assertThat(settings.maskinporten())
        .isEqualTo(
            Settings.development(null, 0)
                .maskinporten()
                .withRevocation(
                    Revocation.Options.of(List.of(Revocation.Method.OCSP, Revocation.Method.CRL))));
    assertThat(settings.signing().standby()).isTrue();
    assertThat(settings.signing().rotateAfter()).isEqualTo(Duration.ofDays(90));
    assertThat(Settings.development(null, 0).signing().standby()).isFalse();
  }

  @Test
  void takesEachRoleAlone() throws IOException {
    assertThat(read("roles: [authentication]").roles()).isEqualTo(Set.of(Role.AUTHENTICATION));
    assertThat(read("roles: [maskinporten]").roles()).isEqualTo(Set.of(Role.MASKINPORTEN));
    assertThat(read("roles: []").roles()).isEqualTo(BASE.roles());
  }

  @Test
  void keepsNothingInAFolderWithPostgresUnlessOneIsNamed() throws IOException {
    assertThat(read(STORE + "}").data()).isNull();
    assertThat(read(STORE + "}\ndata: here").data()).isEqualTo(Path.of("here"));
    Settings dev = SettingsFile.read(file(STORE + "}"), Map.of(), Settings.development(folder, 0));
    assertThat(dev.data()).isEqualTo(folder);
  }

  @Test
  void readsTheStoresPasswordFromAFileWithoutItsLineEnd() throws IOException {
    Path password = Files.writeString(folder.resolve("password"), SECRET + "\r\n");
    Settings settings = read(STORE + ", user: portvakt, password-file: " + password + "}");
    assertThat(PostgresAddressText.of(Objects.requireNonNull(settings.store())))
        .isEqualTo("jdbc:postgresql://db/portvakt portvakt " + SECRET + " 8");
  }

  @Test
  void readsBothFormsOfTls() throws IOException {
    assertThat(read("listen: {tls: {certificate: a, key: b, password-file: c}}").listen().tls())
        .isEqualTo(TlsFiles.pem(Path.of("a"), Path.of("b"), Path.of("c")));
    assertThat(read("listen: {tls: {keystore: a}}").listen().tls())
        .isEqualTo(TlsFiles.pkcs12(Path.of("a"), null));
  }

  @ParameterizedTest
  @CsvSource({"90s, 90", "30m, 1800", "12h, 43200", "7d, 604800", "1s, 1", "90, 90", "1, 1"})
  void readsTimes(String text, long seconds) throws IOException {
    Duration expected = Duration.ofSeconds(seconds);
    assertThat(read("signing: {keys-max-age: " + text + "}").signing().keysMaxAge())
        .isEqualTo(expected);
    Map<String, String> variable = Map.of("PORTVAKT_AUDIT_RETENTION", text);
    assertThat(SettingsFile.read(null, variable, BASE).audit().retention()).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0", "-1", "8d", "604801", "1w", "m", "1.5h", "90 s", "'90'", "P1D", "1h30m", "[1]"
      })
  void refusesOtherTimes(String text) {
    assertBad(
        "signing: {keys-max-age: " + text + "}",
        "The setting signing.keys-max-age takes seconds, or a time such as 90s, 30m, 12h, 7d, from 1"
            + " to 604800 seconds.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "roles: [register] | The role register is not part of this version; there are authentication and maskinporten.",
        "roles: [authentication, idporten] | The role idporten is not part of this version;",
        "roles: [Console] | The role Console is not part of this version;",
        "roles: [registry] | The setting roles takes authentication and maskinporten, not registry.",
        "roles: [''] | The setting roles takes a list of texts.",
        "roles: authentication | The setting roles takes a list.",
        "data: 5 | The setting data takes a text.",
        "data: \"a\\0b\" | The setting data takes the path of a file.",
        "signing: {source: {type: files, files: [\"a\\0b\"]}} | signing.source.files takes the path",
        "listen: {proxies: 10.0.0.1} | The setting listen.proxies takes a list.",
        "listen: {tls: yes} | The setting listen.tls takes further keys below it.",
        "listen: {tls: {}} | listen.tls takes certificate and key, or keystore.",
        "listen: {tls: {certificate: a}} | listen.tls takes certificate and key, or keystore.",
        "listen: {tls: {key: a}} | listen.tls takes certificate and key, or keystore.",
        "listen: {tls: {certificate: a, key: b, keystore: c}} | listen.tls takes",
        "listen: {tls: {keystore: a, passwordfile: b}} | did you mean listen.tls.password-file?",
        "store: {uri: x} | There is no setting store.uri; did you mean store.url?",
        "store: {user: x} | store needs url, or nothing at all.",
        "store: {connections: 3} | store needs url, or nothing at all.",
        "store: {password: hunter2-of-the-night} | store needs url, or nothing at all.",
        "store: {url: x, connections: 0} | store.connections takes a whole number from 1 to 1000.",
        "store: {url: x, connections: 1001} | store.connections takes",
        "store: {url: 'postgresql://db/p'} | must be of the form jdbc:postgresql://host:port/database.",
        "store: {url: 'jdbc:mysql://db/p'} | must be of the form",
        "store: {url: 'jdbc:postgresql://db/p?password=hunter2-of-the-night'} | must not hold a password",
        "store: {url: 'jdbc:postgresql://db/p?sslPassword=hunter2-of-the-night'} | must not hold a password",
        "store: {url: 'jdbc:postgresql://me:hunter2-of-the-night@db/p'} | must not hold a user before",
        "store: {url: x, password: a, password-file: b} | takes one of password and password-file.",
        "store: {url: x, password: 12345} | The setting store.password takes a text.",
        "store: {url: x, password: *hunter2-of-the-night} | are not YAML in line 1.",
        "store: {url: x, password: !hunter2-of-the-night x} | are not YAML in line 1.",
        "store: {url: x, password: !hunter2!x y} | are not YAML in line 1.",
        "store: {url: x, url: y} | found duplicate key url in line 1.",
        "master-key: {file: a, text: hunter2-of-the-night} | takes one of file, text and device.",
        "master-key: {text: [hunter2-of-the-night]} | The setting master-key.text takes a text.",
        "master-key: {file: a, device: {library: l, pin-file: p, alias: a}} | takes one of",
        "master-key: {device: {library: l, pin-file: p}} | needs library and pin-file, and alias.",
        "master-key: {device: {library: l, alias: a}} | needs library and pin-file, and alias.",
        "master-key: {device: {library: l, pin-file: p, alias: a, slot-index: -1}} | from 0 to 1000.",
        "master-key: {key: hunter2-of-the-night} | There is no setting master-key.key; did you mean",
        "signing: {also: [RS512]} | The setting signing.also takes a list of",
        "signing: {skew: 11m} | The setting signing.skew takes",
        "signing: {skew: 0} | The setting signing.skew takes",
        "signing: {rotate-after: 0s} | The setting signing.rotate-after takes",
        "signing: {rotate-after: 36500d} | The setting signing.rotate-after takes 532d or less: a key",
        "{store: {url: 'jdbc:postgresql://db/p'}, signing: {skew: 4s}} | skew takes 5 seconds or more",
        "signing: {standby-key: 'yes'} | The setting signing.standby-key takes true or false.",
        "signing: {source: {files: [a]}} | signing.source needs type: files, pkcs11 or azure-key-vault.",
        "signing: {source: {type: files}} | needs files with the type files, and device with",
        "signing: {source: {type: pkcs11}} | needs files with the type files, and device with",
        "signing: {source: {type: files, files: [a], device: {library: l}}} | needs library and pin-file.",
        "signing: {source: {type: azure-key-vault, files: [a]}} | needs files with the type files",
        "signing: {source: {type: azure-key-vault, refresh: 29s}} | from 30 to 86400 seconds.",
        "signing: {source: {type: files, files: [a], refresh: 0s}} | from 1 to 86400 seconds.",
        "audit: {checkpoint-every: 2d} | The setting audit.checkpoint-every takes",
        "audit: {checkpoint-every: 0} | The setting audit.checkpoint-every takes",
        "maskinporten: {prefixes: [nav]} | The setting maskinporten.prefixes takes names with a value",
        "maskinporten: {prefixes: {nav: 974760674}} | takes prefixes, each with an organisation",
        "maskinporten: {prefixes: {NAV: 974760673}} | takes prefixes, each with an organisation",
        "maskinporten: {subscope-grammar: new} | takes one of [extended, seed].",
        "maskinporten: {status-codes: real} | takes one of [documented, observed].",
        "audit: {retention: for ever} | The setting audit.retention takes",
      })
  void saysWhatASettingTakes(String yaml, String sentence) {
    assertBad(yaml, sentence);
  }

  @Test
  void saysWhichFileOfASecretCannotBeRead() {
    assertBad(STORE + ", password-file: " + folder.resolve("none") + "}", "none can't be read.");
  }

  @Test
  void letsNoKeyOutliveItsCertificate() throws IOException {
    assertThat(read("signing: {rotate-after: 532d}").signing().rotateAfter())
        .isEqualTo(Duration.ofDays(532));
    assertBad("signing: {rotate-after: 533d}", "takes 532d or less");
    assertThat(read("signing: {rotate-after: 1064d, standby-key: false}").signing().standby())
        .isFalse();
    assertBad("signing: {rotate-after: 1065d, standby-key: false}", "takes 1064d or less");
    assertBad(
        "signing: {rotate-after: 1064d, standby-key: false, keys-max-age: 7d}",
        "takes 1050d or less");
  }

  @Test
  void takesAShorterSkewOnOneNodeOnly() throws IOException {
    assertThat(read("signing: {skew: 1s}").signing().skew()).isEqualTo(Duration.ofSeconds(1));
    assertThat(read(STORE + "}\nsigning: {skew: 5s}").signing().skew())
        .isEqualTo(Duration.ofSeconds(5));
    assertBad(STORE + "}\nsigning: {skew: 4s}", "skew takes 5 seconds or more");
  }

  @Test
  void looksAtASourceAsOftenAsItsTypeBears() throws IOException {
    assertThat(refresh("type: azure-key-vault")).isEqualTo(Duration.ofMinutes(15));
    assertThat(refresh("type: azure-key-vault, refresh: 30")).isEqualTo(Duration.ofSeconds(30));
    assertThat(refresh("type: files, files: [a]")).isEqualTo(Duration.ofSeconds(30));
    assertThat(refresh("type: files, files: [a], refresh: 1")).isEqualTo(Duration.ofSeconds(1));
  }

  private Duration refresh(String source) throws IOException {
    return Objects.requireNonNull(read("signing: {source: {" + source + "}}").signing().source())
        .refresh();
  }

  @Test
  void showsNoSecretAnywhere() {
    Map<String, String> variables =
        Map.of(
            "PORTVAKT_STORE_PASSWORD",
            SECRET,
            "PORTVAKT_MASTER_KEY_TEXT",
            SECRET,
            "PORTVAKT_STORE_URL",
            "jdbc:postgresql://db/p");
    Settings settings = SettingsFile.read(null, variables, BASE);
    assertThat(settings.masterKey().text()).isEqualTo(SECRET);
    assertThat(settings.toString()).doesNotContain(SECRET).contains("jdbc:postgresql://db/p");
    assertThatExceptionOfType(WrongMasterKey.class)
        .isThrownBy(() -> PrivateKeys.check(settings))
        .withMessage("The master key in the settings is not 32 bytes in base64.")
        .withNoCause();
    for (String wrong : List.of("PORTVAKT_STORE_URL", "PORTVAKT_DATA", "PORTVAKT_SIGNING_SKEW")) {
      assertThatExceptionOfType(BadSettings.class)
          .isThrownBy(() ->
              SettingsFile.read(
                  null, Map.of("PORTVAKT_STORE_PASSWORD", SECRET, wrong, "\0" + SECRET), BASE))
          .satisfies(e -> assertThat(e.toString()).doesNotContain(SECRET));
    }
  }

  @Test
  void refusesPostgresWithoutAMasterKeyThatEveryNodeHas() throws IOException {
    Settings settings = read(STORE + "}\ndata: " + folder.resolve("data"));
    assertThatExceptionOfType(BadSettings.class)
        .isThrownBy(() -> PrivateKeys.check(settings))
        .withMessage(
            "A store in PostgreSQL needs master-key.file, master-key.text (the variable"
                + " PORTVAKT_MASTER_KEY_TEXT) or master-key.device, the same on every node.");
    assertThat(folder.resolve("data")).doesNotExist();
  }

  @Test
  void takesAMasterKeyAsFileOrText() throws IOException {
    Path file = Files.writeString(folder.resolve("key"), MASTER_KEY + "\n");
    Settings inFile = read(STORE + "}\nmaster-key: {file: " + file + "}");
    Settings asText = read(STORE + "}\nmaster-key: {text: " + MASTER_KEY + "}");
    assertThatNoException().isThrownBy(() -> PrivateKeys.check(inFile));
    assertThatNoException().isThrownBy(() -> PrivateKeys.check(asText));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "text: c2hvcnQ=",
        "text: not base64",
        "device: {library: /none.so, pin-file: p, alias: a}"
      })
  void looksAtAMasterKeyThatIsNamedAlsoWithoutPostgres(String masterKey) throws IOException {
    Settings settings = read("master-key: {" + masterKey + "}");
    assertThatExceptionOfType(RuntimeException.class)
        .isThrownBy(() -> PrivateKeys.check(settings))
        .satisfies(e -> assertThat(e).isInstanceOfAny(WrongMasterKey.class, BadSettings.class));
  }

  @Test
  void checksNothingThatAStartWouldMake() throws IOException {
    PrivateKeys.check(read("data: " + folder.resolve("data")));
    assertThat(folder.resolve("data")).doesNotExist();
  }

  @Test
  void letsTheCommandLineChooseAnotherFolder() throws IOException {
    Settings settings = read(STORE + "}\ndata: one").withData(Path.of("other"));
    assertThat(settings.data()).isEqualTo(Path.of("other"));
    assertThat(settings.store()).isNull();
    assertThat(settings.withData(null).data()).isNull();
    assertThat(settings.listen())
        .isEqualTo(new HttpServer.Listen("127.0.0.1", 7070, null, List.of()));
  }

  private Settings read(String yaml) throws IOException {
    return SettingsFile.read(file(yaml), Map.of(), BASE);
  }

  private Path file(String yaml) throws IOException {
    return Files.writeString(folder.resolve("settings.yaml"), yaml);
  }

  private void assertBad(String yaml, String sentence) {
    assertThatExceptionOfType(BadSettings.class)
        .isThrownBy(() -> read(yaml))
        .withMessageContaining(sentence)
        .satisfies(e -> assertThat(e.toString()).doesNotContain("hunter2"));
  }
}

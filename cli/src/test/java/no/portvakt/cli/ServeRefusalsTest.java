package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What {@code serve} does not start with, and {@code config check} finds without starting anything.
 */
class ServeRefusalsTest {
  private static final String BASE = "base-url: https://p.example.com\n";
  private static final String SECRET = "hunter2-of-the-night";
  private static final String MASTER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=";

  @TempDir private Path folder = Path.of("");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listen: {port: 0} | The setting base-url is missing",
        "BASE listen: {host: 0.0.0.0} | Plain HTTP on 0.0.0.0 would show tokens to the network",
        "BASE listen: {proxies: [a-name]} | The proxy a-name is not an IP address or a CIDR block",
        "BASE listen: {tls: {keystore: none.p12}} | The file none.p12 can't be read.",
        "BASE listen: {tls: {keystore: FILE}} | is not PKCS#12, or its password is another.",
        "BASE listen: {tls: {certificate: FILE, key: FILE}} | is not certificates in PEM.",
        "BASE roles: [register] | The role register is not part of this version; there are authentication and maskinporten.",
        "BASE roles: [authenticator] | takes authentication and maskinporten, not authenticator.",
        "BASE maskinporten: {anchors: FILE} | is not 1 to 200 certificates in PEM, of 1 MiB at most.",
        "BASE maskinporten: {anchors: FOLDER} | can't be read.",
        "BASE maskinporten: {revocation: {lists: ['http://crl.example.com/1.crl', FILE]}} | is not a revocation list.",
        "BASE maskinporten: {admin-client: FILE} | is not of the expected form; delete it for a new one.",
        "BASE store: {url: 'jdbc:postgresql://db/p'} | A store in PostgreSQL needs master-key.file",
        "BASE store: {url: 'jdbc:postgresql://db/p', password-file: none} | The file none can't be read.",
        "BASE store: {url: 'jdbc:postgresql://x:hunter2-of-the-night@db/p'} | must not hold a user",
        "BASE master-key: {file: none.key} | The master key none.key can't be read.",
        "BASE master-key: {file: FILE} | is not 32 bytes in base64.",
        "BASE master-key: {text: hunter2-of-the-night} | is not 32 bytes in base64.",
        "BASE signing: {source: {type: files, files: [none.p12]}} | none.p12",
        "BASE signing: {source: {type: hsm}} | type takes one of [azure-key-vault, files, pkcs11].",
        "BASE signing: {source: {type: azure-key-vault, vault: 'https://v.example', certificate: c,"
            + " refresh: 5s}} | The setting signing.source.refresh takes seconds",
        "BASE signing: {source: {type: azure-key-vault, vault: 'http://v', certificate: c}}"
            + " | The setting vault is not like https://example.vault.azure.net.",
        "BASE signing: {source: {type: azure-key-vault, vault: 'https://v.example'}}"
            + " | needs the setting certificate.",
        "BASE data: [ | are not YAML",
        "BASE date: x | There is no setting date; did you mean data?",
      })
  void findsWhatASettingDoesNotHold(String yaml, String sentence) throws IOException {
    Console check = Console.run("config", "check", config(yaml).toString());
    assertThat(check.code()).as(check.err()).isEqualTo(1);
    assertThat(check.err()).isEmpty();
    assertThat(check.out())
        .contains(sentence)
        .doesNotContain("hunter2", "Exception")
        .hasLineCount(1);
    assertThat(files()).isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listen: {port: 0} | The setting base-url is missing",
        "BASE listen: {host: 0.0.0.0, port: 0} | Plain HTTP on 0.0.0.0 would show tokens",
        "BASE listen: {port: 0, tls: {keystore: none.p12}} | The file none.p12 can't be read.",
        "BASE listen: {host: 192.0.2.9, proxies: [192.0.2.1]} | Nothing can listen on 192.0.2.9, port 7070",
        "BASE roles: [register] | The role register is not part of this version;",
        "BASE maskinporten: {anchors: FILE} | is not 1 to 200 certificates in PEM, of 1 MiB at most.",
        "BASE maskinporten: {revocation: {lists: [FILE]}} | is not a revocation list.",
        "BASE maskinporten: {admin-client: FILE} | is not of the expected form; delete it for a new one.",
        "BASE data: FILE | can't be written; name another with --data or the setting data.",
        "BASE master-key: {file: none.key} | The master key none.key can't be read.",
        "BASE master-key: {text: hunter2-of-the-night} | is not 32 bytes in base64.",
        "BASE store: {url: 'jdbc:postgresql://127.0.0.1:1/p'} | A store in PostgreSQL needs",
      })
  void doesNotStartWithThem(String yaml, String sentence) throws IOException {
    String[] line = {"serve", "--config", config(withPlaces(yaml)).toString()};
    assertThat(Console.run(line).fails()).contains(sentence);
    assertThat(files()).isEqualTo(2);
  }

  @Test
  void doesNotStartWithoutAStoreThatAnswers() throws IOException {
    Path config =
        config(
            "BASE listen: {port: 0}\nmaster-key: {text: "
                + MASTER_KEY
                + "}\nstore: {url: 'jdbc:postgresql://127.0.0.1:1/p', user: u, password: "
                + SECRET
                + "}");
    assertThat(Console.run("serve", "--config", config.toString()).fails())
        .contains("The store jdbc:postgresql://127.0.0.1:1/p can't be used: ")
        .doesNotContain(SECRET);
    assertThat(Console.run("config", "check", config.toString()).succeeds().out())
        .contains("The settings hold.", "jdbc:postgresql://127.0.0.1:1/p")
        .doesNotContain(SECRET, MASTER_KEY);
  }

  @Test
  void doesNotStartOnAPortInUse() throws IOException {
    try (ServerSocket other = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      Path config = config("BASE listen: {port: " + other.getLocalPort() + "}\ndata: FOLDER/new");
      assertThat(Console.run("serve", "--config", config.toString()).fails())
          .contains("is already in use; choose another with --port or the setting listen.port.");
      assertThat(folder.resolve("new")).doesNotExist();
    }
  }

  @Test
  void doesNotStartWithAnotherMasterKey() throws IOException {
    Path data = folder.resolve("data");
    Server.start(Settings.development(data, 0)).close();
    Path config =
        config("BASE listen: {port: 0}\ndata: FOLDER/data\nmaster-key: {text: " + MASTER_KEY + "}");
    assertThat(Console.run("serve", "--config", config.toString()).fails())
        .contains("the master key is not the one it was stored with")
        .doesNotContain(MASTER_KEY);
    for (String command : new String[] {"list", "status", "rotate"}) {
      assertThat(Console.run("keys", command, "--config", config.toString()).fails())
          .contains("the master key is not the one it was stored with");
    }
    Console.run("keys", "list", "--data", data.toString()).succeeds();
  }

  @Test
  void refusesAFileThatIsNotThere() {
    String none = folder.resolve("none.yaml").toString();
    assertThat(Console.run("serve", "--config", none).fails()).contains("can't be read");
    assertThat(Console.run("config", "check", none).fails()).contains("can't be read");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"config", "config check", "config check a b", "serve now", "serve --port 1"})
  void refusesOtherArguments(String line) {
    Console console = Console.run(line.split(" ", -1));
    assertThat(console.code()).isEqualTo(2);
    assertThat(console.err()).isNotEmpty().doesNotContain("Exception");
  }

  @Test
  void sumsUpSettingsThatHoldAndMakesNothing() throws Exception {
    ServerCertificate.create().write(folder.resolve("tls.p12"), SECRET);
    Files.writeString(folder.resolve("password"), SECRET);
    Path config =
        config(
            "BASE data: FOLDER/data\nlisten: {host: 0.0.0.0, port: 443, tls: {keystore:"
                + " FOLDER/tls.p12, password-file: FOLDER/password}}\nsigning: {also: [ES256]}\n"
                + "maskinporten: {admin-client: FOLDER/admin.json}");
    Console check = Console.run("config", "check", config.toString()).succeeds();
    assertThat(check.out())
        .isEqualToNormalizingNewlines(
            """
            The settings hold.
              roles     authentication, maskinporten
              base-url  https://p.example.com
              listen    0.0.0.0:443 with TLS
              store     SQLite in %s
              signing   RS256, ES256
            """
                .formatted(folder.resolve("data")));
    assertThat(folder.resolve("data")).doesNotExist();
    assertThat(folder.resolve("admin.json")).doesNotExist();
  }

  @Test
  void readsTheCertificatesAndListsThatTheSettingsName() throws Exception {
    ServerCertificate certificate = ServerCertificate.create();
    Path config =
        config(
            "BASE maskinporten: {anchors: FOLDER/anchors.pem, revocation: {lists:"
                + " [FOLDER/list.crl]}}");
    String[] line = {"config", "check", config.toString()};
    assertThat(Console.run(line).succeeds().out())
        .contains(
            "Not there yet: " + folder.resolve("anchors.pem"),
            "Not there yet: " + folder.resolve("list.crl"));
    Files.writeString(folder.resolve("anchors.pem"), certificate.pem());
    Files.write(folder.resolve("list.crl"), certificate.emptyList());
    assertThat(Console.run(line).succeeds().out())
        .startsWith("The settings hold.")
        .doesNotContain("Not there yet");
    // Who runs no Maskinporten reads none of them.
    Files.writeString(folder.resolve("anchors.pem"), "garbage");
    assertThat(Console.run(line).code()).isEqualTo(1);
    Files.writeString(config, Files.readString(config) + "\nroles: [authentication]\n");
    Console.run(line).succeeds();
  }

  @Test
  void letsTheCommandLineGoOverTheFile() throws Exception {
    Path config = config("data: FOLDER/of-the-file");
    Console demo =
        Console.run("demo", "--once", "--in-memory", "--port", "0", "--config", config.toString());
    demo.succeeds();
    assertThat(folder.resolve("of-the-file")).doesNotExist();
    Path other = folder.resolve("other");
    Console.run("demo", "--once", "--data", other.toString(), "--config", config.toString())
        .succeeds();
    assertThat(folder.resolve("of-the-file")).doesNotExist();
    String[] list = {"keys", "list", "--data", other.toString(), "--config", config.toString()};
    assertThat(Console.run(list).succeeds().out()).hasLineCount(2);
    assertThat(Console.run("keys", "list", "--config", config.toString()).fails())
        .contains("of-the-file holds no store");
  }

  private Path config(String yaml) throws IOException {
    Path file = Files.writeString(folder.resolve("file"), "x");
    return Files.writeString(
        folder.resolve("portvakt.yaml"),
        yaml.replace("BASE ", BASE)
            .replace("FILE", file.toString())
            .replace("FOLDER", folder.toString()));
  }

  private static String withPlaces(String yaml) {
    String all = yaml.contains("data:") ? yaml : yaml + "\ndata: FOLDER/data";
    return yaml.contains("listen:") ? all : all + "\nlisten: {port: 0}";
  }

  private long files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.count();
    }
  }
}

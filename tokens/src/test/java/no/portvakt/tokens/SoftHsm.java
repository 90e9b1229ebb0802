package no.portvakt.tokens;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * SoftHSM, a PKCS#11 device in software, with tokens made for these tests alone. Its library reads
 * its settings once in a process, so all tokens are made before it is loaded.
 */
final class SoftHsm {
  static final String PIN = "1234";

  private static final String CONFIGURATION = "SOFTHSM2_CONF"; // set where the tests are started
  private static final String INSTALL =
      "This test needs SoftHSM: apt-get install softhsm2, and " + CONFIGURATION + " in its process";
  private static final List<String> LIBRARIES =
      List.of(
          "/usr/lib/softhsm/libsofthsm2.so",
          "/usr/lib64/pkcs11/libsofthsm2.so",
          "/usr/lib64/softhsm/libsofthsm2.so",
          "/usr/local/lib/softhsm/libsofthsm2.so",
          "/opt/homebrew/lib/softhsm/libsofthsm2.so");

  private final Path library;
  private final Path directory;
  private final Map<String, Long> slots = new TreeMap<>();
  private final Map<String, Path> tokens = new TreeMap<>();

  private SoftHsm(Path library, Path directory) {
    this.library = library;
    this.directory = directory;
  }

  /** SoftHSM with one token for each label; the test is skipped where it is not installed. */
  static SoftHsm with(String... labels) throws Exception {
    String file = System.getenv(CONFIGURATION);
    Path library = LIBRARIES.stream().map(Path::of).filter(Files::exists).findFirst().orElse(null);
    Assumptions.assumeTrue(file != null && library != null, INSTALL);
    Path configuration = Path.of(String.valueOf(file));
    SoftHsm hsm = new SoftHsm(library, configuration.resolveSibling("tokens"));
    delete(hsm.directory);
    Files.createDirectories(hsm.directory);
    Files.writeString(
        configuration,
        "directories.tokendir = "
            + hsm.directory
            + "\nobjectstore.backend = file\nlog.level = ERROR\nslots.removable = false\n");
    for (String label : labels) {
      List<Path> before = hsm.list();
      String said =
          run(
              "softhsm2-util",
              "--init-token",
              "--free",
              "--label",
              label,
              "--so-pin",
              "5678",
              "--pin",
              PIN);
      Matcher slot = Pattern.compile("reassigned to slot (\\d+)").matcher(said);
      if (!slot.find()) {
        throw new IllegalStateException(said);
      }
      hsm.slots.put(label, Long.valueOf(slot.group(1)));
      List<Path> after = hsm.list();
      after.removeAll(before);
      hsm.tokens.put(label, after.get(0));
    }
    return hsm;
  }

  Path library() {
    return library;
  }

  long slot(String label) {
    return of(slots, label);
  }

  Pkcs11Token token(String label) {
    return Pkcs11Token.inSlot(library, slot(label));
  }

  /** The place of a token's slot in the device's list. */
  int index(String label) throws Exception {
    Matcher slot =
        Pattern.compile("(?m)^Slot (\\d+)").matcher(run("softhsm2-util", "--show-slots"));
    for (int index = 0; slot.find(); index++) {
      if (Long.parseLong(slot.group(1)) == slot(label)) {
        return index;
      }
    }
    throw new IllegalStateException("No slot of " + label + ".");
  }

  /** Where the token's objects lie. */
  Path directory(String label) {
    return of(tokens, label);
  }

  /** Makes a key with a certificate in the token. */
  void generate(String label, String alias, String startDate, String... key) throws Exception {
    List<String> arguments = new ArrayList<>(List.of("-genkeypair", "-alias", alias));
    arguments.addAll(List.of(key));
    arguments.addAll(List.of("-startdate", startDate, "-dname", "CN=" + alias));
    keytool(label, arguments);
  }

  /** Removes a key from the token. */
  void remove(String label, String alias) throws Exception {
    keytool(label, List.of("-delete", "-alias", alias));
  }

  private void keytool(String label, List<String> arguments) throws Exception {
    Path provider = directory.resolveSibling(label + ".cfg");
    Files.writeString(
        provider, "name=keytool\nlibrary=" + library + "\nslot=" + slot(label) + "\n");
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-storetype",
                "PKCS11",
                "-keystore",
                "NONE",
                "-providerClass",
                "sun.security.pkcs11.SunPKCS11",
                "-providerArg",
                provider.toString(),
                "-storepass",
                PIN));
    command.addAll(arguments);
    run(command.toArray(String[]::new));
  }

  private List<Path> list() throws IOException {
    try (Stream<Path> paths = Files.list(directory)) {
      return new ArrayList<>(paths.toList());
    }
  }

  private static <T> T of(Map<String, T> map, String label) {
    T value = map.get(label);
    if (value == null) {
      throw new IllegalStateException("No token " + label + ".");
    }
    return value;
  }

  private static String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IllegalStateException(command[0] + ": " + said);
    }
    return said;
  }

  private static void delete(Path directory) throws IOException {
    if (Files.exists(directory)) {
      try (Stream<Path> paths = Files.walk(directory)) {
        for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }
}

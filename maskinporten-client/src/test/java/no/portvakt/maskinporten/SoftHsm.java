package no.portvakt.maskinporten;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * SoftHSM, a PKCS#11 device in software, with fresh tokens. Its library reads its settings once in
 * a process, so tokens are made before it is loaded.
 */
final class SoftHsm {
  static final String PIN = "1234";

  private static final String CONFIGURATION = "SOFTHSM2_CONF"; // set where the tests are started
  private static final List<String> LIBRARIES =
      List.of(
          "/usr/lib/softhsm/libsofthsm2.so",
          "/usr/lib64/pkcs11/libsofthsm2.so",
          "/usr/lib64/softhsm/libsofthsm2.so",
          "/usr/local/lib/softhsm/libsofthsm2.so",
          "/opt/homebrew/lib/softhsm/libsofthsm2.so");
  private static final Pattern SLOT = Pattern.compile("(?m)^Slot (\\d+)\\R(?s:.*?)Label: +(\\S*)");

  private final Path library;
  private final Path folder;

  private SoftHsm(Path library, Path folder) {
    this.library = library;
    this.folder = folder;
  }

  /** SoftHSM with tokens of these labels; the test is skipped where it is not installed. */
  static SoftHsm with(String... labels) throws Exception {
    String file = System.getenv(CONFIGURATION);
    Path library = LIBRARIES.stream().map(Path::of).filter(Files::exists).findFirst().orElse(null);
    Assumptions.assumeTrue(
        file != null && library != null,
        "This test needs SoftHSM: apt-get install softhsm2, and "
            + CONFIGURATION
            + " in its process");
    Path configuration = Path.of(String.valueOf(file));
    Path tokens = configuration.resolveSibling("tokens");
    if (Files.exists(tokens)) {
      try (Stream<Path> old = Files.walk(tokens)) {
        for (Path path : old.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
    Files.createDirectories(tokens);
    Files.writeString(
        configuration,
        "directories.tokendir = " + tokens + "\nobjectstore.backend = file\nlog.level = ERROR\n");
    for (String label : labels) {
      String unused =
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
    }
    return new SoftHsm(library, tokens.resolveSibling("keytool.cfg"));
  }

  Path library() {
    return library;
  }

  /** The place of a token's slot in the device's list. */
  int index(String label) throws Exception {
    Matcher slot = SLOT.matcher(run("softhsm2-util", "--show-slots"));
    for (int index = 0; slot.find(); index++) {
      if (slot.group(2).equals(label)) {
        return index;
      }
    }
    throw new IllegalStateException("No token " + label + ".");
  }

  /** Makes an RSA key with a certificate in a token. */
  void generate(String label, String alias) throws Exception {
    Files.writeString(
        folder, "name=keytool\nlibrary=" + library + "\nslotListIndex=" + index(label) + "\n");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
    command.addAll(
        List.of(
            ("-genkeypair -storetype PKCS11 -keystore NONE -keyalg RSA -keysize 2048"
                    + " -providerClass sun.security.pkcs11.SunPKCS11")
                .split(" ", -1)));
    command.addAll(
        List.of(
            "-providerArg",
            folder.toString(),
            "-storepass",
            PIN,
            "-alias",
            alias,
            "-dname",
            "CN=" + alias));
    String unused = run(command.toArray(String[]::new));
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
}

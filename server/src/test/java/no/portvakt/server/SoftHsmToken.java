package no.portvakt.server;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;

/**
 * One token of SoftHSM, a PKCS#11 device in software; it is the first in the device's list. The
 * library reads its settings once in a process, so all tests there share the token, and its keys
 * are made before the library is loaded: {@code sign}, and the master keys {@code master} and
 * {@code another}.
 */
final class SoftHsmToken {
  static final String PIN = "1234";

  private static final String CONFIGURATION = "SOFTHSM2_CONF"; // set where the tests are started
  private static final List<String> LIBRARIES =
      List.of(
          "/usr/lib/softhsm/libsofthsm2.so",
          "/usr/lib64/pkcs11/libsofthsm2.so",
          "/usr/lib64/softhsm/libsofthsm2.so",
          "/usr/local/lib/softhsm/libsofthsm2.so",
          "/opt/homebrew/lib/softhsm/libsofthsm2.so");

  private static @Nullable SoftHsmToken made;

  private final Path library;
  private final Path provider;

  private SoftHsmToken(Path library, Path provider) {
    this.library = library;
    this.provider = provider;
  }

  /** The token of this process; the test is skipped where SoftHSM is not installed. */
  static synchronized SoftHsmToken ofThisProcess() throws Exception {
    SoftHsmToken known = made;
    if (known == null) {
      known = make();
      known.makeKeys();
      made = known;
    }
    return known;
  }

  private static SoftHsmToken make() throws Exception {
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
    run(
        "softhsm2-util",
        "--init-token",
        "--free",
        "--label",
        "test",
        "--so-pin",
        "5678",
        "--pin",
        PIN);
    Files.writeString(pinFile(configuration), PIN + "\n");
    Path provider = configuration.resolveSibling("keytool.cfg");
    Files.writeString(provider, "name=keytool\nlibrary=" + library + "\nslotListIndex=0\n");
    return new SoftHsmToken(library, provider);
  }

  private void makeKeys() throws Exception {
    keytool(
        "-genkeypair",
        "-alias",
        "sign",
        "-keyalg",
        "RSA",
        "-keysize",
        "2048",
        "-startdate",
        "2026/01/01 00:00:00",
        "-validity",
        "3650",
        "-dname",
        "CN=sign");
    for (String alias : List.of("master", "another")) {
      keytool("-genseckey", "-alias", alias, "-keyalg", "AES", "-keysize", "256");
    }
  }

  /** A key of it. */
  Settings.Device key(String alias) {
    return new Settings.Device(library, 0, pinFile(provider), alias);
  }

  private static Path pinFile(Path beside) {
    return beside.resolveSibling("pin");
  }

  private void keytool(String... arguments) throws Exception {
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
    command.addAll(List.of(arguments));
    run(command.toArray(String[]::new));
  }

  private static void run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (!process.waitFor(60, TimeUnit.SECONDS) || process.exitValue() != 0) {
      throw new IllegalStateException(command[0] + ": " + said);
    }
  }
}

package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.PlatformKeys;
import no.portvakt.server.Settings;
import no.portvakt.server.issuer.KeyRotation;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeyStoreKeys;
import no.portvakt.tokens.PemKeys;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt keys import FILE}: publishes a key from a file as the next one. */
@Command(
    name = "import",
    description = {
      "Publish a key from a file (PKCS#12, or PEM with PKCS#8 and certificate) as the next one, in",
      "place of one that waits already. It signs after `portvakt keys rotate`."
    },
    mixinStandardHelpOptions = true)
final class KeyImportCommand extends KeysCommand.OnOneRole {
  private static final int LARGEST = 1024 * 1024;

  @Parameters(paramLabel = "FILE", description = "The file with the key and its certificate.")
  Path file = Path.of("");

  @Option(names = "--password-file", description = "A file with the password of the key's file.")
  @Nullable Path passwordFile;

  @Option(
      names = "--alg",
      description = "What it will sign with. Default: the role's first algorithm.")
  @Nullable String algorithm;

  @Override
  int run(Settings settings, PlatformKeys keys, PrintWriter out) {
    KeyRotation rotation = keys.rotation(role);
    String which = algorithm == null ? rotation.role().algorithms().get(0) : algorithm;
    return report(out, rotation.bringIn(read(), which, plan));
  }

  private KeyMaterial read() {
    char[] password = passwordFile == null ? new char[0] : Input.password(passwordFile);
    try {
      if (Files.size(file) > LARGEST) {
        throw new CannotDo("The file " + file + " is too large for a key.");
      }
      byte[] bytes = Files.readAllBytes(file);
      String name = String.valueOf(file.getFileName()).toLowerCase(Locale.ROOT);
      if (!name.endsWith(".p12") && !name.endsWith(".pfx")) {
        String pem = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
        return PemKeys.read(pem, password.length == 0 ? null : password);
      }
      List<KeyMaterial> keys = KeyStoreKeys.ofPkcs12(bytes, password);
      if (keys.size() != 1) {
        throw new CannotDo("The file " + file + " holds " + keys.size() + " keys; give it one.");
      }
      return keys.get(0);
    } catch (IOException e) {
      throw new UncheckedIOException("The file " + file + " can't be read.", e);
    } catch (IllegalArgumentException e) {
      throw new CannotDo("The file " + file + " can't be used: " + e.getMessage());
    }
  }
}

package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.certificates.Issued;
import no.portvakt.server.certificates.Subject;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.server.database.OwnerOnly;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portvakt maskinporten certificate}: issues an enterprise certificate for tests. */
@Command(
    name = "certificate",
    description = {
      "Issue an enterprise certificate for tests, by the authority that `portvakt dev` made in its",
      "data folder. Only that platform trusts it."
    },
    mixinStandardHelpOptions = true)
final class CertificateCommand implements Callable<Integer> {
  private static final int MOST_DAYS = 3 * 365;
  private static final int LONGEST_NAME = 64;

  /** What opens the file when nothing is said: there is nothing in it but a test key. */
  private static final String PASSWORD = "changeit";

  @Option(names = "--org", required = true, description = "The organisation number.")
  String organisation = "";

  @Option(names = "--name", description = "The organisation's name. Default: Test <number>.")
  @Nullable String name;

  @Option(names = "--days", description = "For how long it is valid. Default: ${DEFAULT-VALUE}.")
  int days = 730;

  @Option(
      names = "--seid",
      description =
          "1: the number is in serialNumber; 2: in organizationIdentifier. Default:"
              + " ${DEFAULT-VALUE}.")
  int seid = 2;

  @Option(names = "--expired", description = "Let it have expired yesterday.")
  boolean expired;

  @Option(names = "--data", description = "The data folder of `dev`. Default: ${DEFAULT-VALUE}.")
  Path data = Path.of("data");

  @Option(names = "--out", description = "Where the files are written. Default: here.")
  Path out = Path.of("");

  @Option(
      names = "--password-file",
      description = "A file with the password of the PKCS#12 file. Default: " + PASSWORD + ".")
  @Nullable Path passwordFile;

  @Option(names = "--force", description = "Replace files of an earlier certificate.")
  boolean force;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() {
    OrganisationNumber number = OrganisationNumber.parse(organisation);
    if (number == null) {
      throw new CannotDo("--org must be an organisation number: nine digits, the last a check.");
    }
    String called = name == null ? "Test " + number : name;
    if (called.isBlank() || called.length() > LONGEST_NAME) {
      throw new CannotDo("--name must be a name of at most " + LONGEST_NAME + " characters.");
    }
    if (days < 1 || days > MOST_DAYS) {
      throw new CannotDo("--days must be from 1 to " + MOST_DAYS + ".");
    }
    if (seid != 1 && seid != 2) {
      throw new CannotDo("--seid must be 1 or 2.");
    }
    Path store = out.resolve("enterprise-" + number + ".p12");
    Path pem = out.resolve("enterprise-" + number + ".pem");
    for (Path file : new Path[] {store, pem}) {
      if (!force && Files.exists(file)) {
        throw new CannotDo("The file " + file + " is there already; --force replaces it.");
      }
    }
    char[] password = passwordFile == null ? PASSWORD.toCharArray() : Input.password(passwordFile);
    Issued issued = issue(authority(), number, called);
    write(store, issued.toPkcs12("enterprise-" + number, password));
    write(pem, issued.toPem().getBytes(StandardCharsets.US_ASCII));
    report(issued, store, pem);
    return 0;
  }

  private TestAuthority authority() {
    Path file = data.resolve("dev").resolve("test-authority.pem");
    if (!Files.isRegularFile(file)) {
      throw new CannotDo(
          "The folder " + data + " has no test authority; `portvakt dev` makes one in its folder.");
    }
    try {
      return TestAuthority.read(file);
    } catch (IllegalArgumentException e) {
      throw new CannotDo("The file " + file + " can't be used; delete it for a new one.");
    } catch (IOException e) {
      throw CannotDo.unreadable(file);
    }
  }

  private Issued issue(TestAuthority authority, OrganisationNumber number, String called) {
    Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
    Instant until = now.plus(Duration.ofDays(expired ? -1 : days));
    Instant from = expired ? until.minus(Duration.ofDays(days)) : now.minus(Duration.ofHours(1));
    return authority.issue(
        TestAuthority.Order.enterprise(
            seid == 1 ? Subject.seid1(number, called) : Subject.seid2(number, called),
            TestAuthority.keyPair("RSA", 2048),
            from,
            until));
  }

  // Whole or not at all: an earlier file stays until the new one can take its place.
  private static void write(Path file, byte[] bytes) {
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    try {
      Files.createDirectories(file.toAbsolutePath().getParent());
      Files.deleteIfExists(fresh); // its permissions may be others
      if (!OwnerOnly.createFile(fresh)) {
        throw new CannotDo("The file " + fresh + " is there already; somebody else is at it.");
      }
      try {
        Files.write(fresh, bytes);
        Files.move(fresh, file, StandardCopyOption.REPLACE_EXISTING);
      } finally {
        Files.deleteIfExists(fresh);
      }
    } catch (IOException e) {
      throw new CannotDo("The file " + file + " can't be written: " + reason(e) + ".");
    }
  }

  private static String reason(IOException e) {
    return switch (e) {
      case AccessDeniedException _ -> "access to the folder is denied";
      case DirectoryNotEmptyException _ -> "a folder is in its place";
      case FileAlreadyExistsException taken -> taken.getFile() + " is no folder";
      case FileSystemException other when other.getReason() != null -> other.getReason();
      default -> String.valueOf(e.getMessage()); // the system's own words
    };
  }

  private void report(Issued issued, Path store, Path pem) {
    PrintWriter console = spec.commandLine().getOut();
    console.println("Certificate of " + issued.certificate().getSubjectX500Principal());
    console.println("  valid    until " + issued.certificate().getNotAfter().toInstant());
    console.println("  PKCS#12  " + store);
    console.println("  PEM      " + pem + ": the private key, then the chain");
    console.println();
    console.println(
        "Next: make a client of this organisation without keys in the admin API, and sign its"
            + " grants with the key; `x5c` takes the chain. To look at it:");
    console.println(
        "  keytool -list -v -keystore "
            + store
            + (passwordFile == null
                ? " -storepass " + PASSWORD
                : " -storepass:file " + passwordFile));
    console.flush();
  }
}

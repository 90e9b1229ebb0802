package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import no.portvakt.server.SettingsFile.BadSettings;
import no.portvakt.server.audit.Checkpoints.Tampered;
import no.portvakt.server.database.Database.UnusableData;
import no.portvakt.server.database.StoreUnavailable;
import no.portvakt.server.http.HttpServer.CannotListen;
import no.portvakt.server.issuer.KeyCipher.MasterKeyUnavailable;
import no.portvakt.server.issuer.KeyCipher.WrongMasterKey;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The command line's entry. Exit codes: 0 done, 1 a check did not hold, 2 it could not be done. */
@Command(
    name = "portvakt",
    description =
        "A token platform that speaks the wire protocol of Altinn, Maskinporten and ID-porten.",
    mixinStandardHelpOptions = true,
    versionProvider = Portvakt.Version.class,
    subcommands = {
      DemoCommand.class,
      DevCommand.class,
      ServeCommand.class,
      ConfigCommand.class,
      KeysCommand.class,
      BackupCommand.class,
      RestoreCommand.class,
      ImportCommand.class,
      MaskinportenCommand.class,
      AuditCommand.class,
      ExplainCommand.class,
      HelpCommand.class
    },
    footer = {
      "",
      "Of the source tree:",
      "  bench      Measure; `portvakt bench help` lists what.",
      "  test       Run every test.",
      "  format     Format the sources."
    })
public final class Portvakt implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  private Portvakt() {}

  /** Runs a command and ends with its exit code. */
  public static void main(String[] arguments) {
    int code = run(arguments);
    // A serving command ends by a signal; everything else has done its work.
    System.exit(code);
  }

  static int run(String... arguments) {
    // What is written to be read by programs is UTF-8, whatever the terminal's own encoding.
    return run(
        commandLine().setOut(new PrintWriter(System.out, true, StandardCharsets.UTF_8)), arguments);
  }

  /** Runs a command that writes here instead of on the console. */
  static int run(PrintWriter out, PrintWriter err, String... arguments) {
    return run(commandLine().setOut(out).setErr(err), arguments);
  }

  private static CommandLine commandLine() {
    return new CommandLine(new Portvakt())
        .setExecutionExceptionHandler((e, line, parsed) -> explain(e, line))
        .setCaseInsensitiveEnumValuesAllowed(true);
  }

  private static int run(CommandLine line, String... arguments) {
    return line.execute(arguments.length == 0 ? new String[] {"help"} : arguments);
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }

  /** What a person can act on is one sentence; anything else is a defect and shows where it is. */
  private static int explain(Exception e, CommandLine line) {
    boolean expected =
        e instanceof CannotListen
            || e instanceof UnusableData
            || e instanceof WrongMasterKey
            || e instanceof MasterKeyUnavailable
            || e instanceof StoreUnavailable
            || e instanceof Tampered
            || e instanceof UncheckedIOException
            || e instanceof IOException
            || e instanceof BadSettings
            || e instanceof CannotDo;
    if (expected) {
      line.getErr().println("portvakt: " + e.getMessage());
      for (Throwable besides : e.getSuppressed()) {
        if (besides instanceof CannotDo) {
          line.getErr().println("portvakt: " + besides.getMessage());
        }
      }
    } else {
      e.printStackTrace(line.getErr());
    }
    return 2;
  }

  /** A command can't be carried out; the message is one sentence for the person who gave it. */
  static class CannotDo extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CannotDo(String sentence) {
      super(sentence);
    }

    /** A file that is not there, or not a text, or somebody else's. */
    static CannotDo unreadable(Path file) {
      return new CannotDo("The file " + file + " can't be read.");
    }

    /** A file that can't be made or changed. */
    static CannotDo unwritable(Path file) {
      return new CannotDo("The file " + file + " can't be written.");
    }
  }

  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Portvakt.class.getPackage().getImplementationVersion();
      return new String[] {"portvakt " + (version == null ? "(development)" : version)};
    }
  }
}

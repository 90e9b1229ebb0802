package no.portvakt.bench;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.HelpCommand;

/** {@code portvakt bench}: measures; one command for each thing that is measured. */
@Command(
    name = "portvakt bench",
    description = "Measure. Every run starts a server of its own on loopback and stops it again.",
    mixinStandardHelpOptions = true,
    subcommands = {
      ExchangeBench.class,
      MaskinportenBench.class,
      StoreBench.class,
      SoakBench.class,
      ClientBench.class,
      HelpCommand.class
    })
public final class Bench implements Runnable {
  private Bench() {}

  /** Runs a measurement and ends with its exit code. */
  public static void main(String[] arguments) {
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.WARN);
    System.exit(
        new CommandLine(new Bench())
            .execute(arguments.length == 0 ? new String[] {"help"} : arguments));
  }

  @Override
  public void run() {
    CommandLine.usage(this, System.out);
  }
}

package no.portvakt.bench;

import java.util.concurrent.Callable;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code portvakt bench client}: what a call of the Maskinporten client costs, with JMH. */
@Command(
    name = "client",
    description =
        "Time a call of the Maskinporten client whose token is there, and count its bytes.",
    mixinStandardHelpOptions = true)
final class ClientBench implements Callable<Integer> {
  @Option(names = "--seconds", defaultValue = "5", description = "of measuring, three times each")
  private int seconds;

  @Override
  public Integer call() throws RunnerException {
    var _ =
        new Runner(
                new OptionsBuilder()
                    .include(MaskinportenClientBenchmark.class.getSimpleName())
                    .warmupIterations(2)
                    .warmupTime(TimeValue.seconds(seconds))
                    .measurementIterations(3)
                    .measurementTime(TimeValue.seconds(seconds))
                    .forks(1)
                    .addProfiler(GCProfiler.class)
                    .build())
            .run();
    return 0;
  }
}

package no.portvakt.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import no.portvakt.server.CryptoProvider;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portvakt demo}: the platform's main job, step by step, over real HTTP. */
@Command(
    name = "demo",
    description = {
      "Show the main job: from a scope to a platform token, step by step, over real HTTP.",
      "Then serve until Ctrl-C."
    },
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
  @Mixin StackOptions stack = new StackOptions();

  @Option(
      names = "--once",
      description = "End after the last step; exit code 0 only if every step held.")
  boolean once;

  @Option(names = "--json", description = "Print one JSON object a step.")
  boolean json;

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    Logging.start(stack.log);
    CryptoProvider.install();
    // Run once, it needs no fixed address, and two may run at the same time.
    Settings settings = stack.settings(once ? 0 : 7070);
    Server server = Server.start(settings);
    boolean held;
    try {
      held = new Demo(server, settings, new DemoReport(out, json)).run();
    } catch (RuntimeException e) {
      server.close();
      throw e;
    }
    if (once) {
      server.close();
      return held ? 0 : 1;
    }
    if (!json) {
      out.printf("Serving at %s until Ctrl-C.%n", server.addresses().base());
      out.flush();
    }
    DevCommand.serveUntilSignal(server);
    return 0;
  }
}

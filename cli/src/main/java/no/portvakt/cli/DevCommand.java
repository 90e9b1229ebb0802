package no.portvakt.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import no.portvakt.server.Addresses;
import no.portvakt.server.CryptoProvider;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code portvakt dev}: the whole platform on one port, until Ctrl-C. */
@Command(
    name = "dev",
    description = "Run the whole platform on one port, with test data, until Ctrl-C.",
    mixinStandardHelpOptions = true)
final class DevCommand implements Callable<Integer> {
  @Mixin StackOptions stack = new StackOptions();

  @Spec CommandSpec spec = CommandSpec.create();

  @Override
  public Integer call() throws InterruptedException {
    PrintWriter out = spec.commandLine().getOut();
    Logging.start(stack.log);
    String provider = CryptoProvider.install();
    Settings settings = stack.settings(7070);
    Server server = Server.start(settings);
    printAddresses(server.addresses(), settings, provider, out);
    out.printf("Ready in %d ms. Ctrl-C stops.%n", StartTime.elapsedMillis());
    out.flush();
    serveUntilSignal(server);
    return 0;
  }

  /** Blocks until the process is told to end; requests in flight are then answered first. */
  static void serveUntilSignal(Server server) throws InterruptedException {
    CountDownLatch forever = new CountDownLatch(1);
    Runtime.getRuntime().addShutdownHook(new Thread(server::close, "stop"));
    forever.await();
  }

  private static void printAddresses(
      Addresses addresses, Settings settings, String provider, PrintWriter out) {
    String maskinporten = addresses.maskinportenIssuer();
    out.println("Portvakt for development, cryptography by " + provider);
    out.println();
    line(out, "exchange", addresses.authentication() + "/exchange/maskinporten");
    line(out, "discovery", addresses.platformIssuer() + ".well-known/openid-configuration");
    line(out, "keys", addresses.platformIssuer() + ".well-known/openid-configuration/jwks");
    line(out, "Maskinporten", maskinporten);
    line(out, "  token", maskinporten + "token");
    line(out, "  metadata", maskinporten + ".well-known/oauth-authorization-server");
    line(out, "  keys", maskinporten + "jwk");
    line(out, "  admin", maskinporten + "{scopes,scopes/access,clients}");
    line(out, "health", addresses.base() + "/health/live, /health/ready");
    line(out, "metrics", addresses.base() + "/metrics");
    out.println();
    line(out, "data", settings.data() == null ? "in memory" : settings.data().toString());
    Path adminClient = settings.maskinporten().adminClientFile();
    if (adminClient != null) {
      line(out, "admin client", adminClient.toString());
    }
    out.println();
  }

  private static void line(PrintWriter out, String role, String value) {
    out.printf("  %-13s %s%n", role, value);
  }
}

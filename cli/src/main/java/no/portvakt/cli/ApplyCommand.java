package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import no.portvakt.cli.AdminApiClient.NoAnswer;
import no.portvakt.cli.AuthorityPlan.Kind;
import no.portvakt.cli.AuthorityPlan.NotKept;
import no.portvakt.cli.AuthorityPlan.Step;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code portvakt maskinporten apply}: brings a Maskinporten to what a file says. */
@Command(
    name = "apply",
    description = {
      "Show how a Maskinporten differs from a YAML file, and make it so.",
      "A second run finds nothing to do. Exit code 1: with --plan, there is a difference."
    })
final class ApplyCommand extends AdminCommand {
  @Parameters(paramLabel = "FILE", description = "What there should be; see docs/maskinporten.md.")
  Path file = Path.of("");

  @Option(names = "--plan", description = "Show the difference and change nothing.")
  boolean plan;

  @Option(
      names = "--prune",
      description = "Remove what the sections of the file do not have; else nothing is removed.")
  boolean prune;

  @Option(
      names = "--out",
      paramLabel = "FILE",
      description = "Write the ids of the file's clients to this file, as JSON.")
  @Nullable Path ids;

  @Override
  int run(AdminApiClient api, PrintWriter out) {
    AuthorityFile wanted = AuthorityFile.read(file);
    ClientPlan clients = new ClientPlan(api, wanted, prune);
    List<Step> steps = AuthorityPlan.of(api, wanted, clients, prune);
    steps.forEach(step -> show(out, step));
    if (steps.isEmpty()) {
      say(out, "Nothing to do.");
    } else {
      say(
          out,
          "To create: %d, to change: %d, to remove: %d."
              .formatted(
                  count(steps, Kind.CREATE), count(steps, Kind.CHANGE), count(steps, Kind.REMOVE)));
    }
    if (plan) {
      return steps.isEmpty() ? 0 : 1;
    }
    int well = 0;
    CannotDo refusal = null;
    while (well < steps.size() && refusal == null) {
      try {
        steps.get(well).request().run();
        well++;
      } catch (CannotDo e) {
        refusal = e;
      }
    }
    report(steps, well, refusal, clients.ids(), out);
    try {
      write(clients.ids());
    } catch (CannotDo e) {
      if (refusal == null) {
        throw e;
      }
      refusal.addSuppressed(e);
    }
    if (refusal != null) {
      throw refusal;
    }
    return 0;
  }

  private void show(PrintWriter out, Step step) {
    if (json) {
      Map<String, Object> members = new LinkedHashMap<>();
      members.put("action", step.kind().name().toLowerCase(Locale.ROOT));
      members.put("what", step.what());
      members.put("changes", step.changes());
      out.println(Json.write(members));
    } else {
      out.println(step);
      step.changes().forEach(change -> out.println("    " + change));
    }
  }

  private static long count(List<Step> steps, Kind kind) {
    return steps.stream().filter(step -> step.kind() == kind).count();
  }

  /**
   * Says what is done and what not, and which clients there are: after a refusal too, for some may
   * be new.
   *
   * @param well how many steps went well
   * @param refusal why the next step did not; null: there is none
   */
  private void report(
      List<Step> steps,
      int well,
      @Nullable CannotDo refusal,
      Map<String, String> clients,
      PrintWriter out) {
    int tried = refusal == null ? well : well + 1;
    boolean different = refusal instanceof NotKept;
    boolean unknown = refusal instanceof NoAnswer;
    if (json) {
      List<Step> last = steps.subList(well, tried);
      Map<String, Object> members = new LinkedHashMap<>();
      members.put("done", names(steps.subList(0, different ? tried : well)));
      members.put(
          "not_done", names(steps.subList(different || unknown ? tried : well, steps.size())));
      members.put("different", names(different ? last : List.of()));
      members.put("unknown", names(unknown ? last : List.of()));
      members.put("clients", clients);
      out.println(Json.write(members));
    } else if (refusal != null) {
      steps.subList(0, well).forEach(step -> out.println("Done:     " + step));
      out.println(
          (different ? "Differs:  " : unknown ? "Unknown:  " : "Refused:  ") + steps.get(well));
      steps.subList(tried, steps.size()).forEach(step -> out.println("Not done: " + step));
    } else if (well > 0) {
      out.println("Done.");
    }
    clients.forEach((name, id) -> say(out, "Client " + name + ": " + id));
  }

  private static List<String> names(List<Step> steps) {
    return steps.stream().map(Step::what).toList();
  }

  private void write(Map<String, String> clients) {
    if (ids != null) {
      try {
        Files.writeString(ids, Json.writePretty(clients) + "\n");
      } catch (IOException e) {
        throw CannotDo.unwritable(ids);
      }
    }
  }
}

package no.portvakt.cli;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.Database;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portvakt audit}: reads the audit records of a data folder. */
@Command(
    name = "audit",
    description = "Read the audit records.",
    mixinStandardHelpOptions = true,
    subcommands = AuditCommand.ListCommand.class)
final class AuditCommand {
  /** Opens the store of a folder that must have one. */
  static Database openExisting(Path data) {
    if (!Database.existsIn(data)) {
      throw new CannotDo("The folder " + data + " holds no store; name another with --data.");
    }
    return Database.open(data);
  }

  /** {@code portvakt audit list}. */
  @Command(
      name = "list",
      description = "List the records, oldest first.",
      mixinStandardHelpOptions = true)
  static final class ListCommand implements Callable<Integer> {
    private static final int PAGE = 1000;

    @Option(
        names = "--data",
        description = "The data folder. Default: ${DEFAULT-VALUE}.",
        defaultValue = "data")
    Path data = Path.of("data");

    @Option(names = "--json", description = "One JSON object a line, with place and hash.")
    boolean json;

    @Option(
        names = "--since",
        description = "From when: 2026-01-31T12:00:00Z, or 30m, 12h, 7d before now.")
    @Nullable String since;

    @Spec CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
      Logging.start(Logging.Format.TEXT);
      PrintWriter out = spec.commandLine().getOut();
      long from = since == null ? 0 : instant(since).toEpochMilli();
      try (Database database = openExisting(data)) {
        AuditTable table = new AuditTable(database);
        long place = 0;
        List<AuditTable.Entry> page;
        do {
          page = table.after(place, from, PAGE);
          for (AuditTable.Entry entry : page) {
            out.println(json ? line(entry) : text(entry));
            place = entry.seq();
          }
        } while (page.size() == PAGE);
        out.flush();
      }
      return 0;
    }

    /** The record with its place and hash around it; the record itself stays to the letter. */
    private static String line(AuditTable.Entry entry) {
      return "{\"seq\":"
          + entry.seq()
          + ",\"hash\":\""
          + entry.hash()
          + "\","
          + entry.record().substring(1);
    }

    private static String text(AuditTable.Entry entry) {
      Map<String, @Nullable Object> record = members(entry);
      Object organisation = record.get("organisation");
      Object reason = record.get("reason");
      return "%s  %s  %-8s %-18s %-12s %s%s"
          .formatted(
              record.get("time"),
              entry.decisionId(),
              record.get("outcome"),
              record.get("event"),
              record.get("provider"),
              organisation == null ? "" : organisation,
              reason == null ? "" : reason);
    }

    private static Instant instant(String text) {
      try {
        char unit = text.isEmpty() ? ' ' : text.charAt(text.length() - 1);
        if ("smhd".indexOf(unit) >= 0) {
          long count = Long.parseLong(text.substring(0, text.length() - 1));
          Duration one =
              switch (unit) {
                case 's' -> Duration.ofSeconds(1);
                case 'm' -> Duration.ofMinutes(1);
                case 'h' -> Duration.ofHours(1);
                default -> Duration.ofDays(1);
              };
          return Instant.now().minus(one.multipliedBy(count));
        }
        return Instant.parse(text);
      } catch (DateTimeException | ArithmeticException | NumberFormatException e) {
        throw new CannotDo("--since takes a time such as 2026-01-31T12:00:00Z, or 30m, 12h, 7d.");
      }
    }
  }

  /** The members of a stored record. */
  static Map<String, @Nullable Object> members(AuditTable.Entry entry) {
    try {
      return Json.readObject(entry.record());
    } catch (MalformedJson e) {
      throw new CannotDo("The audit record " + entry.seq() + " " + e.reason() + ".");
    }
  }
}

package no.portvakt.cli;

import java.io.PrintWriter;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.Callable;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.AuditTable;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code portvakt audit}: reads the audit records of a data folder, or of an export. */
@Command(
    name = "audit",
    description = "Read the audit records.",
    mixinStandardHelpOptions = true,
    subcommands = {
      AuditCommand.ListCommand.class,
      AuditExportCommand.class,
      AuditPseudonymCommand.class,
      AuditVerifyCommand.class
    })
final class AuditCommand {
  /** {@code portvakt audit list}. */
  @Command(
      name = "list",
      description = "List the records, oldest first.",
      mixinStandardHelpOptions = true)
  static final class ListCommand implements Callable<Integer> {
    private static final int PAGE = 1000;

    @Mixin StoreOptions store = new StoreOptions();

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
      long from = since == null ? 0 : millis(since);
      try (Database database = StoreOptions.open(store.settings())) {
        // Chains are in order by themselves; between them the time decides.
        PriorityQueue<Cursor> chains =
            new PriorityQueue<>(Comparator.comparingLong(it -> it.entry().time()));
        AuditTable table = new AuditTable(database);
        for (AuditTable.Place end : table.ends()) {
          Cursor.open(table, end.chain(), from).ifPresent(chains::add);
        }
        for (Cursor next = chains.poll(); next != null; next = chains.poll()) {
          AuditTable.Entry entry = next.entry();
          out.println(json ? line(entry) : text(entry));
          if (next.advance()) {
            chains.add(next);
          }
        }
        out.flush();
      }
      return 0;
    }

    /** A place in one chain, read a page at a time. */
    private static final class Cursor {
      private final AuditTable table;
      private final long since;
      private List<AuditTable.Entry> page;
      private int at;

      private Cursor(AuditTable table, long since, List<AuditTable.Entry> page) {
        this.table = table;
        this.since = since;
        this.page = page;
      }

      static Optional<Cursor> open(AuditTable table, int chain, long since) {
        List<AuditTable.Entry> page = table.after(chain, 0, since, PAGE);
        return page.isEmpty() ? Optional.empty() : Optional.of(new Cursor(table, since, page));
      }

      AuditTable.Entry entry() {
        return page.get(at);
      }

      /** Goes on to the next record; false when there is none. */
      boolean advance() {
        if (++at == page.size() && page.size() == PAGE) {
          AuditTable.Entry last = page.get(at - 1);
          page = table.after(last.chain(), last.seq(), since, PAGE);
          at = 0;
        }
        return at < page.size();
      }
    }

    /** The record with its place and hash around it; the record itself stays to the letter. */
    private static String line(AuditTable.Entry entry) {
      return "{\"chain\":"
          + entry.chain()
          + ",\"seq\":"
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
      return "%s  %s  %-8s %-20s %-12s %s %s"
          .formatted(
              record.get("time"),
              entry.decisionId(),
              record.get("outcome"),
              record.get("event"),
              record.get("provider"),
              organisation == null ? "" : organisation,
              reason == null ? "" : reason)
          .stripTrailing();
    }

    /** A time as milliseconds since 1970. */
    private static long millis(String text) {
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
          return Instant.now().minus(one.multipliedBy(count)).toEpochMilli();
        }
        return Instant.parse(text).toEpochMilli();
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

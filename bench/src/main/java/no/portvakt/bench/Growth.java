package no.portvakt.bench;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.store.SystemUserTable;

/**
 * How long single look-ups and writes take in tables of a thousand rows, ten thousand and so on.
 * There is a store for each size, and they are asked in turn: what the machine does meanwhile, such
 * as where it runs the database's process, meets all sizes alike.
 */
final class Growth {
  private static final int BATCH = 2000;
  private static final int ROUNDS = 30;
  private static final int SAMPLES = 100;
  private static final long FAR = Long.MAX_VALUE / 2;

  private final String name;
  private final List<Filled> stores = new ArrayList<>();
  private final SplittableRandom random = new SplittableRandom(4711);

  /** A look-up or a write that is measured. */
  private enum Work {
    CLIENT("client"),
    KEYS("client's keys"),
    ORGANISATION("organisation"),
    SYSTEM_USER("system user"),
    REPLAY("replay, written");

    final String words;

    Work(String words) {
      this.words = words;
    }
  }

  /** A store with so many rows in each table, and what its look-ups took. */
  private static final class Filled {
    final Database database;
    final int rows;
    final ClientTable clients;
    final OrganisationTable organisations;
    final SystemUserTable users;
    final ReplayTable replays;
    final Map<Work, long[]> nanos = new EnumMap<>(Work.class);
    int fresh;

    Filled(Database database, int rows) {
      this.database = database;
      this.rows = rows;
      this.clients = new ClientTable(database);
      this.organisations = new OrganisationTable(database);
      this.users = new SystemUserTable(database);
      this.replays = new ReplayTable(database);
      for (Work work : Work.values()) {
        nanos.put(work, new long[ROUNDS * SAMPLES]);
      }
    }

    boolean found(Work work, int row) {
      return switch (work) {
        case CLIENT -> clients.find("client-" + row) != null;
        case KEYS -> clients.keys("client-" + row).size() == 1;
        case ORGANISATION -> organisations.codeOf("n" + row) != null;
        case SYSTEM_USER -> users.users("v" + row, "n" + row, "r").size() == 1;
        case REPLAY -> database.write(session -> replays.add(session, "fresh-" + fresh++, FAR));
      };
    }
  }

  Growth(String name) {
    this.name = name;
  }

  /** Adds an empty store, to have so many rows. */
  void add(Database database, int rows) {
    fill(database, rows);
    stores.add(new Filled(database, rows));
  }

  void run(PrintWriter out) {
    out.printf("%n%-12s %10s", name, "rows");
    for (Work work : Work.values()) {
      out.printf(" %16s", work.words);
    }
    out.println("   (median microseconds)");
    for (int round = -ROUNDS / 2; round < ROUNDS; round++) { // those below 0 warm up
      for (Work work : Work.values()) {
        for (Filled store : stores) {
          measure(store, work, round);
        }
      }
    }
    for (Filled store : stores) {
      out.printf("%-12s %10d", "", store.rows);
      for (Work work : Work.values()) {
        out.printf(" %16.1f", median(store, work));
      }
      out.println();
    }
    out.printf("%-12s %10s", "", "ratio");
    for (Work work : Work.values()) {
      out.printf(
          " %16.2f", median(stores.get(stores.size() - 1), work) / median(stores.get(0), work));
    }
    out.println();
    out.flush();
  }

  private void measure(Filled store, Work work, int round) {
    long[] nanos = Objects.requireNonNull(store.nanos.get(work));
    for (int i = 0; i < SAMPLES; i++) {
      int row = random.nextInt(store.rows);
      long began = System.nanoTime();
      boolean found = store.found(work, row);
      long took = System.nanoTime() - began;
      if (!found) {
        throw new IllegalStateException("A row is missing.");
      }
      if (round >= 0) {
        nanos[round * SAMPLES + i] = took;
      }
    }
  }

  private static double median(Filled store, Work work) {
    long[] sorted = Objects.requireNonNull(store.nanos.get(work)).clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2] / 1000.0;
  }

  private static void fill(Database database, int rows) {
    for (int start = 0; start < rows; start += BATCH) {
      int from = start;
      int to = Math.min(rows, from + BATCH);
      database.write(session -> {
        for (int i = from; i < to; i++) {
          session.atEnd(
              "INSERT INTO client (client_id, organisation, active, body, created, updated)"
                  + " VALUES (?, ?, ?, ?, ?, ?)",
              "client-" + i,
              "n" + i / 10,
              1,
              "{\"scopes\":[\"altinn:serviceowner/instances.read\"]}",
              1L,
              1L);
          session.atEnd(
              "INSERT INTO client_key (client_id, kid, jwk, created, expires)"
                  + " VALUES (?, ?, ?, ?, ?)",
              "client-" + i,
              "k",
              "{\"kty\":\"RSA\",\"n\":\"" + "x".repeat(342) + "\"}",
              1L,
              FAR);
          session.atEnd(
              "INSERT INTO organisation (code, organisation_number, names) VALUES (?, ?, ?)",
              "c" + i,
              "n" + i,
              "{}");
          session.atEnd(
              "INSERT INTO vendor_system (system_id, vendor, body, created, updated)"
                  + " VALUES (?, ?, ?, ?, ?)",
              "s" + i,
              "v" + i,
              "{}",
              1L,
              1L);
          session.atEnd(
              "INSERT INTO vendor_system_user (id, system_id, party, external_ref, created)"
                  + " VALUES (?, ?, ?, ?, ?)",
              "u" + i,
              "s" + i,
              "n" + i,
              "r",
              1L);
          session.atEnd(
              "INSERT INTO replay (message, expires) VALUES (?, ?)", "36:client:" + i, FAR);
        }
        return null;
      });
    }
  }
}

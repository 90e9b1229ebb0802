package no.portvakt.bench;

import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.function.Supplier;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.store.SystemUserTable;

/**
 * How long a token request, single look-ups and a write take in tables of different sizes. There is
 * a server and a store for each size, and they are asked in turn: what the machine does meanwhile,
 * such as where it runs the database's process, meets all sizes alike.
 */
final class Growth implements AutoCloseable {
  private static final int BATCH = 2000;
  private static final int ROUNDS = 30;
  private static final int SAMPLES = 100;
  private static final double REQUESTS_SECONDS = 0.5;
  private static final long FAR = Long.MAX_VALUE / 2;

  private final String name;
  private final List<Filled> stores = new ArrayList<>();
  private final Deque<Closeable> opened = new ArrayDeque<>();
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

  /** A store with so many rows in each table, its server, and what they took. */
  private final class Filled {
    final Load requests;
    final double[] medians = new double[ROUNDS];
    final Database database;
    final int rows;
    final ClientTable clients;
    final OrganisationTable organisations;
    final SystemUserTable users;
    final ReplayTable replays;
    final Map<Work, long[]> nanos = new EnumMap<>(Work.class);
    int fresh;

    Filled(ServerProcess server, Caller caller, Database database, int rows) {
      this.requests =
          new Load(
              server.port(),
              1,
              () -> Requests.token(caller.grant("client-" + random.nextInt(rows))));
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
        case REPLAY ->
            database.write(session -> replays.add(session, message(rows + fresh++), FAR));
      };
    }
  }

  Growth(String name) {
    this.name = name;
  }

  /**
   * Adds a server, and fills its store until the tables have so many rows.
   *
   * @param server is closed with this, whatever happens here
   * @param own opens the server's database a second time; that is closed with this as well
   */
  void add(ServerProcess server, Supplier<Database> own, int rows)
      throws IOException, InterruptedException {
    opened.push(server::close);
    Database database = own.get();
    opened.push(database::close);
    Caller caller = new Caller(server);
    Filled filled = new Filled(server, caller, database, rows);
    stores.add(filled);
    fill(filled, caller.clientId());
  }

  void run(PrintWriter out) throws InterruptedException {
    for (int round = -ROUNDS / 2; round < ROUNDS; round++) { // those below 0 warm up
      for (Filled store : stores) {
        double median = store.requests.run(REQUESTS_SECONDS).percentileMillis(0.5);
        if (round >= 0) {
          store.medians[round] = median * 1000;
        }
      }
      for (Work work : Work.values()) {
        for (Filled store : stores) {
          measure(store, work, round);
        }
      }
    }
    out.printf("%n%-12s %10s %16s", name, "rows", "a token");
    for (Work work : Work.values()) {
      out.printf(" %16s", work.words);
    }
    out.println("   (median microseconds)");
    for (Filled store : stores) {
      out.printf("%-12s %10d %16.1f", "", store.rows, token(store));
      for (Work work : Work.values()) {
        out.printf(" %16.1f", median(store, work));
      }
      out.println();
    }
    if (stores.size() > 1) {
      Filled first = stores.get(0);
      Filled last = stores.get(stores.size() - 1);
      out.printf("%-12s %10s %16.2f", "", "ratio", token(last) / token(first));
      for (Work work : Work.values()) {
        out.printf(" %16.2f", median(last, work) / median(first, work));
      }
      out.println();
    }
    out.flush();
  }

  private static double token(Filled store) {
    double[] sorted = store.medians.clone();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** Closes what was opened, the last first; one that fails to does not keep the others open. */
  @Override
  public void close() throws IOException {
    Closeable first = opened.pollLast();
    if (first != null) {
      try (first) {
        close();
      }
    }
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

  private static void fill(Filled store, String like) {
    ClientRow client = Objects.requireNonNull(store.clients.find(like));
    KeyRow key = store.clients.keys(like).get(0);
    for (int start = 0; start < store.rows; start += BATCH) {
      int from = start;
      int to = Math.min(store.rows, from + BATCH);
      store.database.write(session -> {
        for (int i = from; i < to; i++) {
          add(session, i, client, key);
        }
        return null;
      });
    }
  }

  private static void add(Session session, int i, ClientRow client, KeyRow key) {
    session.atEnd(
        "INSERT INTO client (client_id, organisation, active, body, created, updated)"
            + " VALUES (?, ?, ?, ?, ?, ?)",
        "client-" + i,
        client.organisation(),
        1,
        client.body(),
        1L,
        1L);
    session.atEnd(
        "INSERT INTO client_key (client_id, kid, jwk, created, expires) VALUES (?, ?, ?, ?, ?)",
        "client-" + i,
        key.kid(),
        key.jwk(),
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
    session.atEnd("INSERT INTO used_message (message, expires) VALUES (?, ?)", message(i), FAR);
  }

  /** What identifies a message is a hash: the next one lies anywhere among the others. */
  private static String message(int i) {
    SplittableRandom random = new SplittableRandom(i);
    byte[] hash = new byte[18];
    random.nextBytes(hash);
    return Base64.getUrlEncoder().encodeToString(hash);
  }
}

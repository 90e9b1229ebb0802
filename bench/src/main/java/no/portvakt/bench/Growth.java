package no.portvakt.bench;

import java.io.PrintWriter;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.function.IntConsumer;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.ReplayTable;

/** How long single look-ups and writes take, one after the other, while the tables grow. */
final class Growth {
  private static final int BATCH = 2000;
  private static final int SAMPLES = 3000;
  private static final long FAR = Long.MAX_VALUE / 2;

  private final String name;
  private final Database database;
  private final int most;
  private final ClientTable clients;
  private final OrganisationTable organisations;
  private final ReplayTable replays;
  private final SplittableRandom random = new SplittableRandom(4711);
  private int rows;
  private int fresh;

  Growth(String name, Database database, int most) {
    this.name = name;
    this.database = database;
    this.most = most;
    this.clients = new ClientTable(database);
    this.organisations = new OrganisationTable(database);
    this.replays = new ReplayTable(database);
  }

  void run(PrintWriter out) {
    out.printf(
        "%n%-12s %10s %16s %16s %16s %16s   (median microseconds)%n",
        name, "rows", "client", "client's keys", "organisation", "replay, written");
    double[] first = {};
    double[] last = {};
    for (int size = 1000; size <= most; size *= 10) {
      fill(size);
      double[] now = {
        median(i -> check(clients.find("client-" + i) != null)),
        median(i -> check(clients.keys("client-" + i).size() == 1)),
        median(i -> check(organisations.codeOf("n" + i) != null)),
        median(_ -> check(replay("fresh-" + fresh++)))
      };
      first = first.length == 0 ? now : first;
      last = now;
      out.printf(
          "%-12s %10d %16.1f %16.1f %16.1f %16.1f%n", "", size, now[0], now[1], now[2], now[3]);
      out.flush();
    }
    out.printf("%-12s %10s", "", "ratio");
    for (int i = 0; i < first.length; i++) {
      out.printf(" %16.2f", last[i] / first[i]);
    }
    out.println();
    out.flush();
  }

  private void fill(int size) {
    while (rows < size) {
      int from = rows;
      int to = Math.min(size, from + BATCH);
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
              "INSERT INTO replay (message, expires) VALUES (?, ?)", "36:client:" + i, FAR);
        }
        return null;
      });
      rows = to;
    }
    // PostgreSQL does this by itself a minute after a table grew; without it, it plans for few
    // rows.
    database.write(session -> session.update("ANALYZE"));
  }

  private boolean replay(String message) {
    return database.write(session -> replays.add(session, message, FAR));
  }

  private double median(IntConsumer work) {
    for (int i = 0; i < SAMPLES; i++) {
      work.accept(random.nextInt(rows)); // to warm up
    }
    long[] nanos = new long[SAMPLES];
    for (int i = 0; i < SAMPLES; i++) {
      int row = random.nextInt(rows);
      long began = System.nanoTime();
      work.accept(row);
      nanos[i] = System.nanoTime() - began;
    }
    Arrays.sort(nanos);
    return nanos[SAMPLES / 2] / 1000.0;
  }

  private static void check(boolean found) {
    if (!found) {
      throw new IllegalStateException("A row is missing.");
    }
  }
}

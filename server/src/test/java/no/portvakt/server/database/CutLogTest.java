package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import no.portvakt.server.store.AuditTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * SQLite's files as a crash leaves them, with the write-ahead log cut short or damaged, as by a
 * disk that lied: what is read is a beginning of the chain, never another one.
 */
class CutLogTest {
  private static final int RECORDS = 60;
  private static final int LOG_HEADER = 32;
  private static final int FRAME = 24 + 4096;

  @TempDir Path folder = Path.of("");

  @Test
  void findsABeginningOfTheChainWhereverTheLogWasCut() throws Exception {
    Path whole = crashed();
    long length = Files.size(whole.resolve("portvakt.db-wal"));
    assertThat(length).isGreaterThan(LOG_HEADER + 50 * FRAME);
    int seen = 0;
    for (long cut = 0; cut <= length; cut += FRAME * 13 + 1237) {
      int found = recordsAfter(whole, cut, false);
      assertThat(found).isGreaterThanOrEqualTo(seen).isLessThanOrEqualTo(RECORDS);
      seen = found;
    }
    assertThat(recordsAfter(whole, length, false)).isEqualTo(RECORDS);
    assertThat(recordsAfter(whole, length - 1, false)).isEqualTo(RECORDS - 1);
  }

  @Test
  void findsABeginningOfTheChainWhereverAByteOfTheLogWasChanged() throws Exception {
    Path whole = crashed();
    long length = Files.size(whole.resolve("portvakt.db-wal"));
    for (long place = length - 1; place > length / 2; place -= FRAME * 19 + 1237) {
      assertThat(recordsAfter(whole, place, true)).isLessThan(RECORDS);
    }
  }

  /** How many records a store has whose log is damaged; it must work on, and its chain be whole. */
  private int recordsAfter(Path whole, long place, boolean changed) throws IOException {
    Path copy = Files.createDirectory(folder.resolve("cut" + place));
    Files.copy(whole.resolve("portvakt.db"), copy.resolve("portvakt.db"));
    Path log = copy.resolve("portvakt.db-wal");
    Files.copy(whole.resolve("portvakt.db-wal"), log);
    try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "rw")) {
      if (changed) {
        file.seek(place);
        int value = file.read();
        file.seek(place);
        file.write(value ^ 0x40);
      } else {
        file.setLength(place);
      }
    }
    try (Database database = Database.open(copy)) {
      AuditTable audit = new AuditTable(database);
      int found = audit.after(0, 0, 0, Integer.MAX_VALUE).size();
      StoreContract.append(database, audit, "after");
      List<AuditTable.Entry> now = audit.after(0, 0, 0, Integer.MAX_VALUE);
      assertThat(now).hasSize(found + 1);
      StoreContract.assertChained(now);
      assertThat(database.isReady()).isTrue();
      return found;
    }
  }

  /** The files of a store that was writing and did not close. */
  private Path crashed() throws IOException {
    Path running = folder.resolve("running");
    Path crashed = Files.createDirectory(folder.resolve("crashed"));
    Database.open(running).close(); // so that the tables are not in the log
    try (Database database = Database.open(running)) {
      AuditTable audit = new AuditTable(database);
      for (int i = 0; i < RECORDS; i++) {
        StoreContract.append(database, audit, "d" + i);
      }
      for (String name : List.of("portvakt.db", "portvakt.db-wal")) {
        Files.copy(running.resolve(name), crashed.resolve(name));
      }
    }
    return crashed;
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.store.AuditTable;

/** The audit of a store that several nodes wrote, after every chain of it was found whole. */
final class WholeAudit {
  private final Set<String> granted = new HashSet<>();
  private final Map<Integer, Long> lengths = new TreeMap<>();

  private WholeAudit() {}

  static WholeAudit of(PostgresAddress store) {
    try (Database database = Database.connect(store)) {
      return of(database);
    }
  }

  static WholeAudit of(Database database) {
    WholeAudit audit = new WholeAudit();
    AuditTable table = new AuditTable(database);
    for (AuditTable.Place end : table.ends()) {
      byte[] hash = new byte[32];
      long seq = 0;
      for (AuditTable.Entry entry : table.after(end.chain(), 0, 0, Integer.MAX_VALUE)) {
        hash = AuditTable.chain(hash, entry.record());
        assertThat(entry.seq()).isEqualTo(++seq);
        assertThat(entry.hash()).isEqualTo(HexFormat.of().formatHex(hash));
        Map<String, ?> record = TestStack.json(entry.record());
        if ("granted".equals(record.get("outcome"))) {
          assertThat(audit.granted.add(String.valueOf(record.get("jti")))).isTrue();
        }
      }
      audit.lengths.put(end.chain(), seq);
    }
    return audit;
  }

  /** The {@code jti} of every token that may have been issued. */
  Set<String> granted() {
    return granted;
  }

  /** The numbers of the chains. */
  List<Integer> chains() {
    return List.copyOf(lengths.keySet());
  }

  /** How many records a chain has. */
  long length(int chain) {
    return lengths.getOrDefault(chain, 0L);
  }
}

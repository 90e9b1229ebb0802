package no.portvakt.server.database;

import java.nio.file.Path;
import no.portvakt.server.store.AuditTable;

/** A program that opens the store in a folder and writes one record. */
final class OpenedByAProcess {
  private OpenedByAProcess() {}

  public static void main(String[] arguments) {
    try (Database database = Database.open(Path.of(arguments[0]))) {
      StoreContract.append(database, new AuditTable(database), "d");
    }
  }
}

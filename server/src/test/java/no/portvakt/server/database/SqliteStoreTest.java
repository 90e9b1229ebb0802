package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import no.portvakt.server.AuditRecords;
import no.portvakt.server.database.Database.UnusableData;
import no.portvakt.server.store.AuditTable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The store in a folder keeps the contract; and bad folders say so. */
class SqliteStoreTest extends StoreContract {
  @TempDir private Path folder;

  @Override
  Database open() {
    return Database.open(folder);
  }

  @Override
  boolean isShared() {
    return false;
  }

  @Override
  void sql(String sql) {
    AuditRecords.sql(folder, sql);
  }

  @Test
  void knowsAFolderThatHoldsAStore() {
    assertThat(Database.existsIn(folder)).isFalse();
    open().close();
    assertThat(Database.existsIn(folder)).isTrue();
  }

  @Test
  void keepsStoresInMemoryApart() {
    try (Database one = Database.inMemory();
        Database other = Database.inMemory()) {
      append(one, new AuditTable(one), "d");
      assertThat(new AuditTable(one).byDecision("d")).hasSize(1);
      assertThat(new AuditTable(other).byDecision("d")).isEmpty();
    }
  }

  @Test
  void refusesAFolderThatCannotBe() throws Exception {
    Path file = Files.writeString(folder.resolve("a-file"), "not a folder");
    for (Path impossible : List.of(file, file.resolve("below"), Path.of("/proc/portvakt"))) {
      assertThatExceptionOfType(UnusableData.class)
          .isThrownBy(() -> Database.open(impossible))
          .withMessage(
              "The data folder "
                  + impossible
                  + " can't be written; name another with --data or the setting data.");
    }
  }

  @Test
  void refusesAFileOfAnotherProgram() throws Exception {
    Files.writeString(folder.resolve("portvakt.db"), "This is no database. ".repeat(1000));
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() -> Database.open(folder))
        .withMessageContaining("another program's file");
    Path second = Files.createDirectories(folder.resolve("second/portvakt.db")).getParent();
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() -> Database.open(Objects.requireNonNull(second)));
  }
}

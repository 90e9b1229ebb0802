package no.portvakt.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import no.portvakt.server.AuditRecords.Stored;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Named;

/**
 * Where a server keeps everything when its test looks into it as well: a folder, or a database of
 * its own when the tests run on PostgreSQL.
 */
public final class TestStore {
  private final Path folder;
  private final @Nullable PostgresAddress postgres;

  private TestStore(Path folder, @Nullable PostgresAddress postgres) {
    this.folder = folder;
    this.postgres = postgres;
  }

  /** The store in this folder, or in PostgreSQL instead. */
  public static TestStore in(Path folder) {
    return new TestStore(folder, TestPostgres.CHOSEN ? TestPostgres.fresh() : null);
  }

  /** One of each kind, whatever the tests run on. */
  static List<Named<TestStore>> ofEachKind(Path folder) {
    return List.of(
        Named.of("SQLite", new TestStore(folder, null)),
        Named.of("PostgreSQL", new TestStore(folder, TestPostgres.fresh())));
  }

  /** A change that keeps everything there. */
  public UnaryOperator<Settings> settings() {
    return postgres == null ? TestStack.in(folder) : TestStack.on(postgres);
  }

  /** Where it is in PostgreSQL; null: in its folder. */
  public @Nullable PostgresAddress postgres() {
    return postgres;
  }

  /** Opens it once more, while the server has it open or later. */
  public Database open() {
    return postgres == null ? Database.open(folder) : Database.connect(postgres);
  }

  /** All audit records by their place. */
  public List<Stored> records() {
    return postgres == null ? AuditRecords.in(folder) : AuditRecords.in(postgres);
  }

  /** Everything that is kept, as text: each file of the folder, or each row of each table. */
  List<String> contents() {
    return postgres == null ? filesIn(folder) : rowsOf(postgres);
  }

  private static List<String> filesIn(Path folder) {
    List<String> contents = new ArrayList<>();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        contents.add(Files.readString(file, StandardCharsets.ISO_8859_1));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return contents;
  }

  private static List<String> rowsOf(PostgresAddress store) {
    return TestPostgres.query(
            store,
            "SELECT quote_ident(table_name) FROM information_schema.tables"
                + " WHERE table_schema = 'public'")
        .stream()
        .flatMap(table -> TestPostgres.query(store, "SELECT t::text FROM " + table + " t").stream())
        .toList();
  }

  /** A connection behind the server's back. */
  Connection connect() throws SQLException {
    return postgres == null ? AuditRecords.connect(folder) : TestPostgres.connect(postgres);
  }

  /** Runs SQL behind the server's back. */
  public void sql(String sql) {
    try (Connection connection = connect();
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Lets every audit record fail from now on. */
  void refuseRecords() {
    if (postgres == null) {
      sql(
          "CREATE TRIGGER no_room BEFORE INSERT ON audit"
              + " BEGIN SELECT RAISE(ABORT, 'disk full'); END");
    } else {
      sql(
          "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql"
              + " AS $$ BEGIN RAISE EXCEPTION 'disk full'; END $$");
      sql("CREATE TRIGGER no_room BEFORE INSERT ON audit EXECUTE FUNCTION no_room()");
    }
  }

  /** Ends that. */
  void takeRecords() {
    sql(postgres == null ? "DROP TRIGGER no_room" : "DROP TRIGGER no_room ON audit");
  }

  /** Keeps all others from writing records, until this connection's transaction ends. */
  void lockOut(Connection connection) throws SQLException {
    try (Statement statement = connection.createStatement()) {
      if (postgres == null) {
        statement.execute("BEGIN IMMEDIATE");
      } else {
        statement.execute("BEGIN");
        statement.execute("LOCK TABLE audit IN ACCESS EXCLUSIVE MODE");
      }
    }
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import no.portvakt.server.database.PostgresAddress;
import org.jspecify.annotations.Nullable;

/** The audit records of a store, read as a stranger would: with SQL and nothing of ours. */
public final class AuditRecords {
  private AuditRecords() {}

  /** A record as it is stored. */
  public record Stored(
      int chain, long seq, String decisionId, long time, String json, String hash) {
    /** A member of the record, or null. */
    public @Nullable Object get(String member) {
      return TestStack.json(json).get(member);
    }

    /** A rule as {@code [name, held or failed, expected, actual]}, or null when it did not run. */
    public @Nullable String rule(String name) {
      if (get("rules") instanceof List<?> rules) {
        for (Object rule : rules) {
          if (rule instanceof List<?> parts && parts.get(0).equals(name)) {
            return rule.toString();
          }
        }
      }
      return null;
    }
  }

  /** Those of decisions: not those of changes of the platform's own keys. */
  public static List<Stored> decisions(List<Stored> records) {
    return records.stream().filter(it -> !"changed".equals(it.get("outcome"))).toList();
  }

  /** All records in a folder by their place. */
  public static List<Stored> in(Path folder) {
    try (Connection connection = connect(folder)) {
      return in(connection);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** All records in PostgreSQL by their chain and place. */
  public static List<Stored> in(PostgresAddress store) {
    try (Connection connection = TestPostgres.connect(store)) {
      return in(connection);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static List<Stored> in(Connection connection) throws SQLException {
    List<Stored> all = new ArrayList<>();
    try (Statement statement = connection.createStatement();
        ResultSet row =
            statement.executeQuery(
                "SELECT chain, seq, decision_id, time, record, hash FROM audit"
                    + " ORDER BY chain, seq")) {
      while (row.next()) {
        all.add(
            new Stored(
                row.getInt(1),
                row.getLong(2),
                row.getString(3),
                row.getLong(4),
                row.getString(5),
                row.getString(6)));
      }
    }
    return all;
  }

  /** The only record of a decision among these. */
  public static Stored of(List<Stored> records, String decisionId) {
    List<Stored> found = records.stream().filter(it -> it.decisionId().equals(decisionId)).toList();
    assertThat(found).as("records of %s", decisionId).hasSize(1);
    return found.get(0);
  }

  /** Asserts that no chain has gaps and that each hash follows from the one before. */
  public static void assertChained(List<Stored> records) {
    byte[] hash = new byte[32];
    long place = 0;
    int chain = 0;
    try {
      for (Stored record : records) {
        if (record.chain != chain) {
          chain = record.chain;
          hash = new byte[32];
          place = 0;
        }
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        digest.update(hash);
        hash = digest.digest(record.json.getBytes(StandardCharsets.UTF_8));
        place++;
        assertThat(record.seq()).isEqualTo(place);
        assertThat(record.hash()).isEqualTo(HexFormat.of().formatHex(hash));
      }
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs SQL on the store behind the server's back. */
  public static void sql(Path folder, String sql) {
    try (Connection connection = connect(folder);
        Statement statement = connection.createStatement()) {
      statement.execute(sql);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  static Connection connect(Path folder) throws SQLException {
    Connection connection =
        DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("portvakt.db"));
    try (Statement statement = connection.createStatement()) {
      statement.execute("PRAGMA busy_timeout = 10000");
    }
    return connection;
  }
}

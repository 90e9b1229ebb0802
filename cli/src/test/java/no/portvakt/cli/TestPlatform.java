package no.portvakt.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import no.portvakt.server.Addresses;
import no.portvakt.server.Server;
import no.portvakt.server.Settings;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * A developer's platform on a free port, and the commands that speak to it. Its store is in a
 * folder, or in PostgreSQL when the system property {@code portvakt.test.store} is {@code
 * postgresql}.
 */
final class TestPlatform implements AutoCloseable {
  private final Path folder;
  private final String store;
  private final Server server;

  private TestPlatform(Path folder, String store, Server server) {
    this.folder = folder;
    this.store = store;
    this.server = server;
  }

  static TestPlatform start(Path folder) {
    Settings settings = Addresses.withPort(Settings.development(folder, 0));
    String store = "jdbc:sqlite:" + folder.resolve("portvakt.db") + "?busy_timeout=10000";
    if (Postgres.CHOSEN) {
      store = Postgres.fresh();
      settings = Postgres.in(store, settings);
    }
    return new TestPlatform(folder, store, Server.start(settings));
  }

  String base() {
    return server.addresses().base();
  }

  Path adminFile() {
    return folder.resolve("dev/admin-client.json");
  }

  /** Changes the store behind the platform's back. */
  void sql(String sql) {
    try (Connection connection = DriverManager.getConnection(store);
        Statement statement = connection.createStatement()) {
      assertThat(statement.executeUpdate(sql)).isPositive();
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Runs {@code portvakt maskinporten} with these arguments, as the admin client. */
  Console run(String... arguments) {
    List<String> line = new ArrayList<>(List.of("maskinporten"));
    line.addAll(Arrays.asList(arguments));
    line.addAll(List.of("--data", folder.toString()));
    return Console.run(line.toArray(String[]::new));
  }

  /** Runs a command that does what it is asked to, and gives the one object that it writes. */
  Map<String, @Nullable Object> object(String... arguments) {
    List<Map<String, @Nullable Object>> objects = objects(arguments);
    assertThat(objects).hasSize(1);
    return objects.get(0);
  }

  /** Runs a command that does what it is asked to, and gives the objects that it writes. */
  List<Map<String, @Nullable Object>> objects(String... arguments) {
    List<String> line = new ArrayList<>(Arrays.asList(arguments));
    line.add("--json");
    return run(line.toArray(String[]::new)).succeeds().objects();
  }

  static Map<String, @Nullable Object> read(Path file) throws IOException {
    try {
      return Json.readObject(Files.readAllBytes(file));
    } catch (MalformedJson e) {
      throw new AssertionError("Not a JSON object: " + file, e);
    }
  }

  @Override
  public void close() {
    server.close();
  }
}

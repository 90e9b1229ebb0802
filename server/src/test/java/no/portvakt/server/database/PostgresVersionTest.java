package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import no.portvakt.server.TestPostgres;
import no.portvakt.server.database.Database.UnusableData;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A server that is too old. It is the real one behind a relay that changes nothing but the version
 * that the server reports, because only one version's binaries are at hand.
 */
class PostgresVersionTest {
  private static final String REPORTED = "server_version\0";

  private final PostgresAddress real = TestPostgres.fresh();

  @ParameterizedTest
  @CsvSource({"13.22, 13", "9.6.24, 9"})
  void refusesAServerThatIsTooOldAndMakesNothingThere(String version, String major)
      throws Exception {
    try (Relay relay = new Relay(version)) {
      PostgresAddress old = relay.address();
      assertThatExceptionOfType(UnusableData.class)
          .isThrownBy(() -> Database.connect(old).close())
          .withMessage(
              "The store %s can't be used: PostgreSQL %s is too old; it takes 14 or newer."
                  .formatted(old.url(), major));
    }
    assertThat(
            TestPostgres.query(real, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        .isEmpty();
  }

  @Test
  void takesTheOldestThatIsNewEnough() throws Exception {
    try (Relay relay = new Relay("14.0");
        Database database = Database.connect(relay.address())) {
      assertThat(database.isReady()).isTrue();
    }
  }

  /** Hands on every message in both directions. */
  private final class Relay implements AutoCloseable {
    private final ServerSocket listening =
        new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final String version;

    Relay(String version) throws IOException {
      this.version = version;
      Thread.startVirtualThread(this::accept);
    }

    PostgresAddress address() {
      String url =
          real.url().replaceFirst(":\\d+/", ":" + listening.getLocalPort() + "/")
              + "?sslmode=disable&gssEncMode=disable"; // so that every answer is a whole message
      return new PostgresAddress(url, "postgres", null, 2);
    }

    private void accept() {
      int port = Integer.parseInt(real.url().replaceAll(".*:(\\d+)/.*", "$1"));
      try {
        while (true) {
          Socket caller = listening.accept();
          Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
          Thread.startVirtualThread(() -> until(caller, server, () -> ask(caller, server)));
          Thread.startVirtualThread(() -> until(caller, server, () -> answer(server, caller)));
        }
      } catch (IOException e) {
        assertThat(listening.isClosed()).isTrue();
      }
    }

    private static void ask(Socket caller, Socket server) throws IOException {
      caller.getInputStream().transferTo(server.getOutputStream());
    }

    private void answer(Socket server, Socket caller) throws IOException {
      DataInputStream in = new DataInputStream(server.getInputStream());
      DataOutputStream out = new DataOutputStream(caller.getOutputStream());
      while (true) {
        // A type, the length of all but the type, and the rest.
        byte type = in.readByte();
        byte[] rest = in.readNBytes(in.readInt() - Integer.BYTES);
        String text = new String(rest, StandardCharsets.ISO_8859_1);
        if (type == 'S' && text.startsWith(REPORTED)) {
          rest = (REPORTED + version + "\0").getBytes(StandardCharsets.ISO_8859_1);
        }
        ByteBuffer message = ByteBuffer.allocate(1 + Integer.BYTES + rest.length);
        out.write(message.put(type).putInt(Integer.BYTES + rest.length).put(rest).array());
      }
    }

    /** One direction; when it ends, so does the other. */
    private static void until(Socket caller, Socket server, Direction direction) {
      try (caller;
          server) {
        direction.run();
      } catch (IOException e) {
        // one side has closed
      }
    }

    @Override
    public void close() {
      try {
        listening.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @FunctionalInterface
  private interface Direction {
    void run() throws IOException;
  }
}

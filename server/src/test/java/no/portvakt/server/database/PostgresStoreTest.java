package no.portvakt.server.database;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import no.portvakt.server.TestPostgres;
import no.portvakt.server.database.Database.UnusableData;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.AuditTable.Place;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The store in PostgreSQL keeps the contract; and several nodes share it. */
class PostgresStoreTest extends StoreContract {
  private final PostgresAddress address = TestPostgres.fresh();

  @Override
  Database open() {
    return Database.connect(address);
  }

  @Override
  boolean isShared() {
    return true;
  }

  @Override
  void sql(String sql) {
    TestPostgres.sql(address, sql);
  }

  @Test
  void givesEachNodeAChainOfItsOwnAndTheSameOneAgain() {
    try (Database one = open();
        Database other = open()) {
      append(one, new AuditTable(one), "a");
      append(other, new AuditTable(other), "b");
      append(one, new AuditTable(one), "c");
      assertThat(new AuditTable(one).ends())
          .extracting(Place::chain, Place::seq)
          .containsExactly(
              org.assertj.core.groups.Tuple.tuple(0, 2L),
              org.assertj.core.groups.Tuple.tuple(1, 1L));
    }
    try (Database again = open()) {
      append(again, new AuditTable(again), "d");
    }
    assertThat(records()).extracting(AuditTable.Entry::chain).containsExactly(0, 0, 0, 1);
    assertChained(records());
  }

  @Test
  void hearsWhatAnotherNodeAnnounces() throws Exception {
    try (Database one = open();
        Database other = open()) {
      CountDownLatch connected = new CountDownLatch(1);
      CountDownLatch heard = new CountDownLatch(2);
      other.onAnnouncement("topic", connected::countDown);
      other.onAnnouncement("topic", heard::countDown);
      // Until it listens, an announcement is lost; after that it comes at once.
      while (!heard.await(20, TimeUnit.MILLISECONDS)) {
        announce(one, "topic");
      }
      assertThat(connected.getCount()).isZero();
    }
  }

  @Test
  void comesBackWhenItsConnectionsWereCut() {
    try (Database database = open()) {
      AuditTable audit = new AuditTable(database);
      append(database, audit, "before");
      for (int i = 0; i < 3; i++) {
        cut();
        append(database, audit, "after" + i);
        assertThat(database.isReady()).isTrue();
      }
    }
    assertThat(records()).hasSize(4);
    assertChained(records());
  }

  @Test
  void hearsAgainWhatIsAnnouncedAfterItsConnectionsWereCut() throws Exception {
    try (Database one = open();
        Database other = open()) {
      Semaphore before = new Semaphore(0);
      other.onAnnouncement("before", before::release);
      // One may be told because it began to listen, two were announced.
      while (!before.tryAcquire(2, 20, TimeUnit.MILLISECONDS)) {
        announce(one, "before");
      }
      CountDownLatch reconnected = new CountDownLatch(1);
      other.onAnnouncement("reconnected", reconnected::countDown);
      cut();
      assertThat(reconnected.await(30, TimeUnit.SECONDS)).isTrue();
      Semaphore after = new Semaphore(0);
      other.onAnnouncement("after", after::release);
      announce(one, "after");
      announce(one, "after");
      assertThat(after.tryAcquire(2, 30, TimeUnit.SECONDS)).isTrue();
    }
  }

  private static void announce(Database node, String topic) {
    node.write(session -> {
      node.announce(session, topic);
      return null;
    });
  }

  private void cut() {
    sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname ="
            + " current_database() AND pid <> pg_backend_pid()");
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void findsTheHostThatAnswersAmongSeveral(boolean deadOneFirst) throws Exception {
    PostgresAddress several = withDeadHost(deadOneFirst);
    try (Database database = Database.connect(several)) {
      AuditTable audit = new AuditTable(database);
      append(database, audit, "before");
      assertThat(audit.byDecision("before")).hasSize(1);
      cut();
      append(database, audit, "after");
      assertThat(database.isReady()).isTrue();
    }
    assertThat(records()).hasSize(2);
    assertChained(records());
  }

  private PostgresAddress withDeadHost(boolean first) throws IOException {
    String live = address.url().replaceFirst("^.*//([^/]+)/.*$", "$1");
    String dead;
    try (ServerSocket free = new ServerSocket(0)) {
      dead = "localhost:" + free.getLocalPort();
    }
    String hosts = first ? dead + "," + live : live + "," + dead;
    return new PostgresAddress(address.url().replace(live, hosts), "postgres", null, 2);
  }

  @Test
  void asksForACommitThatIsOnDiskWhateverTheServersDefault() {
    sql(
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() ||"
            + " ' SET synchronous_commit = off'; END $$");
    try (Database database = open()) {
      assertThat(
              database.<List<String>>write(
                  session -> session.query(row -> row.getString(1), "SHOW synchronous_commit")))
          .containsExactly("on");
    }
    sql(
        "DO $$ BEGIN EXECUTE 'ALTER DATABASE ' || current_database() ||"
            + " ' SET synchronous_commit = remote_apply'; END $$");
    try (Database database = open()) {
      assertThat(
              database.<List<String>>write(
                  session -> session.query(row -> row.getString(1), "SHOW synchronous_commit")))
          .containsExactly("remote_apply");
    }
  }

  @Test
  void saysThatNothingAnswersThere() {
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() ->
            Database.connect(
                new PostgresAddress("jdbc:postgresql://127.0.0.1:1/none", "x", "secret", 1)))
        .withMessageStartingWith("The store jdbc:postgresql://127.0.0.1:1/none can't be used: ")
        .withMessageNotContaining("secret");
  }

  @Test
  void saysThatThereIsNoSuchDatabase() {
    String url = address.url() + "_not";
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() -> Database.connect(new PostgresAddress(url, "postgres", null, 1)))
        .withMessage("The store " + url + " can't be used: it has no such database.");
  }

  @Test
  void saysThatTheUserMayNotMakeTables() {
    sql("DROP ROLE IF EXISTS stranger");
    sql("CREATE ROLE stranger LOGIN");
    sql("REVOKE CREATE ON SCHEMA public FROM PUBLIC"); // as it is from PostgreSQL 15 on
    assertThatExceptionOfType(UnusableData.class)
        .isThrownBy(() -> Database.connect(new PostgresAddress(address.url(), "stranger", null, 1)))
        .withMessage("The schema of the store " + address.url() + " can't be brought up to date.");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "postgresql://localhost/x",
        "jdbc:sqlite:x",
        "jdbc:postgresql://localhost:port/x",
        "jdbc:postgresql://localhost/x?user=a&password=secret",
        "jdbc:postgresql://localhost/x?PASSWORD=secret",
      })
  void refusesAnotherAddress(String url) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> new PostgresAddress(url, null, null, 1))
        .satisfies(e -> assertThat(e.getMessage()).doesNotContain("secret"));
  }

  @Test
  void showsNoPassword() {
    assertThat(new PostgresAddress(address.url(), "a", "secret", 1).toString())
        .doesNotContain("secret");
  }
}

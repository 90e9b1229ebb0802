package no.portvakt.server.trust;

import static org.assertj.core.api.Assertions.assertThat;

import no.portvakt.server.TestClock;
import no.portvakt.server.database.Database;
import no.portvakt.server.store.ReplayTable;
import org.junit.jupiter.api.Test;

/**
 * Codes that may be used once. That many uses at once give one success is for StoreContract to
 * show, and for NodesTest: a code is kept as a signed message is.
 */
abstract class SingleUseContract {
  final TestClock clock = new TestClock();

  /** Opens the store of this test once more, as another node. */
  abstract Database open();

  @Test
  void refusesAUsedCodeOnEveryNodeAndAfterTheStoreWasOpenedAgain() {
    try (Database one = open();
        Database other = open()) {
      assertThat(firstUse(one, "client", "code")).isTrue();
      assertThat(firstUse(other, "client", "code")).isFalse();
      assertThat(firstUse(one, "client", "code")).isFalse();
    }
    try (Database again = open()) {
      assertThat(firstUse(again, "client", "code")).isFalse();
    }
  }

  @Test
  void takesTheCodeOfAnotherOwnerForAnotherCode() {
    try (Database one = open();
        Database other = open()) {
      assertThat(firstUse(one, "client", "1code")).isTrue();
      assertThat(firstUse(one, "client1", "code")).isTrue();
      assertThat(firstUse(one, "client", "1Code")).isTrue();
      for (Database node : new Database[] {one, other}) {
        assertThat(firstUse(node, "client", "1code")).isFalse();
        assertThat(firstUse(node, "client1", "code")).isFalse();
        assertThat(firstUse(node, "client", "1Code")).isFalse();
      }
    }
  }

  private boolean firstUse(Database database, String owner, String code) {
    ReplayGuard replays = new ReplayGuard(new ReplayTable(database));
    return database.<Boolean>record(
        session -> replays.firstUse(session, owner, code, clock.instant().plusSeconds(60)));
  }
}

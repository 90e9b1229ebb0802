package no.portvakt.server.issuer;

import static org.assertj.core.api.Assertions.assertThat;

import no.portvakt.server.TestPostgres;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.issuer.KeyNode.Setup;
import no.portvakt.server.issuer.KeyRotation.Mode;
import org.junit.jupiter.api.Test;

class PostgresKeyRotationTest extends KeyRotationContract {
  private final PostgresAddress store = TestPostgres.fresh();

  @Override
  Database open() {
    return Database.connect(store);
  }

  @Test
  void hearsOfAChangeByAnotherNodeWithoutALook() {
    KeyNode one = node(Setup.plain()).start();
    KeyNode other = node(Setup.plain()).start();
    assertThat(other.active()).isEqualTo(one.active());
    one.rotation.rotate("ES256", Mode.EMERGENCY, false);
    String current = one.only("current");
    KeyNode.await("the announcement", () -> other.active().equals(current));
    assertThat(other.published()).containsExactly(current);
  }
}

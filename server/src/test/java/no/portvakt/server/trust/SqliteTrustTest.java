package no.portvakt.server.trust;

import java.nio.file.Path;
import no.portvakt.server.database.Database;
import org.junit.jupiter.api.io.TempDir;

/** In a folder, because several programs may have it open. */
class SqliteTrustTest extends LockoutContract {
  @TempDir Path folder = Path.of("");

  @Override
  Database open() {
    return Database.open(folder);
  }
}

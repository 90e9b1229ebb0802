package no.portvakt.server.issuer;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import no.portvakt.server.database.Database;
import no.portvakt.server.issuer.KeyRotation.Listed;
import no.portvakt.server.issuer.KeyStorage.External;
import no.portvakt.server.store.SigningKeyTable;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import org.jspecify.annotations.Nullable;

/** What one node has of the signing keys of one role. */
final class KeyNode implements AutoCloseable {
  static final Duration MAX_AGE = Duration.ofHours(1);
  static final Duration SKEW = Duration.ofMinutes(1);
  static final Duration LONGEST_TOKEN = Duration.ofMinutes(30);
  static final Duration READY = MAX_AGE.plus(SKEW);
  static final Duration ROTATE_AFTER = Duration.ofDays(90);

  /** 32 bytes in base64; worth nothing outside the tests. */
  static final String MASTER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgdGhlIHRlc3RzLi4=";

  static final String OTHER_MASTER_KEY = "YW5vdGhlciB0aGlydHktdHdvIGJ5dGVzLCBvdGhlci4=";

  final Database database;
  final KeyStorage storage;
  final KeyRotation rotation;
  final List<String> changes = new ArrayList<>();
  private final SigningKeyTable table;
  private final InstantSource clock;
  private @Nullable KeyRing ring;

  /** How a node is set up. */
  record Setup(
      List<String> algorithms, boolean standby, String masterKey, @Nullable External external) {
    static Setup plain() {
      return new Setup(List.of("ES256"), false, MASTER_KEY, null);
    }

    Setup withStandby() {
      return new Setup(algorithms, true, masterKey, external);
    }

    Setup withAlgorithms(String... others) {
      return new Setup(List.of(others), standby, masterKey, external);
    }

    Setup withMasterKey(String other) {
      return new Setup(algorithms, standby, other, external);
    }

    Setup withExternal(@Nullable External other) {
      return new Setup(algorithms, standby, masterKey, other);
    }
  }

  KeyNode(Database database, InstantSource clock, Setup setup) {
    this.database = database;
    this.clock = clock;
    this.table = new SigningKeyTable(database);
    this.storage = new KeyStorage(KeyCipher.of("of a test", setup.masterKey), setup.external);
    External external = setup.external;
    Duration grace = external == null ? Duration.ZERO : external.outage();
    KeyRotation.Role role =
        new KeyRotation.Role(
            "authentication",
            "Test",
            setup.algorithms,
            new KeyRules(MAX_AGE, SKEW, LONGEST_TOKEN, grace),
            setup.standby,
            ROTATE_AFTER);
    this.rotation =
        new KeyRotation(
            database,
            table,
            storage,
            role,
            clock,
            (_, change, _, _) -> {
              synchronized (changes) {
                changes.add(change);
              }
            });
  }

  /** Tends the keys and reads them, as a start does. */
  KeyNode start() {
    rotation.tend();
    ring();
    return this;
  }

  /** Tends the keys and takes the result over, as every minute. */
  List<String> tend() {
    List<String> steps = rotation.tend();
    ring().reload();
    return steps;
  }

  KeyRing ring() {
    KeyRing known = ring;
    if (known == null) {
      KeyRotation.Role role = rotation.role();
      known =
          new KeyRing(table, storage, role.name(), role.algorithms().get(0), role.rules(), clock);
      database.onAnnouncement(SigningKeyTable.TOPIC, known::reload);
      ring = known;
    }
    return known;
  }

  /** The id of the key that signs; it must be able to. */
  String active() {
    SigningKey key = ring().active();
    assertThat(key.sign(new byte[] {1})).isNotEmpty();
    return key.keyId();
  }

  /** The ids of all keys that verifiers see. */
  List<String> published() {
    return ring().keys().published().stream().map(SigningKey::keyId).toList();
  }

  /** The only key in a state. */
  String only(String state) {
    List<String> found = all(state);
    assertThat(found).as("%s in %s", state, rotation.list()).hasSize(1);
    return found.get(0);
  }

  List<String> all(String state) {
    return rotation.list().stream()
        .filter(it -> it.state().equals(state))
        .map(it -> it.key().kid())
        .toList();
  }

  SigningKeyRow row(String kid) {
    return rotation.list().stream()
        .map(Listed::key)
        .filter(it -> it.kid().equals(kid))
        .findFirst()
        .orElseThrow();
  }

  static <T> T known(@Nullable T value) {
    return Objects.requireNonNull(value);
  }

  /** Waits for what another thread is about to do. */
  static void await(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!condition.getAsBoolean()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      LockSupport.parkNanos(1_000_000);
    }
  }

  @Override
  public void close() {
    storage.close();
  }
}

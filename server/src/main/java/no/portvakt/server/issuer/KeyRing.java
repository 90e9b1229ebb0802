package no.portvakt.server.issuer;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import no.portvakt.server.database.StoreUnavailable;
import no.portvakt.server.store.SigningKeyTable;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import no.portvakt.tokens.KeySet;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signing keys of one role as this node sees them. What the rows say happens at its time on
 * every node without another word; a change of the rows is taken over by {@link #reload}.
 */
public final class KeyRing {
  private static final Logger LOG = LoggerFactory.getLogger(KeyRing.class);

  private final SigningKeyTable table;
  private final KeyStorage storage;
  private final String role;
  private final String preferred;
  private final KeyRules rules;
  private final InstantSource clock;
  private final Object reloading = new Object();
  private Map<String, SigningKey> known = Map.of();
  private long epoch = -1;
  private long generation;
  private List<SigningKeyRow> rows = List.of();
  private volatile Moment moment;
  private volatile long seenNanos = System.nanoTime();

  /** No key can sign now; it is a matter of ours, and the caller may come back. */
  public static final class NoSigningKey extends RuntimeException {
    private static final long serialVersionUID = 1L;

    NoSigningKey(String whose) {
      super("No key of " + whose + " can sign now.", null, false, false);
    }
  }

  /** The keys until a time, in milliseconds since 1970. */
  private record Moment(SigningKeys keys, KeySet keySet, long until) {}

  /**
   * Reads the keys of a role.
   *
   * @param preferred the algorithm to sign with when a key of it may
   */
  public KeyRing(
      SigningKeyTable table,
      KeyStorage storage,
      String role,
      String preferred,
      KeyRules rules,
      InstantSource clock) {
    this.table = table;
    this.storage = storage;
    this.role = role;
    this.preferred = preferred;
    this.rules = rules;
    this.clock = clock;
    this.moment = at(clock.instant());
    reload();
  }

  /** The keys of the moment. */
  public SigningKeys keys() {
    return now().keys;
  }

  private Moment now() {
    Moment now = moment;
    return clock.millis() >= now.until ? pass() : now;
  }

  /**
   * The key that signs now.
   *
   * @throws NoSigningKey when there is none
   */
  SigningKey active() {
    SigningKey key = keys().active();
    if (key == null) {
      throw new NoSigningKey(role);
    }
    return key;
  }

  /** The public halves of the moment, for whoever verifies in this process. */
  public KeySet keySet() {
    return new KeySet() {
      @Override
      public @Nullable VerificationKey byId(String keyId) {
        return current().byId(keyId);
      }

      @Override
      public List<VerificationKey> all() {
        return current().all();
      }

      private KeySet current() {
        return now().keySet;
      }
    };
  }

  /** How long a verifier may keep the keys that it gets now. */
  public Duration cacheable() {
    Duration age = Duration.ofNanos(System.nanoTime() - seenNanos);
    return rules.cacheable(clock.instant(), keys().nextChange(), age);
  }

  /**
   * Takes over what another node or program changed; keeps what is known when the store is away.
   */
  public void reload() {
    // Nobody who signs waits for a source or a store that is slow to answer.
    synchronized (reloading) {
      try {
        storage.look();
        long seen = storage.generation();
        long asked = System.nanoTime();
        if (table.epoch(role) != epoch || seen != generation) {
          SigningKeyTable.Role now = table.ofRole(role);
          Map<String, SigningKey> read = new HashMap<>();
          for (SigningKeyRow row : now.keys()) {
            read.put(row.kid(), storage.read(row));
          }
          takeOver(now.keys(), read);
          epoch = now.epoch();
          generation = seen;
        }
        seenNanos = asked;
      } catch (StoreUnavailable e) {
        LOG.warn("Changes of the {} signing keys are not seen for now.", role);
      }
    }
  }

  private synchronized void takeOver(List<SigningKeyRow> now, Map<String, SigningKey> read) {
    known = read;
    rows = now;
    moment = at(clock.instant());
  }

  private synchronized Moment pass() {
    Moment now = at(clock.instant());
    moment = now;
    return now;
  }

  private Moment at(Instant now) {
    long time = now.toEpochMilli();
    List<SigningKey> next = new ArrayList<>();
    List<SigningKey> previous = new ArrayList<>();
    Map<String, SigningKeyRow> current = new HashMap<>();
    for (SigningKeyRow row : published(time).toList()) {
      if (maySign(row, time) && (row.signsUntil() == null || row.signsUntil() > time)) {
        current.merge(row.algorithm(), row, KeyRing::younger);
      }
    }
    if (current.isEmpty()) {
      // The successor is published, but its private key can't be had here: its predecessor goes on.
      published(time)
          .filter(row -> maySign(row, time))
          .reduce(KeyRing::younger)
          .ifPresent(row -> current.put(row.algorithm(), row));
    }
    if (current.isEmpty()) {
      // The clock of whoever made the first keys is ahead of this one; nobody knows others.
      published(time)
          .filter(row -> started(row) == row.published() && started(row) > time)
          .filter(row -> key(row).canSign())
          .forEach(row -> current.putIfAbsent(row.algorithm(), row));
    }
    for (SigningKeyRow row : published(time).toList()) {
      if (!current.containsValue(row)) {
        (row.signsFrom() == null || row.signsFrom() > time ? next : previous).add(key(row));
      }
    }
    List<SigningKey> signing =
        current.values().stream()
            .sorted(
                Comparator.comparing((SigningKeyRow row) -> !row.algorithm().equals(preferred))
                    .thenComparingLong(row -> -started(row)))
            .map(this::key)
            .toList();
    Instant change = nextChange(time);
    SigningKeys keys =
        new SigningKeys(signing.isEmpty() ? null : signing.get(0), signing, next, previous, change);
    return new Moment(
        keys, keys.asKeySet(), change == null ? Long.MAX_VALUE : change.toEpochMilli());
  }

  private Stream<SigningKeyRow> published(long time) {
    return rows.stream().filter(row -> row.removed() == null || row.removed() > time);
  }

  private boolean maySign(SigningKeyRow row, long time) {
    Instant last = rules.lastSigning(row);
    return row.signsFrom() != null
        && row.signsFrom() <= time
        && (last == null || last.toEpochMilli() > time)
        && key(row).canSign();
  }

  /** The first of the decided times that is still to come. */
  private @Nullable Instant nextChange(long time) {
    return published(time)
        .flatMap(row ->
            Stream.of(
                KeySchedule.instant(row.signsFrom()),
                KeySchedule.instant(row.signsUntil()),
                rules.lastSigning(row),
                KeySchedule.instant(row.removed())))
        .filter(it -> it != null && it.toEpochMilli() > time)
        .min(Comparator.naturalOrder())
        .orElse(null);
  }

  private static SigningKeyRow younger(SigningKeyRow one, SigningKeyRow other) {
    return started(one) >= started(other) ? one : other;
  }

  private static long started(SigningKeyRow row) {
    return Objects.requireNonNullElse(row.signsFrom(), 0L);
  }

  private SigningKey key(SigningKeyRow row) {
    return Objects.requireNonNull(known.get(row.kid()));
  }
}

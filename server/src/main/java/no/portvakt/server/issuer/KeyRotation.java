package no.portvakt.server.issuer;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import no.portvakt.server.issuer.KeySchedule.UnsafeStep;
import no.portvakt.server.store.SigningKeyTable;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import no.portvakt.tokens.JwsSigner;
import no.portvakt.tokens.KeyMaterial;
import org.jspecify.annotations.Nullable;

/**
 * Changes the keys of one role. Each change is calculated from the rows and written only if no
 * other node changed them meanwhile; else it is calculated anew from what that node made of them.
 */
public final class KeyRotation {
  private static final int TRIES = 8;
  private static final Duration REMEMBERED = Duration.ofDays(30);

  private final Database database;
  private final SigningKeyTable table;
  private final KeyStorage storage;
  private final Role role;
  private final InstantSource clock;
  private final Witness witness;

  /**
   * What a role signs with, and by which rules.
   *
   * @param name the role's name in the store
   * @param subject the common name of certificates of keys that are made
   * @param algorithms a key of each is kept ready; the first one signs
   * @param standby whether the next key is always published beforehand; never with a source of
   *     keys, where somebody else makes them
   * @param rotateAfter for how long a key signs before the next one takes its place
   */
  public record Role(
      String name,
      String subject,
      List<String> algorithms,
      KeyRules rules,
      boolean standby,
      Duration rotateAfter) {}

  /** Keeps a record of a change in the same transaction. */
  @FunctionalInterface
  public interface Witness {
    /**
     * @param change what was asked for, such as {@code keys.rotate}
     * @param steps what was done, one sentence each
     */
    void saw(Session session, String change, String role, List<String> steps);
  }

  public KeyRotation(
      Database database,
      SigningKeyTable table,
      KeyStorage storage,
      Role role,
      InstantSource clock,
      Witness witness) {
    this.database = database;
    this.table = table;
    this.storage = storage;
    this.role = role;
    this.clock = clock;
    this.witness = witness;
  }

  /** How a rotation treats a key that verifiers may not know yet. */
  public enum Mode {
    /** It is refused. */
    SAFE,
    /** It takes place when it is safe. */
    SCHEDULED,
    /** It takes place at once, and the old key is revoked. */
    EMERGENCY
  }

  /** The role and its rules. */
  public Role role() {
    return role;
  }

  /**
   * A key and what it does.
   *
   * @param state next, current, previous or removed
   * @param ready from when it may sign, for a next one
   * @param rotates when the next one takes its place, for a current one; null: nobody knows yet,
   *     because a source of keys decides
   * @param certificateExpires from when its certificate is no longer valid
   */
  public record Listed(
      SigningKeyRow key,
      String state,
      @Nullable Instant ready,
      @Nullable Instant rotates,
      Instant certificateExpires) {}

  /**
   * Opens every key that is kept.
   *
   * @throws KeyCipher.WrongMasterKey when the master key is not the one that they were stored with
   */
  public void openAll() {
    table.ofRole(role.name()).keys().forEach(storage::read);
  }

  /** The keys as they are, oldest first. */
  public List<Listed> list() {
    List<SigningKeyRow> rows = table.ofRole(role.name()).keys();
    KeySchedule schedule = new KeySchedule(role.rules(), clock.instant(), rows);
    return rows.stream().map(row -> listed(row, schedule.state(row))).toList();
  }

  /** The keys that sign, whose certificates end soon or have ended; they sign on all the same. */
  public List<Listed> certificateEnding() {
    Instant soon = clock.instant().plus(KeyRules.CERTIFICATE_ENDING);
    return list().stream()
        .filter(key -> key.state().equals("current") && key.certificateExpires().isBefore(soon))
        .toList();
  }

  private Listed listed(SigningKeyRow row, String state) {
    Instant from = KeySchedule.instant(row.signsFrom());
    Instant until = KeySchedule.instant(row.signsUntil());
    return new Listed(
        row,
        state,
        state.equals("next")
            ? from != null
                ? from
                : role.rules().earliestSigning(Instant.ofEpochMilli(row.published()))
            : null,
        !state.equals("current") ? null : until != null || !makesKeys() ? until : rotates(row),
        KeyStorage.certificateOf(row).getNotAfter().toInstant());
  }

  private boolean makesKeys() {
    return storage.source().equals(KeyStorage.STORE);
  }

  private @Nullable Instant rotates(SigningKeyRow row) {
    Instant from = KeySchedule.instant(row.signsFrom());
    return from == null ? null : from.plus(role.rotateAfter());
  }

  /**
   * Does what is due: makes or adopts missing keys, rotates by age, lets go what is not wanted.
   *
   * @return one sentence for each thing that was done
   */
  public List<String> tend() {
    storage.look();
    return apply("keys.tend", false, new Fresh(false)::tend);
  }

  /**
   * Lets the next key of an algorithm sign, and makes another one to be next.
   *
   * @param plan true: says only what would be done
   * @throws UnsafeStep when a rule is in the way
   */
  public List<String> rotate(String algorithm, Mode mode, boolean plan) {
    if (!role.algorithms().contains(algorithm)) {
      throw new UnsafeStep("Nothing signs with " + algorithm + " here.", null);
    }
    Fresh fresh = new Fresh(plan);
    if (mode == Mode.SAFE && !plan) {
      // A key that is only published breaks nothing, and stays so when the rotation is refused.
      List<String> _ = apply("keys.publish", false, keys -> fresh.publishNext(keys, algorithm));
    }
    return apply("keys.rotate", plan, keys -> fresh.rotate(keys, algorithm, mode));
  }

  /**
   * Takes a key out of publication.
   *
   * @param emergency whether to do it though tokens that it signed may still live
   * @throws UnsafeStep when a rule is in the way
   */
  public List<String> retire(String kid, boolean emergency, boolean plan) {
    return apply(
        "keys.retire",
        plan,
        keys -> {
          if (emergency && !keys.isCurrent(kid)) {
            keys.revoke(kid);
          } else {
            keys.retire(kid);
          }
        });
  }

  /**
   * Publishes a key from elsewhere as the next one, in place of one that waits already.
   *
   * @throws UnsafeStep when the key is known, or can't be used
   */
  public List<String> bringIn(KeyMaterial key, String algorithm, boolean plan) {
    Instant now = clock.instant();
    if (!makesKeys()) {
      throw new UnsafeStep("Signing keys come from " + storage.source() + "; put it there.", null);
    }
    if (!role.algorithms().contains(algorithm)) {
      throw new UnsafeStep("Nothing signs with " + algorithm + " here.", null);
    }
    if (!JwsSigner.algorithmsFor(key.publicKey()).contains(algorithm)) {
      throw new UnsafeStep("The key is not of a kind that " + algorithm + " takes.", null);
    }
    if (now.isAfter(key.certificate().getNotAfter().toInstant())
        || now.isBefore(key.certificate().getNotBefore().toInstant())) {
      throw new UnsafeStep("The key's certificate is not valid now.", null);
    }
    SigningKeyRow row = storage.seal(role.name(), key, algorithm, now);
    return apply(
        "keys.import",
        plan,
        keys -> {
          if (keys.keys().stream().anyMatch(it -> it.kid().equals(row.kid()))) {
            throw new UnsafeStep("The key " + row.kid() + " is known already.", null);
          }
          SigningKeyRow waiting = keys.next(algorithm);
          if (waiting != null) {
            keys.retire(waiting.kid());
          }
          keys.publish(row);
        });
  }

  private List<String> apply(String change, boolean plan, Consumer<KeySchedule> steps) {
    for (int i = 0; i < TRIES; i++) {
      SigningKeyTable.Role before = table.ofRole(role.name());
      KeySchedule schedule = new KeySchedule(role.rules(), clock.instant(), before.keys());
      steps.accept(schedule);
      if (plan || schedule.steps().isEmpty()) {
        return schedule.steps();
      }
      storage.requireMasterKeyOf(before.keys());
      boolean written =
          database.write(session -> {
            boolean first = table.replace(session, role.name(), before.epoch(), schedule.keys());
            if (first) {
              witness.saw(session, change, role.name(), schedule.steps());
            }
            return first;
          });
      if (written) {
        return schedule.steps();
      }
    }
    throw new UnsafeStep("Other nodes change the keys all the time.", null);
  }

  /** Makes each key that a change needs once, however often the change is calculated. */
  private final class Fresh {
    private final Map<String, SigningKeyRow> made = new HashMap<>();
    private final boolean plan;
    private @Nullable String replaced;

    Fresh(boolean plan) {
      this.plan = plan;
    }

    private SigningKeyRow of(String algorithm, String purpose) {
      Instant now = clock.instant();
      return made.computeIfAbsent(
          algorithm + purpose,
          _ ->
              plan
                  ? KeySchedule.planned(role.name(), algorithm, purpose, now)
                  : storage.make(role.name(), algorithm, role.subject(), now));
    }

    void publishNext(KeySchedule keys, String algorithm) {
      if (keys.next(algorithm) == null) {
        if (!makesKeys()) {
          throw new UnsafeStep(
              "The source " + storage.source() + " of signing keys has no newer key.", null);
        }
        keys.publish(of(algorithm, "next"));
      }
    }

    void rotate(KeySchedule keys, String algorithm, Mode mode) {
      SigningKeyRow old = keys.current(algorithm);
      String kid = old == null ? "" : old.kid();
      if (replaced != null && !replaced.equals(kid)) {
        throw new UnsafeStep("Another rotation came first: the key " + kid + " signs now.", null);
      }
      replaced = kid;
      publishNext(keys, algorithm);
      switch (mode) {
        case SAFE -> keys.activate(algorithm);
        case SCHEDULED -> keys.activateWhenReady(algorithm);
        case EMERGENCY -> {
          keys.activateAtOnce(algorithm);
          if (old != null) {
            keys.revoke(old.kid());
          }
        }
      }
      if (mode != Mode.SCHEDULED) {
        standby(keys, algorithm);
      }
    }

    void tend(KeySchedule keys) {
      keys.prolong();
      for (String algorithm : role.algorithms()) {
        if (makesKeys()) {
          keepMade(keys, algorithm);
        } else {
          adopt(keys, algorithm);
        }
      }
      String preferred = role.algorithms().get(0);
      if (keys.current(preferred) != null) {
        keys.algorithms().stream()
            .filter(it -> !role.algorithms().contains(it))
            .forEach(keys::drop);
      }
      keys.forget(clock.instant().minus(REMEMBERED));
    }

    private void keepMade(KeySchedule keys, String algorithm) {
      SigningKeyRow current = keys.current(algorithm);
      SigningKeyRow next = keys.next(algorithm);
      if (current == null && next == null) {
        keys.publish(of(algorithm, "first"));
        if (keys.current(algorithm) == null) {
          keys.activateWhenReady(algorithm);
        }
      } else if (current == null && next != null && next.signsFrom() == null) {
        keys.activateWhenReady(algorithm);
      } else if (current != null && current.signsUntil() == null && isOld(current)) {
        if (keys.next(algorithm) == null) {
          keys.publish(of(algorithm, "next"));
        }
        keys.activateWhenReady(algorithm);
      }
      standby(keys, algorithm);
    }

    private void standby(KeySchedule keys, String algorithm) {
      if (role.standby() && keys.next(algorithm) == null) {
        keys.publish(of(algorithm, "standby"));
      }
    }

    private boolean isOld(SigningKeyRow key) {
      Instant end = rotates(key);
      return !key.source().equals(KeyStorage.STORE) // of a source that was given up
          || (end != null && !clock.instant().isBefore(end));
    }

    private void adopt(KeySchedule keys, String algorithm) {
      KeyMaterial newest =
          storage.external().stream()
              .filter(key -> algorithm.equals(algorithmOf(key)) && isValid(key))
              .reduce((_, later) -> later)
              .orElse(null);
      if (newest != null) {
        boolean known = keys.keys().stream().anyMatch(it -> it.kid().equals(newest.keyId()));
        if (!known) {
          keys.publish(storage.refer(role.name(), newest, algorithm, clock.instant()));
          if (keys.next(algorithm) != null) {
            keys.activateWhenReady(algorithm);
          }
        }
      }
      for (SigningKeyRow key : keys.keys()) {
        if (key.source().equals(storage.source())
            && key.signsUntil() == null
            && keys.isPublished(key)
            && storage.lacks(key.kid())) {
          if (keys.isCurrent(key.kid())) {
            keys.stop(key, clock.instant());
          } else {
            keys.retire(key.kid());
          }
        }
      }
    }

    private boolean isValid(KeyMaterial key) {
      Instant now = clock.instant();
      return now.isBefore(key.certificate().getNotAfter().toInstant())
          && !now.isBefore(key.certificate().getNotBefore().toInstant());
    }

    private @Nullable String algorithmOf(KeyMaterial key) {
      Set<String> possible = JwsSigner.algorithmsFor(key.publicKey());
      return role.algorithms().stream().filter(possible::contains).findFirst().orElse(null);
    }
  }
}

package no.portvakt.server.issuer;

import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import org.jspecify.annotations.Nullable;

/**
 * The steps in the life of the keys of one role, as a pure calculation on their rows. A step that
 * would break a rule is refused with the reason and the earliest time at which it is safe.
 */
public final class KeySchedule {
  private static final String PLANNED = "planned-";

  private final KeyRules rules;
  private final Instant now;
  private final List<SigningKeyRow> keys;
  private final boolean untouched;
  private final List<String> steps = new ArrayList<>();

  KeySchedule(KeyRules rules, Instant now, List<SigningKeyRow> keys) {
    this.rules = rules;
    this.now = now;
    this.keys = new ArrayList<>(keys);
    this.untouched = keys.stream().noneMatch(this::isPublished);
  }

  /** A step would break a rule. */
  public static final class UnsafeStep extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final @Nullable Instant earliest;

    UnsafeStep(String reason, @Nullable Instant earliest) {
      super(reason + (earliest == null ? "" : " The earliest safe time is " + earliest + "."));
      this.earliest = earliest;
    }

    /** From when the step is safe; null: it never is. */
    public @Nullable Instant earliest() {
      return earliest;
    }
  }

  /** What stands for a key that a plan would make; sentences give it no id. */
  static SigningKeyRow planned(String role, String algorithm, String purpose, Instant now) {
    long time = now.toEpochMilli();
    return new SigningKeyRow(
        role, PLANNED + purpose, algorithm, "", "", KeyStorage.STORE, time, time, null, null, null);
  }

  private static String named(SigningKeyRow key) {
    return key.kid().startsWith(PLANNED) ? "A new key" : "The key " + key.kid();
  }

  /** The rows after the steps. */
  List<SigningKeyRow> keys() {
    return List.copyOf(keys);
  }

  /** One sentence for each thing that was done. */
  List<String> steps() {
    return List.copyOf(steps);
  }

  /** The key of an algorithm that signs now, or null. */
  @Nullable SigningKeyRow current(String algorithm) {
    return keys.stream()
        .filter(key -> key.algorithm().equals(algorithm) && signs(key))
        .max(Comparator.comparingLong(key -> Objects.requireNonNull(key.signsFrom())))
        .orElse(null);
  }

  /** The published key of an algorithm that will sign next, or null. */
  @Nullable SigningKeyRow next(String algorithm) {
    return keys.stream()
        .filter(key -> key.algorithm().equals(algorithm) && waits(key))
        .max(Comparator.comparingLong(SigningKeyRow::published))
        .orElse(null);
  }

  /** The algorithms of which a key signs now or waits to. */
  List<String> algorithms() {
    return keys.stream()
        .filter(key -> signs(key) || waits(key))
        .map(SigningKeyRow::algorithm)
        .distinct()
        .toList();
  }

  /** What a key does now: next, current, previous or removed. */
  String state(SigningKeyRow key) {
    if (!isPublished(key)) {
      return "removed";
    }
    if (waits(key)) {
      return "next";
    }
    return key.equals(current(key.algorithm())) ? "current" : "previous";
  }

  private boolean signs(SigningKeyRow key) {
    return isPublished(key)
        && key.signsFrom() != null
        && key.signsFrom() <= now.toEpochMilli()
        && (key.signsUntil() == null || key.signsUntil() > now.toEpochMilli());
  }

  private boolean waits(SigningKeyRow key) {
    return isPublished(key) && (key.signsFrom() == null || key.signsFrom() > now.toEpochMilli());
  }

  boolean isPublished(SigningKeyRow key) {
    return key.removed() == null || key.removed() > now.toEpochMilli();
  }

  /** Whether a key signs now. */
  boolean isCurrent(String kid) {
    return keys.stream().anyMatch(key -> key.kid().equals(kid) && signs(key));
  }

  /** Publishes a key. The first ones of a role sign at once: nobody knows others. */
  void publish(SigningKeyRow key) {
    boolean first = untouched && current(key.algorithm()) == null;
    keys.add(with(key, first ? now : null, null, null));
    steps.add(named(key) + " is published" + (first ? " and signs." : "."));
  }

  /** Lets go of an algorithm: what signs with it stops, what waits to is not needed. */
  void drop(String algorithm) {
    for (SigningKeyRow next = next(algorithm); next != null; next = next(algorithm)) {
      retire(next.kid());
    }
    SigningKeyRow current = current(algorithm);
    if (current != null && current.signsUntil() == null) {
      stop(current, now);
    }
  }

  /** From when the waiting key may sign; null: none waits. */
  @Nullable Instant ready(String algorithm) {
    SigningKeyRow next = next(algorithm);
    return next == null ? null : rules.earliestSigning(Instant.ofEpochMilli(next.published()));
  }

  /**
   * Lets the waiting key sign from now on.
   *
   * @throws UnsafeStep when no key waits, or verifiers may not know it yet
   */
  void activate(String algorithm) {
    Instant ready = ready(algorithm);
    if (ready == null) {
      throw new UnsafeStep("No " + algorithm + " key waits to sign.", null);
    }
    if (now.isBefore(ready)) {
      throw new UnsafeStep(
          named(Objects.requireNonNull(next(algorithm)))
              + " may not sign yet: verifiers keep the key set for up to "
              + rules.maxAge().toSeconds()
              + " s and may not have seen it.",
          ready);
    }
    activateAt(algorithm, now);
  }

  /** Lets the waiting key sign as soon as that is safe. */
  void activateWhenReady(String algorithm) {
    Instant ready = ready(algorithm);
    if (ready == null) {
      throw new UnsafeStep("No " + algorithm + " key waits to sign.", null);
    }
    activateAt(algorithm, now.isAfter(ready) ? now : ready);
  }

  private void activateAt(String algorithm, Instant from) {
    SigningKeyRow next = Objects.requireNonNull(next(algorithm));
    List<SigningKeyRow> others =
        keys.stream()
            .filter(key -> key.algorithm().equals(algorithm) && !key.equals(next))
            .filter(key -> signs(key) || (waits(key) && key.signsFrom() != null))
            .toList();
    set(next, with(next, from, null, null));
    steps.add(named(next) + " signs from " + from + ".");
    for (SigningKeyRow other : others) {
      if (signs(other) || Objects.requireNonNull(other.signsFrom()) < from.toEpochMilli()) {
        stop(other, from);
      } else {
        set(other, with(other, null, null, null)); // it was to sign later, and waits again
      }
    }
  }

  /** Lets keys sign on that were to end when a key begins which now never will. */
  private void resumeInPlaceOf(SigningKeyRow key) {
    if (!waits(key) || key.signsFrom() == null) {
      return;
    }
    for (SigningKeyRow other : keys()) {
      if (other.algorithm().equals(key.algorithm())
          && (signs(other) || waits(other))
          && key.signsFrom().equals(other.signsUntil())) {
        set(other, with(other, instant(other.signsFrom()), null, null));
        steps.add("The key " + other.kid() + " signs on; the end of it is no longer decided.");
      }
    }
  }

  /** Keeps keys published for longer whose tokens live longer than when their end was decided. */
  void prolong() {
    for (SigningKeyRow key : keys()) {
      Instant until = instant(key.signsUntil());
      if (until == null || !isPublished(key) || !now.isBefore(until.plus(rules.grace()))) {
        continue;
      }
      Instant removed = rules.earliestRemoval(until);
      if (key.removed() != null && key.removed() < removed.toEpochMilli()) {
        set(key, with(key, instant(key.signsFrom()), until, removed));
        steps.add("The key " + key.kid() + " stays published until " + removed + ".");
      }
    }
  }

  /** Lets a key sign no longer than to a time, and stay published as long as its tokens live. */
  void stop(SigningKeyRow key, Instant until) {
    Instant removed = rules.earliestRemoval(until);
    set(key, with(key, instant(key.signsFrom()), until, removed));
    steps.add(
        "The key "
            + key.kid()
            + " signs until "
            + until
            + " and stays published until "
            + removed
            + ", when its last token has expired.");
  }

  /**
   * Takes a key out of publication.
   *
   * @throws UnsafeStep when it signs, or tokens that it signed may still live
   */
  void retire(String kid) {
    SigningKeyRow key = find(kid);
    if (signs(key)) {
      throw new UnsafeStep(
          "The key " + kid + " signs; rotate first, so that another one does.", null);
    }
    Instant until = instant(key.signsUntil());
    if (key.signsFrom() != null && key.signsFrom() <= now.toEpochMilli()) {
      Instant earliest = rules.earliestRemoval(until == null ? now : until);
      if (now.isBefore(earliest)) {
        throw new UnsafeStep("Tokens that the key " + kid + " signed may still live.", earliest);
      }
    }
    resumeInPlaceOf(key);
    set(key, with(key, instant(key.signsFrom()), until, now));
    steps.add("The key " + kid + " is no longer published.");
  }

  /** Takes a key out at once, whatever breaks. */
  void revoke(String kid) {
    SigningKeyRow key = find(kid);
    boolean signed = key.signsFrom() != null && key.signsFrom() <= now.toEpochMilli();
    resumeInPlaceOf(key);
    Instant until = instant(key.signsUntil());
    set(
        key,
        with(
            key, instant(key.signsFrom()), until == null || until.isAfter(now) ? now : until, now));
    steps.add("The key " + kid + " is no longer published and signs nothing.");
    if (signed) {
      steps.add(
          "Breaks: tokens that it signed are refused by each verifier from its next look at the key"
              + " set on, "
              + now.plus(rules.maxAge())
              + " at the latest. Until then a verifier that does not look believes them.");
    }
  }

  /** Lets the waiting key sign now, also when verifiers may not have seen it. */
  void activateAtOnce(String algorithm) {
    Instant ready = Objects.requireNonNull(ready(algorithm));
    activateAt(algorithm, now);
    if (now.isBefore(ready)) {
      steps.add(
          "Breaks: a verifier that keeps an older key set and does not look for an unknown key id"
              + " refuses new tokens, until "
              + ready
              + " at the latest.");
    }
  }

  /** Forgets keys that have not been published since a time. */
  void forget(Instant before) {
    keys.removeIf(key -> key.removed() != null && key.removed() < before.toEpochMilli());
  }

  private SigningKeyRow find(String kid) {
    return keys.stream()
        .filter(key -> key.kid().equals(kid) && isPublished(key))
        .findFirst()
        .orElseThrow(() -> new UnsafeStep("No key " + kid + " is published.", null));
  }

  private void set(SigningKeyRow old, SigningKeyRow changed) {
    keys.set(keys.indexOf(old), changed);
  }

  private static SigningKeyRow with(
      SigningKeyRow key,
      @Nullable Instant signsFrom,
      @Nullable Instant signsUntil,
      @Nullable Instant removed) {
    return new SigningKeyRow(
        key.role(),
        key.kid(),
        key.algorithm(),
        key.certificate(),
        key.privateKey(),
        key.source(),
        key.created(),
        key.published(),
        signsFrom == null ? null : signsFrom.toEpochMilli(),
        signsUntil == null ? null : signsUntil.toEpochMilli(),
        removed == null ? null : removed.toEpochMilli());
  }

  static @Nullable Instant instant(@Nullable Long millis) {
    return millis == null ? null : Instant.ofEpochMilli(millis);
  }
}

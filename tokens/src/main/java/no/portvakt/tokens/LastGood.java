package no.portvakt.tokens;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Collectors;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.jspecify.annotations.Nullable;

/**
 * Keeps the last good keys of a source, and looks at the source again when they are old. While one
 * thread looks, the others get what is there.
 */
final class LastGood {
  /** A look at the source. */
  interface Look {
    Seen see() throws KeySourceUnavailable;
  }

  private final Look look;
  private final Duration interval;
  private final InstantSource clock;
  private final ReentrantLock looking = new ReentrantLock();
  private volatile State state = new State(null, List.of(), Set.of(), null);

  /**
   * Nothing yet.
   *
   * @param interval how long after a look there is no other
   */
  LastGood(Look look, Duration interval, InstantSource clock) {
    this.look = look;
    this.interval = interval;
    this.clock = clock;
  }

  /** The keys, the one whose certificate began last at the end, each once. */
  List<KeyMaterial> load() throws KeySourceUnavailable {
    State now = state;
    if (isFresh(now)) {
      return now.answer();
    }
    if (!looking.tryLock()) {
      if (!now.keys.isEmpty()) {
        return now.keys;
      }
      looking.lock();
    }
    try {
      if (isFresh(state)) { // another thread has looked
        return state.answer();
      }
      List<KeyMaterial> keys = state.keys;
      Set<String> confirmed = Set.of();
      @Nullable String problem;
      try {
        Seen seen = look.see();
        keys = inOrder(seen.keys);
        confirmed = seen.confirmed;
        problem = seen.problem;
      } catch (KeySourceUnavailable e) {
        problem = String.valueOf(e.getMessage());
      } catch (RuntimeException e) { // a defect must not stop who can go on with the last good ones
        problem = "The keys can't be read (" + e.getClass().getSimpleName() + ").";
      }
      state = new State(clock.instant(), keys, confirmed, problem);
      return state.answer();
    } finally {
      looking.unlock();
    }
  }

  /** The ids of the keys that the last look found. */
  Set<String> confirmed() {
    return state.confirmed;
  }

  /** What was wrong at the last look. */
  @Nullable String problem() {
    return state.problem;
  }

  private boolean isFresh(State last) {
    Instant lookedAt = last.lookedAt;
    if (lookedAt == null) {
      return false;
    }
    Duration age = Duration.between(lookedAt, clock.instant());
    return !age.isNegative() && age.compareTo(interval) < 0; // negative: the clock was set back
  }

  private static List<KeyMaterial> inOrder(List<KeyMaterial> keys) {
    Map<String, KeyMaterial> each = new LinkedHashMap<>();
    for (KeyMaterial key : keys) {
      each.put(key.keyId(), key);
    }
    List<KeyMaterial> sorted = new ArrayList<>(each.values());
    sorted.sort(Comparator.comparing(key -> key.certificate().getNotBefore()));
    return List.copyOf(sorted);
  }

  /** What a look has found. */
  static final class Seen {
    private final List<KeyMaterial> keys;
    private final Set<String> confirmed;
    private final @Nullable String problem;

    /**
     * Usable keys.
     *
     * @param confirmed the ids of those that the source holds now
     * @param problem why the others are older than what the source holds, or null
     */
    Seen(List<KeyMaterial> keys, Set<String> confirmed, @Nullable String problem) {
      this.keys = keys;
      this.confirmed = Set.copyOf(confirmed);
      this.problem = problem;
    }

    /** Keys of which the source holds each now. */
    static Seen all(List<KeyMaterial> keys) {
      Set<String> ids = keys.stream().map(KeyMaterial::keyId).collect(Collectors.toSet());
      return new Seen(keys, ids, null);
    }
  }

  private static final class State {
    private final @Nullable Instant lookedAt;
    private final List<KeyMaterial> keys;
    private final Set<String> confirmed;
    private final @Nullable String problem;

    State(
        @Nullable Instant lookedAt,
        List<KeyMaterial> keys,
        Set<String> confirmed,
        @Nullable String problem) {
      this.lookedAt = lookedAt;
      this.keys = keys;
      this.confirmed = confirmed;
      this.problem = problem;
    }

    List<KeyMaterial> answer() throws KeySourceUnavailable {
      if (keys.isEmpty()) {
        throw new KeySourceUnavailable(String.valueOf(problem), null);
      }
      return keys;
    }
  }
}

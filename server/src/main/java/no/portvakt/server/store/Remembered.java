package no.portvakt.server.store;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import java.time.Duration;
import java.util.function.ToIntFunction;
import no.portvakt.server.database.Database;
import org.jspecify.annotations.Nullable;

/**
 * What was read lately, until anything is changed. A change holds at once: it is counted before
 * whoever made it learns that it is done. Of a store that several nodes write, nothing is
 * remembered.
 */
final class Remembered<K, V> {
  /** The most characters of all together. */
  private static final long MOST_CHARACTERS = 4_000_000;

  /** For the case that another program changes the same files. */
  private static final Duration LONGEST = Duration.ofSeconds(5);

  private final Database database;
  private final Cache<K, Seen<V>> seen;

  private record Seen<V>(long changes, V value) {}

  /** The count of changes at which something is about to be read. */
  record Moment(long changes) {}

  /**
   * Remembers nothing yet.
   *
   * @param characters how many characters a value has
   */
  Remembered(Database database, ToIntFunction<V> characters) {
    this.database = database;
    this.seen =
        Caffeine.newBuilder()
            .maximumWeight(MOST_CHARACTERS)
            .expireAfterWrite(LONGEST)
            .weigher((K key, Seen<V> it) -> characters.applyAsInt(it.value) + 200)
            .build();
  }

  /** The moment that what is read from now on belongs to. */
  Moment now() {
    return new Moment(database.changes());
  }

  /** What was read, when nothing has changed since; else null. */
  @Nullable V get(K key, Moment now) {
    Seen<V> known = seen.getIfPresent(key);
    return known != null && known.changes == now.changes ? known.value : null;
  }

  /** Keeps what was read after a moment. */
  void put(K key, V value, Moment before) {
    if (before.changes >= 0) {
      seen.put(key, new Seen<>(before.changes, value));
    }
  }
}

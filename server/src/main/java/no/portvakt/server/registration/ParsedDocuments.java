package no.portvakt.server.registration;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import java.util.function.Function;

/**
 * Stored documents that were used lately, by their text, as they were read. Another text is another
 * document, so a change takes effect at once.
 */
public final class ParsedDocuments<T> {
  /** The most characters of all texts together. */
  private static final long MOST_CHARACTERS = 4_000_000;

  private final LoadingCache<String, T> cache;

  /**
   * @param parse reads a document; its result must not change
   */
  public ParsedDocuments(Function<String, T> parse) {
    this.cache =
        Caffeine.newBuilder()
            .maximumWeight(MOST_CHARACTERS)
            .weigher((String text, T parsed) -> text.length() + 100)
            .build(parse::apply);
  }

  /** What a text says. */
  public T of(String text) {
    return cache.get(text);
  }
}

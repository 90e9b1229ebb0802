package no.portvakt.tokens;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where private keys come from: files, a key store, a key vault. Safe for use by several threads.
 */
public interface KeySource extends AutoCloseable {
  /**
   * The keys of the moment, the one that should sign last: a source that is out of order for a
   * while gives the last good ones.
   *
   * @throws KeySourceUnavailable when the source does not answer, or holds nothing that can be
   *     used, and no earlier answer is there
   */
  List<KeyMaterial> load() throws KeySourceUnavailable;

  /**
   * The ids of those of these keys that the last look found in the source; the others are as an
   * earlier look found them. Empty when the source did not answer, or held nothing that can be
   * used.
   */
  Set<String> confirmed();

  /**
   * What was wrong at the last look, with the source or with a part of it: one sentence without any
   * secret; null: nothing.
   */
  @Nullable String problem();

  @Override
  void close();

  /** No keys can be had; the message is one sentence without any secret. */
  final class KeySourceUnavailable extends Exception {
    private static final long serialVersionUID = 1L;

    public KeySourceUnavailable(String sentence, @Nullable Throwable cause) {
      super(sentence, cause);
    }
  }
}

package no.portvakt.tokens;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** The public keys of one issuer. Implementations are safe for use by several threads. */
public interface KeySet {
  /**
   * The key with this id, or null when the issuer has none of that id (a remote set has then asked
   * the issuer again, within its limits).
   *
   * @throws KeySetUnavailable when the issuer's keys can't be had at all
   */
  @Nullable VerificationKey byId(String keyId);

  /**
   * All keys.
   *
   * @throws KeySetUnavailable when the issuer's keys can't be had at all
   */
  List<VerificationKey> all();

  /** The issuer's keys can't be had; nothing was decided about the token. */
  final class KeySetUnavailable extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public KeySetUnavailable(String message, @Nullable Throwable cause) {
      super(message, cause);
    }
  }

  /** A set that does not change. */
  static KeySet of(List<VerificationKey> keys) {
    List<VerificationKey> copy = List.copyOf(keys);
    return new KeySet() {
      @Override
      public @Nullable VerificationKey byId(String keyId) {
        for (VerificationKey key : copy) {
          if (keyId.equals(key.keyId())) {
            return key;
          }
        }
        return null;
      }

      @Override
      public List<VerificationKey> all() {
        return copy;
      }
    };
  }
}

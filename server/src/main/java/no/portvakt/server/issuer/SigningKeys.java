package no.portvakt.server.issuer;

import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import no.portvakt.tokens.KeySet;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;

/**
 * The signing keys of one role at a moment. Immutable; a change of keys is another value.
 *
 * @param active the key that signs, or null when none may
 * @param current the keys that may sign, one for each algorithm, the active one first
 * @param next the keys that verifiers see already and that do not sign yet
 * @param previous the keys that no longer sign, whose tokens still live
 * @param nextChange when the value changes by the passing of time; null: it does not
 */
public record SigningKeys(
    @Nullable SigningKey active,
    List<SigningKey> current,
    List<SigningKey> next,
    List<SigningKey> previous,
    @Nullable Instant nextChange) {
  /** The algorithms that a key can be made for. */
  public static final List<String> ALGORITHMS =
      List.of("RS256", "ES256", "PS256", "Ed25519", "EdDSA");

  public SigningKeys {
    current = List.copyOf(current);
    next = List.copyOf(next);
    previous = List.copyOf(previous);
  }

  /** Every key that a verifier may meet, the active one first. */
  public List<SigningKey> published() {
    List<SigningKey> all = new ArrayList<>(current);
    all.addAll(next);
    all.addAll(previous);
    return all;
  }

  /** The JWS algorithms of the published keys. */
  public List<String> algorithms() {
    return published().stream().map(SigningKey::algorithm).distinct().toList();
  }

  /** The public halves, for whoever verifies in this process. */
  KeySet asKeySet() {
    List<VerificationKey> keys = new ArrayList<>();
    for (SigningKey key : published()) {
      keys.add(key.verificationKey());
    }
    return KeySet.of(keys);
  }
}

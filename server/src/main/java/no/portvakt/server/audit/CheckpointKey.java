package no.portvakt.server.audit;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.util.Base64URL;
import java.security.interfaces.ECPublicKey;
import java.util.LinkedHashMap;
import java.util.Map;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;

/** The public key that verifies checkpoints: P-256 for ES256 (RFC 7518 §3.4). Immutable. */
final class CheckpointKey {
  static final String ALGORITHM = "ES256";

  private final ECKey jwk;
  private final String thumbprint;
  private final VerificationKey verifier;

  private CheckpointKey(ECPublicKey key) throws JOSEException {
    // From the point, not from the text: one key has one thumbprint however it was written.
    thumbprint = new ECKey.Builder(Curve.P_256, key).build().computeThumbprint().toString();
    jwk =
        new ECKey.Builder(Curve.P_256, key)
            .keyUse(KeyUse.SIGNATURE)
            .algorithm(JWSAlgorithm.ES256)
            .keyID(thumbprint)
            .build();
    verifier = VerificationKey.of(thumbprint, ALGORITHM, key);
  }

  /**
   * The public half of a key.
   *
   * @throws IllegalArgumentException when it is no P-256 key
   */
  static CheckpointKey of(JWK key) {
    try {
      if (key instanceof ECKey ec && Curve.P_256.equals(ec.getCurve())) {
        return new CheckpointKey(ec.toECPublicKey());
      }
    } catch (JOSEException e) {
      throw new IllegalArgumentException("The checkpoint key can't be used.", e);
    }
    throw new IllegalArgumentException("The checkpoint key is no P-256 key.");
  }

  /** The key that a file carries (RFC 7518 §6.2.1), or null when it is no public P-256 key. */
  static @Nullable CheckpointKey parse(@Nullable Object jwk) {
    if (jwk instanceof Map<?, ?> members
        && "EC".equals(members.get("kty"))
        && "P-256".equals(members.get("crv"))
        && members.get("x") instanceof String x
        && members.get("y") instanceof String y
        && !members.containsKey("d")) {
      try {
        CheckpointKey key =
            of(new ECKey.Builder(Curve.P_256, new Base64URL(x), new Base64URL(y)).build());
        // RFC 7518 §6.2.1.2: 32 bytes each, so that a key is written in one way only.
        boolean canonical =
            key.jwk.getX().toString().equals(x) && key.jwk.getY().toString().equals(y);
        return canonical ? key : null;
      } catch (IllegalArgumentException | IllegalStateException e) {
        return null; // not a point of the curve
      }
    }
    return null;
  }

  /** The public key with {@code use}, {@code alg} and {@code kid}. */
  ECKey jwk() {
    return jwk;
  }

  /** The SHA-256 thumbprint (RFC 7638), base64url; the {@code kid}. */
  String thumbprint() {
    return thumbprint;
  }

  boolean verifies(CompactJws statement) {
    return verifier.verifies(statement, ALGORITHM);
  }

  /** The whole header of what the key signs. */
  static Map<String, String> header(Checkpoint.Type type, String thumbprint) {
    Map<String, String> header = new LinkedHashMap<>();
    header.put("alg", ALGORITHM);
    header.put("typ", type.typ());
    header.put("kid", thumbprint);
    return header;
  }

  @Override
  public String toString() {
    return "CheckpointKey[kid=" + thumbprint + "]";
  }
}

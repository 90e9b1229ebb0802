package no.portvakt.tokens;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.AsymmetricJWK;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.util.Base64URL;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.text.ParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * A public key that verifies signatures, with the algorithms that its type allows: RSA keys of at
 * least 2048 bits for RS256, RS384, RS512, PS256, PS384 and PS512; P-256, P-384 and P-521 for
 * ES256, ES384 and ES512 (RFC 7518 §3.1); Ed25519 for EdDSA (RFC 8037 §3.1) and Ed25519 (RFC 9864
 * §2.2). Immutable.
 */
public final class VerificationKey {
  /** The shortest RSA modulus that is accepted, in bits (RFC 7518 §3.3). */
  public static final int MIN_RSA_BITS = 2048;

  private final @Nullable String keyId;
  private final @Nullable String algorithm;
  private final JWSVerifier verifier;

  private VerificationKey(
      @Nullable String keyId, @Nullable String algorithm, JWSVerifier verifier) {
    this.keyId = keyId;
    this.algorithm = algorithm;
    this.verifier = verifier;
  }

  /**
   * A key.
   *
   * @param keyId its {@code kid}
   * @param algorithm the only JWS algorithm it may be used with, or null when its type decides
   * @throws IllegalArgumentException when the key is of another type, too short or on another curve
   */
  public static VerificationKey of(
      @Nullable String keyId, @Nullable String algorithm, PublicKey key) {
    try {
      if (key instanceof RSAPublicKey rsa) {
        if (rsa.getModulus().bitLength() < MIN_RSA_BITS) {
          throw new IllegalArgumentException("The RSA key is shorter than 2048 bits.");
        }
        return new VerificationKey(keyId, algorithm, new RSASSAVerifier(rsa));
      }
      if (key instanceof ECPublicKey ec) {
        return new VerificationKey(keyId, algorithm, new ECDSAVerifier(ec));
      }
      if (KeyType.isEd25519(key)) {
        return new VerificationKey(keyId, algorithm, new Ed25519Verifier(key));
      }
    } catch (JOSEException e) {
      throw new IllegalArgumentException("The key's curve is not supported.", e);
    }
    throw new IllegalArgumentException(
        "A key of type " + key.getAlgorithm() + " is not supported.");
  }

  /**
   * The usable keys of a JWK set (RFC 7517 §5). Entries of other types, with a {@code use} other
   * than {@code sig}, too short or malformed are passed over, as RFC 7517 §5 asks.
   *
   * @throws ParseException when the document is no JWK set
   */
  public static List<VerificationKey> fromJwkSet(String json) throws ParseException {
    Map<String, @Nullable Object> set;
    try {
      set = Json.readObject(json);
    } catch (MalformedJson e) {
      throw new ParseException("The JWK set " + e.reason() + ".", 0);
    }
    if (!(set.get("keys") instanceof List<?> entries)) {
      throw new ParseException("The JWK set has no list of keys.", 0);
    }
    List<VerificationKey> keys = new ArrayList<>();
    for (Object entry : entries) {
      VerificationKey key = usable(entry);
      if (key != null) {
        keys.add(key);
      }
    }
    return keys;
  }

  @SuppressWarnings("unchecked") // objects that Json reads have string keys
  private static @Nullable VerificationKey usable(@Nullable Object entry) {
    if (!(entry instanceof Map<?, ?> members)) {
      return null;
    }
    try {
      JWK jwk = JWK.parse((Map<String, Object>) members);
      KeyUse use = jwk.getKeyUse();
      if (!(jwk instanceof AsymmetricJWK asymmetric)
          || (use != null && !use.equals(KeyUse.SIGNATURE))) {
        return null;
      }
      return of(
          jwk.getKeyID(),
          jwk.getAlgorithm() == null ? null : jwk.getAlgorithm().getName(),
          publicKey(asymmetric));
    } catch (ParseException | IllegalArgumentException | JOSEException e) {
      return null; // RFC 7517 §5: keys that can not be used are ignored
    }
  }

  private static PublicKey publicKey(AsymmetricJWK jwk) throws JOSEException {
    // The JOSE library makes no Java keys of these.
    return jwk instanceof OctetKeyPair pair && pair.getCurve().equals(Curve.Ed25519)
        ? Ed25519Verifier.publicKey(pair.getDecodedX())
        : jwk.toPublicKey();
  }

  /** The key's {@code kid}, or null when it has none. */
  public @Nullable String keyId() {
    return keyId;
  }

  /** Whether this key may be used with a JWS algorithm at all. */
  public boolean supports(String jwsAlgorithm) {
    return (algorithm == null || algorithm.equals(jwsAlgorithm))
        && verifier.supportedJWSAlgorithms().contains(JWSAlgorithm.parse(jwsAlgorithm));
  }

  /**
   * Whether this key made the token's signature with this algorithm (RFC 7515 §5.2). The algorithm
   * is the caller's decision; the token's own header is not read again.
   */
  public boolean verifies(CompactJws token, String jwsAlgorithm) {
    if (!supports(jwsAlgorithm)) {
      return false;
    }
    try {
      return verifier.verify(
          new JWSHeader(JWSAlgorithm.parse(jwsAlgorithm)),
          token.signingInput(),
          new Decoded(token.signature()));
    } catch (JOSEException e) {
      return false; // a signature of a form that no signature of this algorithm can have
    }
  }

  /** A signature that is decoded already: the library's decoder costs as much as a hash. */
  private static final class Decoded extends Base64URL {
    private static final long serialVersionUID = 1L;

    private final byte[] bytes;

    Decoded(byte[] bytes) {
      super("");
      this.bytes = bytes.clone();
    }

    @Override
    public byte[] decode() {
      return bytes.clone();
    }
  }

  @Override
  public String toString() {
    return "VerificationKey" + Map.of("kid", String.valueOf(keyId));
  }
}

package no.portvakt.tokens;

import com.nimbusds.jose.jwk.Curve;
import java.security.PublicKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.EdECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.security.spec.NamedParameterSpec;
import java.util.List;

/** The types of key that sign here, each with the JWS algorithms that it signs with. */
enum KeyType {
  RSA,
  P_256,
  P_384,
  P_521,
  ED25519;

  /**
   * The type of a key.
   *
   * @throws IllegalArgumentException when it is of no type that signs here
   */
  static KeyType of(PublicKey key) {
    // A key that its certificate restricts to RSASSA-PSS is an RSAPublicKey too, but no RS256 key.
    if (key instanceof RSAPublicKey rsa && key.getAlgorithm().equals("RSA")) {
      if (rsa.getModulus().bitLength() < VerificationKey.MIN_RSA_BITS) {
        throw new IllegalArgumentException("The RSA key is shorter than 2048 bits.");
      }
      return RSA;
    }
    if (key instanceof ECPublicKey ec) {
      Curve curve = Curve.forECParameterSpec(ec.getParams());
      if (Curve.P_256.equals(curve)) {
        return P_256;
      }
      if (Curve.P_384.equals(curve)) {
        return P_384;
      }
      if (Curve.P_521.equals(curve)) {
        return P_521;
      }
      throw new IllegalArgumentException("The key's curve is not supported.");
    }
    if (isEd25519(key)) {
      return ED25519;
    }
    throw new IllegalArgumentException(
        "A key of type " + key.getAlgorithm() + " is not supported.");
  }

  static boolean isEd25519(PublicKey key) {
    return key instanceof EdECPublicKey ed
        && ed.getParams().getName().equals(NamedParameterSpec.ED25519.getName());
  }

  /** Names of JWS algorithms (RFC 7518 §3.1, RFC 8037 §3.1, RFC 9864 §2.2). */
  List<String> jwsAlgorithms() {
    return switch (this) {
      case RSA -> List.of("RS256", "RS384", "RS512", "PS256");
      case P_256 -> List.of("ES256");
      case P_384 -> List.of("ES384");
      case P_521 -> List.of("ES512");
      case ED25519 -> List.of("EdDSA", "Ed25519");
    };
  }

  /** The curve of an elliptic curve key in the sense of RFC 7518. */
  Curve curve() {
    return switch (this) {
      case P_256 -> Curve.P_256;
      case P_384 -> Curve.P_384;
      case P_521 -> Curve.P_521;
      case RSA, ED25519 -> throw new IllegalStateException("No curve of RFC 7518.");
    };
  }
}

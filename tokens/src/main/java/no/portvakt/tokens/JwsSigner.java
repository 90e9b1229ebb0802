package no.portvakt.tokens;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.PublicKey;
import java.security.Signature;
import java.security.SignatureException;
import java.util.Base64;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Signs with one key and one JWS algorithm (RFC 7515 §5.1). Make it once for a key: it keeps what
 * can be kept between signatures. Safe for use by several threads.
 *
 * <p>A key in a PKCS#11 device signs with RS256, RS384, RS512 and the ES algorithm of its curve.
 * PS256 works where the device has the mechanism {@code CKM_RSA_PKCS_PSS}: the provider then offers
 * {@code RSASSA-PSS}, and is asked for it by that name. Java's PKCS#11 provider has no Ed25519.
 */
public final class JwsSigner {
  private final String algorithm;
  private final Signing signing;

  private JwsSigner(String algorithm, Signing signing) {
    this.algorithm = algorithm;
    this.signing = signing;
  }

  /**
   * A signer. It makes one signature to see that the key can.
   *
   * @param jwsAlgorithm one of {@link #algorithmsFor}
   * @throws IllegalArgumentException when a key of this type does not sign with the algorithm, or
   *     the key's device can't
   */
  public static JwsSigner of(KeyMaterial key, String jwsAlgorithm) {
    KeyType type = KeyType.of(key.publicKey());
    if (!type.jwsAlgorithms().contains(jwsAlgorithm)) {
      throw new IllegalArgumentException(
          "The key signs with "
              + String.join(", ", type.jwsAlgorithms())
              + " and with nothing else.");
    }
    try {
      JwsSigner signer = new JwsSigner(jwsAlgorithm, signing(type, jwsAlgorithm, key));
      signer.sign(new byte[0]);
      return signer;
    } catch (JOSEException | SignatureException e) {
      throw new IllegalArgumentException("The key can't sign with " + jwsAlgorithm + ".", e);
    }
  }

  /**
   * The JWS algorithms that a key of this type signs with, the usual one first; empty when it is of
   * no type that signs here.
   */
  public static Set<String> algorithmsFor(PublicKey key) {
    try {
      return Collections.unmodifiableSet(new LinkedHashSet<>(KeyType.of(key).jwsAlgorithms()));
    } catch (IllegalArgumentException e) {
      return Set.of();
    }
  }

  /** The JWS algorithm, as the header {@code alg} names it. */
  public String algorithm() {
    return algorithm;
  }

  /**
   * The signature of the bytes in the form of RFC 7518 §3 or RFC 8037 §3.1, base64url.
   *
   * @param signingInput encoded header, full stop, encoded payload (RFC 7515 §5.1)
   * @throws SignatureException when the key does not sign: its device is gone
   */
  public String sign(byte[] signingInput) throws SignatureException {
    try {
      return signing.sign(signingInput);
    } catch (JOSEException | GeneralSecurityException | ProviderException e) {
      throw new SignatureException("The key did not sign with " + algorithm + ".", e);
    }
  }

  @Override
  public String toString() {
    return "JwsSigner[alg=" + algorithm + "]";
  }

  private static Signing signing(KeyType type, String jwsAlgorithm, KeyMaterial key)
      throws JOSEException {
    if (type == KeyType.ED25519) {
      return ed25519(key.privateKey(), key.provider());
    }
    JWSSigner signer =
        type == KeyType.RSA
            ? new RSASSASigner(key.privateKey())
            : new ECDSASigner(key.privateKey(), type.curve());
    if (key.provider() != null) {
      signer.getJCAContext().setProvider(key.provider());
    }
    JWSHeader header = new JWSHeader(JWSAlgorithm.parse(jwsAlgorithm));
    return signingInput -> signer.sign(header, signingInput).toString();
  }

  /** The JOSE library's own signer needs one more library. */
  private static Signing ed25519(PrivateKey key, @Nullable Provider provider) {
    Base64.Encoder base64url = Base64.getUrlEncoder().withoutPadding();
    return signingInput -> {
      Signature signature =
          provider == null
              ? Signature.getInstance("Ed25519")
              : Signature.getInstance("Ed25519", provider);
      signature.initSign(key);
      signature.update(signingInput);
      return base64url.encodeToString(signature.sign());
    };
  }

  /** What the key's type makes of the bytes. */
  private interface Signing {
    String sign(byte[] signingInput) throws JOSEException, GeneralSecurityException;
  }
}

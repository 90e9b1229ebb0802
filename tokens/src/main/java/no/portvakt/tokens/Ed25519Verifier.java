package no.portvakt.tokens;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSVerifier;
import com.nimbusds.jose.jca.JCAContext;
import com.nimbusds.jose.util.Base64URL;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.Provider;
import java.security.PublicKey;
import java.security.Security;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;
import java.util.Set;

/**
 * Verifies Ed25519 signatures (RFC 8032) with the Java platform: the JOSE library's own verifier
 * needs one more library.
 */
final class Ed25519Verifier implements JWSVerifier {
  private static final int KEY_LENGTH = 32;
  private static final int SIGNATURE_LENGTH = 64;

  /** RFC 8410 §4: what stands before the 32 bytes of an Ed25519 key in a SubjectPublicKeyInfo. */
  private static final byte[] SUBJECT_PUBLIC_KEY_INFO =
      HexFormat.of().parseHex("302a300506032b6570032100");

  private final PublicKey key;
  private final JCAContext context = new JCAContext();

  /**
   * A verifier.
   *
   * @throws IllegalArgumentException when the key is no point of the curve
   */
  Ed25519Verifier(PublicKey key) {
    this.key = key;
    // A key is read without a look at its point. Java's own provider says when it verifies that the
    // point is none; others only say no.
    Provider sunEc = Security.getProvider("SunEC");
    byte[] wellFormed = new byte[SIGNATURE_LENGTH];
    wellFormed[0] = 1;
    try {
      Signature ed25519 =
          sunEc == null
              ? Signature.getInstance("Ed25519")
              : Signature.getInstance("Ed25519", sunEc);
      ed25519.initVerify(key);
      ed25519.verify(wellFormed);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("The Ed25519 key is no point of its curve.", e);
    }
  }

  /**
   * The key of a JWK (RFC 8037 §2).
   *
   * @param x the decoded member {@code x}
   * @throws IllegalArgumentException when it is not 32 bytes long
   */
  static PublicKey publicKey(byte[] x) {
    if (x.length != KEY_LENGTH) {
      throw new IllegalArgumentException("The Ed25519 key is not 32 bytes long.");
    }
    byte[] encoded = new byte[SUBJECT_PUBLIC_KEY_INFO.length + KEY_LENGTH];
    System.arraycopy(SUBJECT_PUBLIC_KEY_INFO, 0, encoded, 0, SUBJECT_PUBLIC_KEY_INFO.length);
    System.arraycopy(x, 0, encoded, SUBJECT_PUBLIC_KEY_INFO.length, KEY_LENGTH);
    try {
      return KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(encoded));
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("The Ed25519 key is malformed.", e);
    }
  }

  @Override
  public boolean verify(JWSHeader header, byte[] signingInput, Base64URL signature) {
    byte[] bytes = signature.decode();
    if (bytes.length != SIGNATURE_LENGTH) {
      return false;
    }
    try {
      Signature ed25519 = Signature.getInstance("Ed25519");
      ed25519.initVerify(key);
      ed25519.update(signingInput);
      return ed25519.verify(bytes);
    } catch (SignatureException e) {
      return false; // bytes that no signature can have
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("Ed25519 does not work on this Java platform.", e);
    }
  }

  /** Both names of the algorithm: RFC 8037 §3.1 and RFC 9864 §2.2. */
  @Override
  public Set<JWSAlgorithm> supportedJWSAlgorithms() {
    return Set.of(JWSAlgorithm.EdDSA, JWSAlgorithm.Ed25519);
  }

  @Override
  public JCAContext getJCAContext() {
    return context;
  }
}

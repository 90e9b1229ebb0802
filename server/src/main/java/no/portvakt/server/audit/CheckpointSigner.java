package no.portvakt.server.audit;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.gen.ECKeyGenerator;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.util.Base64;
import no.portvakt.tokens.Json;

/**
 * Signs checkpoints and ends of exports with a key that signs nothing else. Immutable; never shows
 * the private key.
 */
public final class CheckpointSigner {
  private static final JWSHeader ES256 = new JWSHeader(JWSAlgorithm.ES256);

  private final CheckpointKey key;
  private final ECDSASigner signer;

  private CheckpointSigner(CheckpointKey key, ECDSASigner signer) {
    this.key = key;
    this.signer = signer;
  }

  /**
   * A signer.
   *
   * @param privateKey a private key on P-256
   * @throws IllegalArgumentException when it is on another curve or has no private half
   */
  public static CheckpointSigner of(ECKey privateKey) {
    CheckpointKey key = CheckpointKey.of(privateKey);
    if (!privateKey.isPrivate()) {
      throw new IllegalArgumentException("The checkpoint key has no private half.");
    }
    try {
      return new CheckpointSigner(key, new ECDSASigner(privateKey));
    } catch (JOSEException e) {
      throw new IllegalArgumentException("The checkpoint key can't sign.", e);
    }
  }

  /** A new private key, as {@link #of(byte[])} reads it: a JWK. It is a secret. */
  public static byte[] freshKey() {
    try {
      String jwk = new ECKeyGenerator(Curve.P_256).generate().toJSONString();
      return jwk.getBytes(StandardCharsets.UTF_8);
    } catch (JOSEException e) {
      throw new IllegalStateException("No P-256 key can be made.", e);
    }
  }

  /** A signer with a key of {@link #freshKey}. */
  public static CheckpointSigner of(byte[] jwk) {
    try {
      return of(ECKey.parse(new String(jwk, StandardCharsets.UTF_8)));
    } catch (ParseException e) {
      throw new IllegalArgumentException("The checkpoint key is no JWK."); // the cause may show it
    }
  }

  /** The SHA-256 thumbprint of the key (RFC 7638), base64url: its {@code kid}. */
  public String keyId() {
    return key.thumbprint();
  }

  /** The public half (RFC 7517). */
  public ECKey publicJwk() {
    return key.jwk();
  }

  /**
   * Signs a statement.
   *
   * @return its compact form (RFC 7515 §7.1)
   */
  public String sign(Checkpoint.Type type, Checkpoint statement) {
    String input =
        base64(Json.write(CheckpointKey.header(type, key.thumbprint())))
            + "."
            + base64(Json.write(statement.toClaims()));
    try {
      return input + "." + signer.sign(ES256, input.getBytes(StandardCharsets.US_ASCII));
    } catch (JOSEException e) {
      throw new IllegalStateException("The checkpoint key " + keyId() + " does not sign.", e);
    }
  }

  @Override
  public String toString() {
    return "CheckpointSigner[kid=" + keyId() + "]";
  }

  private static String base64(String json) {
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(json.getBytes(StandardCharsets.UTF_8));
  }
}

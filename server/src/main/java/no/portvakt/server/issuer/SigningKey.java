package no.portvakt.server.issuer;

import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64;
import com.nimbusds.jose.util.Base64URL;
import java.security.PublicKey;
import java.security.SignatureException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Digests;
import no.portvakt.tokens.JwsSigner;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;

/**
 * A key of the platform's own, with its certificate: published, and able to sign when its private
 * half is at hand. Immutable; never shows the private key.
 */
public final class SigningKey {
  private final String keyId;
  private final JWSAlgorithm algorithm;
  private final X509Certificate certificate;
  private final @Nullable JwsSigner signer;
  private final Instant created;
  private final Map<JoseHeader, String> headers = new EnumMap<>(JoseHeader.class);

  /**
   * @param key its private half; null: it can't be had here
   */
  SigningKey(
      String algorithm, @Nullable KeyMaterial key, X509Certificate certificate, Instant created) {
    this.algorithm = JWSAlgorithm.parse(algorithm);
    this.certificate = certificate;
    this.signer = key == null ? null : JwsSigner.of(key, algorithm);
    this.created = created;
    // The original's key id: the SHA-1 thumbprint in upper-case hex. Verifiers in the field know
    // it.
    this.keyId = HexFormat.of().withUpperCase().formatHex(Digests.sha1(der(certificate)));
    String thumbprint = Base64URL.encode(Digests.sha1(der(certificate))).toString();
    for (JoseHeader header : JoseHeader.values()) {
      headers.put(header, header.encode(keyId, algorithm, thumbprint));
    }
  }

  /** The {@code kid}. */
  public String keyId() {
    return keyId;
  }

  /** The JWS algorithm it signs with. */
  public String algorithm() {
    return algorithm.getName();
  }

  /** Whether its private half is at hand. */
  boolean canSign() {
    return signer != null;
  }

  /** From when its certificate is no longer valid. */
  public Instant certificateExpires() {
    return certificate.getNotAfter().toInstant();
  }

  /** When it was made. */
  public Instant created() {
    return created;
  }

  /** The header of tokens that it signs, base64url. */
  String header(JoseHeader header) {
    return String.valueOf(headers.get(header));
  }

  /** The public half, for whoever verifies in this process. */
  public VerificationKey verificationKey() {
    return VerificationKey.of(keyId, algorithm.getName(), certificate.getPublicKey());
  }

  /** The public half as it is published (RFC 7517), with its certificate. */
  public JWK publicJwk() {
    List<Base64> chain = List.of(Base64.encode(der(certificate)));
    Base64URL sha1 = Base64URL.encode(Digests.sha1(der(certificate)));
    Base64URL sha256 = Base64URL.encode(Digests.sha256(der(certificate)));
    PublicKey key = certificate.getPublicKey();
    if (key instanceof ECPublicKey ec) {
      return builder(new ECKey.Builder(Curve.forECParameterSpec(ec.getParams()), ec), chain, sha1)
          .x509CertSHA256Thumbprint(sha256)
          .build();
    }
    if (key instanceof RSAPublicKey rsa) {
      return builder(new RSAKey.Builder(rsa), chain, sha1).x509CertSHA256Thumbprint(sha256).build();
    }
    // RFC 8037 §2: x is the key itself, the last 32 bytes of its SubjectPublicKeyInfo (RFC 8410
    // §4).
    byte[] encoded = key.getEncoded();
    Base64URL x =
        Base64URL.encode(Arrays.copyOfRange(encoded, encoded.length - 32, encoded.length));
    return builder(new OctetKeyPair.Builder(Curve.Ed25519, x), chain, sha1)
        .x509CertSHA256Thumbprint(sha256)
        .build();
  }

  /** The signature over the bytes, base64url. */
  String sign(byte[] signingInput) {
    if (signer == null) {
      throw new IllegalStateException("The signing key " + keyId + " is not at hand.");
    }
    try {
      return signer.sign(signingInput);
    } catch (SignatureException e) {
      throw new KeyRing.NoSigningKey(keyId); // its device is gone
    }
  }

  @Override
  public String toString() {
    return "SigningKey[kid=" + keyId + ", alg=" + algorithm + "]";
  }

  @SuppressWarnings("deprecation") // x5t is SHA-1 by definition; verifiers in the field look for it
  private ECKey.Builder builder(ECKey.Builder builder, List<Base64> chain, Base64URL sha1) {
    return builder
        .keyUse(KeyUse.SIGNATURE)
        .algorithm(algorithm)
        .keyID(keyId)
        .x509CertChain(chain)
        .x509CertThumbprint(sha1);
  }

  @SuppressWarnings("deprecation") // as above
  private OctetKeyPair.Builder builder(
      OctetKeyPair.Builder builder, List<Base64> chain, Base64URL sha1) {
    return builder
        .keyUse(KeyUse.SIGNATURE)
        .algorithm(algorithm)
        .keyID(keyId)
        .x509CertChain(chain)
        .x509CertThumbprint(sha1);
  }

  @SuppressWarnings("deprecation") // as above
  private RSAKey.Builder builder(RSAKey.Builder builder, List<Base64> chain, Base64URL sha1) {
    return builder
        .keyUse(KeyUse.SIGNATURE)
        .algorithm(algorithm)
        .keyID(keyId)
        .x509CertChain(chain)
        .x509CertThumbprint(sha1);
  }

  private static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateEncodingException e) {
      throw new IllegalStateException("A certificate that was read can't be written.", e);
    }
  }
}

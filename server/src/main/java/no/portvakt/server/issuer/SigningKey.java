package no.portvakt.server.issuer;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.JWSSigner;
import com.nimbusds.jose.crypto.ECDSASigner;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.Curve;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64;
import com.nimbusds.jose.util.Base64URL;
import java.security.PrivateKey;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPrivateKey;
import java.security.interfaces.ECPublicKey;
import java.security.interfaces.RSAPublicKey;
import java.time.Instant;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Digests;
import no.portvakt.tokens.VerificationKey;

/**
 * A private key that signs tokens, with its certificate. Immutable; never shows the private key.
 */
public final class SigningKey {
  private final String keyId;
  private final JWSAlgorithm algorithm;
  private final X509Certificate certificate;
  private final JWSHeader signingHeader;
  private final JWSSigner signer;
  private final Instant created;
  private final Map<JoseHeader, String> headers = new EnumMap<>(JoseHeader.class);

  SigningKey(
      String keyId,
      JWSAlgorithm algorithm,
      PrivateKey privateKey,
      X509Certificate certificate,
      Instant created) {
    this.keyId = keyId;
    this.algorithm = algorithm;
    this.certificate = certificate;
    this.signingHeader = new JWSHeader(algorithm);
    this.created = created;
    try {
      this.signer =
          privateKey instanceof ECPrivateKey ec
              ? new ECDSASigner(ec)
              : new RSASSASigner(privateKey);
    } catch (JOSEException e) {
      throw new IllegalArgumentException("The signing key's curve is not supported.", e);
    }
    String thumbprint = Base64URL.encode(Digests.sha1(der(certificate))).toString();
    for (JoseHeader header : JoseHeader.values()) {
      headers.put(header, header.encode(keyId, algorithm.getName(), thumbprint));
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
    if (certificate.getPublicKey() instanceof ECPublicKey ec) {
      return builder(new ECKey.Builder(Curve.forECParameterSpec(ec.getParams()), ec), chain, sha1)
          .x509CertSHA256Thumbprint(sha256)
          .build();
    }
    return builder(new RSAKey.Builder((RSAPublicKey) certificate.getPublicKey()), chain, sha1)
        .x509CertSHA256Thumbprint(sha256)
        .build();
  }

  /** The signature over the bytes, base64url. */
  String sign(byte[] signingInput) {
    try {
      return signer.sign(signingHeader, signingInput).toString();
    } catch (JOSEException e) {
      throw new IllegalStateException("The signing key " + keyId + " does not sign.", e);
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

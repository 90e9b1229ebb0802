package no.portvakt.server.issuer;

import com.nimbusds.jose.JWSAlgorithm;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import no.portvakt.server.store.SigningKeyTable;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import no.portvakt.tokens.Digests;
import no.portvakt.tokens.KeySet;
import no.portvakt.tokens.VerificationKey;

/**
 * The signing keys of one role: the one that signs, and all that are published. Immutable.
 *
 * @param active the key that signs
 * @param published every key that a verifier may meet, the active one first
 */
public record SigningKeys(SigningKey active, List<SigningKey> published) {
  private static final int RSA_BITS = 2048;

  /** The algorithms that a key can be made for. */
  public static final List<String> ALGORITHMS = List.of("RS256", "ES256");

  public SigningKeys {
    published = List.copyOf(published);
  }

  /**
   * Reads the keys of a role from the store, and makes the first one when there is none for the
   * algorithm.
   *
   * @param subject the common name of the certificate of a key that is made
   */
  public static SigningKeys open(
      SigningKeyTable table,
      KeyCipher cipher,
      String role,
      String algorithm,
      String subject,
      Instant now) {
    List<SigningKey> keys = new ArrayList<>();
    for (SigningKeyRow row : table.ofRole(role)) {
      keys.add(read(row, cipher));
    }
    SigningKey active = null;
    for (SigningKey key : keys) {
      if (key.algorithm().equals(algorithm)) {
        active = key;
      }
    }
    if (active == null) {
      SigningKeyRow row = make(cipher, role, algorithm, subject, now);
      table.add(row);
      active = read(row, cipher);
    } else {
      keys.remove(active);
    }
    keys.add(0, active);
    return new SigningKeys(active, keys);
  }

  /** The public halves, for whoever verifies in this process. */
  public KeySet asKeySet() {
    List<VerificationKey> keys = new ArrayList<>();
    for (SigningKey key : published) {
      keys.add(key.verificationKey());
    }
    return KeySet.of(keys);
  }

  private static SigningKeyRow make(
      KeyCipher cipher, String role, String algorithm, String subject, Instant now) {
    try {
      KeyPairGenerator generator;
      if (algorithm.equals("ES256")) {
        generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
      } else {
        generator = KeyPairGenerator.getInstance("RSA");
        generator.initialize(RSA_BITS);
      }
      KeyPair pair = generator.generateKeyPair();
      byte[] certificate = SelfSigned.certificate(pair, subject, now);
      // The original's key id: the SHA-1 thumbprint in upper-case hex. Verifiers in the field know
      // it.
      String keyId = HexFormat.of().withUpperCase().formatHex(Digests.sha1(certificate));
      return new SigningKeyRow(
          role,
          keyId,
          algorithm,
          Base64.getEncoder().encodeToString(certificate),
          cipher.encrypt(keyId, pair.getPrivate().getEncoded()),
          now.toEpochMilli());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("No key of algorithm " + algorithm + " can be made.", e);
    }
  }

  private static SigningKey read(SigningKeyRow row, KeyCipher cipher) {
    try {
      byte[] der = Base64.getDecoder().decode(row.certificate());
      X509Certificate certificate =
          (X509Certificate)
              CertificateFactory.getInstance("X.509")
                  .generateCertificate(new ByteArrayInputStream(der));
      PrivateKey privateKey =
          KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
              .generatePrivate(
                  new PKCS8EncodedKeySpec(cipher.decrypt(row.kid(), row.privateKey())));
      return new SigningKey(
          row.kid(),
          JWSAlgorithm.parse(row.algorithm()),
          privateKey,
          certificate,
          Instant.ofEpochMilli(row.created()));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("The signing key " + row.kid() + " can't be read.", e);
    }
  }
}

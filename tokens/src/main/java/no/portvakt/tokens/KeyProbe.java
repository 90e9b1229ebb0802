package no.portvakt.tokens;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.ProviderException;
import java.security.PublicKey;
import java.security.Signature;
import org.jspecify.annotations.Nullable;

/**
 * Whether a private and a public key are halves of one: the one signs, the other verifies. This
 * works for a key in a device too, which shows nothing of itself.
 */
final class KeyProbe {
  /** No JWS and no certificate: nobody can use the signature for anything. */
  private static final byte[] MESSAGE = "A probe of a key and its certificate".getBytes(US_ASCII);

  private KeyProbe() {}

  /**
   * Why the keys are not halves of one.
   *
   * @param provider who signs with the private key; null: whichever the Java platform chooses
   * @return one sentence, or null when they belong together
   */
  static @Nullable String refusal(
      PrivateKey privateKey, PublicKey publicKey, @Nullable Provider provider) {
    String type = publicKey.getAlgorithm();
    String algorithm =
        switch (type) {
          case "RSA" -> "SHA256withRSA";
          case "EC" -> "SHA256withECDSA";
          case "EdDSA", "Ed25519" -> "Ed25519";
          default -> null;
        };
    if (algorithm == null) {
      return "A key of type " + type + " is not supported.";
    }
    byte[] signature;
    try {
      Signature signer =
          provider == null
              ? Signature.getInstance(algorithm)
              : Signature.getInstance(algorithm, provider);
      signer.initSign(privateKey);
      signer.update(MESSAGE);
      signature = signer.sign();
    } catch (InvalidKeyException e) {
      return privateKey.getEncoded() == null && privateKey.getAlgorithm().equals(type)
          ? "The private key is in a device, and this provider can't sign with it."
          : "The private key does not belong to the certificate.";
    } catch (GeneralSecurityException | ProviderException e) {
      return "The private key does not sign (" + algorithm + ").";
    }
    try {
      Signature verifier = Signature.getInstance(algorithm);
      verifier.initVerify(publicKey);
      verifier.update(MESSAGE);
      return verifier.verify(signature)
          ? null
          : "The private key does not belong to the certificate.";
    } catch (GeneralSecurityException e) {
      return "The private key does not belong to the certificate.";
    }
  }
}

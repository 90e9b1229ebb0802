package no.portvakt.maskinporten;

import java.io.IOException;
import java.security.GeneralSecurityException;

/**
 * Signs grants with a key that this library never sees, such as one in a key management service.
 * Must be safe for use by several threads.
 */
@FunctionalInterface
public interface GrantSigner {
  /**
   * The RSASSA-PKCS1-v1_5 signature (RFC 7518 §3.3) of the bytes, with the hash of the algorithm
   * that the {@link GrantKey} was made with. It may take some time, but not without end.
   *
   * @param signingInput what is signed, not its hash
   * @return the bare signature, not base64
   */
  byte[] sign(byte[] signingInput) throws GeneralSecurityException, IOException;
}

package no.portvakt.server;

import com.amazon.corretto.crypto.provider.AmazonCorrettoCryptoProvider;
import java.security.Security;

/**
 * Chooses who computes signatures: Amazon Corretto Crypto Provider where it loads, else the JDK.
 */
public final class CryptoProvider {
  private CryptoProvider() {}

  /** Installs the fastest provider that works on this machine and returns its name. */
  public static String install() {
    if (AmazonCorrettoCryptoProvider.INSTANCE.getLoadingError() == null) {
      AmazonCorrettoCryptoProvider.install();
      return AmazonCorrettoCryptoProvider.INSTANCE.getName()
          + " "
          + AmazonCorrettoCryptoProvider.INSTANCE.getVersionStr();
    }
    return Security.getProviders()[0].getName() + " (the JDK's own; Corretto's did not load)";
  }
}

package no.portvakt.tokens;

import java.nio.file.Path;
import java.security.Provider;
import java.security.Security;

/**
 * A token in a PKCS#11 device: the device's library and the slot that the token is in. Immutable.
 */
public final class Pkcs11Token {
  private final Path library;
  private final String slot;

  private Pkcs11Token(Path library, String slot) {
    this.library = library;
    this.slot = slot;
  }

  /**
   * The token in a slot.
   *
   * @param library the device's PKCS#11 library, an absolute path
   * @param slot the slot's number, as the device's own tool shows it
   * @throws IllegalArgumentException when the path can't stand in a provider's configuration
   */
  public static Pkcs11Token inSlot(Path library, long slot) {
    return checked(library, slot, "slot=" + slot);
  }

  /**
   * The token in the slot at this place of the device's list.
   *
   * @param library the device's PKCS#11 library, an absolute path
   * @param index 0 is the first
   * @throws IllegalArgumentException as above
   */
  public static Pkcs11Token atIndex(Path library, int index) {
    return checked(library, index, "slotListIndex=" + index);
  }

  private static Pkcs11Token checked(Path library, long number, String slot) {
    if (number < 0) {
      throw new IllegalArgumentException("The number of a slot is not negative.");
    }
    String text = library.toString();
    if (!library.isAbsolute()) {
      throw new IllegalArgumentException("The path of the PKCS#11 library is not absolute.");
    }
    // The configuration's own signs; a path with one of them could add lines to it.
    if (text.chars().anyMatch(c -> c < ' ' || c == '"' || c == '$' || c == '\\')) {
      throw new IllegalArgumentException(
          "The path of the PKCS#11 library holds a quote, dollar, backslash or control character.");
    }
    return new Pkcs11Token(library, slot);
  }

  /**
   * A provider of Java's own for this token.
   *
   * @throws IllegalArgumentException when this Java runtime has no PKCS#11
   * @throws java.security.ProviderException when the library or the token can't be used
   */
  public Provider provider() {
    Provider java = Security.getProvider("SunPKCS11");
    if (java == null) {
      throw new IllegalArgumentException(
          "This Java runtime has no PKCS#11 (module jdk.crypto.cryptoki).");
    }
    return java.configure("--name=Portvakt\nlibrary=\"" + library + "\"\n" + slot + "\n");
  }

  @Override
  public String toString() {
    return library + ", " + slot;
  }
}

package no.portvakt.maskinporten;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;
import java.util.Set;

/** Addresses that secrets are sent to: HTTPS, or this machine. */
final class Address {
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private Address() {}

  /**
   * The address in a text.
   *
   * @param name what it is, to say so
   * @param plainHttp whether HTTP will do everywhere
   * @throws IllegalArgumentException when it is none that a secret may be sent to
   */
  static URI parse(String name, String text, boolean plainHttp) {
    URI address;
    try {
      address = new URI(text.strip());
    } catch (URISyntaxException e) {
      throw new IllegalArgumentException("The " + name + " is not an address.");
    }
    String host = address.getHost();
    if (host == null || address.getRawUserInfo() != null || address.getRawFragment() != null) {
      throw new IllegalArgumentException(
          "The " + name + " is not an address with a host and without user and fragment.");
    }
    String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
    boolean near = LOOPBACK.contains(host.toLowerCase(Locale.ROOT));
    if (!scheme.equals("https") && !(scheme.equals("http") && (plainHttp || near))) {
      throw new IllegalArgumentException(
          "The " + name + " is not HTTPS; plain HTTP is for this machine only.");
    }
    return address;
  }

  /** Scheme, host and port (RFC 6454 §4). */
  static String origin(URI address) {
    String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
    String host = String.valueOf(address.getHost()).toLowerCase(Locale.ROOT);
    int port = address.getPort() >= 0 ? address.getPort() : scheme.equals("http") ? 80 : 443;
    return scheme + "://" + host + ":" + port;
  }
}

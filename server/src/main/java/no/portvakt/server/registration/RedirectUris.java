package no.portvakt.server.registration;

import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * The rules for addresses that a browser is sent to (docs/protocol/maskinporten-admin.md,
 * "Addresses").
 *
 * @param development whether plain http and {@code localhost} are for everybody
 */
record RedirectUris(boolean development) {
  private static final int LONGEST = 2000;
  private static final Set<String> LOOPBACK = Set.of("127.0.0.1", "[::1]", "localhost");

  /** Schemes that a browser runs or reads itself instead of handing them to an app. */
  private static final Set<String> NO_APP =
      Set.of("javascript", "data", "vbscript", "file", "blob", "about", "ftp", "ws", "wss");

  /**
   * Checks an address.
   *
   * @param name the member that it stands in
   * @param nativeApp whether the client is an app: it may have a scheme of its own, and a loopback
   *     address with any port
   * @return the address without a wildcard for the port
   */
  URI check(String name, String text, boolean nativeApp) {
    URI uri = parse(name, nativeApp ? withoutWildcard(text) : text);
    String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
    if (!uri.isAbsolute() || text.length() > LONGEST) {
      throw bad(name, "must be absolute addresses of at most " + LONGEST + " characters");
    }
    if (uri.getRawFragment() != null || text.contains("#")) {
      throw bad(name, "must have no fragment");
    }
    if (!scheme.equals("http") && !scheme.equals("https")) {
      if (!nativeApp || NO_APP.contains(scheme)) {
        throw bad(name, "must be https addresses; only native apps may have a scheme of their own");
      }
      return uri;
    }
    if (uri.getHost() == null || uri.getRawUserInfo() != null) {
      throw bad(name, "must name a host, and no user");
    }
    boolean loopback = LOOPBACK.contains(uri.getHost().toLowerCase(Locale.ROOT));
    if (!development && loopback && !nativeApp) {
      throw bad(name, "may be on the machine itself for native apps only");
    }
    if (!development && scheme.equals("http") && !loopback) {
      throw bad(name, "must be https");
    }
    return uri;
  }

  /** Whether an address has the scheme, host and port of one of others. */
  static boolean sameOrigin(URI one, List<URI> others) {
    return others.stream()
        .anyMatch(other ->
            String.valueOf(one.getScheme()).equalsIgnoreCase(other.getScheme())
                && String.valueOf(one.getHost()).equalsIgnoreCase(other.getHost())
                && port(one) == port(other));
  }

  private static int port(URI uri) {
    return uri.getPort() >= 0 ? uri.getPort() : "http".equalsIgnoreCase(uri.getScheme()) ? 80 : 443;
  }

  private static String withoutWildcard(String text) {
    for (String host : LOOPBACK) {
      String start = "://" + host + ":*";
      int at = text.indexOf(start);
      if (at == text.indexOf("://") && at > 0) {
        String rest = text.substring(at + start.length());
        return rest.isEmpty() || rest.startsWith("/") || rest.startsWith("?")
            ? text.substring(0, at + start.length() - 2) + rest
            : text; // whose port is no number
      }
    }
    return text;
  }

  private static URI parse(String name, String text) {
    try {
      return new URI(text);
    } catch (URISyntaxException e) {
      throw bad(name, "must be absolute addresses");
    }
  }

  private static BadField bad(String name, String message) {
    return new BadField("Client", name, message);
  }
}

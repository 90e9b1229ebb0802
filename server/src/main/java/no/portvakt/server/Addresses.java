package no.portvakt.server;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import org.jspecify.annotations.Nullable;

/**
 * The platform's public addresses, all below one base that comes from settings.
 *
 * @param base without a slash at the end
 */
public record Addresses(String base) {
  /** The addresses of a platform with these settings. */
  public static Addresses of(Settings settings) {
    String given = settings.baseUrl();
    return new Addresses(given != null ? given : "http://localhost:" + settings.listen().port());
  }

  /** The settings with a free port in place of 0: the issuers' names need it before the start. */
  public static Settings withPort(Settings settings) {
    if (settings.listen().port() != 0) {
      return settings;
    }
    try (ServerSocket probe = new ServerSocket(0)) {
      return settings.withPort(probe.getLocalPort());
    } catch (IOException e) {
      throw new UncheckedIOException("No port is free.", e);
    }
  }

  /** The base of the authentication component's addresses. */
  public String authentication() {
    return base + "/authentication/api/v1";
  }

  /** The {@code iss} of platform tokens. */
  public String platformIssuer() {
    return authentication() + "/openid/";
  }

  /** The {@code iss} of the local Maskinporten, with its slash. */
  public String maskinportenIssuer() {
    return base + "/maskinporten/";
  }

  /** What is wrong with a base URL, or null when it can be used. */
  public static @Nullable String problemOf(String baseUrl) {
    try {
      java.net.URI uri = new java.net.URI(baseUrl);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      boolean bare = uri.getRawQuery() == null && uri.getRawFragment() == null;
      return http && bare && uri.getHost() != null && !baseUrl.endsWith("/")
          ? null
          : "a base URL starts with http:// or https:// and has no slash at the end";
    } catch (java.net.URISyntaxException e) {
      return "it is no URL";
    }
  }
}

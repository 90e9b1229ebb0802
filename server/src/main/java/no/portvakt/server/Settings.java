package no.portvakt.server;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import no.portvakt.server.exchange.PlatformClaims;
import org.jspecify.annotations.Nullable;

/**
 * How the platform runs; read once, never changed. {@code docs/operations.md} describes each key.
 *
 * @param listen where to listen
 * @param baseUrl the public address, without a slash at the end; null: the address listened on. It
 *     is never taken from a request.
 * @param data the data folder, or null to keep everything in memory
 * @param development what only a developer's own platform has, or null
 */
public record Settings(
    Listen listen,
    @Nullable String baseUrl,
    @Nullable Path data,
    Signing signing,
    Exchange exchange,
    Maskinporten maskinporten,
    @Nullable Development development) {

  /**
   * @param host the address of the interface
   * @param port 0: any free port
   */
  public record Listen(String host, int port) {}

  /**
   * @param algorithm of platform tokens: RS256 or ES256
   * @param keysMaxAge how long verifiers may keep the published keys
   * @param together the most signatures at once
   */
  public record Signing(String algorithm, Duration keysMaxAge, int together) {}

  /**
   * @param tokens how platform tokens are made
   * @param maskinporten the trusted Maskinporten issuers besides the local one
   * @param maskinportenAudiences the values of {@code aud} of which a token of the local
   *     Maskinporten must have one; empty: not checked
   */
  public record Exchange(
      PlatformClaims.Options tokens,
      List<Issuer> maskinporten,
      Set<String> maskinportenAudiences) {}

  /**
   * A remote issuer.
   *
   * @param issuer the exact {@code iss}
   * @param metadata the address of its metadata; null: the key set's address is given
   * @param jwks the address of its key set; null: the metadata names it
   * @param algorithms the JWS algorithms it may use
   * @param audiences the values of {@code aud} of which a token must have one; empty: not checked
   */
  public record Issuer(
      String issuer,
      @Nullable URI metadata,
      @Nullable URI jwks,
      Set<String> algorithms,
      Set<String> audiences) {}

  /**
   * @param anchors PEM with the roots of enterprise certificates, or null
   */
  public record Maskinporten(@Nullable Path anchors) {}

  /**
   * @param adminClientFile where the admin client is written and read again; null: nowhere
   */
  public record Development(@Nullable Path adminClientFile) {}

  /** The settings of {@code portvakt dev}. */
  public static Settings development(@Nullable Path data, int port) {
    return new Settings(
        new Listen("127.0.0.1", port),
        null,
        data,
        new Signing("RS256", Duration.ofHours(1), Runtime.getRuntime().availableProcessors()),
        new Exchange(
            new PlatformClaims.Options(1800, false, false, Set.of(PlatformClaims.Family.values())),
            List.of(),
            Set.of()),
        new Maskinporten(data == null ? null : data.resolve("dev").resolve("anchors.pem")),
        new Development(data == null ? null : data.resolve("dev").resolve("admin-client.json")));
  }

  /** The same settings on another port. */
  public Settings withPort(int port) {
    return new Settings(
        new Listen(listen.host(), port),
        baseUrl,
        data,
        signing,
        exchange,
        maskinporten,
        development);
  }

  /** The same settings with another public address. */
  public Settings withBaseUrl(String address) {
    return new Settings(listen, address, data, signing, exchange, maskinporten, development);
  }
}

package no.portvakt.server;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.administration.AdminApi;
import no.portvakt.server.certificates.Revocation;
import no.portvakt.server.database.PostgresAddress;
import no.portvakt.server.exchange.PlatformClaims;
import no.portvakt.server.http.HttpServer;
import no.portvakt.server.maskinporten.TokenEndpoint;
import no.portvakt.server.registration.SubscopeGrammar;
import no.portvakt.tokens.TokenVerifier;
import org.jspecify.annotations.Nullable;

/**
 * How the platform runs; read once, never changed. {@code docs/operations.md} describes each key.
 *
 * @param roles what this node does
 * @param listen where to listen
 * @param baseUrl the public address, without a slash at the end; null: the address listened on. It
 *     is never taken from a request.
 * @param data the data folder, or null to keep everything in memory or in PostgreSQL
 * @param store the store in PostgreSQL; null: the one in the data folder, or in memory
 * @param masterKey what private keys are encrypted with in the store
 * @param development what only a developer's own platform has, or null
 */
public record Settings(
    Set<Role> roles,
    HttpServer.Listen listen,
    @Nullable String baseUrl,
    @Nullable Path data,
    @Nullable PostgresAddress store,
    MasterKey masterKey,
    Signing signing,
    Audit audit,
    Exchange exchange,
    Maskinporten maskinporten,
    @Nullable Development development) {

  /** A part of the platform that a node can run. */
  public enum Role {
    /** The exchange, discovery and keys. */
    AUTHENTICATION,
    /** The local Maskinporten. */
    MASKINPORTEN
  }

  /**
   * Where the master key is: 32 bytes for AES-256. Without any of these it is a file in the data
   * folder that is made when it is missing, or lives in memory with everything else.
   *
   * @param file base64
   * @param text base64, from an environment variable; it is a secret
   * @param device a key in a PKCS#11 device
   */
  public record MasterKey(@Nullable Path file, @Nullable String text, @Nullable Device device) {
    /** Whether it is anywhere but in the data folder. */
    public boolean isGiven() {
      return file != null || text != null || device != null;
    }

    @Override
    public String toString() {
      return "MasterKey[file=" + file + ", device=" + device + "]";
    }
  }

  /**
   * A PKCS#11 device.
   *
   * @param library its library
   * @param slotIndex the place of the token's slot in the device's list, from 0
   * @param pinFile a file with the PIN
   * @param alias the one key to use; null: all private keys
   */
  public record Device(Path library, int slotIndex, Path pinFile, @Nullable String alias) {}

  /**
   * @param algorithms a key of each is kept; the first one signs platform tokens
   * @param keysMaxAge how long verifiers may keep the published keys
   * @param skew how far clocks may be apart
   * @param together the most signatures at once
   * @param rotateAfter for how long a key signs before the next one takes its place
   * @param standby whether the next key is always published beforehand
   * @param source where keys come from; null: they are made here and kept in the store
   */
  public record Signing(
      List<String> algorithms,
      Duration keysMaxAge,
      Duration skew,
      int together,
      Duration rotateAfter,
      boolean standby,
      @Nullable Source source) {}

  /**
   * Where signing keys come from when not from the store.
   *
   * @param type files, pkcs11, or what a module on the class path offers, such as azure-key-vault
   * @param files PKCS#12 or PEM, for type files
   * @param passwordFile what opens the files
   * @param device for type pkcs11
   * @param more settings of a module's source
   * @param refresh how often the source is looked at
   * @param outage for how long a key may sign that it does not confirm any more
   */
  public record Source(
      String type,
      List<Path> files,
      @Nullable Path passwordFile,
      @Nullable Device device,
      Map<String, String> more,
      Duration refresh,
      Duration outage) {}

  /**
   * @param checkpointEvery how often the state of the chains is signed, when it changed
   * @param retention for how long records are kept; null: for ever
   */
  public record Audit(Duration checkpointEvery, @Nullable Duration retention) {}

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
   * @param anchors PEM with the roots and intermediates of enterprise certificates, or null
   * @param adminClientFile where the first client, which may use the admin API, is written and read
   *     again; null: nowhere
   * @param revocation whether certificates are asked about, and how
   * @param administration how the admin API answers and what it takes
   * @param tokens what its token endpoint takes and gives
   */
  public record Maskinporten(
      @Nullable Path anchors,
      @Nullable Path adminClientFile,
      Revocation.Options revocation,
      Administration administration,
      TokenEndpoint.Options tokens) {
    /** The same with other files. */
    public Maskinporten withFiles(@Nullable Path trusted, @Nullable Path adminClient) {
      return new Maskinporten(trusted, adminClient, revocation, administration, tokens);
    }

    /** The same with another look-up of revocation. */
    public Maskinporten withRevocation(Revocation.Options options) {
      return new Maskinporten(anchors, adminClientFile, options, administration, tokens);
    }

    /** The same with another admin API. */
    public Maskinporten withAdministration(Administration other) {
      return new Maskinporten(anchors, adminClientFile, revocation, other, tokens);
    }

    /** The same with another token endpoint. */
    public Maskinporten withTokens(TokenEndpoint.Options options) {
      return new Maskinporten(anchors, adminClientFile, revocation, administration, options);
    }
  }

  /**
   * @param prefixes the organisation numbers that prefixes are given to at the start
   * @param grammar of the names of new scopes
   * @param statusCodes the statuses of the admin API
   */
  public record Administration(
      Map<String, String> prefixes, SubscopeGrammar grammar, AdminApi.StatusCodes statusCodes) {}

  /**
   * What a developer's platform has besides: test data, and an authority for test certificates.
   *
   * @param authority where the authority's key and certificates are; null: in memory
   */
  public record Development(@Nullable Path authority) {}

  /** The settings of {@code portvakt dev}. */
  public static Settings development(@Nullable Path data, int port) {
    Path dev = data == null ? null : data.resolve("dev");
    return new Settings(
        Set.of(Role.values()),
        new HttpServer.Listen("127.0.0.1", port, null, List.of()),
        null,
        data,
        null,
        new MasterKey(null, null, null),
        new Signing(
            List.of("RS256"),
            Duration.ofHours(1),
            Duration.ofMinutes(1),
            Runtime.getRuntime().availableProcessors(),
            Duration.ofDays(365),
            false,
            null),
        new Audit(Duration.ofMinutes(1), null),
        new Exchange(
            new PlatformClaims.Options(1800, false, false, Set.of(PlatformClaims.Family.values())),
            List.of(),
            Set.of()),
        new Maskinporten(
            dev == null ? null : dev.resolve("anchors.pem"),
            dev == null ? null : dev.resolve("admin-client.json"),
            Revocation.Options.of(List.of()),
            new Administration(Map.of(), SubscopeGrammar.EXTENDED, AdminApi.StatusCodes.OBSERVED),
            new TokenEndpoint.Options(
                120, TokenVerifier.CLOCK_SKEW.toSeconds(), true, true, false, false)),
        new Development(dev == null ? null : dev.resolve("test-authority.pem")));
  }

  /** What {@code portvakt serve} starts from: no test data, the next key always ready. */
  public static Settings serving() {
    Settings base = development(null, 7070);
    Signing signing = base.signing;
    return new Settings(
        base.roles,
        base.listen,
        null,
        Path.of("data"),
        null,
        base.masterKey,
        new Signing(
            signing.algorithms,
            signing.keysMaxAge,
            signing.skew,
            signing.together,
            Duration.ofDays(90),
            true,
            null),
        base.audit,
        base.exchange,
        base.maskinporten
            .withFiles(null, null)
            .withRevocation(
                Revocation.Options.of(List.of(Revocation.Method.OCSP, Revocation.Method.CRL))),
        null);
  }

  /** The same settings on another port. */
  public Settings withPort(int port) {
    return with(
        new HttpServer.Listen(listen.host(), port, listen.tls(), listen.proxies()), baseUrl);
  }

  /** The same settings with another public address. */
  public Settings withBaseUrl(String address) {
    return with(listen, address);
  }

  /** The same settings with the store in a folder, or in memory when there is none. */
  public Settings withData(@Nullable Path folder) {
    return with(listen, baseUrl, folder, null, masterKey);
  }

  /** The same settings with another master key. */
  public Settings withMasterKey(MasterKey other) {
    return with(listen, baseUrl, data, store, other);
  }

  private Settings with(HttpServer.Listen at, @Nullable String address) {
    return with(at, address, data, store, masterKey);
  }

  private Settings with(
      HttpServer.Listen at,
      @Nullable String address,
      @Nullable Path folder,
      @Nullable PostgresAddress database,
      MasterKey master) {
    return new Settings(
        roles,
        at,
        address,
        folder,
        database,
        master,
        signing,
        audit,
        exchange,
        maskinporten,
        development);
  }
}

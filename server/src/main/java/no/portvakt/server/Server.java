package no.portvakt.server;

import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.FutureTask;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.discovery.Document;
import no.portvakt.server.discovery.KeySetDocument;
import no.portvakt.server.discovery.Metadata;
import no.portvakt.server.exchange.ExchangeEndpoint;
import no.portvakt.server.exchange.ExchangePipeline;
import no.portvakt.server.exchange.PlatformClaims;
import no.portvakt.server.http.HttpServer;
import no.portvakt.server.http.Router;
import no.portvakt.server.issuer.JoseHeader;
import no.portvakt.server.issuer.KeyCipher;
import no.portvakt.server.issuer.SignatureBudget;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.SigningKeys;
import no.portvakt.server.issuer.TokenIssuer;
import no.portvakt.server.maskinporten.AdminAccess;
import no.portvakt.server.maskinporten.ClientsApi;
import no.portvakt.server.maskinporten.EnterpriseCertificates;
import no.portvakt.server.maskinporten.ScopesApi;
import no.portvakt.server.maskinporten.TokenEndpoint;
import no.portvakt.server.operations.Health;
import no.portvakt.server.operations.Metrics;
import no.portvakt.server.registry.Organisations;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.Database;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.SigningKeyTable;
import no.portvakt.server.store.StoreUnavailable;
import no.portvakt.server.trust.RemoteKeySet;
import no.portvakt.server.trust.ReplayGuard;
import no.portvakt.tokens.KeySet;
import no.portvakt.tokens.TokenVerifier;
import no.portvakt.tokens.TrustedIssuer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The running platform: every object is made here, and closed in the opposite order. */
public final class Server implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Server.class);
  private static final Duration REMOTE_TIMEOUT = Duration.ofSeconds(5);

  private final Database database;
  private final Health health;
  private final ScheduledExecutorService housekeeping;
  private final HttpServer http;
  private final Addresses addresses;
  private final @Nullable AdminClient adminClient;

  private Server(
      Database database,
      Health health,
      ScheduledExecutorService housekeeping,
      HttpServer http,
      Addresses addresses,
      @Nullable AdminClient adminClient) {
    this.database = database;
    this.health = health;
    this.housekeeping = housekeeping;
    this.http = http;
    this.addresses = addresses;
    this.adminClient = adminClient;
  }

  /** Starts with the machine's clock; returns when requests are answered. */
  public static Server start(Settings settings) {
    return start(settings, InstantSource.system());
  }

  /** Starts with a given clock; returns when requests are answered. */
  public static Server start(Settings settings, InstantSource clock) {
    HttpServer.requireFree(settings.listen().host(), settings.listen().port());
    Path data = settings.data();
    Database database = data == null ? Database.inMemory() : Database.open(data);
    try {
      return wire(settings, clock, database);
    } catch (RuntimeException e) {
      database.close();
      throw e;
    }
  }

  private static Server wire(Settings settings, InstantSource clock, Database database) {
    Addresses addresses = Addresses.of(settings);
    Instant now = clock.instant();

    // The store's tables and what the development platform starts with.
    ClientTable clients = new ClientTable(database);
    ScopeTable scopes = new ScopeTable(database);
    OrganisationTable organisations = new OrganisationTable(database);
    FutureTask<@Nullable AdminClient> seeded =
        background(() ->
            settings.development() == null
                ? null
                : DevelopmentData.seed(
                    settings.development(), addresses, clients, scopes, organisations, now));

    // Who we are. Making a first key takes a while: both roles and the seed do it side by side.
    SigningKeyTable keyTable = new SigningKeyTable(database);
    KeyCipher cipher =
        settings.data() == null
            ? KeyCipher.ephemeral()
            : KeyCipher.fromFile(settings.data().resolve("master.key"));
    FutureTask<SigningKeys> ourKeys =
        background(
            () -> SigningKeys.open(keyTable, cipher, "maskinporten", "RS256", "Maskinporten", now));
    SigningKeys platformKeys =
        SigningKeys.open(
            keyTable, cipher, "authentication", settings.signing().algorithm(), "Portvakt", now);
    SigningKeys maskinportenKeys = result(ourKeys);
    SignatureBudget budget = new SignatureBudget(settings.signing().together());
    TokenIssuer platform =
        new TokenIssuer(
            addresses.platformIssuer(), JoseHeader.PLATFORM, () -> platformKeys, budget);
    TokenIssuer maskinporten =
        new TokenIssuer(
            addresses.maskinportenIssuer(),
            JoseHeader.MASKINPORTEN,
            () -> maskinportenKeys,
            budget);

    // What we keep and count.
    Metrics metrics = new Metrics();
    metrics.watchKeys("authentication", () -> platformKeys, clock);
    metrics.watchKeys("maskinporten", () -> maskinportenKeys, clock);
    AuditLog audit = new AuditLog(database, new AuditTable(database), metrics);
    ReplayGuard replays = new ReplayGuard(new ReplayTable(database));

    // Whom we believe. The local Maskinporten's keys are at hand: no request to ourselves.
    KeySet localKeys = maskinportenKeys.asKeySet();
    TokenVerifier exchangeable =
        new TokenVerifier(issuers(settings, addresses, localKeys, clock), clock);
    TokenVerifier admins =
        new TokenVerifier(
            Map.of(
                addresses.maskinportenIssuer(),
                new TrustedIssuer(
                    addresses.maskinportenIssuer(),
                    TrustedIssuer.RSA_ALGORITHMS,
                    localKeys,
                    Set.of())),
            clock);

    Health health =
        new Health(
            Map.of("store", database::isReady, "keys", () -> !platformKeys.published().isEmpty()));
    Router router =
        new Router(
            Set.of(
                StoreUnavailable.class,
                KeySet.KeySetUnavailable.class,
                SignatureBudget.Overloaded.class),
            metrics);

    // Authentication: the exchange, discovery and keys.
    String authentication = "/authentication/api/v1";
    String openId = authentication + "/openid/.well-known/openid-configuration";
    ExchangeEndpoint exchange =
        new ExchangeEndpoint(
            new ExchangePipeline(platform, audit, clock),
            new PlatformClaims(addresses.platformIssuer(), settings.exchange().tokens()),
            exchangeable,
            new Organisations(organisations)::codeOf);
    router.route("GET", authentication + "/exchange/{tokenProvider}", exchange::handle);
    List<String> algorithms =
        platformKeys.published().stream().map(SigningKey::algorithm).distinct().toList();
    Document openIdConfiguration =
        Metadata.openIdConfiguration(addresses.platformIssuer(), algorithms);
    router.document(openId, request -> openIdConfiguration.answer(request, Metadata.MAX_AGE));
    Duration maxAge = settings.signing().keysMaxAge();
    router.document(openId + "/jwks", new KeySetDocument(() -> platformKeys, maxAge)::handle);

    // Maskinporten: tokens, metadata, keys and the admin API below both of its base paths.
    EnterpriseCertificates anchors = new EnterpriseCertificates(settings.maskinporten().anchors());
    TokenEndpoint tokens =
        new TokenEndpoint(maskinporten, clients, scopes, anchors, replays, audit, clock);
    router.route("POST", "/maskinporten/token", tokens::handle);
    Document metadata = Metadata.maskinporten(addresses.maskinportenIssuer());
    router.document(
        "/maskinporten/.well-known/oauth-authorization-server",
        request -> metadata.answer(request, Metadata.MAX_AGE));
    router.document(
        "/maskinporten/jwk", new KeySetDocument(() -> maskinportenKeys, maxAge)::handle);
    AdminAccess access = new AdminAccess(admins, clock);
    for (String base : List.of("/maskinporten", "/maskinporten/api/v1")) {
      new ScopesApi(scopes, clock).mount(router, base, access);
      new ClientsApi(clients, scopes, clock).mount(router, base, access);
    }

    // Operations.
    router.document("/health/live", health::live);
    router.document("/health/ready", health::ready);
    router.document("/metrics", metrics::handle);

    ScheduledExecutorService housekeeping =
        Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("housekeeping").factory());
    var _ =
        housekeeping.scheduleWithFixedDelay(
            () -> forgetExpired(replays, clock), 60, 60, TimeUnit.SECONDS);
    AdminClient adminClient = result(seeded);
    HttpServer http = HttpServer.start(settings.listen().host(), settings.listen().port(), router);
    return new Server(database, health, housekeeping, http, addresses, adminClient);
  }

  private static void forgetExpired(ReplayGuard replays, InstantSource clock) {
    try {
      replays.forgetExpired(clock.instant());
    } catch (StoreUnavailable e) {
      LOG.warn("Expired replay records stay for now: {}", e.getMessage());
    }
  }

  private static Map<String, TrustedIssuer> issuers(
      Settings settings, Addresses addresses, KeySet localKeys, InstantSource clock) {
    Map<String, TrustedIssuer> issuers = new HashMap<>();
    issuers.put(
        addresses.maskinportenIssuer(),
        new TrustedIssuer(
            addresses.maskinportenIssuer(),
            TrustedIssuer.RSA_ALGORITHMS,
            localKeys,
            settings.exchange().maskinportenAudiences()));
    if (settings.exchange().maskinporten().isEmpty()) {
      return issuers;
    }
    HttpClient client = HttpClient.newBuilder().connectTimeout(REMOTE_TIMEOUT).build();
    for (Settings.Issuer issuer : settings.exchange().maskinporten()) {
      KeySet keys =
          new RemoteKeySet(client, clock, issuer.issuer(), issuer.metadata(), issuer.jwks());
      TrustedIssuer trusted =
          new TrustedIssuer(issuer.issuer(), issuer.algorithms(), keys, issuer.audiences());
      if (issuers.putIfAbsent(issuer.issuer(), trusted) != null) {
        throw new SettingsFile.BadSettings(
            "exchange.maskinporten names the local issuer " + issuer.issuer() + ".");
      }
    }
    return issuers;
  }

  private static <T extends @Nullable Object> FutureTask<T> background(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.startVirtualThread(task);
    return task;
  }

  private static <T extends @Nullable Object> T result(FutureTask<T> task) {
    try {
      return task.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("Interrupted while starting.", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException own) {
        throw own;
      }
      throw new IllegalStateException("The start failed.", e);
    }
  }

  /** The port that is listened on. */
  public int port() {
    return http.port();
  }

  /** The public addresses. */
  public Addresses addresses() {
    return addresses;
  }

  /** The development platform's admin client, or null elsewhere. */
  public @Nullable AdminClient adminClient() {
    return adminClient;
  }

  /**
   * Stops taking requests, lets those in flight end, then writes what waits and closes the store.
   */
  @Override
  public void close() {
    health.stopping();
    http.close();
    housekeeping.close();
    database.close();
  }
}

package no.portvakt.server;

import java.net.http.HttpClient;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.BooleanSupplier;
import no.portvakt.server.administration.AdminApi;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.audit.CheckpointSigner;
import no.portvakt.server.audit.Checkpoints;
import no.portvakt.server.audit.Pseudonyms;
import no.portvakt.server.certificates.Anchors;
import no.portvakt.server.certificates.EnterpriseCertificates;
import no.portvakt.server.certificates.Revocation;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.StoreUnavailable;
import no.portvakt.server.discovery.Document;
import no.portvakt.server.discovery.Metadata;
import no.portvakt.server.discovery.PublishedKeys;
import no.portvakt.server.exchange.ExchangeEndpoint;
import no.portvakt.server.exchange.ExchangePipeline;
import no.portvakt.server.exchange.PlatformClaims;
import no.portvakt.server.http.HttpServer;
import no.portvakt.server.http.Router;
import no.portvakt.server.issuer.JoseHeader;
import no.portvakt.server.issuer.KeyCipher;
import no.portvakt.server.issuer.KeyRing;
import no.portvakt.server.issuer.SealedSecrets;
import no.portvakt.server.issuer.SignatureBudget;
import no.portvakt.server.issuer.TokenIssuer;
import no.portvakt.server.maskinporten.ErrorPages;
import no.portvakt.server.maskinporten.TokenEndpoint;
import no.portvakt.server.operations.Health;
import no.portvakt.server.operations.Metrics;
import no.portvakt.server.registration.Registrations;
import no.portvakt.server.registry.Organisations;
import no.portvakt.server.store.AttemptTable;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.CheckpointTable;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.DelegationTable;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.ReplayTable;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.SecretTable;
import no.portvakt.server.trust.Lockout;
import no.portvakt.server.trust.RemoteKeySet;
import no.portvakt.server.trust.ReplayGuard;
import no.portvakt.tokens.KeySet;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.TokenVerifier;
import no.portvakt.tokens.TrustedIssuer;
import org.jspecify.annotations.Nullable;

/** The running platform: every object is made here, and closed in the opposite order. */
public final class Server implements AutoCloseable {
  private static final Duration REMOTE_TIMEOUT = Duration.ofSeconds(5);

  /** After how long a change of the keys is seen though its announcement was missed. */
  private static final Duration KEYS_POLLED = Duration.ofSeconds(2);

  private static final Duration KEYS_TENDED = Duration.ofMinutes(1);
  private static final Duration RECORDS_FORGOTTEN = Duration.ofHours(1);
  private static final Duration CLIENT_KEYS_COUNTED = Duration.ofHours(1);

  private final Database database;
  private final Health health;
  private final Housekeeping housekeeping;
  private final PlatformKeys keys;
  private final HttpServer http;
  private final Addresses addresses;
  private final @Nullable AdminClient adminClient;
  private final FutureTask<TestAuthority> authority;

  private Server(
      Database database,
      Health health,
      Housekeeping housekeeping,
      PlatformKeys keys,
      HttpServer http,
      Addresses addresses,
      @Nullable AdminClient adminClient,
      FutureTask<TestAuthority> authority) {
    this.database = database;
    this.health = health;
    this.housekeeping = housekeeping;
    this.keys = keys;
    this.http = http;
    this.addresses = addresses;
    this.adminClient = adminClient;
    this.authority = authority;
  }

  /** Starts with the machine's clock; returns when requests are answered. */
  public static Server start(Settings settings) {
    return start(settings, InstantSource.system());
  }

  /** Starts with a given clock; returns when requests are answered. */
  public static Server start(Settings settings, InstantSource clock) {
    // What can be refused without a store is refused before anything is made.
    HttpServer.check(settings.listen(), clock);
    PrivateKeys.lookAtMaster(settings);
    NamedFiles.check(settings);
    HttpServer.requireFree(settings.listen().host(), settings.listen().port());
    Database database = openStore(settings);
    Deque<Runnable> undo = new ArrayDeque<>(List.of(database::close));
    try {
      return wire(settings, clock, database, undo);
    } catch (RuntimeException e) {
      undo.forEach(Runnable::run);
      throw e;
    }
  }

  /** Opens the store that the settings name; a new folder gets its master key first. */
  public static Database openStore(Settings settings) {
    if (settings.store() != null) {
      return Database.connect(settings.store());
    }
    PrivateKeys.makeMaster(settings);
    Path data = settings.data();
    return data == null ? Database.inMemory() : Database.open(data);
  }

  /**
   * @param undo what a start that fails must do, the last thing first
   */
  private static Server wire(
      Settings settings, InstantSource clock, Database database, Deque<Runnable> undo) {
    Addresses addresses = Addresses.of(settings);
    boolean authentication = settings.roles().contains(Settings.Role.AUTHENTICATION);
    boolean maskinporten = settings.roles().contains(Settings.Role.MASKINPORTEN);

    // What we keep and count.
    Registrations registered = Registrations.in(database);
    ClientTable clients = registered.clients();
    OrganisationTable organisations = new OrganisationTable(database);
    Metrics metrics = new Metrics();
    ReplayGuard replays = new ReplayGuard(new ReplayTable(database));
    Lockout lockout = new Lockout(database, new AttemptTable(database));

    // Who we are, and what a first start begins with. Making a key takes a while: all side by side.
    KeyCipher cipher = PrivateKeys.master(settings);
    Pseudonyms persons = pseudonyms(database, cipher, clock);
    AuditLog audit =
        new AuditLog(database, new AuditTable(database), metrics, () -> new RuleTrace(persons::of));
    PlatformKeys keys = PlatformKeys.of(settings, database, cipher, clock, audit);
    undo.push(keys::close);
    FutureTask<@Nullable AdminClient> seeded =
        background(() -> seed(settings, addresses, database, organisations, clock));
    undo.push(() -> await(seeded));
    FutureTask<@Nullable Void> tended =
        background(() -> {
          if (maskinporten) {
            keys.tend(Settings.Role.MASKINPORTEN);
          }
          return null;
        });
    undo.push(() -> await(tended));
    FutureTask<TestAuthority> authority =
        new FutureTask<>(() -> InitialData.testAuthority(settings, clock.instant()));
    boolean firstAuthority = maskinporten && InitialData.lacksTestAuthority(settings);
    if (firstAuthority) {
      Thread.startVirtualThread(authority); // else it is had when it is first asked for
    }
    if (authentication) {
      keys.tend(Settings.Role.AUTHENTICATION);
    }
    result(tended);
    SignatureBudget budget = new SignatureBudget(settings.signing().together());
    Router router =
        new Router(
            Set.of(
                StoreUnavailable.class,
                KeySet.KeySetUnavailable.class,
                KeyRing.NoSigningKey.class,
                SignatureBudget.Overloaded.class),
            metrics);
    List<KeyRing> rings = new ArrayList<>();
    Housekeeping housekeeping = new Housekeeping();
    housekeeping.every(
        Duration.ofMinutes(1),
        "Forgetting expired messages",
        () -> replays.forgetExpired(clock.instant()));
    housekeeping.every(
        Duration.ofMinutes(1),
        "Forgetting failed attempts",
        () -> lockout.forgetExpired(clock.instant()));
    Checkpoints checkpoints = checkpoints(database, cipher, clock);
    metrics.watchAudit(() -> checkpoints.problem() == null);
    housekeeping.every(
        settings.audit().checkpointEvery(), "The checkpoint of the audit", checkpoints::sign);
    Duration retention = settings.audit().retention();
    if (retention != null) {
      housekeeping.every(
          RECORDS_FORGOTTEN, "Forgetting old records", () -> checkpoints.forget(retention));
    }
    Map<String, TrustedIssuer> believed = new HashMap<>();

    if (maskinporten) {
      KeyRing ring = keys.ring(Settings.Role.MASKINPORTEN);
      rings.add(ring);
      watch(Settings.Role.MASKINPORTEN, ring, keys, metrics, housekeeping, clock);
      TokenIssuer issuer =
          new TokenIssuer(addresses.maskinportenIssuer(), JoseHeader.MASKINPORTEN, ring, budget);
      // The local Maskinporten's keys are at hand: no request to ourselves.
      believed.put(
          issuer.issuer(),
          new TrustedIssuer(
              issuer.issuer(),
              TrustedIssuer.RSA_ALGORITHMS,
              ring.keySet(),
              settings.exchange().maskinportenAudiences()));
      EnterpriseCertificates certificates =
          new EnterpriseCertificates(
              anchors(settings, authority), new Revocation(settings.maskinporten().revocation()));
      TokenEndpoint tokens =
          new TokenEndpoint(
              issuer,
              registered,
              certificates,
              replays,
              audit,
              clock,
              settings.maskinporten().tokens(),
              metrics::keyEndsSoon);
      router.route("POST", "/maskinporten/token", tokens);
      ErrorPages errors = new ErrorPages(issuer.issuer());
      router.document("/maskinporten/errors", errors::list);
      router.document("/maskinporten/errors/{code}", errors::one);
      countKeys(clients, metrics, housekeeping, clock);
      Document metadata = Metadata.maskinporten(issuer.issuer());
      // RFC 8414 §3.1 puts the well-known part before the issuer's path; most clients append it.
      for (String path :
          List.of(
              "/maskinporten/.well-known/oauth-authorization-server",
              "/.well-known/oauth-authorization-server/maskinporten")) {
        router.document(path, request -> metadata.answer(request, Metadata.MAX_AGE));
      }
      PublishedKeys published = PublishedKeys.keySet(ring);
      router.document("/maskinporten/jwk", published::handle);
      router.document("/maskinporten/jwk.json", published::handle);
      TrustedIssuer ourselves =
          new TrustedIssuer(issuer.issuer(), TrustedIssuer.RSA_ALGORITHMS, ring.keySet(), Set.of());
      new AdminApi(
              administration(settings),
              database,
              audit,
              new TokenVerifier(Map.of(issuer.issuer(), ourselves), clock),
              clock)
          .mount(router);
    }

    if (authentication) {
      KeyRing ring = keys.ring(Settings.Role.AUTHENTICATION);
      rings.add(ring);
      watch(Settings.Role.AUTHENTICATION, ring, keys, metrics, housekeeping, clock);
      TokenIssuer issuer =
          new TokenIssuer(addresses.platformIssuer(), JoseHeader.PLATFORM, ring, budget);
      addRemoteIssuers(settings, believed, clock);
      String base = "/authentication/api/v1";
      ExchangeEndpoint exchange =
          new ExchangeEndpoint(
              new ExchangePipeline(issuer, audit, clock),
              new PlatformClaims(issuer.issuer(), settings.exchange().tokens()),
              new TokenVerifier(believed, clock),
              new Organisations(organisations, clock)::codeOf);
      router.route("GET", base + "/exchange/{tokenProvider}", exchange::handle);
      String openId = base + "/openid/.well-known/openid-configuration";
      PublishedKeys platform = PublishedKeys.openIdConfiguration(issuer.issuer(), ring);
      router.document(openId, request -> platform.answer(request, Metadata.MAX_AGE));
      router.document(openId + "/jwks", PublishedKeys.keySet(ring)::handle);
    }

    Map<String, BooleanSupplier> checks = new LinkedHashMap<>();
    checks.put("store", database::isReady);
    checks.put("keys", () -> rings.stream().allMatch(ring -> ring.keys().active() != null));
    Health health = new Health(checks);
    router.document("/health/live", health::live);
    router.document("/health/ready", health::ready);
    router.document("/metrics", metrics::handle);
    AdminClient adminClient = result(seeded);
    if (firstAuthority) {
      result(authority);
    }
    HttpServer http = HttpServer.start(settings.listen(), router, clock);
    metrics.watchCertificate(http::certificateExpires, clock);
    metrics.watchProblems(
        Map.of(
            "tls",
            http::tlsProblem,
            "key-source",
            () -> keys.problem(Settings.Role.AUTHENTICATION)));
    housekeeping.start();
    return new Server(
        database, health, housekeeping, keys, http, addresses, adminClient, authority);
  }

  /** What signs and exports the audit in a store. */
  public static Checkpoints checkpoints(Database database, KeyCipher cipher, InstantSource clock) {
    byte[] key =
        new SealedSecrets(new SecretTable(database), cipher, clock)
            .get("audit-checkpoint-key", CheckpointSigner::freshKey);
    return new Checkpoints(
        database,
        new AuditTable(database),
        new CheckpointTable(database),
        CheckpointSigner.of(key),
        clock);
  }

  /** What stands for person numbers in the audit in a store. */
  public static Pseudonyms pseudonyms(Database database, KeyCipher cipher, InstantSource clock) {
    return Pseudonyms.of(
        new SealedSecrets(new SecretTable(database), cipher, clock)
            .get("audit-pseudonym-key", Pseudonyms::freshKey));
  }

  private static AdminApi.Options administration(Settings settings) {
    Settings.Administration it = settings.maskinporten().administration();
    return new AdminApi.Options(it.statusCodes(), it.grammar(), settings.development() != null);
  }

  private static @Nullable AdminClient seed(
      Settings settings,
      Addresses addresses,
      Database database,
      OrganisationTable organisations,
      InstantSource clock) {
    ScopeTable scopes = new ScopeTable(database);
    if (settings.development() != null) {
      InitialData.seedTestData(
          database, scopes, new DelegationTable(database), organisations, clock.instant());
    }
    if (!settings.roles().contains(Settings.Role.MASKINPORTEN)) {
      return null;
    }
    Path file = settings.maskinporten().adminClientFile();
    AdminClient client =
        file != null || settings.development() != null
            ? InitialData.seedAdminClient(
                file, addresses, database, new ClientTable(database), scopes, clock.instant())
            : null;
    settings
        .maskinporten()
        .administration()
        .prefixes()
        .forEach((prefix, owner) -> InitialData.givePrefix(scopes, prefix, owner));
    return client;
  }

  private static Anchors anchors(Settings settings, FutureTask<TestAuthority> authority) {
    Path file = settings.maskinporten().anchors();
    if (file != null) {
      return Anchors.in(file);
    }
    return settings.development() == null ? Anchors.none() : Anchors.of(() -> lazily(authority));
  }

  private static void watch(
      Settings.Role role,
      KeyRing ring,
      PlatformKeys keys,
      Metrics metrics,
      Housekeeping housekeeping,
      InstantSource clock) {
    String name = role.name().toLowerCase(Locale.ROOT);
    metrics.watchKeys(name, ring, clock);
    housekeeping.every(KEYS_POLLED, "A look at the keys of " + name, ring::reload);
    housekeeping.every(
        KEYS_TENDED,
        "The care of the keys of " + name,
        () -> {
          keys.tend(role);
          ring.reload();
        });
  }

  private static void countKeys(
      ClientTable clients, Metrics metrics, Housekeeping housekeeping, InstantSource clock) {
    Runnable count =
        () -> {
          Instant now = clock.instant();
          metrics.clientKeysEndSoon(clients.expiring(now, now.plus(TokenEndpoint.WARNED_BEFORE)));
        };
    count.run();
    housekeeping.every(CLIENT_KEYS_COUNTED, "Counting the clients' keys that end soon", count);
  }

  private static void addRemoteIssuers(
      Settings settings, Map<String, TrustedIssuer> issuers, InstantSource clock) {
    if (settings.exchange().maskinporten().isEmpty()) {
      return;
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
  }

  private static <T extends @Nullable Object> FutureTask<T> background(Callable<T> work) {
    FutureTask<T> task = new FutureTask<>(work);
    Thread.startVirtualThread(task);
    return task;
  }

  private static <T> T lazily(FutureTask<T> task) {
    task.run(); // does nothing when another thread has begun
    return result(task);
  }

  private static void await(FutureTask<?> task) {
    try {
      task.get();
    } catch (ExecutionException _) {
      // The start has failed already, and says why.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
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

  /** What this node does by itself. */
  Housekeeping housekeeping() {
    return housekeeping;
  }

  /** The development platform's admin client, or null elsewhere. */
  public @Nullable AdminClient adminClient() {
    return adminClient;
  }

  /**
   * The authority that issues test certificates for a developer's platform.
   *
   * @throws IllegalStateException when this is none
   */
  public TestAuthority testAuthority() {
    return lazily(authority);
  }

  /**
   * Stops taking requests, lets those in flight end, then writes what waits and closes the store.
   */
  @Override
  public void close() {
    health.stopping();
    http.close();
    housekeeping.close();
    keys.close();
    database.close();
  }
}

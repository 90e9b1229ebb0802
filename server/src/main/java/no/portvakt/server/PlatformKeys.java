package no.portvakt.server;

import java.time.Duration;
import java.time.InstantSource;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import no.portvakt.server.audit.AuditEvent;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.Session;
import no.portvakt.server.issuer.KeyCipher;
import no.portvakt.server.issuer.KeyRing;
import no.portvakt.server.issuer.KeyRotation;
import no.portvakt.server.issuer.KeyRules;
import no.portvakt.server.issuer.KeyStorage;
import no.portvakt.server.registration.ClientSettings;
import no.portvakt.server.store.SigningKeyTable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The signing keys of every role of a node, by the settings. */
public final class PlatformKeys implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(PlatformKeys.class);

  private final Database database;
  private final SigningKeyTable table;
  private final KeyCipher cipher;
  private final Settings settings;
  private final InstantSource clock;
  private final AuditLog audit;
  private final Map<Settings.Role, Part> parts = new EnumMap<>(Settings.Role.class);

  /**
   * What is kept of one role.
   *
   * @param warned the ids of keys whose certificates were said to end
   */
  private record Part(KeyStorage storage, KeyRotation rotation, Set<String> warned) {}

  private PlatformKeys(
      Settings settings, Database database, KeyCipher cipher, InstantSource clock, AuditLog audit) {
    this.settings = settings;
    this.database = database;
    this.table = new SigningKeyTable(database);
    this.cipher = cipher;
    this.clock = clock;
    this.audit = audit;
  }

  /**
   * The keys of all roles; nothing is changed before {@link #tend}.
   *
   * @throws KeyCipher.WrongMasterKey when the master key does not open those that are kept: what is
   *     written with it would lock everybody else out
   */
  public static PlatformKeys of(
      Settings settings, Database database, KeyCipher cipher, InstantSource clock, AuditLog audit) {
    PlatformKeys keys = new PlatformKeys(settings, database, cipher, clock, audit);
    Settings.Signing signing = settings.signing();
    keys.add(
        Settings.Role.AUTHENTICATION,
        "Portvakt",
        signing.algorithms(),
        Duration.ofSeconds(settings.exchange().tokens().lifetimeSeconds()),
        PrivateKeys.source(signing, clock));
    // Maskinporten's own clients know RS256 only, and its keys are of no use to anybody else.
    keys.add(
        Settings.Role.MASKINPORTEN,
        "Maskinporten",
        List.of("RS256"),
        Duration.ofSeconds(ClientSettings.LONGEST_TOKEN),
        null);
    try {
      keys.parts.values().forEach(part -> part.rotation.openAll());
    } catch (RuntimeException e) {
      keys.close();
      throw e;
    }
    return keys;
  }

  private void add(
      Settings.Role role,
      String subject,
      List<String> algorithms,
      Duration longestToken,
      KeyStorage.@Nullable External external) {
    Settings.Signing signing = settings.signing();
    Duration grace = external == null ? Duration.ZERO : external.outage();
    KeyRules rules = new KeyRules(signing.keysMaxAge(), signing.skew(), longestToken, grace);
    KeyStorage storage = new KeyStorage(cipher, external);
    String name = role.name().toLowerCase(Locale.ROOT);
    parts.put(
        role,
        new Part(
            storage,
            new KeyRotation(
                database,
                table,
                storage,
                new KeyRotation.Role(
                    name,
                    subject,
                    algorithms,
                    rules,
                    signing.standby() && external == null,
                    signing.rotateAfter()),
                clock,
                this::witness),
            new HashSet<>()));
  }

  private void witness(Session session, String change, String role, List<String> steps) {
    audit.append(
        session,
        new AuditEvent(freshId(), clock.instant(), change, role, AuditEvent.Outcome.CHANGED)
            .with("steps", steps));
  }

  // Like a request's id, which a change from the command line does not have.
  private static String freshId() {
    HexFormat hex = HexFormat.of();
    return hex.toHexDigits(System.currentTimeMillis(), 12)
        + hex.toHexDigits(ThreadLocalRandom.current().nextInt())
        + hex.toHexDigits(ThreadLocalRandom.current().nextLong(), 12);
  }

  /** Changes the keys of a role. */
  public KeyRotation rotation(Settings.Role role) {
    return part(role).rotation;
  }

  /** The keys of a role as a node sees them; {@link #tend} comes first. */
  KeyRing ring(Settings.Role role) {
    Part part = part(role);
    KeyRotation.Role name = part.rotation.role();
    KeyRing ring =
        new KeyRing(
            table, part.storage, name.name(), name.algorithms().get(0), name.rules(), clock);
    database.onAnnouncement(SigningKeyTable.TOPIC, ring::reload);
    return ring;
  }

  /** What is wrong with the source of a role's keys, or null. */
  public @Nullable String problem(Settings.Role role) {
    return part(role).storage.problem();
  }

  /** Does what is due to the keys of a role, such as making the first ones. */
  void tend(Settings.Role role) {
    Part part = part(role);
    String name = part.rotation.role().name();
    part.rotation.tend().forEach(step -> LOG.info("Keys of {}: {}", name, step));
    Set<String> ending = new HashSet<>();
    for (KeyRotation.Listed key : part.rotation.certificateEnding()) {
      String kid = key.key().kid();
      ending.add(kid);
      if (part.warned.add(kid)) {
        LOG.warn(
            "Keys of {}: the certificate of the key {}, which signs, ends at {}.",
            name,
            kid,
            key.certificateExpires());
      }
    }
    part.warned.retainAll(ending);
  }

  private Part part(Settings.Role role) {
    return Objects.requireNonNull(parts.get(role));
  }

  @Override
  public void close() {
    parts.values().forEach(part -> part.storage.close());
  }
}

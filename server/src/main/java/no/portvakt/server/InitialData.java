package no.portvakt.server;

import com.nimbusds.oauth2.sdk.GrantType;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import no.portvakt.server.certificates.Issued;
import no.portvakt.server.certificates.TestAuthority;
import no.portvakt.server.database.Database;
import no.portvakt.server.database.OwnerOnly;
import no.portvakt.server.database.Session;
import no.portvakt.server.registration.ClientSettings;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.DelegationTable;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.OrganisationTable.Organisation;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * What the local Maskinporten starts with: the first client, which may use the admin API; on a
 * developer's platform also three organisations and the platform's scopes. Adds what is missing and
 * changes nothing that is there, but its own key that has expired. What was taken away stays away.
 */
final class InitialData {
  private static final String DIGDIR = "991825827";
  private static final List<Organisation> ORGANISATIONS =
      List.of(
          organisation("brg", "974760673", "Brønnøysundregistrene"),
          organisation("digdir", DIGDIR, "Digitaliseringsdirektoratet"),
          organisation("ttd", "405003309", "Testdepartementet"));
  private static final List<String> OPEN_SCOPES =
      List.of("altinn:serviceowner/instances.read", "altinn:serviceowner/instances.write");

  /** The trusted certificates of a developer's folder, beside its authority. */
  private static final String TRUSTED = "anchors.pem";

  private static final Map<String, String> SOURCES =
      Map.of("https://tt02.altinn.no/", "altinn", "https://at22.altinn.cloud/", "altinn-at22");

  /** The scopes of the admin API that the first client itself does not need. */
  private static final List<String> SCOPES_OF_OTHERS =
      List.of("idporten:dcr.supplier", "idporten:dcr/onbehalfof:write");

  private InitialData() {}

  /** Seeds what a developer tries things with. */
  static void seedTestData(
      Database database,
      ScopeTable scopes,
      DelegationTable delegations,
      OrganisationTable organisations,
      Instant now) {
    SOURCES.forEach((issuer, name) -> delegations.addSource(issuer, name, now.toEpochMilli()));
    Set<String> present = new HashSet<>();
    organisations.all().forEach(it -> present.add(it.code()));
    List<Organisation> missing = new ArrayList<>(ORGANISATIONS);
    missing.removeIf(it -> present.contains(it.code()));
    if (!missing.isEmpty()) {
      organisations.put(missing);
    }
    database.write(session -> {
      scopes.putPrefix(session, "altinn", DIGDIR);
      for (String scope : OPEN_SCOPES) {
        add(scopes, session, scope, now);
        for (Organisation each : ORGANISATIONS) {
          grant(scopes, session, scope, String.valueOf(each.number()), now);
        }
      }
      return null;
    });
  }

  /**
   * Seeds the admin client with its scopes, all or nothing.
   *
   * @param file where it is written and read again; null: nowhere
   */
  static AdminClient seedAdminClient(
      @Nullable Path file,
      Addresses addresses,
      Database database,
      ClientTable clients,
      ScopeTable scopes,
      Instant now) {
    AdminClient known = file == null ? null : AdminClient.read(file);
    AdminClient client = known == null ? AdminClient.create() : known;
    if (file != null) {
      client.write(file, addresses); // first: nobody has the key of a client that is in no file
    }
    database.write(session -> {
      scopes.putPrefix(session, "idporten", DIGDIR);
      scopes.putPrefix(session, "portvakt", DIGDIR);
      for (String scope : AdminClient.SCOPES) {
        add(scopes, session, scope, now);
        grant(scopes, session, scope, DIGDIR, now);
      }
      SCOPES_OF_OTHERS.forEach(scope -> add(scopes, session, scope, now));
      put(clients, session, client, now);
      return null;
    });
    return client;
  }

  private static void put(ClientTable clients, Session session, AdminClient client, Instant now) {
    String id = client.clientId();
    KeyRow key =
        new KeyRow(
            client.key().getKeyID(),
            client.key().toPublicJWK().toJSONString(),
            now.toEpochMilli(),
            now.plus(Duration.ofDays(365)).toEpochMilli());
    if (clients.add(session, row(client, true, now))) {
      clients.putKeys(session, id, List.of(key));
      return;
    }
    ClientRow stored = clients.hold(session, id);
    if (stored != null
        && ClientSettings.read(stored.body()).scopes().equals(AdminClient.FIRST_SCOPES)) {
      // As the first version made it; else somebody chose them.
      clients.update(session, row(client, stored.active(), now));
    }
    // A folder may be older than a key's longest use.
    long soon = now.plus(Duration.ofDays(1)).toEpochMilli();
    List<KeyRow> keys = new ArrayList<>(clients.keys(session, id));
    if (keys.removeIf(it -> it.kid().equals(key.kid()) && it.expires() <= soon)) {
      keys.add(key);
      clients.putKeys(session, id, keys);
    }
  }

  /** Whether a developer's folder has no authority yet, or no trusted certificates. */
  static boolean lacksTestAuthority(Settings settings) {
    Settings.Development development = settings.development();
    Path file = development == null ? null : development.authority();
    return file != null && (!Files.exists(file) || !Files.exists(file.resolveSibling(TRUSTED)));
  }

  /**
   * The authority of a developer's platform; one is made when there is none. Where the folder has
   * no trusted certificates of its own, the authority's become that.
   */
  static TestAuthority testAuthority(Settings settings, Instant now) {
    Settings.Development development = settings.development();
    if (development == null) {
      throw new IllegalStateException("Only a developer's platform has a test authority.");
    }
    Path file = development.authority();
    if (file == null) {
      return newAuthority(now);
    }
    try {
      TestAuthority authority = Files.exists(file) ? TestAuthority.read(file) : newAuthority(now);
      writeOnce(file, authority.self().toPem());
      writeOnce(file.resolveSibling(TRUSTED), Issued.pem(authority.self().chain()));
      return authority;
    } catch (IOException e) {
      throw new UncheckedIOException("The test authority " + file + " can't be kept.", e);
    } catch (IllegalArgumentException e) {
      throw new SettingsFile.BadSettings(
          "The test authority " + file + " can't be used; delete it for a new one.");
    }
  }

  // The root's key is not kept: the authority below it issues everything.
  private static TestAuthority newAuthority(Instant now) {
    return TestAuthority.root("Portvakt Test Root CA", now)
        .below("Portvakt Test Enterprise CA", now);
  }

  /** Writes a file whole or not at all, readable for its owner alone; never over another. */
  private static void writeOnce(Path file, String text) throws IOException {
    if (Files.exists(file)) {
      return;
    }
    // Another thread of the start may make the same folder.
    Files.createDirectories(Objects.requireNonNull(file.toAbsolutePath().getParent()));
    Path fresh = file.resolveSibling(file.getFileName() + ".tmp");
    Files.deleteIfExists(fresh);
    OwnerOnly.createFile(fresh);
    Files.writeString(fresh, text);
    Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
  }

  /** Gives a prefix to an organisation when nobody has it. */
  static void givePrefix(ScopeTable scopes, String prefix, String owner) {
    if (scopes.ownerOfPrefix(prefix) == null) {
      scopes.putPrefix(prefix, owner);
    }
  }

  private static void add(ScopeTable scopes, Session session, String name, Instant now) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("description", "Made at the first start");
    body.put("visibility", "PUBLIC");
    body.put("token_type", "SELF_CONTAINED");
    long time = now.toEpochMilli();
    scopes.add(session, new ScopeRow(name, DIGDIR, true, Json.write(body), time, time));
  }

  /** Grants a scope unless that was ever done; an access that was taken back is there still. */
  private static void grant(
      ScopeTable scopes, Session session, String scope, String consumer, Instant now) {
    if (scopes.access(session, scope, consumer) == null) {
      scopes.putAccess(session, scope, consumer, ScopeTable.APPROVED, now.toEpochMilli());
    }
  }

  private static ClientRow row(AdminClient client, boolean active, Instant now) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("client_name", "admin");
    body.put("description", "The first client, which may use the admin API");
    body.put("integration_type", "maskinporten");
    body.put("application_type", "web");
    body.put("token_endpoint_auth_method", "private_key_jwt");
    body.put("grant_types", List.of(GrantType.JWT_BEARER.getValue()));
    body.put("scopes", AdminClient.SCOPES);
    body.put("access_token_lifetime", 0);
    long time = now.toEpochMilli();
    return new ClientRow(client.clientId(), DIGDIR, null, active, Json.write(body), time, time);
  }

  private static Organisation organisation(String code, String number, String name) {
    return new Organisation(code, number, Json.write(Map.of("nb", name)));
  }
}

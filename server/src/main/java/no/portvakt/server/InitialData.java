package no.portvakt.server;

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
import no.portvakt.server.database.OwnerOnly;
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
 * changes nothing that is there, but a key that has expired.
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
    givePrefix(scopes, "altinn", DIGDIR);
    for (String scope : OPEN_SCOPES) {
      if (add(scopes, scope, now)) {
        ORGANISATIONS.forEach(it ->
            scopes.putAccess(
                scope, String.valueOf(it.number()), ScopeTable.APPROVED, now.toEpochMilli()));
      }
    }
  }

  /**
   * Seeds the admin client with its scopes.
   *
   * @param file where it is written and read again; null: nowhere
   */
  static AdminClient seedAdminClient(
      @Nullable Path file,
      Addresses addresses,
      ClientTable clients,
      ScopeTable scopes,
      Instant now) {
    AdminClient known = file == null ? null : AdminClient.read(file);
    AdminClient client = known == null ? AdminClient.create() : known;
    givePrefix(scopes, "idporten", DIGDIR);
    givePrefix(scopes, "portvakt", DIGDIR);
    for (String scope : AdminClient.SCOPES) {
      if (add(scopes, scope, now)) {
        scopes.putAccess(scope, DIGDIR, ScopeTable.APPROVED, now.toEpochMilli());
      }
    }
    SCOPES_OF_OTHERS.forEach(scope -> add(scopes, scope, now));
    ClientRow stored = clients.find(client.clientId());
    if (stored == null) {
      clients.add(row(client, now));
    } else if (ClientSettings.read(stored.body()).scopes().equals(AdminClient.FIRST_SCOPES)) {
      clients.update(row(client, now)); // as the first version made it; else somebody chose them
    }
    // A folder may be older than a key's longest use.
    if (clients.keys(client.clientId()).stream()
        .noneMatch(key -> key.expires() > now.plus(Duration.ofDays(1)).toEpochMilli())) {
      clients.putKeys(
          client.clientId(),
          List.of(
              new KeyRow(
                  client.key().getKeyID(),
                  client.key().toPublicJWK().toJSONString(),
                  now.toEpochMilli(),
                  now.plus(Duration.ofDays(365)).toEpochMilli())));
    }
    if (file != null) {
      client.write(file, addresses);
    }
    return client;
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

  private static boolean add(ScopeTable scopes, String name, Instant now) {
    if (scopes.find(name) != null) {
      return false;
    }
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("description", "Made at the first start");
    body.put("visibility", "PUBLIC");
    body.put("token_type", "SELF_CONTAINED");
    long time = now.toEpochMilli();
    return scopes.add(new ScopeRow(name, DIGDIR, true, Json.write(body), time, time));
  }

  private static ClientRow row(AdminClient client, Instant now) {
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("client_name", "admin");
    body.put("description", "The first client, which may use the admin API");
    body.put("integration_type", "maskinporten");
    body.put("application_type", "web");
    body.put("token_endpoint_auth_method", "private_key_jwt");
    body.put("grant_types", List.of("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    body.put("scopes", AdminClient.SCOPES);
    body.put("access_token_lifetime", 0);
    long time = now.toEpochMilli();
    return new ClientRow(client.clientId(), DIGDIR, null, true, Json.write(body), time, time);
  }

  private static Organisation organisation(String code, String number, String name) {
    return new Organisation(code, number, Json.write(Map.of("nb", name)));
  }
}

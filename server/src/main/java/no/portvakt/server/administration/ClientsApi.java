package no.portvakt.server.administration;

import static no.portvakt.server.administration.AdminAnswer.refused;

import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.http.Router;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.ClientJwks;
import no.portvakt.server.registration.Field;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.AccessRow;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;

/** The admin API's clients and their keys (docs/protocol/maskinporten-admin.md). */
public final class ClientsApi {
  private static final String OBJECT = "Client";
  private static final List<String> READ =
      List.of("idporten:dcr.read", "idporten:dcr.write", "idporten:dcr.modify");
  private static final List<String> WRITE = List.of("idporten:dcr.write");
  private static final List<String> MODIFY = List.of("idporten:dcr.write", "idporten:dcr.modify");

  /** Lets its bearer make clients for other organisations. */
  private static final String FOR_OTHERS = "idporten:dcr.altinn";

  private static final long LONGEST_LIFETIME = 7200;

  private final ClientTable clients;
  private final ScopeTable scopes;
  private final InstantSource clock;

  public ClientsApi(ClientTable clients, ScopeTable scopes, InstantSource clock) {
    this.clients = clients;
    this.scopes = scopes;
    this.clock = clock;
  }

  /** Adds the routes below a base path. */
  public void mount(Router router, String base, AdminAccess access) {
    router.route("POST", base + "/clients", access.requiring(WRITE, this::create));
    router.document(base + "/clients", access.requiring(READ, this::list));
    router.document(base + "/clients/{id}", access.requiring(READ, this::one));
    router.document(base + "/clients/{id}/jwks", access.requiring(READ, this::keys));
    router.route("POST", base + "/clients/{id}/jwks", access.requiring(MODIFY, this::putKeys));
    router.route("PUT", base + "/clients/{id}/jwks", access.requiring(MODIFY, this::putKeys));
  }

  private Answer create(Request request, Caller caller) {
    Instant now = clock.instant();
    Field field = new Field(OBJECT, AdminAccess.objectBody(request, OBJECT));
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("client_name", field.required("client_name", 255));
    body.put("description", field.required("description", 1000));
    body.put(
        "integration_type",
        field.oneOf("integration_type", "maskinporten", Set.of("maskinporten")));
    body.put("application_type", field.oneOf("application_type", "web", Set.of("web")));
    body.put(
        "token_endpoint_auth_method",
        field.oneOf("token_endpoint_auth_method", "private_key_jwt", Set.of("private_key_jwt")));
    body.put("grant_types", List.of("urn:ietf:params:oauth:grant-type:jwt-bearer"));
    body.put("access_token_lifetime", field.number("access_token_lifetime", 0, LONGEST_LIFETIME));
    // Names of the first edition of the API; they say what is always so for Maskinporten.
    field.oneOf("client_type", "CONFIDENTIAL", Set.of("CONFIDENTIAL"));
    field.oneOf("token_reference", "SELF_CONTAINED", Set.of("SELF_CONTAINED"));
    String organisation = field.optional("client_orgno", 9);
    organisation = organisation == null ? caller.organisation() : organisation;
    if (OrganisationNumber.parse(organisation) == null) {
      throw new BadField(OBJECT, "client_orgno", "must be a valid organisation number");
    }
    if (!organisation.equals(caller.organisation()) && !caller.scopes().contains(FOR_OTHERS)) {
      return refused(
          403, "forbidden", "A client for another organisation needs " + FOR_OTHERS + ".", now);
    }
    List<String> asked = field.texts("scopes");
    for (String scope : asked) {
      requireAccessible(scope, organisation);
    }
    body.put("scopes", asked.stream().distinct().toList());
    long time = now.toEpochMilli();
    ClientRow row =
        new ClientRow(
            UUID.randomUUID().toString(), organisation, null, true, Json.write(body), time, time);
    if (!clients.add(row)) {
      return refused(409, "conflict", "There is a client of that id already.", now);
    }
    return Answer.json(201, shown(row)).noStore();
  }

  private void requireAccessible(String name, String organisation) {
    ScopeRow scope = scopes.find(name);
    if (scope == null || !scope.active()) {
      throw new BadField(OBJECT, "scopes", "names a scope that does not exist");
    }
    AccessRow access = scopes.access(name, organisation);
    boolean granted = access != null && access.state().equals(ScopeTable.APPROVED);
    if (!granted && !ScopeSettings.read(scope.body()).accessibleForAll()) {
      throw new BadField(
          OBJECT, "scopes", name + " has not been granted to organisation " + organisation);
    }
  }

  private Answer list(Request request, Caller caller) {
    boolean inactive = "true".equals(request.query().get("inactive"));
    return Answer.json(
            200,
            clients.ownedBy(caller.organisation(), !inactive).stream()
                .map(ClientsApi::shown)
                .toList())
        .noStore();
  }

  private Answer one(Request request, Caller caller) {
    ClientRow client = find(request, caller);
    return client == null ? absent() : Answer.json(200, shown(client)).noStore();
  }

  private Answer keys(Request request, Caller caller) {
    ClientRow client = find(request, caller);
    List<KeyRow> keys = client == null ? List.of() : clients.keys(client.clientId());
    return keys.isEmpty() ? absent() : Answer.json(200, shown(keys)).noStore();
  }

  private Answer putKeys(Request request, Caller caller) {
    ClientRow client = find(request, caller);
    if (client == null) {
      return absent();
    }
    List<KeyRow> keys =
        ClientJwks.read(AdminAccess.body(request, ClientJwks.OBJECT), clock.instant());
    clients.putKeys(client.clientId(), keys);
    return Answer.json(request.method().equals("POST") ? 201 : 200, shown(keys)).noStore();
  }

  // A client of another organisation looks like one that does not exist.
  private @Nullable ClientRow find(Request request, Caller caller) {
    ClientRow client = clients.find(request.pathParameter("id"));
    boolean own = client != null && client.organisation().equals(caller.organisation());
    return own || caller.scopes().contains(FOR_OTHERS) ? client : null;
  }

  private Answer absent() {
    return refused(
        404, "not_found", "The caller's organisation has nothing of that id.", clock.instant());
  }

  private static Map<String, Object> shown(ClientRow row) {
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("client_id", row.clientId());
    ScopeSettings.members(row.body())
        .forEach((name, value) -> {
          if (value != null) {
            shown.put(name, value);
          }
        });
    shown.put("client_orgno", row.organisation());
    shown.put("jwks_uri", "/clients/" + row.clientId() + "/jwks");
    shown.put("active", row.active());
    shown.put("created", Instant.ofEpochMilli(row.created()).toString());
    shown.put("last_updated", Instant.ofEpochMilli(row.updated()).toString());
    return shown;
  }

  private static Map<String, Object> shown(List<KeyRow> keys) {
    List<Object> jwks = new ArrayList<>();
    long created = Long.MAX_VALUE;
    long updated = 0;
    for (KeyRow key : keys) {
      Map<String, @Nullable Object> jwk = ScopeSettings.members(key.jwk());
      jwk.put("exp", key.expires() / 1000);
      jwks.add(jwk);
      created = Math.min(created, key.created());
      updated = Math.max(updated, key.created());
    }
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("keys", jwks);
    if (!keys.isEmpty()) {
      shown.put("created", Instant.ofEpochMilli(created).toString());
      shown.put("last_updated", Instant.ofEpochMilli(updated).toString());
    }
    return shown;
  }
}

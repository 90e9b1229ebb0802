package no.portvakt.server.administration;

import static no.portvakt.server.administration.AdminAccess.objectBody;
import static no.portvakt.server.administration.AdminAccess.parameter;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.regex.Pattern;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.AdminApi.StatusCodes;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.ConsentRules;
import no.portvakt.server.registration.Field;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.SystemUserTable;
import no.portvakt.server.store.SystemUserTable.SystemRow;
import no.portvakt.server.store.SystemUserTable.UserRow;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * Vendors' systems and their users, which Altinn keeps in reality
 * (docs/protocol/maskinporten-admin.md, "What others decide").
 */
final class SystemUsersApi {
  private static final String SYSTEM = "System";
  private static final String USER = "SystemUser";
  private static final Pattern ID = Pattern.compile("[a-zA-Z0-9æøåÆØÅ._-]{1,100}");
  private static final int MOST_CLIENTS = 100;

  private final SystemUserTable table;
  private final ClientTable clients;
  private final Changes changes;
  private final StatusCodes codes;

  SystemUsersApi(SystemUserTable table, ClientTable clients, Changes changes, StatusCodes codes) {
    this.table = table;
    this.clients = clients;
    this.changes = changes;
    this.codes = codes;
  }

  void addTo(AdminRoutes routes) {
    List<String> scopes = AdminApi.REGISTRY;
    routes.read("/systems", scopes, this::systems);
    routes.read("/systems/{id}", scopes, this::system);
    routes.change("PUT", "/systems/{id}", scopes, "system.update", this::putSystem);
    routes.read("/systemusers", scopes, this::users);
    routes.change("POST", "/systemusers", scopes, "systemuser.create", this::addUser);
    routes.read("/systemusers/{id}", scopes, this::user);
    routes.change("DELETE", "/systemusers/{id}", scopes, "systemuser.delete", this::removeUser);
  }

  private Answer systems(Request request, Caller caller) {
    return AdminAnswer.ok(
        table.systems(parameter(request, SYSTEM, "vendor_orgno")).stream()
            .map(SystemUsersApi::shown)
            .toList());
  }

  private Answer system(Request request, Caller caller) {
    return AdminAnswer.ok(shown(Refusal.found(table.system(AdminAccess.path(request, "id")))));
  }

  private Answer putSystem(Request request, Caller caller) {
    String id = AdminAccess.path(request, "id");
    if (!ID.matcher(id).matches()) {
      throw new BadField(SYSTEM, "system_id", "must be letters, digits, '.', '_' and '-'");
    }
    Field field = new Field(SYSTEM, objectBody(request, SYSTEM));
    String vendor = field.requiredOrganisation("vendor_orgno");
    Map<String, Object> settings = new LinkedHashMap<>();
    settings.put("name", field.required("name", 255));
    List<String> clientIds = field.texts("client_ids").stream().distinct().toList();
    if (clientIds.size() > MOST_CLIENTS || !clientIds.stream().allMatch(it -> owns(vendor, it))) {
      throw new BadField(
          SYSTEM, "client_ids", "must be at most " + MOST_CLIENTS + " clients of the vendor");
    }
    settings.put("client_ids", clientIds);
    String body = Json.write(settings);
    long now = changes.now().toEpochMilli();
    return changes.make(
        caller,
        "system.update",
        session -> {
          SystemRow old = table.hold(session, id);
          SystemRow row = new SystemRow(id, vendor, body, old == null ? now : old.created(), now);
          table.putSystem(session, row);
          return new Made(
              AdminAnswer.ok(shown(row)),
              id,
              old == null ? null : old.body(),
              body,
              Map.of("vendor_orgno", vendor));
        });
  }

  private boolean owns(String vendor, String clientId) {
    ClientRow client = clients.find(clientId);
    return client != null && client.organisation().equals(vendor);
  }

  private Answer users(Request request, Caller caller) {
    return AdminAnswer.ok(
        table.usersOf(parameter(request, USER, "system_id")).stream()
            .map(SystemUsersApi::shown)
            .toList());
  }

  private Answer user(Request request, Caller caller) {
    return AdminAnswer.ok(shown(Refusal.found(table.find(AdminAccess.path(request, "id")))));
  }

  private Answer addUser(Request request, Caller caller) {
    Map<String, @Nullable Object> body = objectBody(request, USER);
    Field field = new Field(USER, body);
    String systemId = field.required("system_id", 100);
    String party = field.requiredOrganisation("party_orgno");
    UserRow row =
        new UserRow(
            UUID.randomUUID().toString(),
            systemId,
            party,
            ConsentRules.externalReference(body, party),
            changes.now().toEpochMilli());
    return changes.make(
        caller,
        "systemuser.create",
        session -> {
          if (table.hold(session, systemId) == null) {
            return new Refusal(404, "not_found", "There is no system of that id.");
          }
          return table.add(session, row)
              ? new Made(
                  Answer.json(codes.created(), shown(row)).noStore(), row.id(), null, state(row))
              : Refusal.conflict("The party has a user of that system and reference already.");
        });
  }

  private Answer removeUser(Request request, Caller caller) {
    String id = AdminAccess.path(request, "id");
    return changes.make(
        caller,
        "systemuser.delete",
        session -> {
          UserRow row = table.find(session, id);
          if (row == null || !table.remove(session, id)) {
            return Refusal.notFound();
          }
          return new Made(AdminAnswer.ok(shown(row)), id, state(row), null);
        });
  }

  private static String state(UserRow row) {
    return Json.write(shown(row));
  }

  private static Map<String, @Nullable Object> shown(SystemRow row) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("system_id", row.id());
    shown.put("vendor_orgno", row.vendor());
    return AdminAnswer.put(shown, row.body(), row.created(), row.updated());
  }

  private static Map<String, Object> shown(UserRow row) {
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("id", row.id());
    shown.put("system_id", row.systemId());
    shown.put("party_orgno", row.party());
    shown.put("external_ref", row.externalRef());
    shown.put("created", Instant.ofEpochMilli(row.created()).toString());
    return shown;
  }
}

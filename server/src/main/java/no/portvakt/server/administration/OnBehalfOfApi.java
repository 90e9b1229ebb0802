package no.portvakt.server.administration;

import static no.portvakt.server.administration.AdminAccess.objectBody;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.AdminApi.StatusCodes;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.database.Session;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.Field;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.OnBehalfOfRow;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** For whom a client may act (docs/protocol/maskinporten-admin.md, "On behalf of"). */
final class OnBehalfOfApi {
  private static final String OBJECT = "OnBehalfOf";
  private static final String CHANGE = "client.onbehalfof";
  private static final String PATH = "/clients/{id}/onbehalfof";
  private static final String ONLY = "idporten:dcr/onbehalfof:write";
  private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9æøåÆØÅ._-]{1,100}");
  private static final int MOST = 1000;

  private final ClientsApi clients;
  private final ClientTable table;
  private final Changes changes;
  private final StatusCodes codes;

  OnBehalfOfApi(ClientsApi clients, ClientTable table, Changes changes, StatusCodes codes) {
    this.clients = clients;
    this.table = table;
    this.changes = changes;
    this.codes = codes;
  }

  void addTo(AdminRoutes routes) {
    List<String> read = with(ClientsApi.READ);
    List<String> write = with(ClientsApi.MODIFY);
    routes.read(PATH, read, this::list);
    routes.change("POST", PATH, write, CHANGE, this::create);
    routes.read(PATH + "/{obo}", read, this::one);
    routes.change("PUT", PATH + "/{obo}", write, CHANGE, this::replace);
    routes.change("DELETE", PATH + "/{obo}", write, CHANGE, this::remove);
  }

  private static List<String> with(List<String> scopes) {
    List<String> all = new ArrayList<>(scopes);
    all.add(ONLY);
    return all;
  }

  private Answer list(Request request, Caller caller) {
    return AdminAnswer.ok(
        table.onBehalfOf(clients.require(request, caller).clientId()).stream()
            .map(OnBehalfOfApi::shown)
            .toList());
  }

  private Answer one(Request request, Caller caller) {
    return AdminAnswer.ok(
        shown(
            Refusal.found(
                table.onBehalfOf(
                    clients.require(request, caller).clientId(),
                    AdminAccess.path(request, "obo")))));
  }

  private Answer create(Request request, Caller caller) {
    ClientRow _ = clients.require(request, caller); // before the body: 404 comes first
    Map<String, @Nullable Object> body = objectBody(request, OBJECT);
    String name = new Field(OBJECT, body).required("onbehalfof", 100);
    if (!NAME.matcher(name).matches()) {
      throw new BadField(OBJECT, "onbehalfof", "must be letters, digits, '.', '_' and '-'");
    }
    String settings = Json.write(settings(body, caller));
    long now = changes.now().toEpochMilli();
    return clients.change(
        request,
        caller,
        CHANGE,
        true,
        (session, client) -> {
          String id = client.clientId();
          if (table.onBehalfOf(session, id, name) != null) {
            return Refusal.conflict("There is one of that name already.");
          }
          if (table.countOnBehalfOf(session, id) >= MOST) {
            return Refusal.conflict("The client acts for " + MOST + " others already.");
          }
          OnBehalfOfRow row = new OnBehalfOfRow(id, name, settings, now, now);
          return put(session, client, row, null, codes.created());
        });
  }

  private Answer replace(Request request, Caller caller) {
    ClientRow _ = clients.require(request, caller);
    Map<String, @Nullable Object> body = objectBody(request, OBJECT);
    String name = AdminAccess.path(request, "obo");
    if (body.get("onbehalfof") != null && !name.equals(body.get("onbehalfof"))) {
      throw new BadField(OBJECT, "onbehalfof", "can't be changed");
    }
    String settings = Json.write(settings(body, caller));
    long now = changes.now().toEpochMilli();
    return clients.change(
        request,
        caller,
        CHANGE,
        true,
        (session, client) -> {
          OnBehalfOfRow old = table.onBehalfOf(session, client.clientId(), name);
          if (old == null) {
            return Refusal.notFound();
          }
          Refusal refusal = refusal(ScopeSettings.members(old.body()), caller);
          return refusal != null
              ? refusal
              : put(
                  session,
                  client,
                  new OnBehalfOfRow(client.clientId(), name, settings, old.created(), now),
                  old.body(),
                  200);
        });
  }

  private Answer remove(Request request, Caller caller) {
    String name = AdminAccess.path(request, "obo");
    return clients.change(
        request,
        caller,
        CHANGE,
        true,
        (session, client) -> {
          OnBehalfOfRow old = table.onBehalfOf(session, client.clientId(), name);
          if (old == null) {
            return Refusal.notFound();
          }
          table.removeOnBehalfOf(session, client.clientId(), name);
          Answer done = Answer.empty(200).noStore();
          return new Made(done, client.clientId(), old.body(), null, about(client, name));
        });
  }

  private Made put(
      Session session, ClientRow client, OnBehalfOfRow row, @Nullable String before, int status) {
    table.putOnBehalfOf(session, row);
    Answer answer = Answer.json(status, shown(row)).noStore();
    return new Made(answer, row.clientId(), before, row.body(), about(client, row.name()));
  }

  private static Map<String, @Nullable String> about(ClientRow client, String name) {
    Map<String, @Nullable String> about = ClientsApi.about(client);
    about.put("onbehalfof", name);
    return about;
  }

  /**
   * Why a caller may not say that a client acts for the organisation of an entry, or null: who is
   * acted for is not asked, so only the operator and those he trusts may speak for others.
   */
  private static @Nullable Refusal refusal(
      Map<String, ? extends @Nullable Object> entry, Caller caller) {
    return caller.organisation().equals(entry.get("orgno"))
            || caller.has(ClientsApi.SUPPLIER)
            || caller.has(AdminAccess.OPERATOR)
        ? null
        : Refusal.forbidden(
            "To act for another organisation needs "
                + ClientsApi.SUPPLIER
                + " or "
                + AdminAccess.OPERATOR
                + ".");
  }

  private static Map<String, Object> settings(Map<String, @Nullable Object> body, Caller caller) {
    Field field = new Field(OBJECT, body);
    Map<String, Object> kept = new LinkedHashMap<>();
    kept.put("name", field.required("name", 255));
    kept.put("orgno", field.requiredOrganisation("orgno"));
    for (String name : List.of("organization_name", "description", "client_uri", "logo_uri")) {
      String text = field.optional(name, 1000);
      if (text != null) {
        kept.put(name, text);
      }
    }
    Refusal refusal = refusal(kept, caller);
    if (refusal != null) {
      throw refusal;
    }
    return kept;
  }

  static Map<String, @Nullable Object> shown(OnBehalfOfRow row) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("onbehalfof", row.name());
    return AdminAnswer.put(shown, row.body(), row.created(), row.updated());
  }
}

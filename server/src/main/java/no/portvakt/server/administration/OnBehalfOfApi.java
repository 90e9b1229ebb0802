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
    return AdminAnswer.ok(rows(request, caller).stream().map(OnBehalfOfApi::shown).toList());
  }

  private Answer one(Request request, Caller caller) {
    return AdminAnswer.ok(
        shown(Refusal.found(find(rows(request, caller), AdminAccess.path(request, "obo")))));
  }

  private List<OnBehalfOfRow> rows(Request request, Caller caller) {
    return table.onBehalfOf(clients.require(request, caller).clientId());
  }

  private Answer create(Request request, Caller caller) {
    ClientRow _ = clients.require(request, caller); // before the body: 404 comes first
    Map<String, @Nullable Object> body = objectBody(request, OBJECT);
    String name = new Field(OBJECT, body).required("onbehalfof", 100);
    if (!NAME.matcher(name).matches()) {
      throw new BadField(OBJECT, "onbehalfof", "must be letters, digits, '.', '_' and '-'");
    }
    String settings = Json.write(settings(body));
    long now = changes.now().toEpochMilli();
    return clients.change(
        request,
        caller,
        CHANGE,
        true,
        (session, client) -> {
          List<OnBehalfOfRow> rows = table.onBehalfOf(session, client.clientId());
          if (rows.size() >= MOST || find(rows, name) != null) {
            return Refusal.conflict(
                rows.size() >= MOST
                    ? "The client acts for " + MOST + " others already."
                    : "There is one of that name already.");
          }
          OnBehalfOfRow row = new OnBehalfOfRow(client.clientId(), name, settings, now, now);
          return put(session, row, null, codes.created());
        });
  }

  private Answer replace(Request request, Caller caller) {
    ClientRow _ = clients.require(request, caller);
    Map<String, @Nullable Object> body = objectBody(request, OBJECT);
    String name = AdminAccess.path(request, "obo");
    if (body.get("onbehalfof") != null && !name.equals(body.get("onbehalfof"))) {
      throw new BadField(OBJECT, "onbehalfof", "can't be changed");
    }
    String settings = Json.write(settings(body));
    long now = changes.now().toEpochMilli();
    return clients.change(
        request,
        caller,
        CHANGE,
        true,
        (session, client) -> {
          OnBehalfOfRow old = find(table.onBehalfOf(session, client.clientId()), name);
          return old == null
              ? Refusal.notFound()
              : put(
                  session,
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
          OnBehalfOfRow old = find(table.onBehalfOf(session, client.clientId()), name);
          if (old == null) {
            return Refusal.notFound();
          }
          table.removeOnBehalfOf(session, client.clientId(), name);
          return new Made(Answer.empty(200).noStore(), client.clientId(), old.body(), null);
        });
  }

  private Made put(Session session, OnBehalfOfRow row, @Nullable String before, int status) {
    table.putOnBehalfOf(session, row);
    return new Made(Answer.json(status, shown(row)).noStore(), row.clientId(), before, row.body());
  }

  private static @Nullable OnBehalfOfRow find(List<OnBehalfOfRow> rows, String name) {
    return rows.stream().filter(row -> row.name().equals(name)).findFirst().orElse(null);
  }

  private static Map<String, Object> settings(Map<String, @Nullable Object> body) {
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
    return kept;
  }

  static Map<String, @Nullable Object> shown(OnBehalfOfRow row) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("onbehalfof", row.name());
    return AdminAnswer.put(shown, row.body(), row.created(), row.updated());
  }
}

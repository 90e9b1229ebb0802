package no.portvakt.server.administration;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.AdminApi.StatusCodes;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.ClientJwks;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.ClientTable.KeySet;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** The admin API's keys of clients (docs/protocol/maskinporten-admin.md, "Keys"). */
final class ClientKeysApi {
  private static final String CHANGE = "client.keys";

  private final ClientsApi clients;
  private final ClientTable table;
  private final Changes changes;
  private final StatusCodes codes;

  ClientKeysApi(ClientsApi clients, ClientTable table, Changes changes, StatusCodes codes) {
    this.clients = clients;
    this.table = table;
    this.changes = changes;
    this.codes = codes;
  }

  void addTo(AdminRoutes routes) {
    String path = "/clients/{id}/jwks";
    routes.read(path, ClientsApi.READ, this::keys);
    routes.change(
        "POST",
        path,
        ClientsApi.MODIFY,
        CHANGE,
        (request, caller) -> put(request, caller, codes.created()));
    routes.change(
        "PUT", path, ClientsApi.MODIFY, CHANGE, (request, caller) -> put(request, caller, 200));
    routes.change(
        "DELETE",
        path,
        ClientsApi.MODIFY,
        CHANGE,
        (request, caller) ->
            replace(request, caller, 200, keys -> keys.isEmpty() ? null : List.of()));
    routes.change("DELETE", path + "/{kid}", ClientsApi.MODIFY, CHANGE, this::removeOne);
  }

  /** Adds the operations on keys of Altinn's own family, with its statuses. */
  void addAltinnTo(AdminRoutes routes) {
    String path = "/clients/{id}/jwks";
    List<String> altinn = List.of(ClientsApi.ALTINN);
    routes.read(path, altinn, this::keys);
    routes.change("POST", path, altinn, CHANGE, (request, caller) -> put(request, caller, 201));
    routes.change("PUT", path, altinn, CHANGE, (request, caller) -> put(request, caller, 200));
  }

  /** Adds the operation that takes one key. */
  void addOneKeyTo(AdminRoutes routes) {
    routes.change("POST", "/clients/{id}/key", ClientsApi.MODIFY, CHANGE, this::addOne);
  }

  private Answer keys(Request request, Caller caller) {
    KeySet set = table.keySet(clients.require(request, caller).clientId());
    if (set.keys().isEmpty()) {
      throw Refusal.notFound();
    }
    return answer(200, set);
  }

  private Answer put(Request request, Caller caller, int status) {
    ClientRow _ = clients.require(request, caller); // before the body: 404 comes first
    List<KeyRow> keys =
        ClientJwks.read(AdminAccess.body(request, ClientJwks.OBJECT), changes.now());
    return replace(request, caller, status, _ -> keys);
  }

  private Answer addOne(Request request, Caller caller) {
    ClientRow _ = clients.require(request, caller);
    String text = new String(AdminAccess.textBody(request), StandardCharsets.UTF_8);
    KeyRow key = ClientJwks.readOne(text, changes.now());
    return replace(
        request,
        caller,
        codes.created(),
        keys -> {
          keys.removeIf(it -> it.kid().equals(key.kid()));
          keys.add(key);
          return keys;
        });
  }

  private Answer removeOne(Request request, Caller caller) {
    String kid = AdminAccess.path(request, "kid");
    return replace(
        request,
        caller,
        200,
        keys -> {
          boolean known = keys.removeIf(it -> it.kid().equals(kid));
          return known ? keys : null;
        });
  }

  /**
   * Changes the whole set.
   *
   * @param change makes the new set of the old one; null: there is nothing to change
   */
  private Answer replace(
      Request request,
      Caller caller,
      int status,
      Function<List<KeyRow>, @Nullable List<KeyRow>> change) {
    List<String> expected = AdminAnswer.ifMatch(request);
    List<String> unwanted = AdminAnswer.ifNoneMatch(request);
    return clients.change(
        request,
        caller,
        CHANGE,
        true,
        (session, row) -> {
          String id = row.clientId();
          List<KeyRow> old = table.keys(session, id);
          long version = table.keysVersion(session, id);
          boolean unwantedNow = !old.isEmpty() && AdminAnswer.rulesOut(unwanted, tag(version));
          if (unwantedNow || !AdminAnswer.holds(expected, tag(version))) {
            return Refusal.changed();
          }
          List<KeyRow> keys = change.apply(new ArrayList<>(old));
          if (keys == null) {
            return Refusal.notFound();
          }
          if (keys.size() > ClientJwks.MOST) {
            return Refusal.conflict("The client has " + ClientJwks.MOST + " keys already.");
          }
          table.putKeys(session, id, keys);
          return new Made(
              answer(status, new KeySet(version + 1, keys)),
              id,
              names(old),
              names(keys),
              ClientsApi.about(row));
        });
  }

  private static Answer answer(int status, KeySet set) {
    return Answer.json(status, shown(set.keys())).noStore().with("ETag", tag(set.version()));
  }

  private static String tag(long version) {
    return "\"" + version + "\"";
  }

  /** What the audit compares: which keys there are, and until when. */
  private static String names(List<KeyRow> keys) {
    Map<String, Object> names = new LinkedHashMap<>();
    keys.forEach(key -> names.put("kid:" + key.kid(), key.jwk()));
    return Json.write(names);
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

package no.portvakt.server.administration;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.AccessRow;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;

/** Which organisations may use which scope (docs/protocol/maskinporten-admin.md, "Accesses"). */
final class AccessApi {
  private static final String OBJECT = "ScopeAccess";
  private static final String CHANGE = "access.update";

  private final ScopeTable scopes;
  private final Changes changes;

  AccessApi(ScopeTable scopes, Changes changes) {
    this.scopes = scopes;
    this.changes = changes;
  }

  void addTo(AdminRoutes routes) {
    String path = "/scopes/access/{orgno}";
    List<String> consumers = new ArrayList<>(ScopesApi.READ);
    consumers.addAll(ClientsApi.READ);
    routes.read("/scopes/access", ScopesApi.READ, this::given);
    routes.read("/scopes/access/all", consumers, this::got);
    routes.change(
        "PUT",
        path,
        ScopesApi.WRITE,
        CHANGE,
        (request, caller) -> put(request, caller, ScopeTable.APPROVED));
    routes.change(
        "DELETE",
        path,
        ScopesApi.WRITE,
        CHANGE,
        (request, caller) -> put(request, caller, ScopeTable.DENIED));
  }

  private Answer given(Request request, Caller caller) {
    ScopeRow scope = scopes.find(AdminAccess.parameter(request, OBJECT, "scope"));
    Refusal refusal = ScopesApi.refusal(scope, caller);
    if (refusal != null || scope == null) {
      throw refusal == null ? Refusal.notFound() : refusal;
    }
    return AdminAnswer.ok(
        scopes.accesses(scope.name()).stream().map(row -> shown(row, scope)).toList());
  }

  private Answer got(Request request, Caller caller) {
    String type = AdminAccess.optional(request, OBJECT, "integration_type");
    boolean active = !AdminAccess.inactive(request, OBJECT);
    return AdminAnswer.ok(
        scopes.accessesOf(caller.organisation(), active).stream()
            .filter(it -> ScopesApi.isFor(type, ScopeSettings.read(it.scope().body())))
            .map(it -> shown(it.access(), it.scope()))
            .toList());
  }

  private Answer put(Request request, Caller caller, String state) {
    OrganisationNumber consumer = OrganisationNumber.parse(AdminAccess.path(request, "orgno"));
    if (consumer == null) {
      throw new BadField(OBJECT, "consumer_orgno", "must be a valid organisation number");
    }
    String name = AdminAccess.parameter(request, OBJECT, "scope");
    long now = changes.now().toEpochMilli();
    return changes.make(
        caller,
        CHANGE,
        session -> {
          ScopeRow scope = scopes.hold(session, name);
          Refusal refusal = ScopesApi.refusal(scope, caller);
          if (refusal != null || scope == null) {
            return refusal == null ? Refusal.notFound() : refusal;
          }
          AccessRow old = scopes.access(session, name, consumer.value());
          boolean approve = state.equals(ScopeTable.APPROVED);
          if (approve && !scope.active()) {
            return new Refusal(404, "not_found", "There is no active scope of that name.");
          }
          if (!approve && old == null) {
            return Refusal.notFound();
          }
          AccessRow row = scopes.putAccess(session, name, consumer.value(), state, now);
          return new Made(
              AdminAnswer.ok(shown(row, scope)),
              name + " " + consumer.value(),
              old == null ? null : state(old),
              state(row),
              Map.of("consumer_orgno", consumer.value()));
        });
  }

  private static String state(AccessRow row) {
    return Json.write(Map.of("state", row.state()));
  }

  private static Map<String, @Nullable Object> shown(AccessRow row, ScopeRow scope) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("scope", row.scope());
    shown.put("state", row.state());
    shown.put("prefix", null);
    shown.put("consumer_orgno", row.consumer());
    shown.put("owner_orgno", scope.owner());
    shown.put("active", scope.active());
    return AdminAnswer.times(shown, row.created(), row.updated());
  }
}

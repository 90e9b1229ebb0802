package no.portvakt.server.administration;

import static no.portvakt.server.administration.AdminAccess.objectBody;
import static no.portvakt.server.administration.AdminAccess.optional;
import static no.portvakt.server.administration.AdminAccess.parameter;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.BiFunction;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.AdminApi.StatusCodes;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.administration.Changes.Result;
import no.portvakt.server.database.Session;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.ScopeRules;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** The admin API's scopes (docs/protocol/maskinporten-admin.md, "Scopes"). */
final class ScopesApi {
  static final List<String> READ = List.of("idporten:scopes.read", "idporten:scopes.write");
  static final List<String> WRITE = List.of("idporten:scopes.write");

  private final ScopeTable scopes;
  private final ScopeRules rules;
  private final Changes changes;
  private final StatusCodes codes;

  ScopesApi(ScopeTable scopes, ScopeRules rules, Changes changes, StatusCodes codes) {
    this.scopes = scopes;
    this.rules = rules;
    this.changes = changes;
    this.codes = codes;
  }

  void addTo(AdminRoutes routes) {
    routes.change("POST", "/scopes", WRITE, "scope.create", this::create);
    routes.read("/scopes", READ, this::list);
    routes.change("PUT", "/scopes", WRITE, "scope.update", this::replace);
    routes.change("DELETE", "/scopes", WRITE, "scope.delete", this::deactivate);
    routes.open("/scopes/all", this::all);
  }

  private Answer create(Request request, Caller caller) {
    Map<String, @Nullable Object> body = objectBody(request, ScopeRules.OBJECT);
    String prefix = rules.prefix(body);
    String name = prefix + ":" + rules.subscope(body);
    String settings = Json.write(rules.read(body));
    long now = changes.now().toEpochMilli();
    return changes.make(
        caller,
        "scope.create",
        session -> {
          if (!caller.organisation().equals(scopes.holdPrefix(session, prefix))) {
            return Refusal.forbidden("The prefix does not belong to the caller's organisation.");
          }
          ScopeRow row = new ScopeRow(name, caller.organisation(), true, settings, now, now);
          return scopes.add(session, row)
              ? new Made(answer(codes.created(), row), name, null, settings)
              : Refusal.conflict("There is a scope of that name already; PUT changes it.");
        });
  }

  private Answer list(Request request, Caller caller) {
    String name = optional(request, ScopeRules.OBJECT, "scope");
    boolean active = !AdminAccess.inactive(request, ScopeRules.OBJECT);
    if (name == null) {
      return shown(scopes.ownedBy(caller.organisation(), active));
    }
    ScopeRow row = scopes.find(name);
    return row != null && row.active() == active && refusal(row, caller) == null
        ? shown(List.of(row)).with("ETag", tag(row))
        : shown(List.of());
  }

  private Answer all(Request request) {
    String type = optional(request, ScopeRules.OBJECT, "integration_type");
    String forAll = optional(request, ScopeRules.OBJECT, "accessible_for_all");
    String source = optional(request, ScopeRules.OBJECT, "delegated_sources");
    boolean active = !AdminAccess.inactive(request, ScopeRules.OBJECT);
    return shown(
        scopes.allPublic(active).stream()
            .filter(row -> {
              ScopeSettings settings = ScopeSettings.read(row.body());
              return (forAll == null || forAll.equals("" + settings.accessibleForAll()))
                  && (source == null || isDelegatedBy(source, settings.delegationSource()))
                  && isFor(type, settings);
            })
            .toList());
  }

  private static boolean isDelegatedBy(String asked, @Nullable String source) {
    return switch (asked) {
      case "true" -> source != null;
      case "false" -> source == null;
      default -> asked.equals(source);
    };
  }

  /** Whether clients of a type may have a scope; the type in any case; null: whatever it is. */
  static boolean isFor(@Nullable String type, ScopeSettings settings) {
    return type == null
        || settings.integrationTypes().isEmpty()
        || settings.integrationTypes().contains(type.toLowerCase(Locale.ROOT));
  }

  private Answer replace(Request request, Caller caller) {
    String name = parameter(request, ScopeRules.OBJECT, "scope");
    Map<String, @Nullable Object> body = objectBody(request, ScopeRules.OBJECT);
    String settings = Json.write(rules.read(body));
    rules.requireName(body, name);
    return change(
        request, caller, "scope.update", name, (session, row) -> put(session, row, true, settings));
  }

  private Answer deactivate(Request request, Caller caller) {
    String name = parameter(request, ScopeRules.OBJECT, "scope");
    return change(
        request,
        caller,
        "scope.delete",
        name,
        (session, row) -> put(session, row, false, row.body()));
  }

  private Made put(Session session, ScopeRow row, boolean active, String settings) {
    ScopeRow fresh =
        new ScopeRow(
            row.name(), row.owner(), active, settings, row.created(), changes.now().toEpochMilli());
    scopes.update(session, fresh);
    return new Made(answer(200, fresh), row.name(), state(row), state(fresh));
  }

  private Answer change(
      Request request,
      Caller caller,
      String change,
      String name,
      BiFunction<Session, ScopeRow, Result> work) {
    List<String> expected = AdminAnswer.ifMatch(request);
    return changes.make(
        caller,
        change,
        session -> {
          ScopeRow row = scopes.hold(session, name);
          Refusal refusal = refusal(row, caller);
          if (refusal != null || row == null) {
            return refusal == null ? Refusal.notFound() : refusal;
          }
          return AdminAnswer.holds(expected, tag(row))
              ? work.apply(session, row)
              : Refusal.changed();
        });
  }

  /** Why a caller may not change a scope or its accesses, or null. */
  static @Nullable Refusal refusal(@Nullable ScopeRow scope, Caller caller) {
    if (scope == null) {
      return new Refusal(404, "not_found", "There is no scope of that name.");
    }
    return scope.owner().equals(caller.organisation())
        ? null
        : Refusal.forbidden("The scope does not belong to the caller's organisation.");
  }

  private static String state(ScopeRow row) {
    Map<String, @Nullable Object> state = ScopeSettings.members(row.body());
    state.put("active", row.active());
    return Json.write(state);
  }

  private static Answer answer(int status, ScopeRow row) {
    return Answer.json(status, shown(row)).noStore().with("ETag", tag(row));
  }

  private static String tag(ScopeRow row) {
    return AdminAnswer.tag(row.body(), row.active(), row.updated(), row.owner());
  }

  private static Answer shown(List<ScopeRow> rows) {
    return AdminAnswer.ok(rows.stream().map(ScopesApi::shown).toList());
  }

  private static Map<String, @Nullable Object> shown(ScopeRow row) {
    int colon = row.name().indexOf(':');
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("name", row.name());
    shown.put("prefix", row.name().substring(0, colon));
    shown.put("subscope", row.name().substring(colon + 1));
    AdminAnswer.put(shown, row.body(), row.created(), row.updated());
    shown.put("active", row.active());
    shown.put("owner_orgno", row.owner());
    return shown;
  }
}

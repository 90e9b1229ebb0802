package no.portvakt.server.administration;

import static no.portvakt.server.administration.AdminAnswer.refused;

import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.http.Router;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.Field;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.registration.SubscopeGrammar;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.AccessRow;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;

/** The admin API's scopes and accesses (docs/protocol/maskinporten-admin.md). */
public final class ScopesApi {
  private static final String OBJECT = "Scope";
  private static final List<String> READ = List.of("idporten:scopes.read", "idporten:scopes.write");
  private static final List<String> WRITE = List.of("idporten:scopes.write");
  private static final long LONGEST_AGE = 86_400;

  private final ScopeTable scopes;
  private final InstantSource clock;

  public ScopesApi(ScopeTable scopes, InstantSource clock) {
    this.scopes = scopes;
    this.clock = clock;
  }

  /** Adds the routes below a base path. */
  public void mount(Router router, String base, AdminAccess access) {
    router.route("POST", base + "/scopes", access.requiring(WRITE, this::create));
    router.document(base + "/scopes", access.requiring(READ, this::list));
    router.document(base + "/scopes/access", access.requiring(READ, this::accesses));
    router.route("PUT", base + "/scopes/access/{orgno}", access.requiring(WRITE, this::grant));
  }

  private Answer create(Request request, Caller caller) {
    Instant now = clock.instant();
    Field field = new Field(OBJECT, AdminAccess.objectBody(request, OBJECT));
    String prefix = field.required("prefix", 64);
    String subscope = field.required("subscope", 255);
    Map<String, Object> body = new LinkedHashMap<>();
    body.put("description", field.required("description", 1000));
    body.put(
        "visibility", field.oneOf("visibility", "PUBLIC", Set.of("PUBLIC", "INTERNAL", "PRIVATE")));
    body.put(
        "token_type",
        field.oneOf("token_type", "SELF_CONTAINED", Set.of("SELF_CONTAINED", "OPAQUE")));
    body.put("at_max_age", field.number("at_max_age", 0, LONGEST_AGE));
    body.put("accessible_for_all", field.flag("accessible_for_all"));
    body.put("allowed_integration_types", field.texts("allowed_integration_types"));
    if (!SubscopeGrammar.isValid(subscope)) {
      throw new BadField(
          OBJECT,
          "subscope",
          "must be runs of lower-case letters and digits, with / between them, then :, then .");
    }
    if (!caller.organisation().equals(scopes.ownerOfPrefix(prefix))) {
      return refused(
          403, "forbidden", "The prefix does not belong to the caller's organisation.", now);
    }
    String name = prefix + ":" + subscope;
    long time = now.toEpochMilli();
    ScopeRow row = new ScopeRow(name, caller.organisation(), true, Json.write(body), time, time);
    if (!scopes.add(row)) {
      return refused(409, "conflict", "There is a scope of that name already.", now);
    }
    return Answer.json(201, shown(row)).noStore();
  }

  private Answer list(Request request, Caller caller) {
    boolean inactive = "true".equals(request.query().get("inactive"));
    String name = request.query().get("scope");
    List<Map<String, Object>> rows =
        scopes.ownedBy(caller.organisation(), !inactive).stream()
            .filter(row -> name == null || row.name().equals(name))
            .map(ScopesApi::shown)
            .toList();
    return Answer.json(200, rows).noStore();
  }

  private Answer accesses(Request request, Caller caller) {
    ScopeRow scope = find(request);
    Answer refusal = refusal(scope, caller);
    if (refusal != null || scope == null) {
      return refusal == null ? Answer.empty(404) : refusal;
    }
    return Answer.json(
            200,
            scopes.accesses(scope.name()).stream().map(row -> shown(row, scope.owner())).toList())
        .noStore();
  }

  private Answer grant(Request request, Caller caller) {
    OrganisationNumber consumer = OrganisationNumber.parse(request.pathParameter("orgno"));
    if (consumer == null) {
      throw new BadField("ScopeAccess", "consumer_orgno", "must be a valid organisation number");
    }
    ScopeRow scope = find(request);
    Answer refusal = refusal(scope, caller);
    if (refusal != null || scope == null) {
      return refusal == null ? Answer.empty(404) : refusal;
    }
    AccessRow row =
        scopes.putAccess(
            scope.name(), consumer.value(), ScopeTable.APPROVED, clock.instant().toEpochMilli());
    return Answer.json(200, shown(row, scope.owner())).noStore();
  }

  private @Nullable ScopeRow find(Request request) {
    String name = request.query().get("scope");
    if (name == null || request.query().isRepeated("scope")) {
      throw new BadField("ScopeAccess", "scope", "must be given once in the query");
    }
    return scopes.find(name);
  }

  private @Nullable Answer refusal(@Nullable ScopeRow scope, Caller caller) {
    if (scope == null || !scope.active()) {
      return refused(404, "not_found", "There is no active scope of that name.", clock.instant());
    }
    return scope.owner().equals(caller.organisation())
        ? null
        : refused(
            403,
            "forbidden",
            "The scope does not belong to the caller's organisation.",
            clock.instant());
  }

  private static Map<String, Object> shown(ScopeRow row) {
    int colon = row.name().indexOf(':');
    Map<String, Object> shown = new LinkedHashMap<>();
    shown.put("name", row.name());
    shown.put("prefix", row.name().substring(0, colon));
    shown.put("subscope", row.name().substring(colon + 1));
    ScopeSettings.members(row.body())
        .forEach((name, value) -> {
          if (value != null) {
            shown.put(name, value);
          }
        });
    shown.put("active", row.active());
    shown.put("owner_orgno", row.owner());
    shown.put("created", Instant.ofEpochMilli(row.created()).toString());
    shown.put("last_updated", Instant.ofEpochMilli(row.updated()).toString());
    return shown;
  }

  private static Map<String, @Nullable Object> shown(AccessRow row, String owner) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("scope", row.scope());
    shown.put("state", row.state());
    shown.put("prefix", null);
    shown.put("consumer_orgno", row.consumer());
    shown.put("owner_orgno", owner);
    shown.put("created", Instant.ofEpochMilli(row.created()).toString());
    shown.put("last_updated", Instant.ofEpochMilli(row.updated()).toString());
    return shown;
  }
}

package no.portvakt.server.administration;

import java.util.Map;
import java.util.Set;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.Field;
import no.portvakt.server.registration.ScopeRules;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.PrefixRow;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.OrganisationNumber;
import org.jspecify.annotations.Nullable;

/** Which organisation owns which prefix (docs/protocol/maskinporten-admin.md, "Prefixes"). */
final class PrefixesApi {
  private static final String OBJECT = "Prefix";
  private static final String CHANGE = "prefix.update";

  /** The prefixes of the scopes that protect this very API. */
  private static final Set<String> OURS = Set.of("idporten", "portvakt");

  private final ScopeTable scopes;
  private final Changes changes;

  PrefixesApi(ScopeTable scopes, Changes changes) {
    this.scopes = scopes;
    this.changes = changes;
  }

  void addTo(AdminRoutes routes) {
    routes.read("/prefix", ScopesApi.READ, this::list);
    routes.change("PUT", "/prefix/{prefix}", AdminApi.REGISTRY, CHANGE, this::move);
    routes.change("DELETE", "/prefix/{prefix}", AdminApi.REGISTRY, CHANGE, this::remove);
  }

  private Answer list(Request request, Caller caller) {
    return AdminAnswer.ok(
        scopes.prefixes(caller.organisation()).stream().map(PrefixesApi::shown).toList());
  }

  private Answer move(Request request, Caller caller) {
    String prefix = prefix(request);
    String owner =
        new Field(OBJECT, AdminAccess.objectBody(request, OBJECT)).requiredOrganisation("orgno");
    if (OrganisationNumber.parse(prefix) != null && !prefix.equals(owner)) {
      throw new BadField(OBJECT, "orgno", "must be the number that is the prefix");
    }
    PrefixRow row = new PrefixRow(prefix, owner);
    return changes.make(
        caller,
        CHANGE,
        session -> {
          String old = scopes.holdPrefix(session, prefix);
          scopes.movePrefix(session, prefix, owner);
          return new Made(AdminAnswer.ok(shown(row)), prefix, state(old), state(owner));
        });
  }

  private Answer remove(Request request, Caller caller) {
    String prefix = prefix(request);
    return changes.make(
        caller,
        CHANGE,
        session -> {
          String old = scopes.holdPrefix(session, prefix);
          if (old == null) {
            return Refusal.notFound();
          }
          return scopes.removePrefix(session, prefix)
              ? new Made(
                  AdminAnswer.ok(shown(new PrefixRow(prefix, old))),
                  prefix,
                  state(old),
                  state(null))
              : Refusal.conflict("There are scopes below the prefix, active or not.");
        });
  }

  private static String prefix(Request request) {
    String prefix = AdminAccess.path(request, "prefix");
    if (!ScopeRules.isPrefix(prefix)) {
      throw new BadField(OBJECT, "prefix", "must be lower-case letters, digits, '-' and '_'");
    }
    if (OURS.contains(prefix)) {
      throw Refusal.forbidden("The prefix belongs to the platform itself.");
    }
    return prefix;
  }

  /** Whether a scope has one of the platform's own prefixes. */
  static boolean isOurs(String scope) {
    return OURS.contains(scope.split(":", 2)[0]);
  }

  private static @Nullable String state(@Nullable String owner) {
    return owner == null ? null : Json.write(Map.of("owner_orgno", owner));
  }

  private static Map<String, Object> shown(PrefixRow row) {
    return Map.of("prefix", row.prefix(), "owner_orgno", row.owner());
  }
}

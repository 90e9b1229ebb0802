package no.portvakt.server.maskinporten;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import no.portvakt.server.maskinporten.Refusal.Refused;
import no.portvakt.server.registration.ClientSettings;
import no.portvakt.server.registration.Registrations;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.OnBehalfOfRow;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.ConsumersScope;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/**
 * What a client may have of what its grant asks for (docs/protocol/maskinporten-token.md, "Scopes",
 * "Acting for another organisation").
 *
 * @param consumer the organisation that the token speaks for
 * @param supplier the client's organisation when it acts for the consumer, else null
 * @param delegationSource who keeps the delegation from consumer to supplier, or null
 * @param audiences the token's audience; empty: none
 * @param lifetime how long the token lives, in seconds
 */
record Entitlement(
    OrganisationNumber consumer,
    @Nullable OrganisationNumber supplier,
    @Nullable String delegationSource,
    List<String> audiences,
    long lifetime) {
  private static final long DEFAULT_LIFETIME = 120;
  private static final int MOST_NAMED = 10;

  /** Decides what a client may have. */
  static Entitlement of(
      Registrations registered,
      ClientRow client,
      ClientSettings settings,
      GrantClaims claims,
      RuleTrace trace) {
    return new Checks(registered, client, settings, claims, trace).entitlement();
  }

  private record Checks(
      Registrations registered,
      ClientRow client,
      ClientSettings settings,
      GrantClaims claims,
      RuleTrace trace) {
    Entitlement entitlement() {
      requireOwnScopes();
      OrganisationNumber own = new OrganisationNumber(client.organisation());
      OrganisationNumber consumer = consumer(own);
      Map<String, ConsumersScope> found =
          registered.scopes().find(claims.scopes(), consumer.value());
      Map<String, ScopeSettings> scopes = scopes(found);
      boolean acts = claims.consumerOrg() != null || claims.onBehalfOf() != null;
      String source = claims.consumerOrg() == null ? null : source(own, scopes);
      scopes.forEach((name, scope) -> requireAccess(name, scope, found.get(name), consumer));
      if (source != null) {
        scopes.keySet().forEach(name -> requireDelegation(source, name, consumer, own));
      }
      return new Entitlement(
          consumer, acts ? own : null, source, audiences(scopes), lifetime(scopes));
    }

    private void requireOwnScopes() {
      List<String> others = new ArrayList<>();
      for (String name : claims.scopes()) {
        if (!trace.check(
            "client.scope", settings.scopes().contains(name), "a scope of the client", name)) {
          others.add(RuleTrace.printable(name));
        }
        if (others.size() == MOST_NAMED) {
          break; // enough to find the mistake
        }
      }
      if (!others.isEmpty()) {
        throw Refusal.SCOPE.of("", String.join(", ", others));
      }
    }

    private Map<String, ScopeSettings> scopes(Map<String, ConsumersScope> found) {
      Map<String, ScopeSettings> scopes = new LinkedHashMap<>();
      for (String name : claims.scopes()) {
        ConsumersScope row = found.get(name);
        boolean active = row != null && row.scope().active();
        if (!trace.check("scope.active", active, "an active scope", name) || row == null) {
          throw Refusal.SCOPE.of("", name);
        }
        ScopeSettings scope = ScopeSettings.read(row.scope().body());
        Set<String> kinds = scope.integrationTypes();
        boolean usable =
            !scope.needsUser() && (kinds.isEmpty() || kinds.contains(settings.integrationType()));
        if (!usable) {
          trace.check(
              "scope.integration_type",
              false,
              scope.needsUser() ? "a log-in with a person" : "one of " + kinds,
              settings.integrationType());
          throw Refusal.SCOPE_KIND.of("", name);
        }
        if (scope.pseudonymous() && claims.person() != null) {
          trace.check("scope.pseudonymous", false, "no pid with this scope", "pid");
          throw Refusal.INVALID_VALUE.of(": pid is not allowed with the scope " + name);
        }
        scopes.put(name, scope);
      }
      return scopes;
    }

    private OrganisationNumber consumer(OrganisationNumber own) {
      if (claims.onBehalfOf() == null) {
        return claims.consumerOrg() == null ? own : claims.consumerOrg();
      }
      OnBehalfOfRow row = registered.clients().onBehalfOf(client.clientId(), claims.onBehalfOf());
      OrganisationNumber number =
          row != null && ScopeSettings.members(row.body()).get("orgno") instanceof String text
              ? OrganisationNumber.parse(text)
              : null;
      if (!trace.check(
              "client.onbehalfof", number != null, "registered on the client", claims.onBehalfOf())
          || number == null) {
        throw Refusal.INVALID_VALUE.of(": iss_onbehalfof is not registered on the client");
      }
      return number;
    }

    /** The one source of delegations that keeps those of all scopes. */
    private String source(OrganisationNumber own, Map<String, ScopeSettings> scopes) {
      boolean other = !own.equals(claims.consumerOrg());
      if (!trace.check("delegation.consumer", other, "another organisation than " + own, own)) {
        throw Refusal.CONSUMER.of(": consumer_org is the client's own organisation");
      }
      Set<String> sources = new TreeSet<>();
      for (Map.Entry<String, ScopeSettings> scope : scopes.entrySet()) {
        String source = scope.getValue().delegationSource();
        if (!trace.check("scope.delegation", source != null, "a scope to delegate", scope.getKey())
            || source == null) {
          throw Refusal.CONSUMER.of(": the scope " + scope.getKey() + " has no delegation source");
        }
        sources.add(source);
      }
      if (!trace.check("delegation.source", sources.size() == 1, "one for all scopes", sources)) {
        throw Refusal.CONSUMER.of(": the scopes have different delegation sources");
      }
      return sources.iterator().next();
    }

    private void requireAccess(
        String name,
        ScopeSettings scope,
        @Nullable ConsumersScope found,
        OrganisationNumber consumer) {
      if (claims.onBehalfOf() != null && scope.delegationSource() != null) {
        trace.check("scope.delegation", false, "no scope to delegate with iss_onbehalfof", name);
        throw Refusal.SCOPE.of(": it needs consumer_org instead of iss_onbehalfof", name);
      }
      String access = found == null ? null : found.access();
      boolean granted = scope.accessibleForAll() || ScopeTable.APPROVED.equals(access);
      if (!trace.check(
          "scope.access", granted, "APPROVED for " + consumer, access == null ? "none" : access)) {
        throw Refusal.ACCESS.of(hint(scope), name);
      }
    }

    private String hint(ScopeSettings scope) {
      return scope.delegationSource() == null || claims.consumerOrg() != null
          ? ""
          : " To use it for another organisation, name that one in consumer_org.";
    }

    private void requireDelegation(
        String source, String name, OrganisationNumber consumer, OrganisationNumber supplier) {
      boolean there =
          registered.delegations().find(source, name, consumer.value(), supplier.value()) != null;
      if (!trace.check(
          "delegation", there, "from " + consumer + " to " + supplier + " at " + source, name)) {
        throw Refusal.DELEGATION.of("", consumer, name, supplier);
      }
    }

    /** The named resources, which must be among those that each scope forces, or else those. */
    private List<String> audiences(Map<String, ScopeSettings> scopes) {
      Set<String> forced = null;
      for (ScopeSettings scope : scopes.values()) {
        if (!scope.enforcedAudiences().isEmpty()) {
          forced = forced == null ? new LinkedHashSet<>(scope.enforcedAudiences()) : forced;
          forced.retainAll(scope.enforcedAudiences());
        }
      }
      if (forced == null) {
        return claims.resources();
      }
      boolean fits = !forced.isEmpty() && forced.containsAll(claims.resources());
      if (!trace.check("scope.audience", fits, "of " + forced, claims.resources())) {
        throw wrongAudience(forced);
      }
      return claims.resources().isEmpty() ? List.copyOf(forced) : claims.resources();
    }

    private static Refused wrongAudience(Set<String> forced) {
      return forced.isEmpty()
          ? Refusal.TARGET.of(": the scopes demand different audiences; ask for them one by one")
          : Refusal.TARGET.of(": the scopes demand one of " + String.join(", ", forced));
    }

    private long lifetime(Map<String, ScopeSettings> scopes) {
      long own = settings.accessTokenLifetime();
      long lifetime = Math.min(own > 0 ? own : DEFAULT_LIFETIME, ClientSettings.LONGEST_TOKEN);
      for (ScopeSettings scope : scopes.values()) {
        lifetime = scope.maxAge() > 0 ? Math.min(lifetime, scope.maxAge()) : lifetime;
      }
      return lifetime;
    }
  }
}

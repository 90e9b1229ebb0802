package no.portvakt.server.administration;

import java.net.URI;
import java.net.URISyntaxException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.Field;
import no.portvakt.server.store.DelegationTable;
import no.portvakt.server.store.DelegationTable.DelegationRow;
import no.portvakt.server.store.DelegationTable.SourceRow;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * Who keeps delegations, and the delegations themselves, which Altinn keeps in reality
 * (docs/protocol/maskinporten-admin.md, "What others decide").
 */
final class DelegationsApi {
  private static final String SOURCE = "DelegationSource";
  private static final String OBJECT = "Delegation";
  private static final int MOST = 5000;

  private final DelegationTable delegations;
  private final Changes changes;

  DelegationsApi(DelegationTable delegations, Changes changes) {
    this.delegations = delegations;
    this.changes = changes;
  }

  void addTo(AdminRoutes routes) {
    routes.open("/delegationsources", this::sources);
    routes.change(
        "PUT", "/delegationsources", AdminApi.REGISTRY, "delegationsource.update", this::putSource);
    routes.read("/delegations", AdminApi.REGISTRY, this::list);
    routes.change("PUT", "/delegations", AdminApi.REGISTRY, "delegation.create", this::put);
    routes.change("DELETE", "/delegations", AdminApi.REGISTRY, "delegation.delete", this::remove);
  }

  private Answer sources(Request request) {
    return AdminAnswer.ok(delegations.sources().stream().map(DelegationsApi::shown).toList());
  }

  private Answer putSource(Request request, Caller caller) {
    Field field = new Field(SOURCE, AdminAccess.objectBody(request, SOURCE));
    String issuer = field.required("issuer", 500);
    String name = field.required("name", 100);
    requireUrl(issuer);
    long now = changes.now().toEpochMilli();
    return changes.make(
        caller,
        "delegationsource.update",
        session -> {
          SourceRow old = delegations.source(session, issuer);
          if (old == null && delegations.isFull(session)) {
            return Refusal.conflict("There are too many delegation sources already.");
          }
          delegations.putSource(session, issuer, name, now);
          SourceRow row = new SourceRow(issuer, name, old == null ? now : old.created(), now);
          return new Made(
              AdminAnswer.ok(shown(row)), issuer, old == null ? null : state(old), state(row));
        });
  }

  private static void requireUrl(String issuer) {
    try {
      URI uri = new URI(issuer);
      boolean http = "https".equals(uri.getScheme()) || "http".equals(uri.getScheme());
      if (http && uri.getHost() != null && uri.getRawQuery() == null && uri.getFragment() == null) {
        return;
      }
    } catch (URISyntaxException e) {
      throw new BadField(SOURCE, "issuer", "must be a URL");
    }
    throw new BadField(SOURCE, "issuer", "must be a URL without query and fragment");
  }

  private Answer list(Request request, Caller caller) {
    String organisation = AdminAccess.parameter(request, OBJECT, "orgno");
    return AdminAnswer.ok(
        delegations.of(organisation, MOST).stream().map(DelegationsApi::shown).toList());
  }

  private Answer put(Request request, Caller caller) {
    Map<String, @Nullable Object> body = AdminAccess.objectBody(request, OBJECT);
    DelegationRow row = row(body);
    if (delegations.source(row.source()) == null) {
      throw new BadField(OBJECT, "source", "must be the issuer of a known delegation source");
    }
    if (row.consumer().equals(row.supplier())) {
      throw new BadField(OBJECT, "supplier_orgno", "must be another organisation");
    }
    return changes.make(
        caller,
        "delegation.create",
        session -> {
          DelegationRow old = delegations.find(session, row);
          boolean _ = delegations.add(session, row);
          return new Made(
              AdminAnswer.ok(shown(old == null ? row : old)),
              target(row),
              old == null ? null : Json.write(shown(old)),
              Json.write(shown(old == null ? row : old)),
              about(row));
        });
  }

  private Answer remove(Request request, Caller caller) {
    Map<String, @Nullable Object> query = new LinkedHashMap<>();
    for (String name : new String[] {"source", "scope", "consumer_orgno", "supplier_orgno"}) {
      query.put(name, AdminAccess.parameter(request, OBJECT, name));
    }
    DelegationRow row = row(query);
    return changes.make(
        caller,
        "delegation.delete",
        session -> {
          DelegationRow old = delegations.find(session, row);
          if (old == null) {
            return Refusal.notFound();
          }
          boolean _ =
              delegations.remove(
                  session, row.source(), row.scope(), row.consumer(), row.supplier());
          return new Made(
              AdminAnswer.ok(shown(old)), target(row), Json.write(shown(old)), null, about(row));
        });
  }

  private DelegationRow row(Map<String, @Nullable Object> members) {
    Field field = new Field(OBJECT, members);
    return new DelegationRow(
        field.required("source", 500),
        field.required("scope", 320),
        field.requiredOrganisation("consumer_orgno"),
        field.requiredOrganisation("supplier_orgno"),
        changes.now().toEpochMilli());
  }

  private static String target(DelegationRow row) {
    return row.scope() + " " + row.consumer() + " " + row.supplier();
  }

  private static Map<String, @Nullable String> about(DelegationRow row) {
    return Map.of("source", row.source());
  }

  private static String state(SourceRow row) {
    return Json.write(Map.of("name", row.name()));
  }

  private static Map<String, @Nullable Object> shown(SourceRow row) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("name", row.name());
    shown.put("issuer", row.issuer());
    return AdminAnswer.times(shown, row.created(), row.updated());
  }

  private static Map<String, @Nullable Object> shown(DelegationRow row) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("source", row.source());
    shown.put("scope", row.scope());
    shown.put("consumer_orgno", row.consumer());
    shown.put("supplier_orgno", row.supplier());
    shown.put("created", Instant.ofEpochMilli(row.created()).toString());
    return shown;
  }
}

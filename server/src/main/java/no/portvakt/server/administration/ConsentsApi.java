package no.portvakt.server.administration;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.AdminApi.StatusCodes;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.ConsentRules;
import no.portvakt.server.registration.Field;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ConsentTable;
import no.portvakt.server.store.ConsentTable.ConsentRow;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/**
 * Consents to the use of data, which Altinn keeps in reality (docs/protocol/maskinporten-admin.md,
 * "What others decide").
 */
final class ConsentsApi {
  private final ConsentTable table;
  private final Changes changes;
  private final StatusCodes codes;

  ConsentsApi(ConsentTable table, Changes changes, StatusCodes codes) {
    this.table = table;
    this.changes = changes;
    this.codes = codes;
  }

  void addTo(AdminRoutes routes) {
    List<String> scopes = AdminApi.REGISTRY;
    routes.read("/consents", scopes, this::list);
    routes.change("POST", "/consents", scopes, "consent.create", this::add);
    routes.read("/consents/{id}", scopes, this::one);
    routes.change("DELETE", "/consents/{id}", scopes, "consent.delete", this::remove);
  }

  private Answer list(Request request, Caller caller) {
    String receiver = AdminAccess.parameter(request, ConsentRules.OBJECT, "to");
    return AdminAnswer.ok(table.of(receiver).stream().map(ConsentsApi::shown).toList());
  }

  private Answer one(Request request, Caller caller) {
    return AdminAnswer.ok(shown(Refusal.found(table.find(AdminAccess.path(request, "id")))));
  }

  private Answer add(Request request, Caller caller) {
    Map<String, @Nullable Object> body = AdminAccess.objectBody(request, ConsentRules.OBJECT);
    Instant now = changes.now();
    ConsentRow row =
        new ConsentRow(
            UUID.randomUUID().toString(),
            ConsentRules.giver(body),
            new Field(ConsentRules.OBJECT, body).requiredOrganisation("to"),
            Json.write(ConsentRules.read(body, now)),
            now.toEpochMilli());
    return changes.make(
        caller,
        "consent.create",
        session ->
            table.add(session, row)
                ? new Made(
                    Answer.json(codes.created(), shown(row)).noStore(),
                    row.id(),
                    null,
                    row.body(),
                    about(row))
                : Refusal.conflict("There is a consent of that id already."));
  }

  private Answer remove(Request request, Caller caller) {
    String id = AdminAccess.path(request, "id");
    return changes.make(
        caller,
        "consent.delete",
        session -> {
          ConsentRow row = table.find(session, id);
          if (row == null || !table.remove(session, id)) {
            return Refusal.notFound();
          }
          return new Made(AdminAnswer.ok(shown(row)), id, row.body(), null, about(row));
        });
  }

  /** Between whom it is; the audit keeps of a person the pseudonym. */
  private static Map<String, @Nullable String> about(ConsentRow row) {
    return Map.of("from", row.giver(), "to", row.receiver());
  }

  private static Map<String, @Nullable Object> shown(ConsentRow row) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("id", row.id());
    shown.put("from", row.giver());
    shown.put("to", row.receiver());
    shown.putAll(ScopeSettings.members(row.body()));
    shown.put("created", Instant.ofEpochMilli(row.created()).toString());
    return shown;
  }
}

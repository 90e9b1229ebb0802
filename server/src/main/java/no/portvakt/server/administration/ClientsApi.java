package no.portvakt.server.administration;

import static no.portvakt.server.administration.AdminAccess.objectBody;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.BiFunction;
import java.util.function.Function;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.administration.AdminApi.StatusCodes;
import no.portvakt.server.administration.Changes.Made;
import no.portvakt.server.administration.Changes.Refusal;
import no.portvakt.server.administration.Changes.Result;
import no.portvakt.server.database.Session;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.registration.BadField;
import no.portvakt.server.registration.ClientRules;
import no.portvakt.server.registration.ClientScopes;
import no.portvakt.server.registration.Field;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.SecretRow;
import no.portvakt.tokens.Digests;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** The admin API's clients and their secrets (docs/protocol/maskinporten-admin.md, "Clients"). */
final class ClientsApi {
  /** Lets its bearer make and change clients of other organisations, as their supplier. */
  static final String SUPPLIER = "idporten:dcr.supplier";

  /** Lets its bearer make and change clients of all organisations. */
  static final String ALTINN = "idporten:dcr.altinn";

  static final List<String> READ =
      List.of("idporten:dcr.read", "idporten:dcr.write", "idporten:dcr.modify", SUPPLIER);
  static final List<String> MODIFY = List.of("idporten:dcr.write", "idporten:dcr.modify", SUPPLIER);
  private static final List<String> WRITE = List.of("idporten:dcr.write", SUPPLIER);

  private static final Duration SECRET_LIFE = Duration.ofDays(360);
  private static final SecureRandom RANDOM = new SecureRandom();

  private final ClientTable clients;
  private final ClientRules rules;
  private final ClientScopes scopes;
  private final Changes changes;
  private final StatusCodes codes;

  ClientsApi(
      ClientTable clients,
      ClientRules rules,
      ClientScopes scopes,
      Changes changes,
      StatusCodes codes) {
    this.clients = clients;
    this.rules = rules;
    this.scopes = scopes;
    this.changes = changes;
    this.codes = codes;
  }

  void addTo(AdminRoutes routes) {
    routes.change(
        "POST",
        "/clients",
        WRITE,
        "client.create",
        (request, caller) -> create(request, caller, false));
    routes.read(
        "/clients", READ, (request, caller) -> list(request, caller, caller.has(SUPPLIER), false));
    routes.read("/clients/{id}", READ, (request, caller) -> one(request, caller, false));
    routes.change(
        "PUT",
        "/clients/{id}",
        MODIFY,
        "client.update",
        (request, caller) -> replace(request, caller, false));
    routes.change(
        "DELETE",
        "/clients/{id}",
        WRITE,
        "client.delete",
        (request, caller) ->
            deactivate(
                request,
                caller,
                row -> AdminAnswer.ok(shown(row, List.of(), false)).with("ETag", tag(row))));
    routes.change("POST", "/clients/{id}/secret", MODIFY, "client.secret", this::rotate);
  }

  /** Adds the operations of Altinn's own family, with its statuses. */
  void addAltinnTo(AdminRoutes routes) {
    List<String> altinn = List.of(ALTINN);
    routes.change(
        "POST",
        "/clients",
        altinn,
        "client.create",
        (request, caller) -> create(request, caller, true));
    routes.read("/clients", altinn, (request, caller) -> list(request, caller, true, true));
    routes.read("/clients/{id}", altinn, (request, caller) -> one(request, caller, true));
    routes.change(
        "PUT",
        "/clients/{id}",
        altinn,
        "client.update",
        (request, caller) -> replace(request, caller, true));
    routes.change(
        "DELETE",
        "/clients/{id}",
        altinn,
        "client.delete",
        (request, caller) -> deactivate(request, caller, _ -> Answer.empty(204)));
  }

  private Answer create(Request request, Caller caller, boolean altinnFamily) {
    Map<String, @Nullable Object> body = objectBody(request, ClientRules.OBJECT);
    Map<String, Object> settings = rules.read(body, "maskinporten");
    String organisation = new Field(ClientRules.OBJECT, body).organisation("client_orgno");
    if (altinnFamily) {
      if (organisation == null) {
        throw new BadField(ClientRules.OBJECT, "client_orgno", "must be given");
      }
      requireAltinnForm(body, settings);
    }
    organisation = organisation == null ? caller.organisation() : organisation;
    boolean others = !organisation.equals(caller.organisation());
    if (others && !caller.has(SUPPLIER) && !caller.has(ALTINN)) {
      throw Refusal.forbidden(
          "A client for another organisation needs " + SUPPLIER + " or " + ALTINN + ".");
    }
    requireScopes(settings, organisation, caller);
    long now = changes.now().toEpochMilli();
    ClientRow row =
        new ClientRow(
            UUID.randomUUID().toString(),
            organisation,
            others ? caller.organisation() : null,
            true,
            Json.write(settings),
            now,
            now);
    int created = altinnFamily ? 201 : codes.created();
    String secret = ClientRules.usesSecret(settings) ? freshSecret() : null;
    return changes.make(
        caller,
        "client.create",
        session -> {
          if (!clients.add(session, row)) {
            return Refusal.conflict("There is a client of that id already.");
          }
          Map<String, @Nullable Object> shown = shown(row, List.of(), altinnFamily);
          if (secret != null) {
            putSecret(session, row.clientId(), secret, shown);
          }
          Answer answer = Answer.json(created, shown).noStore().with("ETag", tag(row));
          return new Made(answer, row.clientId(), null, document(row), about(row));
        });
  }

  /** What the real operator's addresses ask for besides: no client may pass its power on. */
  private static void requireAltinnForm(
      Map<String, @Nullable Object> body, Map<String, Object> settings) {
    new Field(ClientRules.OBJECT, body).absent("supplier_orgno", "must not be given");
    if (ClientRules.registeredScopes(settings).contains(ALTINN)) {
      throw new BadField(ClientRules.OBJECT, "scopes", "must not have " + ALTINN);
    }
  }

  private void requireScopes(Map<String, Object> settings, String organisation, Caller caller) {
    Refusal refusal = refusal(organisation, settings, caller);
    if (refusal != null) {
      throw refusal;
    }
    scopes.require(
        ClientRules.registeredScopes(settings),
        organisation,
        String.valueOf(settings.get("integration_type")));
  }

  private Answer list(Request request, Caller caller, boolean supplied, boolean altinnFamily) {
    boolean active = !AdminAccess.inactive(request, ClientRules.OBJECT);
    List<ClientRow> rows = new ArrayList<>(clients.ownedBy(caller.organisation(), active));
    if (supplied) {
      rows.addAll(clients.suppliedBy(caller.organisation(), active));
    }
    return AdminAnswer.ok(rows.stream().map(row -> shown(row, List.of(), altinnFamily)).toList());
  }

  private Answer one(Request request, Caller caller, boolean altinnFamily) {
    ClientRow row = require(request, caller);
    return AdminAnswer.ok(shown(row, clients.onBehalfOf(row.clientId()), altinnFamily))
        .with("ETag", tag(row));
  }

  private Answer replace(Request request, Caller caller, boolean altinnFamily) {
    ClientRow known = require(request, caller);
    String id = known.clientId();
    String type = String.valueOf(stored(known).get("integration_type"));
    Map<String, @Nullable Object> body = objectBody(request, ClientRules.OBJECT);
    Map<String, Object> settings = rules.read(body, type);
    requireSame(body, "client_id", id);
    requireSame(body, "client_orgno", known.organisation());
    requireSame(settings, "integration_type", type);
    if (altinnFamily) {
      requireAltinnForm(body, settings);
    }
    requireScopes(settings, known.organisation(), caller);
    List<ClientTable.OnBehalfOfRow> onBehalfOf = clients.onBehalfOf(id);
    List<String> expected = AdminAnswer.ifMatch(request);
    long now = changes.now().toEpochMilli();
    return change(
        request,
        caller,
        "client.update",
        false,
        (session, row) -> {
          if (!AdminAnswer.holds(expected, tag(row))) {
            return Refusal.changed();
          }
          ClientRow fresh = changed(row, true, Json.write(settings), now);
          clients.update(session, fresh);
          Object method = stored(row).get("token_endpoint_auth_method");
          if (!Objects.equals(method, settings.get("token_endpoint_auth_method"))) {
            clients.removeSecret(session, id);
          }
          return new Made(
              AdminAnswer.ok(shown(fresh, onBehalfOf, altinnFamily)).with("ETag", tag(fresh)),
              id,
              document(row),
              document(fresh),
              about(row));
        });
  }

  private static void requireSame(
      Map<String, ? extends @Nullable Object> body, String member, String value) {
    Object given = body.get(member);
    if (given != null && !given.equals(value)) {
      throw new BadField(ClientRules.OBJECT, member, "can't be changed");
    }
  }

  private Answer deactivate(Request request, Caller caller, Function<ClientRow, Answer> answer) {
    List<String> expected = AdminAnswer.ifMatch(request);
    long now = changes.now().toEpochMilli();
    return change(
        request,
        caller,
        "client.delete",
        false,
        (session, row) -> {
          if (!AdminAnswer.holds(expected, tag(row))) {
            return Refusal.changed();
          }
          ClientRow fresh = row.active() ? changed(row, false, row.body(), now) : row;
          clients.update(session, fresh);
          return new Made(
              answer.apply(fresh), row.clientId(), document(row), document(fresh), about(row));
        });
  }

  private Answer rotate(Request request, Caller caller) {
    String secret = freshSecret();
    return change(
        request,
        caller,
        "client.secret",
        true,
        (session, row) -> {
          if (!ClientRules.usesSecret(stored(row))) {
            return Refusal.conflict("The client does not prove itself with a secret.");
          }
          Map<String, @Nullable Object> shown = shown(row, List.of(), false);
          putSecret(session, row.clientId(), secret, shown);
          return new Made(AdminAnswer.ok(shown), row.clientId(), null, null, about(row));
        });
  }

  /**
   * Changes a client, or what belongs to it, that the caller may see.
   *
   * @param active whether it must be active
   */
  Answer change(
      Request request,
      Caller caller,
      String change,
      boolean active,
      BiFunction<Session, ClientRow, Result> work) {
    String id = AdminAccess.path(request, "id");
    return changes.make(
        caller,
        change,
        session -> {
          ClientRow row = visible(clients.hold(session, id), caller);
          if (row == null) {
            return Refusal.notFound();
          }
          Refusal refusal = refusal(row.organisation(), stored(row), caller);
          if (refusal != null) {
            return refusal;
          }
          return active && !row.active()
              ? Refusal.conflict("The client is not active; PUT the client makes it active again.")
              : work.apply(session, row);
        });
  }

  /** The client that the path names; 404 when the caller may not know of it. */
  ClientRow require(Request request, Caller caller) {
    return Refusal.found(visible(clients.find(AdminAccess.path(request, "id")), caller));
  }

  /** A client if the caller may know of it: another organisation's looks as if there were none. */
  private static @Nullable ClientRow visible(@Nullable ClientRow row, Caller caller) {
    boolean mine =
        row != null
            && (row.organisation().equals(caller.organisation())
                || caller.has(ALTINN)
                || (caller.has(SUPPLIER) && caller.organisation().equals(row.supplier())));
    return mine ? row : null;
  }

  /**
   * Why a caller may not have a client with these settings to make or change, or null: nobody gets
   * power over this API through another organisation's client, but whom the operator trusts with
   * all of it.
   */
  private static @Nullable Refusal refusal(
      String organisation, Map<String, ? extends @Nullable Object> settings, Caller caller) {
    boolean safe =
        organisation.equals(caller.organisation())
            || caller.has(AdminAccess.OPERATOR)
            || ClientRules.registeredScopes(settings).stream().noneMatch(PrefixesApi::isOurs);
    return safe
        ? null
        : Refusal.forbidden(
            "A client of another organisation with a scope of the platform's own needs "
                + AdminAccess.OPERATOR
                + ".");
  }

  /** Whose client it is, for the audit. */
  static Map<String, @Nullable String> about(ClientRow row) {
    Map<String, @Nullable String> about = new LinkedHashMap<>();
    about.put("client_orgno", row.organisation());
    about.put("supplier_orgno", row.supplier());
    return about;
  }

  private void putSecret(
      Session session, String id, String secret, Map<String, @Nullable Object> shown) {
    Instant now = changes.now();
    Instant expires = now.plus(SECRET_LIFE);
    byte[] hash = Digests.sha256(secret.getBytes(StandardCharsets.UTF_8));
    clients.putSecret(
        session,
        id,
        new SecretRow(HexFormat.of().formatHex(hash), now.toEpochMilli(), expires.toEpochMilli()));
    shown.put("client_secret", secret);
    // RFC 7591 §3.2.1
    shown.put("client_secret_expires_at", expires.getEpochSecond());
  }

  private static String freshSecret() {
    byte[] bytes = new byte[32];
    RANDOM.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  private static ClientRow changed(ClientRow row, boolean active, String body, long now) {
    return new ClientRow(
        row.clientId(), row.organisation(), row.supplier(), active, body, row.created(), now);
  }

  /** What the audit compares. */
  private static String document(ClientRow row) {
    Map<String, @Nullable Object> document = stored(row);
    document.put("active", row.active());
    return Json.write(document);
  }

  private static String tag(ClientRow row) {
    return AdminAnswer.tag(row.body(), row.active(), row.updated());
  }

  private static Map<String, @Nullable Object> stored(ClientRow row) {
    return ScopeSettings.members(row.body());
  }

  private static Map<String, @Nullable Object> shown(
      ClientRow row, List<ClientTable.OnBehalfOfRow> onBehalfOf, boolean altinnFamily) {
    Map<String, @Nullable Object> shown = new LinkedHashMap<>();
    shown.put("client_id", row.clientId());
    AdminAnswer.put(shown, row.body(), row.created(), row.updated());
    shown.put("client_orgno", row.organisation());
    if (row.supplier() != null && !altinnFamily) {
      shown.put("supplier_orgno", row.supplier());
    }
    if (!onBehalfOf.isEmpty()) {
      shown.put("onbehalfof", onBehalfOf.stream().map(OnBehalfOfApi::shown).toList());
    }
    shown.put("jwks_uri", "/clients/" + row.clientId() + "/jwks");
    shown.put("active", row.active());
    return shown;
  }
}

package no.portvakt.server.administration;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.database.Database;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Router;
import no.portvakt.server.registration.ClientRules;
import no.portvakt.server.registration.ClientScopes;
import no.portvakt.server.registration.Registrations;
import no.portvakt.server.registration.ScopeRules;
import no.portvakt.server.registration.SubscopeGrammar;
import no.portvakt.server.store.ClientTable;
import no.portvakt.tokens.TokenVerifier;

/** Maskinporten's admin API as a whole, and its description. */
public final class AdminApi {
  /** The scopes for what others decide in reality. */
  static final List<String> REGISTRY = List.of(AdminAccess.OPERATOR);

  private static final String BASE = "/maskinporten";
  private static final String ALTINN = "/api/v1/altinn/admin";
  private static final String SECOND = "/api/v2";

  private final AdminRoutes routes;
  private final AdminRoutes altinn;
  private final AdminRoutes second;
  private final String description;

  /** Which statuses the operations answer with, where documents and observations differ. */
  public enum StatusCodes {
    /** What the documents say: 200 for everything. */
    DOCUMENTED,
    /** What clients in the field meet: 201 for what is made. */
    OBSERVED;

    int created() {
      return this == OBSERVED ? 201 : 200;
    }
  }

  /**
   * What can be set.
   *
   * @param grammar of the names of new scopes
   * @param development whether clients may have plain http and {@code localhost} to come back to
   */
  public record Options(StatusCodes codes, SubscopeGrammar grammar, boolean development) {}

  /**
   * @param verifier believes the local Maskinporten and nobody else
   */
  public AdminApi(
      Options options,
      Database database,
      AuditLog audit,
      TokenVerifier verifier,
      InstantSource clock) {
    Registrations registered = Registrations.in(database);
    Changes changes = new Changes(database, audit, clock);
    StatusCodes codes = options.codes();
    ClientTable table = registered.clients();
    AdminAccess access = new AdminAccess(verifier, table, changes, clock);
    ClientsApi clients =
        new ClientsApi(
            table,
            new ClientRules(options.development()),
            new ClientScopes(registered.scopes()),
            changes,
            codes);
    ClientKeysApi keys = new ClientKeysApi(clients, table, changes, codes);
    ScopeRules rules =
        new ScopeRules(
            options.grammar(), issuer -> registered.delegations().source(issuer) != null);

    routes = new AdminRoutes(access);
    clients.addTo(routes);
    keys.addTo(routes);
    new OnBehalfOfApi(clients, table, changes, codes).addTo(routes);
    new ScopesApi(registered.scopes(), rules, changes, codes).addTo(routes);
    new AccessApi(registered.scopes(), changes).addTo(routes);
    new PrefixesApi(registered.scopes(), changes).addTo(routes);
    new DelegationsApi(registered.delegations(), changes).addTo(routes);
    new SystemUsersApi(registered.systemUsers(), table, changes, codes).addTo(routes);
    new ConsentsApi(registered.consents(), changes, codes).addTo(routes);
    altinn = new AdminRoutes(access);
    clients.addAltinnTo(altinn);
    keys.addAltinnTo(altinn);
    second = new AdminRoutes(access);
    keys.addOneKeyTo(second);
    description = resource();
  }

  /** Adds everything to the server's routes. */
  public void mount(Router router) {
    routes.mount(router, BASE);
    routes.mount(router, BASE + "/api/v1");
    altinn.mount(router, BASE + ALTINN);
    second.mount(router, BASE + SECOND);
    router.document(BASE + "/openapi.json", _ -> Answer.of(200, "application/json", description));
  }

  /** Method and path of each operation, as the description names them. */
  List<String> operations() {
    List<String> names = new ArrayList<>(routes.names());
    altinn.names().forEach(name -> names.add(name.replaceFirst(" ", " " + ALTINN)));
    second.names().forEach(name -> names.add(name.replaceFirst(" ", " " + SECOND)));
    return names;
  }

  private static String resource() {
    try (InputStream in = AdminApi.class.getResourceAsStream("openapi.json")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("The description of the admin API can't be read.", e);
    }
  }
}

package no.portvakt.server.administration;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import no.portvakt.server.administration.AdminAccess.Caller;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Handler;
import no.portvakt.server.http.Request;
import no.portvakt.server.http.Router;

/** The routes of the admin API, before it is known below which address they stand. */
final class AdminRoutes {
  private final AdminAccess access;
  private final List<Route> routes = new ArrayList<>();

  AdminRoutes(AdminAccess access) {
    this.access = access;
  }

  /** An operation at a path. */
  private record Route(String method, String path, Handler handler) {}

  /** Adds a document for callers with one of these scopes. */
  void read(String path, List<String> scopes, BiFunction<Request, Caller, Answer> operation) {
    routes.add(new Route("GET", path, access.requiring(scopes, null, operation)));
  }

  /** Adds a document for everybody. */
  void open(String path, Handler handler) {
    routes.add(new Route("GET", path, access.open(handler)));
  }

  /**
   * Adds a change for callers with one of these scopes.
   *
   * @param change as the audit calls it
   */
  void change(
      String method,
      String path,
      List<String> scopes,
      String change,
      BiFunction<Request, Caller, Answer> operation) {
    routes.add(new Route(method, path, access.requiring(scopes, change, operation)));
  }

  /** Adds all of these to the server's routes. */
  void mount(Router router, String base) {
    for (Route route : routes) {
      if (route.method.equals("GET")) {
        router.document(base + route.path, route.handler);
      } else {
        router.route(route.method, base + route.path, route.handler);
      }
    }
  }

  /** Method and path of each. */
  List<String> names() {
    return routes.stream().map(route -> route.method + " " + route.path).toList();
  }
}

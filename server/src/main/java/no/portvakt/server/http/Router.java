package no.portvakt.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.Set;
import no.portvakt.server.http.Peers.Caller;
import no.portvakt.server.http.Routes.Found;
import no.portvakt.server.http.Routes.Route;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hands a request to its route and sends the answer; the one place that catches everything. */
public final class Router {
  private static final Logger LOG = LoggerFactory.getLogger(Router.class);
  private static final byte[] NOTHING = {};
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");

  private final Routes routes = new Routes();
  private final Set<Class<? extends RuntimeException>> unavailable;
  private final Observer observer;

  /** Is told of each answer, for metrics. */
  public interface Observer {
    /**
     * @param route the route's path with its placeholders, or {@code (none)}
     * @param nanos from arrival to the answer being handed to the engine
     */
    void answered(String method, String route, int status, long nanos);
  }

  /**
   * @param unavailable the exceptions that mean "not now" (503), not "broken" (500)
   */
  public Router(Set<Class<? extends RuntimeException>> unavailable, Observer observer) {
    this.unavailable = Set.copyOf(unavailable);
    this.observer = observer;
  }

  /** Adds a route for one method; {@code {name}} in the path stands for one segment. */
  public Router route(String method, String path, Handler handler) {
    routes.add(Set.of(method), path, handler);
    return this;
  }

  /** Adds a document: it answers to GET, and to HEAD without the body (RFC 9110 §9.3.2). */
  public Router document(String path, Handler handler) {
    routes.add(Set.of("GET", "HEAD"), path, handler);
    return this;
  }

  void handle(Caller caller, ServerRequest request, ServerResponse response) {
    Answer answer =
        ScopedValue.where(RequestContext.CURRENT, RequestContext.start(caller.address()))
            .call(() -> answer(caller, request, response));
    PatientConnections.answered();
    if (answer.closes() || request.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
      close(request);
    }
  }

  private Answer answer(Caller caller, ServerRequest engineRequest, ServerResponse engineResponse) {
    String method = engineRequest.prologue().method().text();
    Found found = routes.find(method, engineRequest.path().path());
    Route route = caller.admitted() ? found.route() : null;
    Answer answer =
        !caller.admitted()
            ? Problem.of(403, "Only the proxies in front may connect here.").closing()
            : route == null
                ? absent(found.allowed())
                : run(route, new Request(engineRequest, found.parameters()));
    observer.answered(
        // What a caller can choose freely must not become a label: each value costs memory.
        METHODS.contains(method) ? method : "(other)",
        route == null ? "(none)" : route.path(),
        answer.status(),
        System.nanoTime() - RequestContext.current().startNanos());
    // The engine interrupts idle connections when it stops, and may take this one for idle still.
    boolean _ = Thread.interrupted();
    send(answer, method.equals("HEAD"), engineResponse);
    return answer;
  }

  private Answer run(Route route, Request request) {
    try {
      return route.handler().handle(request);
    } catch (RequestRefused e) {
      return e.answer();
    } catch (RuntimeException e) {
      String id = RequestContext.current().id();
      if (unavailable.contains(e.getClass())) {
        LOG.atWarn().addKeyValue("decision_id", id).log("Not available: {}", e.getMessage());
        return route.handler().unavailable();
      }
      LOG.atError().addKeyValue("decision_id", id).setCause(e).log("Failed: {}", route.path());
      return Problem.of(500, "Something broke on our side; the decision id finds it in the log.");
    }
  }

  private static Answer absent(Set<String> allowed) {
    return allowed.isEmpty()
        ? Problem.of(404, "There is nothing at this address.")
        : Problem.of(405, "This address does not answer to that method.")
            .with("Allow", String.join(", ", allowed));
  }

  private static void send(Answer answer, boolean head, ServerResponse response) {
    response.status(Status.create(answer.status()));
    answer.headers().forEach((name, value) -> response.header(HeaderNames.create(name), value));
    if (head) {
      // RFC 9110 §8.6: the length that the answer to GET would have, or none.
      response.headers().contentLength(answer.body().length);
    }
    response.send(head ? NOTHING : answer.body());
  }

  // RFC 9112 §9.6: the server closes; the engine would leave it to the caller. What is still unread
  // of the request would turn the closing into a reset.
  private static void close(ServerRequest engineRequest) {
    try {
      engineRequest.content().consume();
    } catch (RuntimeException e) {
      throw new CloseConnectionException("The rest of the request can't be read.", e);
    }
    throw new CloseConnectionException("The caller asked for it.");
  }
}

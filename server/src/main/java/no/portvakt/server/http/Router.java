package no.portvakt.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Finds the handler of a request and sends its answer; the one place where an exception becomes an
 * answer. Paths match without regard to case, as the original does, and with or without one slash
 * at the end.
 */
public final class Router {
  private static final Logger LOG = LoggerFactory.getLogger(Router.class);
  private static final byte[] NOTHING = {};
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT");

  private final Set<Class<? extends RuntimeException>> unavailable;
  private final Observer observer;
  private final List<Route> routes = new ArrayList<>();

  /** Is told of each answer, for metrics. */
  public interface Observer {
    /**
     * @param route the route's path with its placeholders, or {@code (none)}
     * @param nanos from arrival to the answer being handed to the engine
     */
    void answered(String method, String route, int status, long nanos);
  }

  private record Route(String method, String path, List<String> segments, Handler handler) {}

  /**
   * @param unavailable the exceptions that mean "not now" (503), not "broken" (500)
   */
  public Router(Set<Class<? extends RuntimeException>> unavailable, Observer observer) {
    this.unavailable = Set.copyOf(unavailable);
    this.observer = observer;
  }

  /** Adds a route; {@code {name}} in the path stands for one segment. */
  public Router route(String method, String path, Handler handler) {
    routes.add(new Route(method, path, segments(path), handler));
    return this;
  }

  void handle(ServerRequest engineRequest, ServerResponse engineResponse) {
    RequestContext context = RequestContext.start(engineRequest.remotePeer().host());
    ScopedValue.where(RequestContext.CURRENT, context)
        .run(() -> answer(engineRequest, engineResponse));
    PatientConnections.answered();
    if (engineRequest.headers().containsToken(HeaderValues.CONNECTION_CLOSE)) {
      close(engineRequest);
    }
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

  private void answer(ServerRequest engineRequest, ServerResponse engineResponse) {
    String method = engineRequest.prologue().method().text();
    String path = engineRequest.path().path();
    List<String> segments = segments(path);
    Set<String> allowed = new TreeSet<>();
    Route found = null;
    Map<String, String> parameters = Map.of();
    for (Route route : routes) {
      Map<String, String> matched = match(route.segments, segments);
      if (matched != null) {
        allowed.add(route.method);
        if (route.method.equals(method) || (method.equals("HEAD") && route.method.equals("GET"))) {
          found = route;
          parameters = matched;
          break;
        }
      }
    }
    Answer answer;
    if (found != null) {
      answer = run(found, new Request(engineRequest, parameters));
    } else if (allowed.isEmpty()) {
      answer = Problem.of(404, "There is nothing at this address.");
    } else {
      answer =
          Problem.of(405, "This address does not answer to that method.")
              .with("Allow", String.join(", ", allowed));
    }
    RequestContext context = RequestContext.current();
    observer.answered(
        // What a caller can choose freely must not become a label: each value costs memory.
        found == null && allowed.isEmpty() ? "(any)" : METHODS.contains(method) ? method : "(other)",
        found == null ? "(none)" : found.path,
        answer.status(),
        System.nanoTime() - context.startNanos());
    send(answer, method.equals("HEAD"), engineResponse);
  }

  private Answer run(Route route, Request request) {
    try {
      return route.handler.handle(request);
    } catch (RequestRefused e) {
      return e.answer();
    } catch (RuntimeException e) {
      String id = RequestContext.current().id();
      if (unavailable.contains(e.getClass())) {
        LOG.atWarn().addKeyValue("decision_id", id).log("Not available: {}", e.getMessage());
        return Problem.unavailable();
      }
      LOG.atError().addKeyValue("decision_id", id).setCause(e).log("Failed: {}", route.path);
      return Problem.of(500, "Something broke on our side; the decision id finds it in the log.");
    }
  }

  private static List<String> segments(String path) {
    int end = path.length() > 1 && path.endsWith("/") ? path.length() - 1 : path.length();
    return List.of(path.substring(path.startsWith("/") ? 1 : 0, end).split("/", -1));
  }

  private static @Nullable Map<String, String> match(List<String> pattern, List<String> segments) {
    if (pattern.size() != segments.size()) {
      return null;
    }
    Map<String, String> parameters = Map.of();
    for (int i = 0; i < pattern.size(); i++) {
      String expected = pattern.get(i);
      if (expected.startsWith("{")) {
        if (segments.get(i).isEmpty()) {
          return null;
        }
        parameters = parameters.isEmpty() ? new LinkedHashMap<>() : parameters;
        parameters.put(expected.substring(1, expected.length() - 1), segments.get(i));
      } else if (!expected.equalsIgnoreCase(segments.get(i))) {
        return null;
      }
    }
    return parameters;
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
}

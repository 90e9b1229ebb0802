package no.portvakt.server.http;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Which handler answers at which address. Paths match without regard to case, as the original does,
 * and with or without one slash at the end.
 */
final class Routes {
  private final List<Route> routes = new ArrayList<>();

  /**
   * @param methods the methods it answers to
   * @param path with its placeholders: {@code {name}} stands for one segment
   */
  record Route(Set<String> methods, String path, List<String> segments, Handler handler) {}

  /**
   * What stands at an address.
   *
   * @param route the route that answers, or null
   * @param parameters the values of its placeholders
   * @param allowed the methods that the address answers to, when it has no route for this one
   */
  record Found(@Nullable Route route, Map<String, String> parameters, Set<String> allowed) {}

  void add(Set<String> methods, String path, Handler handler) {
    routes.add(new Route(methods, path, segments(path), handler));
  }

  Found find(String method, String path) {
    List<String> segments = segments(path);
    Set<String> allowed = new TreeSet<>();
    for (Route route : routes) {
      Map<String, String> parameters = match(route.segments, segments);
      if (parameters != null && route.methods.contains(method)) {
        return new Found(route, parameters, Set.of());
      }
      if (parameters != null) {
        allowed.addAll(route.methods);
      }
    }
    return new Found(null, Map.of(), allowed);
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
}

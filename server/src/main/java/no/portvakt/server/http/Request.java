package no.portvakt.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.http.RequestException;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A request as the rooms see it. Belongs to one thread. */
public final class Request {
  private final ServerRequest engine;
  private final Map<String, String> pathParameters;

  Request(ServerRequest engine, Map<String, String> pathParameters) {
    this.engine = engine;
    this.pathParameters = pathParameters;
  }

  /** The method as sent. */
  public String method() {
    return engine.prologue().method().text();
  }

  /** The value that stands for {@code {name}} in the route's path, decoded. */
  public String pathParameter(String name) {
    String value = pathParameters.get(name);
    if (value == null) {
      throw new IllegalArgumentException("The route has no path parameter " + name + ".");
    }
    return value;
  }

  /** All values of a header, in order, as sent in separate lines. */
  public List<String> headers(String name) {
    var key = HeaderNames.create(name);
    return engine.headers().contains(key) ? engine.headers().get(key).allValues() : List.of();
  }

  /** The first value of a header, or null when it is absent. */
  public @Nullable String header(String name) {
    List<String> values = headers(name);
    return values.isEmpty() ? null : values.get(0);
  }

  /** The parameters of the query. */
  public Parameters query() {
    String raw = engine.prologue().query().rawValue();
    return Parameters.parse(raw);
  }

  /**
   * The whole body.
   *
   * @param limit the most bytes it may have
   * @throws RequestRefused (413) when it has more
   */
  public byte[] body(int limit) {
    if (!engine.content().hasEntity()) {
      return new byte[0];
    }
    try (InputStream in = engine.content().inputStream()) {
      byte[] bytes = in.readNBytes(limit + 1);
      if (bytes.length > limit) {
        throw new RequestRefused(413, "The body has more than " + limit + " bytes.");
      }
      return bytes;
    } catch (RequestException e) {
      boolean tooLarge = e.status().code() == 413;
      throw RequestRefused.broken(
          tooLarge ? 413 : 400,
          tooLarge ? "The body has too many bytes." : "The body is not sent as HTTP demands.");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}

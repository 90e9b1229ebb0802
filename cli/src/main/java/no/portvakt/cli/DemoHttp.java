package no.portvakt.cli;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Collectors;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/** The demonstration's HTTP client; a reply remembers how to show its request. */
final class DemoHttp {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);

  private final HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

  /**
   * An answer.
   *
   * @param request the request's first line
   * @param challenge the header {@code WWW-Authenticate}, or empty
   */
  record Reply(String request, int status, String body, String challenge) {
    /** A text member of the JSON body, or null. */
    @Nullable String text(String name) {
      return json() instanceof Map<?, ?> map && map.get(name) instanceof String it ? it : null;
    }

    /** Status and body for a person. */
    String shown() {
      Object json = json();
      return status + " " + (json == null ? body : Json.writePretty(json));
    }

    private @Nullable Object json() {
      try {
        return Json.readValue(body.getBytes(StandardCharsets.UTF_8));
      } catch (MalformedJson e) {
        return null;
      }
    }
  }

  Reply get(String address, @Nullable String bearer, @Nullable String accept) {
    HttpRequest.Builder request = request(address, bearer).GET();
    return send(accept == null ? request : request.header("Accept", accept));
  }

  Reply send(String method, String address, String bearer, @Nullable Object json) {
    HttpRequest.BodyPublisher body =
        json == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(Json.write(json));
    return send(
        request(address, bearer).method(method, body).header("Content-Type", "application/json"));
  }

  Reply form(String address, Map<String, String> parameters) {
    String body =
        parameters.entrySet().stream()
            .map(it -> it.getKey() + "=" + URLEncoder.encode(it.getValue(), StandardCharsets.UTF_8))
            .collect(Collectors.joining("&"));
    return send(
        request(address, null)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .header("Content-Type", "application/x-www-form-urlencoded"));
  }

  private static HttpRequest.Builder request(String address, @Nullable String bearer) {
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address)).timeout(TIMEOUT);
    return bearer == null ? request : request.header("Authorization", "Bearer " + bearer);
  }

  private Reply send(HttpRequest.Builder builder) {
    HttpRequest request = builder.build();
    try {
      HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
      return new Reply(
          request.method() + " " + request.uri(),
          response.statusCode(),
          response.body(),
          response.headers().firstValue("WWW-Authenticate").orElse(""));
    } catch (IOException e) {
      throw new UncheckedIOException("The platform does not answer at " + request.uri() + ".", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("The demonstration was interrupted.", e);
    }
  }
}

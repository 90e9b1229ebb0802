package no.portvakt.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * Speaks the admin API of a Maskinporten (docs/protocol/maskinporten-admin.md) for one client. What
 * the API refuses is a {@link CannotDo} that says so; where nobody knows whether it was done, it is
 * a {@link NoAnswer}.
 */
final class AdminApiClient {
  private static final Duration TIMEOUT = Duration.ofSeconds(20);
  private static final long LONGEST_ANSWER = 64L * 1024 * 1024;

  /** The most entries in a list of the admin API. */
  private static final int MOST_ENTRIES = 5000;

  /** What a list that was cut off has at least: 4 000 000 bytes without one more of 64 KiB. */
  private static final int LEAST_BYTES_OF_MOST = 4_000_000 - 65_536;

  private static final int MOST_PORT = 65_535;
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  private final String base;
  private final Supplier<String> token;
  private final Duration patience;
  private final HttpClient http = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();

  /**
   * @param base the address that {@code scopes} and {@code clients} stand below, with a slash
   * @param token gives a token that lives for this one request at least
   */
  AdminApiClient(String base, Supplier<String> token) {
    this(base, token, TIMEOUT);
  }

  /**
   * @param patience how long a whole answer may take
   */
  AdminApiClient(String base, Supplier<String> token, Duration patience) {
    this.base = base;
    this.token = token;
    this.patience = patience;
  }

  /** No answer came, or none that says whether what was asked for was done. */
  static final class NoAnswer extends CannotDo {
    private static final long serialVersionUID = 1L;

    NoAnswer(String sentence) {
      super(sentence);
    }
  }

  /**
   * A base address in its one form: with a slash at its end.
   *
   * @param plainHttp whether a token may go to other machines over plain HTTP
   */
  static String base(String text, boolean plainHttp) {
    URI uri;
    try {
      uri = new URI(text);
    } catch (URISyntaxException e) {
      throw new CannotDo("The address " + text + " is no URL.");
    }
    if (uri.getHost() == null
        || uri.getRawUserInfo() != null
        || uri.getRawQuery() != null
        || uri.getRawFragment() != null) {
      throw new CannotDo(
          "The address " + text + " is not one with a host and without user, query and fragment.");
    }
    if (uri.getPort() == 0 || uri.getPort() > MOST_PORT) {
      throw new CannotDo("The address " + text + " has a port that there is not.");
    }
    boolean plain = "http".equals(uri.getScheme());
    if (!"https".equals(uri.getScheme())
        && !(plain && (plainHttp || LOOPBACK.contains(uri.getHost())))) {
      throw new CannotDo(
          "The address " + text + " is not HTTPS; plain HTTP is for this machine only.");
    }
    return text.endsWith("/") ? text : text + "/";
  }

  /** What the token says of the client; this side has no need to verify it. */
  Map<String, @Nullable Object> claims() {
    try {
      return CompactJws.parse(token.get()).unverifiedClaims();
    } catch (CompactJws.MalformedToken e) {
      throw new CannotDo("The token for the admin API is not a signed JWT.");
    }
  }

  /** The organisation that the client acts for. */
  String organisation() {
    Consumer consumer = Consumer.parse(claims().get(ClaimNames.CONSUMER));
    if (consumer == null) {
      throw new CannotDo("The token for the admin API names no consumer.");
    }
    return consumer.organisation().value();
  }

  /**
   * What the API answered with 2xx.
   *
   * @param body the JSON value, or null when there is none
   * @param tag the entity tag (RFC 9110 §8.8.3), or null
   */
  record Reply(@Nullable Object body, @Nullable String tag) {
    /** The body, which is an object. */
    @SuppressWarnings("unchecked") // objects that Json reads have string keys
    Map<String, @Nullable Object> object() {
      return body instanceof Map<?, ?> map
          ? (Map<String, @Nullable Object>) map
          : new LinkedHashMap<>();
    }

    /** The objects of the body, which is a list. */
    @SuppressWarnings("unchecked") // objects that Json reads have string keys
    List<Map<String, @Nullable Object>> list() {
      List<Map<String, @Nullable Object>> objects = new ArrayList<>();
      List<?> items = body instanceof List<?> list ? list : List.of();
      for (Object item : items) {
        if (item instanceof Map<?, ?> map) {
          objects.add((Map<String, @Nullable Object>) map);
        }
      }
      return objects;
    }
  }

  /** A document. */
  Reply get(String path) {
    return required(send("GET", path, null, null), "GET", path);
  }

  /**
   * The objects of a list, when these are all that there are.
   *
   * @throws CannotDo when the list is so long that the API may have cut it off, which it does not
   *     say (docs/protocol/maskinporten-admin.md)
   */
  List<Map<String, @Nullable Object>> all(String path) {
    Received received = send("GET", path, null, null);
    List<Map<String, @Nullable Object>> all = required(received, "GET", path).list();
    int bytes = received.body.getBytes(StandardCharsets.UTF_8).length;
    if (all.size() >= MOST_ENTRIES || bytes >= LEAST_BYTES_OF_MOST) {
      throw new CannotDo(
          "The admin API may not show all of /"
              + path
              + ": "
              + all.size()
              + " entries and "
              + bytes
              + " bytes are near the most of a list, so what is missing there can't be known.");
    }
    return all;
  }

  /** A document, or null when there is none (404). */
  @Nullable Reply find(String path) {
    Received received = send("GET", path, null, null);
    return received.status == 404 ? null : required(received, "GET", path);
  }

  /** Makes something. */
  Reply post(String path, Object body) {
    return required(send("POST", path, body, null), "POST", path);
  }

  /**
   * Replaces something.
   *
   * @param body null: none
   * @param tag the state that it must be in; null: any
   */
  Reply put(String path, @Nullable Object body, @Nullable String tag) {
    return required(send("PUT", path, body, ifMatch(tag)), "PUT", path);
  }

  /** Puts something where nothing is; what is there already stays, and is a refusal (412). */
  Reply putNew(String path, Object body) {
    return required(send("PUT", path, body, new Condition("If-None-Match", "*")), "PUT", path);
  }

  /** Removes something. */
  Reply delete(String path, @Nullable String tag) {
    return required(send("DELETE", path, null, ifMatch(tag)), "DELETE", path);
  }

  /** A value as it stands in a path or a query. */
  static String encoded(String value) {
    return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
  }

  /** An answer of any status. */
  private record Received(int status, String body, @Nullable String tag) {
    @Nullable Object json() {
      try {
        return body.isBlank() ? null : Json.readValue(body.getBytes(StandardCharsets.UTF_8));
      } catch (MalformedJson e) {
        return null;
      }
    }
  }

  private static Reply required(Received received, String method, String path) {
    Object body = received.json();
    if (received.status >= 200 && received.status < 300) {
      if (body == null && !received.body.isBlank()) {
        throw new NoAnswer(
            "What answers " + method + " " + path + " is no admin API: it gives no JSON.");
      }
      return new Reply(body, received.tag);
    }
    Map<?, ?> members = body instanceof Map<?, ?> map ? map : Map.of();
    // Others than 4xx may come from something between, or after the change was made.
    boolean refused = received.status >= 400 && received.status < 500;
    String sentence =
        "The admin API "
            + (refused ? "refuses " : "fails at ")
            + method
            + " /"
            + path
            + " ("
            + received.status
            + name(members)
            + "): "
            + reason(members, received.status);
    throw refused ? new CannotDo(sentence) : new NoAnswer(sentence);
  }

  private static String name(Map<?, ?> members) {
    return members.get("error") instanceof String error ? " " + Table.text(error) : "";
  }

  /** One sentence, in one line. */
  private static String reason(Map<?, ?> members, int status) {
    for (String name : List.of("error_description", "detail", "title", "message")) {
      if (members.get(name) instanceof String text && !text.isBlank()) {
        String line = Table.text(text).strip().replaceAll("\\s+", " ");
        return line.endsWith(".") ? line : line + ".";
      }
    }
    return status == 404
        ? "there is nothing at this address; --url says where the admin API is."
        : "it gives no reason.";
  }

  /** What must be true of the state of something, for a change to be made (RFC 9110 §13.1). */
  private record Condition(String header, String value) {}

  private static @Nullable Condition ifMatch(@Nullable String tag) {
    return tag == null ? null : new Condition("If-Match", tag);
  }

  private Received send(
      String method, String path, @Nullable Object body, @Nullable Condition condition) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create(base + path))
            .header("Authorization", "Bearer " + token.get())
            .header("Accept", "application/json")
            .method(
                method,
                body == null
                    ? HttpRequest.BodyPublishers.noBody()
                    : HttpRequest.BodyPublishers.ofString(Json.write(body)));
    if (body != null) {
      request.header("Content-Type", "application/json");
    }
    if (condition != null) {
      request.header(condition.header, condition.value);
    }
    CompletableFuture<HttpResponse<String>> answer =
        http.sendAsync(
            request.build(), BodyHandlers.limiting(BodyHandlers.ofString(), LONGEST_ANSWER));
    try {
      // The request's own timeout would end with the headers.
      HttpResponse<String> response = answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
      return new Received(
          response.statusCode(),
          Objects.requireNonNullElse(response.body(), ""),
          response.headers().firstValue("ETag").orElse(null));
    } catch (ExecutionException e) {
      throw new NoAnswer(reason(e.getCause()));
    } catch (TimeoutException e) {
      throw new NoAnswer("The admin API at " + base + " takes too long for its answer.");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new NoAnswer("The command was interrupted.");
    } finally {
      answer.cancel(true);
    }
  }

  private String reason(@Nullable Throwable failure) {
    if (failure instanceof SSLException) {
      return "There is no TLS connection to "
          + base
          + ": most often its certificate is none that Java trusts here.";
    }
    // The JDK has no type for this one.
    if (failure != null && String.valueOf(failure.getMessage()).startsWith("body exceeds")) {
      return "What answers at " + base + " sends more than an admin API does.";
    }
    return "The admin API does not answer at "
        + base
        + "; is `portvakt dev` running, or is it elsewhere (--url, --admin)?";
  }
}

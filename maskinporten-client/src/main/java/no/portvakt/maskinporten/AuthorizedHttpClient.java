package no.portvakt.maskinporten;

import java.io.IOException;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.ProxySelector;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandler;
import java.net.http.HttpResponse.BodySubscribers;
import java.net.http.HttpResponse.PushPromiseHandler;
import java.net.http.WebSocket;
import java.time.Duration;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP client that adds a token to each request, and refuses requests to other servers than its
 * own. When the server says that the token is not valid (RFC 6750 §3.1), it gets another and sends
 * the request once more, if its body can be sent again. A request that has an {@code Authorization}
 * of its own is sent as it is.
 */
final class AuthorizedHttpClient extends HttpClient {
  private final MaskinportenClient maskinporten;
  private final TokenRequest request;
  private final HttpClient http;
  private final Set<String> origins;

  AuthorizedHttpClient(
      MaskinportenClient maskinporten,
      TokenRequest request,
      HttpClient http,
      boolean plainHttp,
      URI... servers) {
    if (http.followRedirects() != Redirect.NEVER) {
      throw new IllegalArgumentException(
          "The HttpClient follows redirects; that could carry the token to another server.");
    }
    if (servers.length == 0) {
      throw new IllegalArgumentException("Name the servers that the token may be sent to.");
    }
    this.maskinporten = maskinporten;
    this.request = request;
    this.http = http;
    this.origins =
        Arrays.stream(servers)
            .map(server -> Address.origin(Address.parse("server", server.toString(), plainHttp)))
            .collect(Collectors.toUnmodifiableSet());
  }

  @Override
  public <T> HttpResponse<T> send(HttpRequest sent, BodyHandler<T> handler)
      throws IOException, InterruptedException {
    if (carriesItsOwn(sent)) {
      return http.send(sent, handler);
    }
    AccessToken token = maskinporten.token(request);
    AtomicBoolean again = new AtomicBoolean();
    HttpResponse<T> first = http.send(with(token, sent), first(sent, handler, token, again));
    if (!again.get()) {
      return first;
    }
    return http.send(with(maskinporten.token(request), sent), handler);
  }

  @Override
  public <T> CompletableFuture<HttpResponse<T>> sendAsync(
      HttpRequest sent, BodyHandler<T> handler) {
    return sendLater(sent, handler, null);
  }

  @Override
  public <T> CompletableFuture<HttpResponse<T>> sendAsync(
      HttpRequest sent, BodyHandler<T> handler, @Nullable PushPromiseHandler<T> pushes) {
    return sendLater(sent, handler, pushes);
  }

  private <T> CompletableFuture<HttpResponse<T>> sendLater(
      HttpRequest sent, BodyHandler<T> handler, @Nullable PushPromiseHandler<T> pushes) {
    if (carriesItsOwn(sent)) {
      return http.sendAsync(sent, handler, pushes);
    }
    AtomicBoolean again = new AtomicBoolean();
    return maskinporten
        .tokenLater(request)
        .thenCompose(token ->
            http.sendAsync(with(token, sent), first(sent, handler, token, again), pushes)
                .thenCompose(first -> {
                  if (!again.get()) {
                    return CompletableFuture.completedFuture(first);
                  }
                  return maskinporten
                      .tokenLater(request)
                      .thenCompose(other -> http.sendAsync(with(other, sent), handler, pushes));
                }));
  }

  @Override
  public WebSocket.Builder newWebSocketBuilder() {
    throw new UnsupportedOperationException(
        "This client adds tokens to HTTP requests and opens no WebSockets; ask the HttpClient that"
            + " it was made of, with the header Authorization from"
            + " MaskinportenClient.authorization.");
  }

  /** Whether the request has an {@code Authorization}; else its server must be one of ours. */
  private boolean carriesItsOwn(HttpRequest sent) {
    if (sent.headers().firstValue("Authorization").isPresent()) {
      return true;
    }
    String origin = Address.origin(sent.uri());
    if (!origins.contains(origin)) {
      throw new IllegalArgumentException("This client sends no token to " + origin + ".");
    }
    return false;
  }

  private static HttpRequest with(AccessToken token, HttpRequest sent) {
    return HttpRequest.newBuilder(sent, (name, value) -> true)
        .setHeader("Authorization", token.authorization())
        .build();
  }

  /** Passes over the body of an answer after which the request is sent again, and notes it. */
  @SuppressWarnings("NullAway") // the answer without a body reaches nobody
  private <T> BodyHandler<T> first(
      HttpRequest sent, BodyHandler<T> handler, AccessToken token, AtomicBoolean again) {
    return answer -> {
      if (answer.statusCode() == 401
          && Challenge.isInvalidToken(answer.headers().allValues("WWW-Authenticate"))
          && maskinporten.forget(request, token)
          && isRepeatable(sent)) {
        again.set(true);
        return BodySubscribers.replacing(null);
      }
      return handler.apply(answer);
    };
  }

  /** Bodies of known length come from memory or from a file; others may be gone after one use. */
  private static boolean isRepeatable(HttpRequest sent) {
    return sent.bodyPublisher().map(body -> body.contentLength() >= 0).orElse(true);
  }

  @Override
  public Optional<CookieHandler> cookieHandler() {
    return http.cookieHandler();
  }

  @Override
  public Optional<Duration> connectTimeout() {
    return http.connectTimeout();
  }

  @Override
  public Redirect followRedirects() {
    return http.followRedirects();
  }

  @Override
  public Optional<ProxySelector> proxy() {
    return http.proxy();
  }

  @Override
  public SSLContext sslContext() {
    return http.sslContext();
  }

  @Override
  public SSLParameters sslParameters() {
    return http.sslParameters();
  }

  @Override
  public Optional<Authenticator> authenticator() {
    return http.authenticator();
  }

  @Override
  public Version version() {
    return http.version();
  }

  @Override
  public Optional<Executor> executor() {
    return http.executor();
  }
}

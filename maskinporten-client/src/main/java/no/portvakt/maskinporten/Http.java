package no.portvakt.maskinporten;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodySubscriber;
import java.net.http.HttpTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;

/** Sends requests: every body bounded, every wait with an end, every failure named. */
final class Http {
  /** The longest body that is read, in bytes. */
  static final int MAX_BODY = 1 << 18;

  private static final String LATER = "Try again later; nothing was granted.";

  private final HttpClient client;
  private final Duration connectTimeout;
  private final Duration requestTimeout;
  private final InstantSource clock;

  /**
   * Requests over a client.
   *
   * @param requestTimeout from the first byte that is sent to the last that is read
   */
  Http(HttpClient client, Duration connectTimeout, Duration requestTimeout, InstantSource clock) {
    if (client.followRedirects() != HttpClient.Redirect.NEVER) {
      throw new IllegalArgumentException(
          "The HttpClient follows redirects; that could carry a token to another server. Build it"
              + " with followRedirects(NEVER), which is Java's default.");
    }
    this.client = client;
    this.connectTimeout = connectTimeout;
    this.requestTimeout = requestTimeout;
    this.clock = clock;
  }

  /**
   * The answer, whatever its status below 500; but 429 and 5xx are none.
   *
   * @param patience how long to wait at most
   * @throws TokenUnavailable when there is no answer, or one that says "not now"
   * @throws UnexpectedAnswer when the body is too long
   */
  Answer send(HttpRequest.Builder request, Duration patience) {
    Duration timeout = patience.compareTo(requestTimeout) < 0 ? patience : requestTimeout;
    HttpRequest sent = request.timeout(timeout).build();
    URI to = sent.uri();
    CompletableFuture<HttpResponse<byte[]>> coming =
        client.sendAsync(sent, head -> new BoundedBody());
    try {
      HttpResponse<byte[]> response = coming.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
      Answer answer = new Answer(to, response.statusCode(), response.headers(), response.body());
      if (answer.status() == 429 || answer.status() >= 500) {
        throw notNow(answer);
      }
      return answer;
    } catch (TimeoutException e) {
      throw unavailable(to, "did not answer within " + timeout.toMillis() + " ms", true, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw unavailable(to, "was not waited for, because the client was closed", false, e);
    } catch (ExecutionException e) {
      throw failure(to, timeout, e.getCause() == null ? e : e.getCause());
    } finally {
      coming.cancel(true);
    }
  }

  private TokenUnavailable notNow(Answer answer) {
    return new TokenUnavailable(
        answer.status(),
        answer.from()
            + (answer.status() == 429 ? " says that it is asked too often" : " is out of order")
            + " ("
            + answer.status()
            + ").",
        LATER,
        answer.retryAfter(clock.instant()),
        true,
        null);
  }

  private MaskinportenException failure(URI to, Duration timeout, Throwable cause) {
    if (has(cause, BodyTooLong.class)) {
      return new UnexpectedAnswer(
          200,
          to + " answers with more than " + MAX_BODY + " bytes.",
          "That is no answer of a token endpoint; look at the address.",
          cause);
    }
    if (has(cause, UnresolvedAddressException.class)) {
      return unavailable(to, "has no address: the name of its host is not known", true, cause);
    }
    if (has(cause, HttpConnectTimeoutException.class)) {
      return unavailable(
          to,
          "accepted no connection within "
              + Math.min(connectTimeout.toMillis(), timeout.toMillis())
              + " ms",
          true,
          cause);
    }
    if (has(cause, HttpTimeoutException.class)) {
      return unavailable(to, "did not answer within " + timeout.toMillis() + " ms", true, cause);
    }
    if (has(cause, ConnectException.class)) {
      return unavailable(to, "can't be connected to", true, cause);
    }
    if (has(cause, SSLException.class)) {
      return new TokenUnavailable(
          0,
          to + " could not prove who it is: the TLS handshake failed.",
          "Look at the trusted certificates of this Java, and at proxies that open TLS.",
          null,
          false,
          cause);
    }
    return unavailable(to, "broke the connection", true, cause);
  }

  private static TokenUnavailable unavailable(
      URI to, String what, boolean passing, Throwable cause) {
    return new TokenUnavailable(0, to + " " + what + ".", LATER, null, passing, cause);
  }

  private static boolean has(Throwable failure, Class<? extends Throwable> type) {
    @Nullable Throwable e = failure;
    for (int depth = 0; e != null && depth < 10; depth++, e = e.getCause()) {
      if (type.isInstance(e)) {
        return true;
      }
    }
    return false;
  }

  private static final class BodyTooLong extends IOException {
    private static final long serialVersionUID = 1L;
  }

  /** Keeps the body, and stops reading when it is too long. */
  private static final class BoundedBody implements BodySubscriber<byte[]> {
    private final CompletableFuture<byte[]> whole = new CompletableFuture<>();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private Flow.@Nullable Subscription subscription;

    @Override
    public CompletionStage<byte[]> getBody() {
      return whole;
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
      subscription = given;
      given.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(List<ByteBuffer> buffers) {
      for (ByteBuffer buffer : buffers) {
        if (bytes.size() + buffer.remaining() > MAX_BODY) {
          if (subscription != null) {
            subscription.cancel();
          }
          whole.completeExceptionally(new BodyTooLong());
          return;
        }
        byte[] part = new byte[buffer.remaining()];
        buffer.get(part);
        bytes.writeBytes(part);
      }
    }

    @Override
    public void onError(Throwable failure) {
      whole.completeExceptionally(failure);
    }

    @Override
    public void onComplete() {
      whole.complete(bytes.toByteArray());
    }
  }
}

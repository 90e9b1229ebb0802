package no.portvakt.server.certificates;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Requests with one limit of time for all of the answer, one of size, and no redirects. */
final class BoundedHttp {
  private final HttpClient http;
  private final Duration timeout;

  BoundedHttp(Duration timeout) {
    this.timeout = timeout;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(timeout)
            .followRedirects(HttpClient.Redirect.NEVER)
            .build();
  }

  /** GET. */
  byte[] get(URI address, int limit) throws IOException {
    return send(HttpRequest.newBuilder(address), limit);
  }

  /** POST. */
  byte[] post(URI address, String mediaType, byte[] body, int limit) throws IOException {
    return send(
        HttpRequest.newBuilder(address)
            .header("Content-Type", mediaType)
            .POST(BodyPublishers.ofByteArray(body)),
        limit);
  }

  // A request's own timeout would end with the headers: a body that never ends must not hold us.
  private byte[] send(HttpRequest.Builder builder, int limit) throws IOException {
    HttpRequest request = builder.build();
    FutureTask<HttpResponse<byte[]>> asked =
        new FutureTask<>(
            () -> http.send(request, BodyHandlers.limiting(BodyHandlers.ofByteArray(), limit)));
    Thread.startVirtualThread(asked);
    try {
      HttpResponse<byte[]> response = asked.get(timeout.toMillis(), TimeUnit.MILLISECONDS);
      if (response.statusCode() != 200) {
        throw new IOException("it answers with status " + response.statusCode());
      }
      return response.body();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } catch (TimeoutException e) {
      throw new IOException("it takes longer than " + timeout.toMillis() + " ms", e);
    } catch (ExecutionException e) {
      throw new IOException("it does not answer: " + e.getCause(), e);
    } finally {
      asked.cancel(true);
    }
  }
}

package no.portvakt.cli;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** {@code portvakt dev} in a thread of this process; it ends with the process. */
final class DevSession {
  private final CompletableFuture<String> ready;

  private DevSession(CompletableFuture<String> ready) {
    this.ready = ready;
  }

  static DevSession start(String... options) {
    CompletableFuture<String> ready = new CompletableFuture<>();
    StringWriter text =
        new StringWriter() {
          @Override
          public void flush() {
            if (toString().contains("Ready in ")) {
              ready.complete(toString());
            }
          }
        };
    String[] line = new String[options.length + 1];
    line[0] = "dev";
    System.arraycopy(options, 0, line, 1, options.length);
    StringWriter err = new StringWriter();
    Thread.ofPlatform()
        .daemon()
        .name("dev")
        .start(() -> {
          int code = Portvakt.run(new PrintWriter(text), new PrintWriter(err), line);
          ready.completeExceptionally(new IllegalStateException(code + ": " + err));
        });
    return new DevSession(ready);
  }

  /** What it printed before requests were answered. */
  String untilReady() throws Exception {
    return ready.get(60, TimeUnit.SECONDS);
  }

  static int status(URI address) throws IOException, InterruptedException {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return client
          .send(HttpRequest.newBuilder(address).build(), HttpResponse.BodyHandlers.discarding())
          .statusCode();
    }
  }
}

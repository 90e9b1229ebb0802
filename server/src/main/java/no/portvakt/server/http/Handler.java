package no.portvakt.server.http;

/** What a route does. */
@FunctionalInterface
public interface Handler {
  /** Answers a request. What it throws becomes a 503 or a 500 in the {@link Router}. */
  Answer handle(Request request);

  /** What is answered when a part that the request needs is not available: 503. */
  default Answer unavailable() {
    return Problem.unavailable();
  }
}

package no.portvakt.server.http;

/** Ends a request with an answer that its own form made necessary: too large, not decodable. */
public final class RequestRefused extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Answer answer;

  public RequestRefused(int status, String detail) {
    super(detail, null, false, false);
    this.answer = Problem.of(status, detail);
  }

  Answer answer() {
    return answer;
  }
}

package no.portvakt.server.http;

/** Ends a request with an answer that its own form made necessary: too large, not decodable. */
public final class RequestRefused extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient Answer answer;

  public RequestRefused(int status, String detail) {
    super(detail, null, false, false);
    this.answer = Problem.of(status, detail);
  }

  private RequestRefused(String detail, Answer answer) {
    super(detail, null, false, false);
    this.answer = answer;
  }

  /** What follows on the connection can't be told apart from the body any more. */
  static RequestRefused broken(int status, String detail) {
    return new RequestRefused(detail, Problem.of(status, detail).closing());
  }

  /** The status of the answer. */
  public int status() {
    return answer.status();
  }

  /** The same end of the request in another protocol's form of error. */
  public Answer in(Answer form) {
    return answer.closes() ? form.closing() : form;
  }

  Answer answer() {
    return answer;
  }
}

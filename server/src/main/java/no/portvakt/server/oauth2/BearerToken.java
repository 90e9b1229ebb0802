package no.portvakt.server.oauth2;

import com.nimbusds.oauth2.sdk.token.BearerTokenError;
import java.util.List;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Problem;
import no.portvakt.server.http.Request;

/** The token of a request's {@code Authorization} header (RFC 6750 §2.1), or why there is none. */
public sealed interface BearerToken {
  /** The header holds a token of whatever form. */
  record Present(String token) implements BearerToken {
    @Override
    public String toString() {
      return "Present[]";
    }
  }

  /**
   * There is no usable token.
   *
   * @param answer 401 with the challenge of RFC 6750 §3
   * @param description what is wrong, in one sentence
   */
  record Missing(Answer answer, String description) implements BearerToken {}

  /** Reads the header; it must stand once and with the scheme {@code Bearer}. */
  static BearerToken of(Request request) {
    List<String> headers = request.headers("Authorization");
    if (headers.size() > 1) {
      return missing("The request has more than one Authorization header.");
    }
    if (headers.isEmpty()) {
      if (!request.headers("Autorization").isEmpty()) {
        return missing(
            "The request has a header Autorization; the name of the header is Authorization.");
      }
      // RFC 6750 §3.1: a request without any credentials gets a challenge without an error code.
      String sentence = "The request has no Authorization header with a bearer token.";
      return new Missing(Problem.of(401, sentence).with("WWW-Authenticate", "Bearer"), sentence);
    }
    String header = headers.get(0);
    if (!header.regionMatches(true, 0, "Bearer ", 0, 7)) {
      return missing("The Authorization header does not have the scheme Bearer.");
    }
    String token = header.substring(7).strip();
    return token.isEmpty() ? missing("The Authorization header has no token.") : new Present(token);
  }

  /** 401 for a token that does not hold (RFC 6750 §3.1, {@code invalid_token}). */
  static Answer invalid(String description) {
    return challenge(BearerTokenError.INVALID_TOKEN, description);
  }

  private static Missing missing(String description) {
    // RFC 6750 gives invalid_request the status 400; the platform's contract is 401 for all of
    // these.
    return new Missing(challenge(BearerTokenError.INVALID_REQUEST, description), description);
  }

  private static Answer challenge(BearerTokenError error, String description) {
    String challenge = error.setDescription(description).toWWWAuthenticateHeader();
    return Problem.of(401, description).with("WWW-Authenticate", challenge);
  }
}

package no.portvakt.maskinporten;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** No answer, or one that says "not now" (429, 5xx). Another try later may succeed. */
public final class TokenUnavailable extends MaskinportenException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final @Nullable Duration retryAfter;
  private final boolean passing;

  /**
   * No token now.
   *
   * @param status 0: there was no answer
   * @param passing whether the same again may go well at once
   */
  TokenUnavailable(
      int status,
      String sentence,
      String advice,
      @Nullable Duration retryAfter,
      boolean passing,
      @Nullable Throwable cause) {
    super(sentence, advice, cause);
    this.status = status;
    this.retryAfter = retryAfter;
    this.passing = passing;
  }

  /** The answer's HTTP status; 0 when there was no answer. */
  public int status() {
    return status;
  }

  /** How long the answer asks to wait (RFC 9110 §10.2.3), or null when it does not say. */
  public @Nullable Duration retryAfter() {
    return retryAfter;
  }

  boolean isPassing() {
    return passing;
  }

  @Override
  TokenUnavailable forCaller() {
    return new TokenUnavailable(status, sentence(), advice(), retryAfter, passing, this);
  }
}

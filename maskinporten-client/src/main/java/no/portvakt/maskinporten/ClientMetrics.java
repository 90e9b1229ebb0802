package no.portvakt.maskinporten;

import java.time.Duration;
import java.time.Instant;

/**
 * Is told what a client does, to count it. Its methods run in the middle of things: they must be
 * quick and safe for use by several threads. What they throw is dropped.
 */
public interface ClientMetrics {
  /** Counts nothing. */
  ClientMetrics NONE = new ClientMetrics() {};

  /** What was asked. */
  enum Step {
    /** The metadata document. */
    METADATA,
    /** A token of Maskinporten. */
    TOKEN,
    /** A platform token. */
    EXCHANGE
  }

  /** How one HTTP request ended. */
  enum Outcome {
    /** With what was wanted. */
    OK,
    /** With a refusal. */
    REFUSED,
    /** Without an answer, with 429 or with 5xx. */
    UNAVAILABLE,
    /** With an answer that is none. */
    UNEXPECTED,
    /** It was not sent, because the key did not sign. */
    NOT_SENT
  }

  /** One HTTP request has ended; repeated ones are told one by one. */
  default void requested(Step step, Outcome outcome, Duration duration) {}

  /** A token was there. */
  default void hit() {}

  /** A token was not there, or not fresh enough, and somebody waits for it. */
  default void missed() {}

  /** A token is being renewed in the background. */
  default void renewing() {}

  /**
   * A token came with the warning that what the client signs with ends soon. Maskinporten itself
   * does not warn; a Portvakt does during the last 30 days, with each token.
   *
   * @param key the {@code kid} or the certificate's serial number, in words
   * @param end when there are no more tokens with it
   */
  default void keyEnds(String key, Instant end) {}
}

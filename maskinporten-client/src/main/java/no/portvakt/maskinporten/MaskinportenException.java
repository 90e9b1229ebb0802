package no.portvakt.maskinporten;

import org.jspecify.annotations.Nullable;

/**
 * No token can be had. The message is fit for a log: it says what happened and what to do, and
 * holds no token, key or person number.
 */
public abstract sealed class MaskinportenException extends RuntimeException
    permits TokenRefused, ExchangeRefused, TokenUnavailable, UnexpectedAnswer, GrantNotSigned {
  private static final long serialVersionUID = 1L;

  private final String advice;

  MaskinportenException(String sentence, String advice, @Nullable Throwable cause) {
    super(sentence + " " + advice, cause);
    this.advice = advice;
  }

  /** What to do about it, in one or two sentences; they are the end of the message too. */
  public String advice() {
    return advice;
  }

  /** The message without the advice. */
  final String sentence() {
    String message = String.valueOf(getMessage());
    return message.substring(0, message.length() - advice.length() - 1);
  }

  /** The same for another caller that waited for it, with this one as its cause. */
  abstract MaskinportenException forCaller();
}

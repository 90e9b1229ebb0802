package no.portvakt.maskinporten;

import org.jspecify.annotations.Nullable;

/** An answer that is not what the protocol says: not JSON, too long, without a needed member. */
public final class UnexpectedAnswer extends MaskinportenException {
  private static final long serialVersionUID = 1L;

  private final int status;

  UnexpectedAnswer(int status, String sentence, String advice, @Nullable Throwable cause) {
    super(sentence, advice, cause);
    this.status = status;
  }

  /** The answer's HTTP status. */
  public int status() {
    return status;
  }

  @Override
  UnexpectedAnswer forCaller() {
    return new UnexpectedAnswer(status, sentence(), advice(), this);
  }
}

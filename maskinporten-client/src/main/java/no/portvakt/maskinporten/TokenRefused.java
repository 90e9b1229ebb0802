package no.portvakt.maskinporten;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Maskinporten refused the token request (RFC 6749 §5.2). The same request is refused again. */
public final class TokenRefused extends MaskinportenException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String error;
  private final @Nullable String code;
  private final @Nullable String description;
  private final @Nullable String traceId;
  private final @Nullable Duration clockOffset;

  private TokenRefused(
      int status,
      String error,
      @Nullable String code,
      @Nullable String description,
      @Nullable String traceId,
      @Nullable Duration clockOffset,
      String sentence,
      String advice,
      @Nullable Throwable cause) {
    super(sentence, advice, cause);
    this.status = status;
    this.error = error;
    this.code = code;
    this.description = description;
    this.traceId = traceId;
    this.clockOffset = clockOffset;
  }

  /** A refusal and what it means for whoever asked. */
  TokenRefused(Refusal refusal, String sentence, String advice) {
    this(
        refusal.status(),
        refusal.error(),
        refusal.code(),
        refusal.description(),
        refusal.traceId(),
        refusal.clockOffset(),
        sentence,
        advice,
        null);
  }

  /** The HTTP status: 400, 403 or another 4xx. */
  public int status() {
    return status;
  }

  /** The OAuth error: {@code invalid_grant}, {@code invalid_scope}, {@code forbidden} … */
  public String error() {
    return error;
  }

  /**
   * Maskinporten's code, {@code MP-110}. Not every refusal names one; then it is the one whose text
   * the description is, and null when there is no such text.
   */
  public @Nullable String code() {
    return code;
  }

  /** Maskinporten's description without the trace id, or null when there is none. */
  public @Nullable String description() {
    return description;
  }

  /** What Maskinporten's support asks for ({@code trace_id} or {@code correlation id}), or null. */
  public @Nullable String traceId() {
    return traceId;
  }

  /** How far this machine's clock is ahead of Maskinporten's, negative: behind; null: not known. */
  public @Nullable Duration clockOffset() {
    return clockOffset;
  }

  @Override
  TokenRefused forCaller() {
    return new TokenRefused(
        status, error, code, description, traceId, clockOffset, sentence(), advice(), this);
  }
}

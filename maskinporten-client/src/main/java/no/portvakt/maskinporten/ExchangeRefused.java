package no.portvakt.maskinporten;

import org.jspecify.annotations.Nullable;

/** The platform did not exchange the Maskinporten token for one of its own. */
public final class ExchangeRefused extends MaskinportenException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final @Nullable String detail;
  private final @Nullable String traceId;

  ExchangeRefused(
      int status,
      String sentence,
      String advice,
      @Nullable String detail,
      @Nullable String traceId,
      @Nullable Throwable cause) {
    super(sentence, advice, cause);
    this.status = status;
    this.detail = detail;
    this.traceId = traceId;
  }

  /** The HTTP status: 400, 401, 403 or 410. */
  public int status() {
    return status;
  }

  /** The platform's reason (RFC 9457 {@code detail}), or null when it gave none. */
  public @Nullable String detail() {
    return detail;
  }

  /** What the platform calls this decision, for its operators; null when it did not say. */
  public @Nullable String traceId() {
    return traceId;
  }

  @Override
  ExchangeRefused forCaller() {
    return new ExchangeRefused(status, sentence(), advice(), detail, traceId, this);
  }
}

package no.portvakt.server.maskinporten;

import org.jspecify.annotations.Nullable;

/**
 * The refusals of the token endpoint with the texts that clients match on
 * (docs/protocol/maskinporten-token.md, "Refusals").
 */
enum Refusal {
  INVALID_VALUE("MP-011", 400, "invalid_request", "Invalid assertion. Invalid parameter value"),
  REPLAYED("MP-012", 400, "invalid_grant", "Grant is used before"),
  UNKNOWN_CLIENT(
      "MP-100", 400, "invalid_grant", "Invalid assertion. Client authentication failed."),
  UNKNOWN_KEY(
      null,
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. Unknown key identifier (kid) for client."),
  KEY_REQUIRED(
      null,
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. Invalid JWT. The client requires"
          + " pre-registered jwk and no key identifier (kid) provided"),
  AUDIENCE(
      "MP-110",
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. Invalid JWT claim aud."),
  CERTIFICATE(
      "MP-120",
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. The JWT is signed with an invalid"
          + " certificate."),
  EXPIRED_KEY(
      "MP-121",
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. Expired key."),
  ORGANISATION(
      "MP-122",
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. Invalid JWT. Invalid organization number"
          + " for client. Does not match certificate orgno"),
  X5C(
      "MP-123",
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. Invalid JWT header x5c"),
  SIGNATURE(
      "MP-124",
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. Invalid JWT signature."),
  EXPIRED(
      "MP-130",
      400,
      "invalid_grant",
      "Invalid assertion. Client authentication failed. JWT has expired."),
  ISSUED_IN_FUTURE(null, 400, "invalid_grant", "Invalid assertion. Issue time is in the future."),
  TOO_LONG(null, 400, "invalid_grant", "Invalid assertion. JWT has too long lifetime."),
  SCOPE("MP-200", 400, "invalid_scope", "Token request contains invalid scopes for client"),
  ACCESS("MP-250", 403, "forbidden", "Consumer has not been granted access to the scope"),
  TARGET(null, 400, "invalid_target", "The resource is not an absolute URI without a fragment"),
  GRANT_TYPE(null, 400, "unsupported_grant_type", "The grant type is not supported"),
  REQUEST(null, 400, "invalid_request", "The request is not valid");

  private final @Nullable String code;
  private final int status;
  private final String error;
  private final String text;

  Refusal(@Nullable String code, int status, String error, String text) {
    this.code = code;
    this.status = status;
    this.error = error;
    this.text = text;
  }

  /** The documented code, or null when there is none. */
  @Nullable String code() {
    return code;
  }

  int status() {
    return status;
  }

  /** The OAuth error code (RFC 6749 §5.2). */
  String error() {
    return error;
  }

  /** The stable part of the description. */
  String text() {
    return text;
  }

  /** Ends a grant; it is caught by the token endpoint and nowhere else. */
  static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Refusal refusal;

    Refused(Refusal refusal, String more) {
      super(refusal.text + more, null, false, false);
      this.refusal = refusal;
    }

    Refusal refusal() {
      return refusal;
    }

    /** The description, without the trace id. */
    String description() {
      return String.valueOf(getMessage());
    }
  }
}

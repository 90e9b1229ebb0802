package no.portvakt.server.maskinporten;

import org.jspecify.annotations.Nullable;

/**
 * The refusals of the token endpoint with the texts that clients match on
 * (docs/protocol/maskinporten-token.md, "Refusals"). What a person should do about each is in
 * {@code errors.properties}.
 */
enum Refusal {
  INVALID_VALUE("MP-011", 400, "invalid_request", "Invalid assertion. Invalid parameter value"),
  REPLAYED("MP-012", 400, "invalid_grant", "Grant is used before"),
  UNKNOWN_CLIENT("MP-100", "Client not found"),
  UNKNOWN_KEY(null, "Unknown key identifier (kid) for client."),
  KEY_REQUIRED(
      null,
      "Invalid JWT. The client requires pre-registered jwk and no key identifier (kid) provided"),
  AUDIENCE("MP-110", "Invalid JWT claim aud."),
  CERTIFICATE("MP-120", "The JWT is signed with an invalid certificate."),
  EXPIRED_KEY("MP-121", "Expired key."),
  ORGANISATION(
      "MP-122",
      "Invalid JWT. Invalid organization number for client. Does not match certificate orgno"),
  X5C("MP-123", "Invalid JWT header x5c"),
  SIGNATURE("MP-124", "Invalid JWT signature."),
  EXPIRED("MP-130", "JWT has expired."),
  ISSUED_IN_FUTURE(null, 400, "invalid_grant", "Invalid assertion. Issue time is in the future."),
  TOO_LONG(null, 400, "invalid_grant", "Invalid assertion. JWT has too long lifetime."),
  EXPIRES_BEFORE_ISSUED(
      null, 400, "invalid_grant", "Invalid assertion. JWT expires before it is issued."),
  SCOPE("MP-200", 400, "invalid_scope", "Token request contains invalid scopes for client, %s"),
  SCOPE_KIND(
      "MP-201",
      400,
      "invalid_scope",
      "Token request contains scopes not allowed for maskinporten, %s"),
  ACCESS("MP-250", 403, "forbidden", "Consumer has not been granted access to the scope %s."),
  DELEGATION(
      "MP-251",
      403,
      "forbidden",
      "Consumer %s has not delegated access to the scope %s to supplier %s."),
  CONSUMER(
      null,
      400,
      "invalid_request",
      "Validation of JWT claim failed: The combination consumer_org in claim and delegation scope"
          + " on client is invalid"),
  DETAILS_TYPE(
      "MP-301", 400, "invalid_authorization_details", "Unknown authorization details type"),
  DETAILS_FORM(
      "MP-302",
      400,
      "invalid_authorization_details",
      "Unknown fields in the authorization details"),
  DETAILS_VALUE(
      "MP-303",
      400,
      "invalid_altinn_customer_configuration",
      "Invalid authorization details values"),
  TARGET(null, 400, "invalid_target", "The resource is not valid"),
  GRANT_TYPE(null, 400, "unsupported_grant_type", "The grant type is not supported"),
  REQUEST(null, 400, "invalid_request", "The request is not valid"),
  TOO_LARGE(null, 413, "invalid_request", "The request is too large"),
  UNAVAILABLE(null, 503, "temporarily_unavailable", "A part that the token needs is not available");

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

  /** A refusal of a client that did not prove itself. */
  Refusal(@Nullable String code, String text) {
    this(code, 400, "invalid_grant", "Invalid assertion. Client authentication failed. " + text);
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

  /** The stable part of the description; {@code %s} stands for a value. */
  String text() {
    return text;
  }

  /**
   * This refusal of one grant.
   *
   * @param more what is said after the text; nothing that only others may know
   * @param values what stands in the text
   */
  Refused of(String more, Object... values) {
    return new Refused(this, text.formatted(values) + more);
  }

  /** Ends a grant; it is caught by the token endpoint and nowhere else. */
  static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Refusal refusal;

    private Refused(Refusal refusal, String description) {
      super(description, null, false, false);
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

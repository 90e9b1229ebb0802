package no.portvakt.server.oauth2;

/** The types of {@code authorization_details} (RFC 9396 §2.1) that a grant can ask for. */
public final class AuthorizationDetailsType {
  /** A party has let a vendor's system act for it. */
  public static final String SYSTEM_USER = "urn:altinn:systemuser";

  /** A person or an organisation has consented to the use of data. */
  public static final String CONSENT = "urn:altinn:consent";

  private AuthorizationDetailsType() {}
}

package no.portvakt.tokens;

/** The names of claims that Portvakt reads or writes. */
public final class ClaimNames {
  /** RFC 7519 §4.1.1. */
  public static final String ISSUER = "iss";

  /** RFC 7519 §4.1.2. */
  public static final String SUBJECT = "sub";

  /** RFC 7519 §4.1.3. */
  public static final String AUDIENCE = "aud";

  /** RFC 7519 §4.1.4, seconds since 1970. */
  public static final String EXPIRES_AT = "exp";

  /** RFC 7519 §4.1.5, seconds since 1970. */
  public static final String NOT_BEFORE = "nbf";

  /** RFC 7519 §4.1.6, seconds since 1970. */
  public static final String ISSUED_AT = "iat";

  /** RFC 7519 §4.1.7. */
  public static final String TOKEN_ID = "jti";

  /** RFC 8693 §4.2: items separated by blanks. */
  public static final String SCOPE = "scope";

  /** RFC 8693 §4.3. */
  public static final String CLIENT_ID = "client_id";

  /** Maskinporten: how the client proved itself. */
  public static final String CLIENT_AMR = "client_amr";

  /** Maskinporten, deprecated: the client's organisation number as a string of nine digits. */
  public static final String CLIENT_ORGANISATION_NUMBER = "client_orgno";

  /** Maskinporten: the organisation that the token speaks for, see {@link Consumer}. */
  public static final String CONSUMER = "consumer";

  /** Maskinporten: the organisation that acts for the consumer, in the form of {@link Consumer}. */
  public static final String SUPPLIER = "supplier";

  /** Maskinporten: the issuer of who keeps the delegation from consumer to supplier. */
  public static final String DELEGATION_SOURCE = "delegation_source";

  /** Maskinporten and ID-porten: a person, see {@link NationalIdentityNumber}. */
  public static final String PERSON_ID = "pid";

  /** RFC 9396 §2: what exactly is asked for or granted, a list of objects. */
  public static final String AUTHORIZATION_DETAILS = "authorization_details";

  /** Maskinporten: always {@code Bearer}. */
  public static final String TOKEN_TYPE = "token_type";

  /** The log-in session that a token belongs to. */
  public static final String SESSION_ID = "sid";

  /** The subject of a platform token. */
  public static final String NAME_ID = "nameid";

  /** Platform token: the organisation's short code, a string. */
  public static final String ORG = "org";

  /** Platform token: the organisation number, a number. */
  public static final String ORG_NUMBER = "orgNumber";

  /** Platform token: how the caller was authenticated, a string. */
  public static final String AUTHENTICATE_METHOD = "AuthenticateMethod";

  /** Platform token: how strongly, a number from 0 to 4. */
  public static final String AUTHENTICATION_LEVEL = "AuthenticationLevel";

  /** The URN form of {@link #ORG}, a string. */
  public static final String URN_ORG = "urn:altinn:org";

  /** The URN form of {@link #ORG_NUMBER}, a string. */
  public static final String URN_ORG_NUMBER = "urn:altinn:orgNumber";

  /** The URN form of {@link #AUTHENTICATE_METHOD}, a string. */
  public static final String URN_AUTHENTICATE_METHOD = "urn:altinn:authenticatemethod";

  /** The URN form of {@link #AUTHENTICATION_LEVEL}, a number. */
  public static final String URN_AUTHENTICATION_LEVEL = "urn:altinn:authlevel";

  private ClaimNames() {}
}

package no.portvakt.maskinporten;

import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/**
 * A JWT grant (RFC 7523 §2.1) as Maskinporten wants it: the signed statement of who asks, whom and
 * for what. Each is good for one use.
 */
public final class JwtGrant {
  /** How long a grant lives unless said otherwise; Maskinporten allows no more. */
  public static final Duration LIFETIME = Duration.ofMinutes(2);

  private JwtGrant() {}

  /**
   * A new grant that lives for {@link #LIFETIME}, with an id ({@code jti}) of its own.
   *
   * @param audience the issuer of the Maskinporten that it is for, with its slash
   * @param clientId the client's id there
   * @param now when it begins
   * @throws GrantNotSigned when the key does not sign
   */
  public static String sign(
      GrantKey key, String audience, String clientId, TokenRequest request, Instant now) {
    return sign(key, audience, clientId, request, now, LIFETIME);
  }

  /** As above, with another life in whole seconds. */
  static String sign(
      GrantKey key,
      String audience,
      String clientId,
      TokenRequest request,
      Instant now,
      Duration life) {
    Map<String, Object> claims = new LinkedHashMap<>();
    claims.put("aud", audience);
    claims.put("iss", clientId);
    claims.putAll(request.claims());
    claims.put("iat", now.getEpochSecond());
    claims.put("exp", now.getEpochSecond() + life.toSeconds());
    claims.put("jti", UUID.randomUUID().toString());
    return key.sign(claims);
  }
}

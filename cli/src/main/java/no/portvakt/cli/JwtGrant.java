package no.portvakt.cli;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.time.Instant;
import java.util.Date;
import java.util.UUID;

/** Builds JWT grants (RFC 7523 §2.1) as any client of Maskinporten does. */
public final class JwtGrant {
  private static final int LIFETIME_SECONDS = 120;

  private JwtGrant() {}

  /**
   * A signed grant that is good for two minutes and for one use.
   *
   * @param audience the issuer of the Maskinporten that it is for, with its slash
   * @param scope the scopes, with a blank between them
   */
  public static String sign(String audience, String clientId, RSAKey key, String scope) {
    Instant now = Instant.now();
    SignedJWT grant =
        new SignedJWT(
            new JWSHeader.Builder(JWSAlgorithm.RS256).keyID(key.getKeyID()).build(),
            new JWTClaimsSet.Builder()
                .audience(audience)
                .issuer(clientId)
                .claim("scope", scope)
                .issueTime(Date.from(now))
                .expirationTime(Date.from(now.plusSeconds(LIFETIME_SECONDS)))
                .jwtID(UUID.randomUUID().toString())
                .build());
    try {
      grant.sign(new RSASSASigner(key));
    } catch (JOSEException e) {
      throw new IllegalStateException("The client's key does not sign.", e);
    }
    return grant.serialize();
  }
}

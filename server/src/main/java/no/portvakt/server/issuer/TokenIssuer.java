package no.portvakt.server.issuer;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Map;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** Signs the tokens of one issuer with its active key. Safe for use by several threads. */
public final class TokenIssuer {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private final String issuer;
  private final JoseHeader header;
  private final KeyRing keys;
  private final SignatureBudget budget;

  /**
   * @param issuer the exact value of {@code iss}
   */
  public TokenIssuer(String issuer, JoseHeader header, KeyRing keys, SignatureBudget budget) {
    this.issuer = issuer;
    this.header = header;
    this.keys = keys;
    this.budget = budget;
  }

  /** The exact value of {@code iss}. */
  public String issuer() {
    return issuer;
  }

  /** The key that signs now; ask before the audit record names it, and sign with the same one. */
  public SigningKey key() {
    return keys.active();
  }

  /** A fresh value for {@code jti}: 128 random bits, base64url. */
  public static String freshTokenId() {
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    return BASE64.encodeToString(id);
  }

  /**
   * Signs claims as they are, in their order.
   *
   * @param key the key that the decision's record names
   * @return the token in compact form (RFC 7515 §7.1)
   */
  public String sign(Map<String, @Nullable Object> claims, SigningKey key) {
    byte[] payload = Json.write(claims).getBytes(StandardCharsets.UTF_8);
    String input = key.header(header) + "." + BASE64.encodeToString(payload);
    byte[] bytes = input.getBytes(StandardCharsets.US_ASCII);
    return input + "." + budget.run(() -> key.sign(bytes));
  }
}

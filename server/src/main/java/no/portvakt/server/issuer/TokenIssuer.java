package no.portvakt.server.issuer;

import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Supplier;
import no.portvakt.tokens.Json;
import org.jspecify.annotations.Nullable;

/** Signs the tokens of one issuer with its active key. Safe for use by several threads. */
public final class TokenIssuer {
  private static final SecureRandom RANDOM = new SecureRandom();

  private final String issuer;
  private final Header header;
  private final Supplier<SigningKeys> keys;
  private final SignatureBudget budget;
  private volatile @Nullable EncodedHeader encoded;

  /** Which members a token's header has, and in which order. */
  public enum Header {
    /** {@code alg}, {@code kid}, {@code x5t}, {@code typ}: tokens of the platform. */
    PLATFORM,
    /** {@code kid}, {@code alg}: tokens of Maskinporten. */
    MASKINPORTEN
  }

  private record EncodedHeader(SigningKey key, String base64) {}

  /**
   * @param issuer the exact value of {@code iss}
   * @param keys the keys of the moment, asked for each token
   */
  public TokenIssuer(
      String issuer, Header header, Supplier<SigningKeys> keys, SignatureBudget budget) {
    this.issuer = issuer;
    this.header = header;
    this.keys = keys;
    this.budget = budget;
  }

  /** The exact value of {@code iss}. */
  public String issuer() {
    return issuer;
  }

  /** The keys of the moment. */
  public SigningKeys keys() {
    return keys.get();
  }

  /** A fresh value for {@code jti}: 128 random bits, base64url. */
  public static String freshTokenId() {
    byte[] id = new byte[16];
    RANDOM.nextBytes(id);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(id);
  }

  /**
   * Signs claims as they are, in their order.
   *
   * @return the token in compact form (RFC 7515 §7.1)
   */
  public String sign(Map<String, @Nullable Object> claims) {
    EncodedHeader head = header(keys.get().active());
    String payload =
        Base64.getUrlEncoder()
            .withoutPadding()
            .encodeToString(Json.write(claims).getBytes(StandardCharsets.UTF_8));
    String input = head.base64 + "." + payload;
    byte[] bytes = input.getBytes(StandardCharsets.US_ASCII);
    return input + "." + budget.run(() -> head.key.sign(bytes));
  }

  private EncodedHeader header(SigningKey key) {
    EncodedHeader known = encoded;
    if (known != null && known.key == key) {
      return known;
    }
    Map<String, Object> members = new LinkedHashMap<>();
    if (header == Header.MASKINPORTEN) {
      members.put("kid", key.keyId());
      members.put("alg", key.algorithm());
    } else {
      members.put("alg", key.algorithm());
      members.put("kid", key.keyId());
      members.put("x5t", key.thumbprint());
      members.put("typ", "JWT");
    }
    EncodedHeader made =
        new EncodedHeader(
            key,
            Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(Json.write(members).getBytes(StandardCharsets.UTF_8)));
    encoded = made;
    return made;
  }
}

package no.portvakt.server;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.JSONObjectUtils;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.Signature;
import java.text.ParseException;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Makes compact JWS of every kind, also those that no library would make. It starts from a good
 * token; each method spoils or changes one thing. {@link #compact} may be called several times.
 */
public final class TokenForge {
  private static final Base64.Encoder BASE64URL = Base64.getUrlEncoder().withoutPadding();

  private final Map<String, @Nullable Object> header = new LinkedHashMap<>();
  private final Map<String, @Nullable Object> claims = new LinkedHashMap<>();
  private byte @Nullable [] rawHeader;
  private byte @Nullable [] rawClaims;
  private RSAKey key;
  private @Nullable String signedAs;

  private TokenForge(RSAKey key) {
    this.key = key;
  }

  /** A token with the header {@code {"kid":…,"alg":"RS256"}}, signed with this key. */
  public static TokenForge signedBy(RSAKey key, Map<String, ?> claims) {
    TokenForge forge = new TokenForge(key);
    forge.header.put("kid", key.getKeyID());
    forge.header.put("alg", "RS256");
    forge.claims.putAll(claims);
    return forge;
  }

  /** Sets a header parameter. */
  public TokenForge header(String name, @Nullable Object value) {
    header.put(name, value);
    return this;
  }

  /** Leaves a header parameter out. */
  public TokenForge withoutHeader(String name) {
    header.remove(name);
    return this;
  }

  /** Takes these bytes for the header, whatever they are. */
  public TokenForge rawHeader(byte[] bytes) {
    rawHeader = bytes.clone();
    return this;
  }

  /** Takes this text for the header, JSON or not. */
  public TokenForge rawHeader(String text) {
    return rawHeader(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Sets a claim. */
  public TokenForge claim(String name, @Nullable Object value) {
    claims.put(name, value);
    return this;
  }

  /** Sets a claim from JSON text. */
  public TokenForge jsonClaim(String name, String json) {
    try {
      claims.put(name, JSONObjectUtils.parse("{\"it\":" + json + "}").get("it"));
      return this;
    } catch (ParseException e) {
      throw new IllegalArgumentException(json, e);
    }
  }

  /** Leaves a claim out. */
  public TokenForge without(String name) {
    claims.remove(name);
    return this;
  }

  /** Takes these bytes for the payload, whatever they are. */
  public TokenForge rawClaims(byte[] bytes) {
    rawClaims = bytes.clone();
    return this;
  }

  /** Takes this text for the payload, JSON or not. */
  public TokenForge rawClaims(String text) {
    return rawClaims(text.getBytes(StandardCharsets.UTF_8));
  }

  /** Adds members at the end of the payload's text, such as {@code "iss":"again"}. */
  public TokenForge rawMembers(String members) {
    String json = claimsJson();
    return rawClaims(json.substring(0, json.length() - 1) + "," + members + "}");
  }

  /** The token with one claim's value taken from JSON text as it is, at the end of the payload. */
  public String rawMembersInsteadOf(String name, String json) {
    return without(name).rawMembers("\"" + name + "\":" + json).compact();
  }

  /** Signs with another key; the header goes on naming the first. */
  public TokenForge signedWith(RSAKey other) {
    key = other;
    return this;
  }

  /** Signs with this algorithm whatever the header says; {@code none} signs with no bytes. */
  public TokenForge signedAs(String algorithm) {
    signedAs = algorithm;
    return this;
  }

  /** The claims as they stand now. */
  public Map<String, @Nullable Object> claims() {
    return new LinkedHashMap<>(claims);
  }

  /** The claims as JSON text. */
  public String claimsJson() {
    return JSONObjectUtils.toJSONString(claims);
  }

  /** The token. */
  public String compact() {
    String input = signingInput();
    return input + "." + BASE64URL.encodeToString(signature(input));
  }

  /** Header and payload, without signature and without the dot before it. */
  public String signingInput() {
    byte[] head =
        rawHeader != null
            ? rawHeader
            : JSONObjectUtils.toJSONString(header).getBytes(StandardCharsets.UTF_8);
    byte[] payload = rawClaims != null ? rawClaims : claimsJson().getBytes(StandardCharsets.UTF_8);
    return BASE64URL.encodeToString(head) + "." + BASE64URL.encodeToString(payload);
  }

  /** The token with only the first bytes of its signature. */
  public String withSignatureCutTo(int bytes) {
    String input = signingInput();
    return input + "." + BASE64URL.encodeToString(Arrays.copyOf(signature(input), bytes));
  }

  /** The token with one bit of its signature turned over. */
  public String withSignatureBitFlipped() {
    String input = signingInput();
    byte[] signature = signature(input);
    signature[signature.length / 2] ^= 1;
    return input + "." + BASE64URL.encodeToString(signature);
  }

  /** The token's payload replaced after it was signed. */
  public String withClaimsReplaced(String json) {
    String[] parts = compact().split("\\.", -1);
    return parts[0]
        + "."
        + BASE64URL.encodeToString(json.getBytes(StandardCharsets.UTF_8))
        + "."
        + parts[2];
  }

  private byte[] signature(String input) {
    String algorithm = signedAs != null ? signedAs : String.valueOf(header.get("alg"));
    byte[] bytes = input.getBytes(StandardCharsets.US_ASCII);
    try {
      return switch (algorithm) {
        case "none" -> new byte[0];
        // What a verifier falls for that takes the public key's bytes for an HMAC secret.
        case "HS256" -> {
          Mac mac = Mac.getInstance("HmacSHA256");
          mac.init(new SecretKeySpec(key.toRSAPublicKey().getEncoded(), "HmacSHA256"));
          yield mac.doFinal(bytes);
        }
        case "RS384" -> rsa("SHA384withRSA", bytes);
        case "RS512" -> rsa("SHA512withRSA", bytes);
        default -> rsa("SHA256withRSA", bytes);
      };
    } catch (GeneralSecurityException | JOSEException e) {
      throw new IllegalStateException(e);
    }
  }

  private byte[] rsa(String algorithm, byte[] bytes)
      throws GeneralSecurityException, JOSEException {
    Signature signature = Signature.getInstance(algorithm);
    signature.initSign(key.toRSAPrivateKey());
    signature.update(bytes);
    return signature.sign();
  }
}

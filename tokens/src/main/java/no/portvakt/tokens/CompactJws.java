package no.portvakt.tokens;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Collections;
import java.util.Map;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/**
 * A JWS in compact form (RFC 7515 §7.1) whose payload is a JSON object, taken apart but <em>not
 * verified</em>: whoever reads a claim from it before {@link VerificationKey#verifies} has said yes
 * reads what anybody could have written.
 *
 * <p>It is tolerant where real tokens are odd (a header {@code x5c} may be a string) and strict
 * where a signed message must be unambiguous: three parts, canonical base64url, UTF-8, no duplicate
 * members.
 */
public final class CompactJws {
  /** The longest token that is read, in characters. */
  public static final int MAX_LENGTH = 256_000;

  private final Map<String, @Nullable Object> header;
  private final Map<String, @Nullable Object> claims;
  private final byte[] signingInput;
  private final byte[] signature;

  private CompactJws(
      Map<String, @Nullable Object> header,
      Map<String, @Nullable Object> claims,
      byte[] signingInput,
      byte[] signature) {
    this.header = header;
    this.claims = claims;
    this.signingInput = signingInput;
    this.signature = signature;
  }

  /**
   * Takes a token apart.
   *
   * @throws MalformedToken when it is not a compact JWS with a JSON object as header and payload
   */
  public static CompactJws parse(String token) throws MalformedToken {
    if (token.length() > MAX_LENGTH) {
      throw new MalformedToken("The token is longer than " + MAX_LENGTH + " characters.");
    }
    int first = token.indexOf('.');
    int second = first < 0 ? -1 : token.indexOf('.', first + 1);
    if (second < 0 || token.indexOf('.', second + 1) >= 0) {
      throw new MalformedToken("The token does not have three parts.");
    }
    if (second == token.length() - 1) {
      throw new MalformedToken("The token has no signature.");
    }
    byte[] header = decode(token.substring(0, first), "header");
    byte[] payload = decode(token.substring(first + 1, second), "payload");
    byte[] signature = decode(token.substring(second + 1), "signature");
    return new CompactJws(
        object(header, "header"),
        object(payload, "payload"),
        token.substring(0, second).getBytes(StandardCharsets.US_ASCII),
        signature);
  }

  /** The header's members, in their order. */
  public Map<String, @Nullable Object> header() {
    return header;
  }

  /** The payload's members as they were sent; trust none of them before the signature held. */
  public Map<String, @Nullable Object> unverifiedClaims() {
    return claims;
  }

  /** The header {@code alg} (RFC 7515 §4.1.1), or null when it is absent or not a string. */
  public @Nullable String algorithm() {
    return header.get("alg") instanceof String text ? text : null;
  }

  /** The header {@code kid} (RFC 7515 §4.1.4), or null when it is absent or not a string. */
  public @Nullable String keyId() {
    return header.get("kid") instanceof String text ? text : null;
  }

  /** The bytes that were signed: header and payload as sent (RFC 7515 §5.2). */
  byte[] signingInput() {
    return signingInput;
  }

  byte[] signature() {
    return signature;
  }

  /**
   * What identifies this message whatever its signature: the SHA-256 of the signing input,
   * base64url. Signing the same claims again gives the same value.
   */
  public String fingerprint() {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(Digests.sha256(signingInput));
  }

  @Override
  public String toString() {
    return "CompactJws[alg=" + RuleTrace.printable(header.get("alg")) + "]";
  }

  private static byte[] decode(String part, String name) throws MalformedToken {
    byte[] bytes;
    try {
      bytes = Base64.getUrlDecoder().decode(part);
    } catch (IllegalArgumentException e) {
      throw new MalformedToken("The token's " + name + " is not base64url.");
    }
    // RFC 7515 §2: no padding. RFC 4648 §3.5: unused bits are zero, so that each token has one
    // form.
    int unusedBits = part.length() % 4 == 2 ? 4 : part.length() % 4 == 3 ? 2 : 0;
    if (part.endsWith("=")
        || (unusedBits > 0
            && (sextet(part.charAt(part.length() - 1)) & ((1 << unusedBits) - 1)) != 0)) {
      throw new MalformedToken("The token's " + name + " is not canonical base64url.");
    }
    return bytes;
  }

  private static int sextet(char c) {
    if (c >= 'A' && c <= 'Z') {
      return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
      return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
      return c - '0' + 52;
    }
    return c == '-' ? 62 : 63;
  }

  private static Map<String, @Nullable Object> object(byte[] json, String name)
      throws MalformedToken {
    try {
      return Collections.unmodifiableMap(Json.readObject(json));
    } catch (MalformedJson e) {
      throw new MalformedToken("The token's " + name + " " + e.reason() + ".");
    }
  }

  /** Says in a fixed sentence why a text is no token; never quotes the text. */
  public static final class MalformedToken extends Exception {
    private static final long serialVersionUID = 1L;

    MalformedToken(String sentence) {
      super(sentence, null, false, false);
    }

    /** The sentence, fit for the caller. */
    public String sentence() {
      return String.valueOf(getMessage());
    }
  }
}

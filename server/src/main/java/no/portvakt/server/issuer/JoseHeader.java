package no.portvakt.server.issuer;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import no.portvakt.tokens.Json;

/** Which members the header of a token has, and in which order. */
public enum JoseHeader {
  /** {@code alg}, {@code kid}, {@code x5t}, {@code typ}: tokens of the platform. */
  PLATFORM,
  /** {@code kid}, {@code alg}: tokens of Maskinporten. */
  MASKINPORTEN;

  /**
   * The header of tokens that a key signs, base64url.
   *
   * @param thumbprint the {@code x5t} of its certificate (RFC 7515 §4.1.7)
   */
  String encode(String keyId, String algorithm, String thumbprint) {
    Map<String, Object> members = new LinkedHashMap<>();
    if (this == MASKINPORTEN) {
      members.put("kid", keyId);
      members.put("alg", algorithm);
    } else {
      members.put("alg", algorithm);
      members.put("kid", keyId);
      members.put("x5t", thumbprint);
      members.put("typ", "JWT");
    }
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(Json.write(members).getBytes(StandardCharsets.UTF_8));
  }
}

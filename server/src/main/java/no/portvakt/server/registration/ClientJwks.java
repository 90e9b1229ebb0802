package no.portvakt.server.registration;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.KeyUse;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64URL;
import java.math.BigInteger;
import java.security.cert.X509Certificate;
import java.security.interfaces.RSAPublicKey;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.certificates.EnterpriseCertificates;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;

/** The rules for a client's key set (docs/protocol/maskinporten-admin.md, "Keys"). */
public final class ClientJwks {
  public static final String OBJECT = "JWKS";

  /** The most keys of a client. */
  public static final int MOST = 5;

  private static final int LONGEST_KID = 255;
  private static final int MOST_RSA_BITS = 16_384;
  private static final int MOST_EXPONENT_BITS = 32;
  private static final Duration LONGEST_USE = Duration.ofDays(365);
  private static final Set<String> ALGORITHMS = Set.of("RS256", "RS384", "RS512");

  /** RFC 7518 §6.3.2 and §6.4.1: members that make a key secret. */
  private static final List<String> SECRET_MEMBERS =
      List.of("d", "p", "q", "dp", "dq", "qi", "oth", "k");

  private ClientJwks() {}

  /** The keys in a body: {@code {"keys":[…]}} or a bare list. */
  public static List<KeyRow> read(@Nullable Object body, Instant now) {
    Object list = body instanceof Map<?, ?> map ? map.get("keys") : body;
    if (!(list instanceof List<?> items) || items.isEmpty() || items.size() > MOST) {
      throw new BadField(OBJECT, "keys", "must be a list of 1 to " + MOST + " keys");
    }
    List<KeyRow> keys = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (Object item : items) {
      KeyRow key = key(item, now);
      if (!names.add(key.kid())) {
        throw new BadField(OBJECT, "kid", "must be different for each key");
      }
      keys.add(key);
    }
    return keys;
  }

  /**
   * The one key in a text: a JWK, or PEM with a public key or a certificate, which becomes a key
   * for RS256 with its thumbprint (RFC 7638) as {@code kid}.
   */
  public static KeyRow readOne(String text, Instant now) {
    String stripped = text.strip();
    if (stripped.startsWith("{")) {
      try {
        return key(Json.readObject(stripped), now);
      } catch (MalformedJson e) {
        throw new BadField(OBJECT, "(body)", "The body " + e.reason() + ".");
      }
    }
    try {
      JWK jwk = JWK.parseFromPEMEncodedObjects(stripped);
      if (jwk.isPrivate()) {
        throw new BadField(
            OBJECT, "(body)", "holds a private key: send the public key, and replace this one");
      }
      Map<String, Object> members = new LinkedHashMap<>(jwk.toPublicJWK().toJSONObject());
      members.keySet().retainAll(Set.of("kty", "n", "e"));
      members.put("kid", jwk.computeThumbprint().toString());
      members.put("use", "sig");
      members.put("alg", "RS256");
      return key(members, now);
    } catch (JOSEException | RuntimeException e) {
      if (e instanceof BadField bad) {
        throw bad;
      }
      throw new BadField(OBJECT, "(body)", "must be a JWK, or PEM with one RSA public key");
    }
  }

  @SuppressWarnings("unchecked") // objects that Json reads have string keys
  private static KeyRow key(@Nullable Object item, Instant now) {
    if (!(item instanceof Map<?, ?> members)) {
      throw new BadField(OBJECT, "keys", "must be JSON objects");
    }
    for (String secret : SECRET_MEMBERS) {
      if (members.containsKey(secret)) {
        throw new BadField(
            OBJECT, secret, "is part of a private key: send the public key, and replace this one");
      }
    }
    if (members.get("x5c") != null && !isLockable(members)) {
      throw new BadField(OBJECT, "x5c", "must be certificates, the first of them with this key");
    }
    RSAKey key;
    try {
      JWK jwk = JWK.parse((Map<String, Object>) members);
      if (!(jwk instanceof RSAKey rsa) || !canVerify(rsa)) {
        throw new BadField(
            OBJECT,
            "kty",
            "must be RSA with 2048 to 16384 bits and an odd exponent from 3 to 2^32");
      }
      key = rsa;
    } catch (ParseException | IllegalArgumentException e) {
      throw new BadField(OBJECT, "keys", "holds something that is no JWK");
    }
    if (!KeyUse.SIGNATURE.equals(key.getKeyUse())) {
      throw new BadField(OBJECT, "use", "must be sig");
    }
    if (key.getAlgorithm() == null || !ALGORITHMS.contains(key.getAlgorithm().getName())) {
      throw new BadField(OBJECT, "alg", "must be RS256, RS384 or RS512");
    }
    String kid = key.getKeyID();
    if (kid == null || kid.isEmpty() || kid.length() > LONGEST_KID || !isName(kid)) {
      throw new BadField(OBJECT, "kid", "must be letters, digits, '.', '_' and '-'");
    }
    Instant expires = now.plus(LONGEST_USE);
    Object asked = members.get("exp");
    if (asked != null) {
      if (!(asked instanceof Long seconds) || seconds <= now.getEpochSecond()) {
        throw new BadField(OBJECT, "exp", "must be a time to come, in seconds since 1970");
      }
      expires = Instant.ofEpochSecond(Math.min(seconds, expires.getEpochSecond()));
    }
    Map<String, Object> kept = new LinkedHashMap<>(key.toPublicJWK().toJSONObject());
    kept.put("exp", expires.getEpochSecond());
    return new KeyRow(kid, Json.write(kept), now.toEpochMilli(), expires.toEpochMilli());
  }

  // RFC 7517 §4.7: the key in the first certificate is the one that the other members tell.
  private static boolean isLockable(Map<?, ?> members) {
    List<X509Certificate> chain = EnterpriseCertificates.read(members.get("x5c"));
    return !chain.isEmpty()
        && chain.get(0).getPublicKey() instanceof RSAPublicKey key
        && members.get("n") instanceof String modulus
        && members.get("e") instanceof String exponent
        && new Base64URL(modulus).decodeToBigInteger().equals(key.getModulus())
        && new Base64URL(exponent).decodeToBigInteger().equals(key.getPublicExponent());
  }

  // The size of the number, not of its bytes: leading zeros make no key longer. The upper bounds
  // keep a verification short.
  private static boolean canVerify(RSAKey key) {
    BigInteger modulus = key.getModulus().decodeToBigInteger();
    BigInteger exponent = key.getPublicExponent().decodeToBigInteger();
    return modulus.bitLength() >= VerificationKey.MIN_RSA_BITS
        && modulus.bitLength() <= MOST_RSA_BITS
        && modulus.testBit(0)
        && exponent.testBit(0)
        && exponent.bitLength() > 1
        && exponent.bitLength() <= MOST_EXPONENT_BITS;
  }

  private static boolean isName(String kid) {
    return kid.chars()
        .allMatch(c ->
            (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || ".-_".indexOf(c) >= 0);
  }
}

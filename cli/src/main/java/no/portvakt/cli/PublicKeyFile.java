package no.portvakt.cli;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.cli.Portvakt.CannotDo;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import org.jspecify.annotations.Nullable;

/** The public key of a client as people have it: a JWK, or PEM with a key or a certificate. */
final class PublicKeyFile {
  /** RFC 7518 §6.3.2 and §6.4.1: members that make a key secret. */
  private static final List<String> SECRET = List.of("d", "p", "q", "dp", "dq", "qi", "oth", "k");

  private PublicKeyFile() {}

  /** The key in a file, as a JWK that the admin API takes. */
  static Map<String, @Nullable Object> read(Path file) {
    String text = text(file);
    if (text.startsWith("{")) {
      try {
        return ofJwk("The file " + file, Json.readObject(text));
      } catch (MalformedJson e) {
        throw new CannotDo("The file " + file + " " + e.reason() + ".");
      }
    }
    if (text.contains("PRIVATE KEY-----")) {
      throw isPrivate("The file " + file);
    }
    try {
      return members(JWK.parseFromPEMEncodedObjects(text));
    } catch (JOSEException | RuntimeException e) { // the parser's own ways to say no
      throw new CannotDo("The file " + file + " is neither a JWK nor PEM with one RSA public key.");
    }
  }

  private static String text(Path file) {
    try {
      return Files.readString(file).strip();
    } catch (IOException e) {
      throw CannotDo.unreadable(file);
    }
  }

  /**
   * A JWK with what the admin API needs besides: {@code kid} (its thumbprint, RFC 7638), {@code
   * use} and {@code alg}, where it does not say them itself.
   *
   * @param where what holds the key, for people
   */
  static Map<String, @Nullable Object> ofJwk(String where, Map<String, @Nullable Object> jwk) {
    if (SECRET.stream().anyMatch(jwk::containsKey)) {
      throw isPrivate(where);
    }
    try {
      Map<String, @Nullable Object> members = members(JWK.parse(Json.write(jwk)));
      members.putAll(jwk);
      return members;
    } catch (ParseException | JOSEException | RuntimeException e) {
      throw new CannotDo(where + " is no RSA public key as a JWK.");
    }
  }

  private static Map<String, @Nullable Object> members(JWK jwk) throws JOSEException {
    RSAKey key = jwk.toRSAKey();
    Map<String, @Nullable Object> members = new LinkedHashMap<>();
    members.put("kty", "RSA");
    members.put("kid", key.computeThumbprint().toString());
    members.put("use", "sig");
    members.put("alg", "RS256");
    members.put("n", key.getModulus().toString());
    members.put("e", key.getPublicExponent().toString());
    return members;
  }

  private static CannotDo isPrivate(String where) {
    return new CannotDo(
        where + " holds a private key; only the public one is given away, so keep this one.");
  }
}

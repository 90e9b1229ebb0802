package no.portvakt.maskinporten;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.JWSHeader;
import com.nimbusds.jose.crypto.RSASSASigner;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.SignatureException;
import java.security.cert.X509Certificate;
import java.text.ParseException;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.JwsSigner;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeySource;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import no.portvakt.tokens.PemKeys;
import org.jspecify.annotations.Nullable;

/**
 * What a client signs its grants with, and how the grant names it: by the id of a key that is
 * registered on the client ({@code kid}), or by an enterprise certificate ({@code x5c}), never
 * both. Safe for use by several threads; its text shows nothing secret.
 */
public final class GrantKey {
  /** The algorithm of a key that names none. */
  static final String RS256 = "RS256";

  private static final List<String> ALGORITHMS = List.of(RS256, "RS384", "RS512");
  private static final int MIN_RSA_BITS = 2048;

  private final Signing signing;
  private final String algorithm;
  private final @Nullable String keyId;
  private volatile @Nullable X509Certificate certificate;

  private GrantKey(Signing signing, String algorithm, @Nullable String keyId) {
    this.signing = signing;
    this.algorithm = algorithm;
    this.keyId = keyId;
  }

  /**
   * The key of a private JWK (RFC 7517), named by its {@code kid}.
   *
   * @param jwk as JSON, or the base64 of that; its {@code alg} counts, without one RS256
   * @throws IllegalArgumentException when it is no private RSA key of at least 2048 bits with a
   *     {@code kid}; the message holds nothing of the key
   */
  public static GrantKey ofJwk(String jwk) {
    RSAKey key;
    Object algorithm;
    try {
      Map<String, @Nullable Object> members = Json.readObject(json(jwk));
      algorithm = members.get("alg");
      if (!"RSA".equals(members.get("kty"))) {
        throw new IllegalArgumentException(
            "The JWK is no RSA key; Maskinporten takes RS256, RS384 and RS512 only.");
      }
      key = JWK.parse(Json.write(members)).toRSAKey();
    } catch (MalformedJson e) {
      throw new IllegalArgumentException("The JWK " + e.reason() + ".");
    } catch (ParseException | IllegalArgumentException e) {
      throw ours(e)
          ? (IllegalArgumentException) e
          : new IllegalArgumentException("The JWK is no RSA key in the form of RFC 7518.");
    }
    if (!key.isPrivate()) {
      throw new IllegalArgumentException("The JWK is a public key; the private one is needed.");
    }
    if (key.getKeyID() == null || key.getKeyID().isEmpty()) {
      throw new IllegalArgumentException(
          "The JWK has no kid; take the one that it was registered with.");
    }
    try {
      return ofPrivateKey(
          key.toPrivateKey(), key.getKeyID(), algorithm instanceof String name ? name : RS256);
    } catch (JOSEException e) {
      throw new IllegalArgumentException("The JWK is no RSA key in the form of RFC 7518.");
    }
  }

  /**
   * The key of a PEM text (PKCS#8), named by its id.
   *
   * @param password what decrypts the key; null: it is not encrypted
   * @param keyId the {@code kid} that it is registered with
   * @throws IllegalArgumentException when the text does not hold one private RSA key of at least
   *     2048 bits
   */
  public static GrantKey ofPem(String pem, char @Nullable [] password, String keyId) {
    return ofPem(pem, password, keyId, RS256);
  }

  /** As {@link #ofPem(String, char[], String)}, with RS256, RS384 or RS512. */
  public static GrantKey ofPem(
      String pem, char @Nullable [] password, String keyId, String algorithm) {
    return ofPrivateKey(PemKeys.readPrivateKey(pem, password), keyId, algorithm);
  }

  /**
   * A key with its certificate, from {@code PemKeys}, {@code KeyStoreKeys} or elsewhere.
   *
   * @param keyId the {@code kid} that it is registered with; null: the certificate is an enterprise
   *     certificate and names it
   * @throws IllegalArgumentException when the key is no RSA key
   */
  public static GrantKey of(KeyMaterial key, @Nullable String keyId) {
    return of(key, keyId, RS256);
  }

  /** As {@link #of(KeyMaterial, String)}, with RS256, RS384 or RS512. */
  public static GrantKey of(KeyMaterial key, @Nullable String keyId, String algorithm) {
    JwsSigner signer = signer(key, algorithm(algorithm));
    return new GrantKey(
        () -> new Current(header(algorithm, keyId, key.chain()), key.chain(), signer::sign),
        algorithm,
        keyId(keyId));
  }

  /**
   * The newest key of a source, such as a PKCS#11 device or a file that is exchanged while the
   * program runs. The source is asked for each grant; it answers from memory most of the time. It
   * stays the caller's to close.
   *
   * @param keyId the {@code kid} that it is registered with; null: the certificate names it
   * @throws IllegalArgumentException when the source has no key now, or no RSA key
   */
  public static GrantKey ofSource(KeySource source, @Nullable String keyId) {
    return ofSource(source, keyId, RS256);
  }

  /** As {@link #ofSource(KeySource, String)}, with RS256, RS384 or RS512. */
  public static GrantKey ofSource(KeySource source, @Nullable String keyId, String algorithm) {
    SourceKey newest = new SourceKey(source, keyId, algorithm(algorithm));
    try {
      newest.current();
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(e.getMessage(), e);
    }
    return new GrantKey(newest, algorithm, keyId(keyId));
  }

  /**
   * A key that somebody else signs with, named by its id.
   *
   * @param algorithm RS256, RS384 or RS512
   * @param keyId the {@code kid} that it is registered with
   * @throws IllegalArgumentException when there is no key id, or the algorithm is another
   */
  public static GrantKey ofSigner(GrantSigner signer, String algorithm, String keyId) {
    return ofSigner(signer, algorithm, named(keyId), List.of());
  }

  /**
   * A key that somebody else signs with, named by its enterprise certificate.
   *
   * @param algorithm RS256, RS384 or RS512
   * @param chain the certificate first, then those that vouch for it
   */
  public static GrantKey ofSigner(
      GrantSigner signer, String algorithm, List<X509Certificate> chain) {
    if (chain.isEmpty()) {
      throw new IllegalArgumentException("There is no certificate.");
    }
    return ofSigner(signer, algorithm, null, List.copyOf(chain));
  }

  private static GrantKey ofSigner(
      GrantSigner signer, String algorithm, @Nullable String keyId, List<X509Certificate> chain) {
    String header = header(algorithm(algorithm), keyId, chain);
    Base64.Encoder base64url = Base64.getUrlEncoder().withoutPadding();
    Current current =
        new Current(
            header,
            chain,
            input -> {
              try {
                return base64url.encodeToString(signer.sign(input));
              } catch (IOException e) {
                throw new SignatureException("The signing service did not answer.", e);
              }
            });
    return new GrantKey(() -> current, algorithm, keyId);
  }

  private static GrantKey ofPrivateKey(PrivateKey key, String keyId, String algorithm) {
    algorithm(algorithm);
    named(keyId);
    if (!(key instanceof java.security.interfaces.RSAKey rsa)) {
      throw new IllegalArgumentException(
          "The key is of type " + key.getAlgorithm() + "; Maskinporten takes RSA keys only.");
    }
    int bits = rsa.getModulus().bitLength();
    if (bits < MIN_RSA_BITS) {
      throw new IllegalArgumentException(
          "The RSA key has " + bits + " bits; at least " + MIN_RSA_BITS + " are needed.");
    }
    RSASSASigner signer = new RSASSASigner(key);
    JWSHeader header = new JWSHeader(JWSAlgorithm.parse(algorithm));
    Current current =
        new Current(
            header(algorithm, keyId, List.of()),
            List.of(),
            input -> {
              try {
                return signer.sign(header, input).toString();
              } catch (JOSEException e) {
                throw new SignatureException("The key did not sign.", e);
              }
            });
    return new GrantKey(() -> current, algorithm, keyId);
  }

  /** The JWS algorithm: RS256, RS384 or RS512. */
  public String algorithm() {
    return algorithm;
  }

  /** The {@code kid} that grants name, or null when they carry the certificate. */
  public @Nullable String keyId() {
    return keyId;
  }

  /** The certificate that the newest grant carries; null when none was signed, or with a kid. */
  @Nullable X509Certificate certificate() {
    return certificate;
  }

  /** A compact JWS (RFC 7515 §7.1) of these claims. */
  String sign(Map<String, Object> claims) {
    try {
      Current current = signing.current();
      certificate = keyId == null ? current.chain.get(0) : null;
      String input =
          current.header
              + "."
              + Base64.getUrlEncoder()
                  .withoutPadding()
                  .encodeToString(Json.write(claims).getBytes(StandardCharsets.UTF_8));
      return input + "." + current.raw.sign(input.getBytes(StandardCharsets.US_ASCII));
    } catch (GeneralSecurityException | RuntimeException e) {
      throw new GrantNotSigned("The client's key did not sign the grant.", e);
    }
  }

  @Override
  public String toString() {
    return "GrantKey[alg=" + algorithm + (keyId == null ? ", x5c" : ", kid=" + keyId) + "]";
  }

  private static byte[] json(String jwk) {
    String text = jwk.strip();
    if (text.startsWith("{")) {
      return text.getBytes(StandardCharsets.UTF_8);
    }
    try {
      return Base64.getDecoder()
          .decode(text.replaceAll("\\s", "").replace('-', '+').replace('_', '/'));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("The JWK is neither a JSON object nor base64 of one.");
    }
  }

  private static boolean ours(Exception e) {
    return e instanceof IllegalArgumentException
        && String.valueOf(e.getMessage()).startsWith("The JWK");
  }

  /** The name of an algorithm that Maskinporten takes. */
  static String algorithm(String name) {
    if (!ALGORITHMS.contains(name)) {
      throw new IllegalArgumentException("Maskinporten takes RS256, RS384 and RS512 only.");
    }
    return name;
  }

  private static @Nullable String keyId(@Nullable String keyId) {
    if (keyId != null && keyId.isBlank()) {
      throw new IllegalArgumentException("The key id is empty.");
    }
    return keyId;
  }

  private static String named(String keyId) {
    if (keyId(keyId) == null) {
      throw new IllegalArgumentException("The key id is missing.");
    }
    return keyId;
  }

  private static JwsSigner signer(KeyMaterial key, String algorithm) {
    if (!JwsSigner.algorithmsFor(key.publicKey()).contains(algorithm)) {
      throw new IllegalArgumentException(
          "The key is of type "
              + key.publicKey().getAlgorithm()
              + "; Maskinporten takes RSA keys only.");
    }
    return JwsSigner.of(key, algorithm);
  }

  /** The encoded header: {@code alg} and exactly one of {@code kid} and {@code x5c}. */
  private static String header(
      String algorithm, @Nullable String keyId, List<X509Certificate> chain) {
    Map<String, Object> header =
        keyId != null
            ? Map.of("alg", algorithm, "kid", keyId)
            : Map.of("alg", algorithm, "x5c", chain.stream().map(GrantKey::encoded).toList());
    return Base64.getUrlEncoder()
        .withoutPadding()
        .encodeToString(Json.write(header).getBytes(StandardCharsets.UTF_8));
  }

  private static String encoded(X509Certificate certificate) {
    try {
      return Base64.getEncoder().encodeToString(certificate.getEncoded());
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException("The certificate can't be written.", e);
    }
  }

  /** What gives the key of the moment. */
  private interface Signing {
    Current current() throws GeneralSecurityException;
  }

  /** Signs bytes and encodes the signature. */
  private interface Raw {
    String sign(byte[] signingInput) throws GeneralSecurityException;
  }

  /** A key, with the header that names it. */
  private static final class Current {
    private final String header;
    private final List<X509Certificate> chain;
    private final Raw raw;

    Current(String header, List<X509Certificate> chain, Raw raw) {
      this.header = header;
      this.chain = chain;
      this.raw = raw;
    }
  }

  /** The newest key of a source; the signer is made anew when it is another object. */
  private static final class SourceKey implements Signing {
    private final KeySource source;
    private final @Nullable String keyId;
    private final String algorithm;
    private @Nullable KeyMaterial known;
    private @Nullable Current current;

    SourceKey(KeySource source, @Nullable String keyId, String algorithm) {
      this.source = source;
      this.keyId = keyId;
      this.algorithm = algorithm;
    }

    @Override
    public synchronized Current current() throws GeneralSecurityException {
      List<KeyMaterial> keys;
      try {
        keys = source.load();
      } catch (KeySourceUnavailable e) {
        throw new SignatureException(e.getMessage(), e);
      }
      KeyMaterial newest = keys.get(keys.size() - 1);
      Current kept = current;
      if (kept == null || newest != known) {
        kept =
            new Current(
                header(algorithm, keyId, newest.chain()),
                newest.chain(),
                signer(newest, algorithm)::sign);
        known = newest;
        current = kept;
      }
      return kept;
    }
  }
}

package no.portvakt.server.issuer;

import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import no.portvakt.server.store.SigningKeyTable.SigningKeyRow;
import no.portvakt.tokens.KeyMaterial;
import no.portvakt.tokens.KeySource;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where private signing keys live: encrypted in the store, or in a source of their own that this
 * process can read or use. Rows name keys; only here do they get their private halves.
 */
public final class KeyStorage implements AutoCloseable {
  /** The {@code source} of keys that are kept in the store. */
  static final String STORE = "store";

  private static final Logger LOG = LoggerFactory.getLogger(KeyStorage.class);
  private static final int RSA_BITS = 2048;
  private static final int MOST_EARLIER = 8;

  private final KeyCipher cipher;
  private final @Nullable External external;
  private final Map<String, KeyMaterial> externalKeys = new LinkedHashMap<>();
  private final Map<String, KeyMaterial> earlierKeys = new LinkedHashMap<>();
  private final Map<String, Instant> confirmed = new HashMap<>();
  private Map<String, KeyMaterial> usable = Map.of();
  private @Nullable Instant answered;
  private boolean answers;
  private @Nullable String reported;
  private long generation;

  /**
   * A source outside the store.
   *
   * @param name what rows call it
   * @param source the source itself
   * @param outage for how long a key may sign that it does not confirm any more
   */
  public record External(String name, KeySource source, Duration outage, InstantSource clock) {}

  /**
   * @param external where new keys come from; null: they are made here and kept in the store
   */
  public KeyStorage(KeyCipher cipher, @Nullable External external) {
    this.cipher = cipher;
    this.external = external;
    if (external != null) {
      look();
    }
  }

  /** The {@code source} of keys that are new from now on. */
  String source() {
    return external == null ? STORE : external.name();
  }

  /** The keys of the external source, the newest last; none when there is no such source. */
  synchronized List<KeyMaterial> external() {
    return List.copyOf(externalKeys.values());
  }

  /**
   * Whether the external source, when there is one, answers now and lacks a key. While something is
   * wrong with a part of it, only a key that was seen in it is lacking: another may be in that
   * part.
   */
  synchronized boolean lacks(String kid) {
    return answers
        && !externalKeys.containsKey(kid)
        && (problem() == null || earlierKeys.containsKey(kid));
  }

  /** What is wrong with the external source, or null when nothing is or there is none. */
  public @Nullable String problem() {
    return external == null ? null : external.source().problem();
  }

  /** Counts the changes of the keys that can sign from outside the store. */
  synchronized long generation() {
    return generation;
  }

  /**
   * Looks at the external source, when there is one. A key that it does not confirm, because it or
   * a part of it can't be read, is usable for a stated time.
   */
  synchronized void look() {
    if (external == null) {
      return;
    }
    Instant now = external.clock().instant();
    Map<String, KeyMaterial> found = new LinkedHashMap<>();
    Set<String> seen = Set.of();
    @Nullable String problem;
    try {
      for (KeyMaterial key : external.source().load()) {
        found.put(key.keyId(), key);
      }
      seen = external.source().confirmed();
      problem = external.source().problem();
    } catch (KeySourceUnavailable e) {
      problem = String.valueOf(e.getMessage());
    }
    report(external.name(), problem);
    if (!found.isEmpty()) {
      externalKeys.keySet().removeAll(found.keySet());
      externalKeys.forEach(this::keepEarlier);
      externalKeys.clear();
      externalKeys.putAll(found);
      confirmed.keySet().retainAll(found.keySet());
    }
    seen.forEach(kid -> confirmed.put(kid, now));
    answers = !seen.isEmpty();
    if (answers) {
      answered = now;
    }
    Map<String, KeyMaterial> still = new HashMap<>();
    if (isRecent(answered, now, external)) {
      still.putAll(earlierKeys);
    }
    still.keySet().removeAll(externalKeys.keySet());
    externalKeys.forEach((kid, key) -> {
      if (isRecent(confirmed.get(kid), now, external)) {
        still.put(kid, key);
      }
    });
    // The same key may be another object: a device that comes back signs with new ones only.
    if (!still.equals(usable)) {
      usable = still;
      generation++;
    }
  }

  private static boolean isRecent(@Nullable Instant time, Instant now, External source) {
    return time != null && now.isBefore(time.plus(source.outage()));
  }

  /** Says once what is wrong with the source, and that it is well again. */
  private void report(String source, @Nullable String problem) {
    if (Objects.equals(problem, reported)) {
      return;
    }
    reported = problem;
    if (problem == null) {
      LOG.info("The source {} of signing keys is well again.", source);
    } else {
      LOG.warn("Something is wrong with the source {} of signing keys: {}", source, problem);
    }
  }

  /** A key that the source has replaced goes on until its successor may sign. */
  private void keepEarlier(String kid, KeyMaterial key) {
    earlierKeys.remove(kid);
    earlierKeys.put(kid, key);
    if (earlierKeys.size() > MOST_EARLIER) {
      earlierKeys.remove(earlierKeys.keySet().iterator().next());
    }
  }

  private @Nullable KeyMaterial externalKey(SigningKeyRow row) {
    if (external == null) {
      return null;
    }
    boolean ended =
        row.signsUntil() != null && row.signsUntil() <= external.clock().instant().toEpochMilli();
    return ended && !externalKeys.containsKey(row.kid()) ? null : usable.get(row.kid());
  }

  /**
   * Sees that the master key opens what is kept already, before more is kept with it.
   *
   * @throws KeyCipher.WrongMasterKey when it does not
   */
  void requireMasterKeyOf(List<SigningKeyRow> rows) {
    for (SigningKeyRow row : rows) {
      if (row.source().equals(STORE)) {
        Arrays.fill(cipher.decrypt(row.kid(), row.privateKey()), (byte) 0);
        return;
      }
    }
  }

  /** A new key, made here. */
  SigningKeyRow make(String role, String algorithm, String subject, Instant now) {
    try {
      KeyPair pair = generator(algorithm).generateKeyPair();
      byte[] der = SelfSigned.certificate(pair, subject, now);
      return seal(
          role, KeyMaterial.of(pair.getPrivate(), List.of(certificate(der))), algorithm, now);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("No key of algorithm " + algorithm + " can be made.", e);
    }
  }

  /** A key that is kept in the store. */
  SigningKeyRow seal(String role, KeyMaterial key, String algorithm, Instant now) {
    byte[] encoded = key.privateKey().getEncoded();
    if (encoded == null) {
      throw new IllegalArgumentException(
          "The private key can't leave its device; use the device as the source of signing keys.");
    }
    return row(role, key, algorithm, cipher.encrypt(key.keyId(), encoded), STORE, now);
  }

  /** A key whose private half stays in the external source. */
  SigningKeyRow refer(String role, KeyMaterial key, String algorithm, Instant now) {
    return row(role, key, algorithm, "", source(), now);
  }

  private static SigningKeyRow row(
      String role, KeyMaterial key, String algorithm, String sealed, String source, Instant now) {
    long time = now.toEpochMilli();
    String certificate = Base64.getEncoder().encodeToString(der(key.certificate()));
    return new SigningKeyRow(
        role, key.keyId(), algorithm, certificate, sealed, source, time, time, null, null, null);
  }

  /**
   * The key of a row; it can sign when its private half is at hand.
   *
   * @throws KeyCipher.WrongMasterKey when the master key does not open it
   */
  synchronized SigningKey read(SigningKeyRow row) {
    Instant created = Instant.ofEpochMilli(row.created());
    try {
      X509Certificate certificate = certificateOf(row);
      if (!row.source().equals(STORE)) {
        return outside(row, externalKey(row), certificate, created);
      }
      byte[] encoded = cipher.decrypt(row.kid(), row.privateKey());
      PrivateKey privateKey =
          KeyFactory.getInstance(certificate.getPublicKey().getAlgorithm())
              .generatePrivate(new PKCS8EncodedKeySpec(encoded));
      KeyMaterial key = KeyMaterial.of(privateKey, List.of(certificate));
      return new SigningKey(row.algorithm(), key, certificate, created);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("The signing key " + row.kid() + " can't be read.", e);
    }
  }

  private static SigningKey outside(
      SigningKeyRow row, @Nullable KeyMaterial key, X509Certificate certificate, Instant created) {
    try {
      return new SigningKey(row.algorithm(), key, certificate, created);
    } catch (IllegalArgumentException e) {
      LOG.warn("The signing key {} does not sign for now: {}", row.kid(), e.getMessage());
      return new SigningKey(row.algorithm(), null, certificate, created);
    }
  }

  @Override
  public void close() {
    if (external != null) {
      external.source().close();
    }
  }

  private static KeyPairGenerator generator(String algorithm) throws GeneralSecurityException {
    if (algorithm.startsWith("E") && !algorithm.startsWith("ES")) {
      return KeyPairGenerator.getInstance("Ed25519");
    }
    boolean elliptic = algorithm.startsWith("ES");
    KeyPairGenerator generator = KeyPairGenerator.getInstance(elliptic ? "EC" : "RSA");
    if (elliptic) {
      generator.initialize(new ECGenParameterSpec("secp256r1"));
    } else {
      generator.initialize(RSA_BITS);
    }
    return generator;
  }

  /** The certificate of a row. */
  static X509Certificate certificateOf(SigningKeyRow row) {
    try {
      return certificate(Base64.getDecoder().decode(row.certificate()));
    } catch (CertificateException e) {
      throw new IllegalStateException("The certificate of " + row.kid() + " can't be read.", e);
    }
  }

  private static X509Certificate certificate(byte[] der) throws CertificateException {
    return (X509Certificate)
        CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
  }

  private static byte[] der(X509Certificate certificate) {
    try {
      return certificate.getEncoded();
    } catch (CertificateException e) {
      throw new IllegalStateException("A certificate that was read can't be written.", e);
    }
  }
}

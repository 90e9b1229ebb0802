package no.portvakt.server.maskinporten;

import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.LoadingCache;
import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.RSAKey;
import java.security.cert.X509Certificate;
import java.text.ParseException;
import java.time.Instant;
import java.util.List;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.VerificationKey;

/**
 * Proves that a grant comes from its client: by a registered key or by an enterprise certificate.
 */
final class ClientKeys {
  /** The claim {@code client_amr} for a registered key. */
  static final String BY_KEY = "private_key_jwt";

  /** The claim {@code client_amr} for an enterprise certificate. */
  static final String BY_CERTIFICATE = "virksomhetssertifikat";

  private static final int MOST_READ_KEYS = 10_000;

  private final EnterpriseCertificates certificates;

  /**
   * The keys that were used lately, by their JWK: to read one costs more than to verify with it.
   */
  private final LoadingCache<String, VerificationKey> keys =
      Caffeine.newBuilder().maximumSize(MOST_READ_KEYS).build(ClientKeys::read);

  /**
   * How a client proved itself.
   *
   * @param method the claim {@code client_amr}
   * @param expires when what it used for that can be used no longer
   */
  record Proof(String method, Instant expires) {}

  ClientKeys(EnterpriseCertificates certificates) {
    this.certificates = certificates;
  }

  /** Checks the signature and says how the client proved itself. */
  Proof authenticate(Grant grant, ClientRow client, List<KeyRow> registered, Instant now) {
    RuleTrace trace = grant.trace();
    boolean byKey = grant.jws().header().containsKey("kid");
    boolean byCertificate = grant.jws().header().containsKey("x5c");
    if (!trace.check(
        "client.proof",
        byKey != byCertificate,
        "kid or x5c, one of them",
        (byKey ? "kid " : "") + (byCertificate ? "x5c" : ""))) {
      throw byKey || registered.isEmpty()
          ? Refusal.X5C.of(byKey ? ": not together with kid" : ": missing")
          : Refusal.KEY_REQUIRED.of("");
    }
    if (byCertificate && !registered.isEmpty()) {
      trace.check("client.proof", false, "kid: the client has registered keys", "x5c");
      throw Refusal.KEY_REQUIRED.of("");
    }
    if (byKey) {
      KeyRow row = registered(grant, registered, now);
      requireSignature(grant, keys.get(row.jwk()));
      return new Proof(BY_KEY, Instant.ofEpochMilli(row.expires()));
    }
    X509Certificate leaf = certified(grant, client, now);
    requireSignature(grant, key(grant, leaf));
    return new Proof(BY_CERTIFICATE, leaf.getNotAfter().toInstant());
  }

  private static void requireSignature(Grant grant, VerificationKey key) {
    boolean usable = key.supports(grant.algorithm());
    if (!grant
        .trace()
        .check(
            "client.signature",
            key.verifies(grant.jws(), grant.algorithm()),
            "made by the client's key",
            grant.algorithm())) {
      throw Refusal.SIGNATURE.of(
          usable ? "" : " The key is registered for another alg than " + grant.algorithm() + ".");
    }
  }

  private static KeyRow registered(Grant grant, List<KeyRow> keys, Instant now) {
    String kid = grant.jws().keyId();
    KeyRow found = null;
    for (KeyRow key : keys) {
      if (key.kid().equals(kid)) {
        found = key;
      }
    }
    if (!grant.trace().check("client.kid", found != null, "a key of the client", kid)
        || found == null) {
      throw Refusal.UNKNOWN_KEY.of("");
    }
    if (!grant
        .trace()
        .check(
            "client.key_age",
            now.toEpochMilli() < found.expires(),
            "used before " + Instant.ofEpochMilli(found.expires()),
            now)) {
      throw Refusal.EXPIRED_KEY.of("");
    }
    return found;
  }

  private static VerificationKey read(String jwk) {
    try {
      RSAKey key = JWK.parse(jwk).toRSAKey();
      // RFC 7517 §4.4: a key that names its algorithm is for no other.
      String algorithm = key.getAlgorithm() == null ? null : key.getAlgorithm().getName();
      return VerificationKey.of(key.getKeyID(), algorithm, key.toRSAPublicKey());
    } catch (ParseException | JOSEException e) {
      throw new IllegalStateException("A stored key of a client can't be read.", e);
    }
  }

  private X509Certificate certified(Grant grant, ClientRow client, Instant now) {
    List<X509Certificate> chain = EnterpriseCertificates.read(grant.jws().header().get("x5c"));
    if (!grant.trace().check("client.x5c", !chain.isEmpty(), "certificates", chain.size())) {
      throw Refusal.X5C.of("");
    }
    String problem = certificates.problemOf(chain, now);
    if (!grant
        .trace()
        .check(
            "client.certificate",
            problem == null,
            "a valid chain",
            problem == null ? "valid" : problem)) {
      throw Refusal.CERTIFICATE.of("");
    }
    OrganisationNumber number = EnterpriseCertificates.organisationOf(chain.get(0));
    if (!grant
        .trace()
        .check(
            "client.certificate_organisation",
            number != null && number.value().equals(client.organisation()),
            client.organisation(),
            number)) {
      throw Refusal.ORGANISATION.of("");
    }
    return chain.get(0);
  }

  private static VerificationKey key(Grant grant, X509Certificate leaf) {
    try {
      return VerificationKey.of(null, null, leaf.getPublicKey());
    } catch (IllegalArgumentException e) {
      grant.trace().check("client.certificate", false, "an RSA key of 2048 bits", e.getMessage());
      throw Refusal.CERTIFICATE.of("");
    }
  }
}

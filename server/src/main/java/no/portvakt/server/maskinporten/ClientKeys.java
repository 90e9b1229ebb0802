package no.portvakt.server.maskinporten;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.RSAKey;
import java.security.cert.X509Certificate;
import java.text.ParseException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import no.portvakt.server.certificates.EnterpriseCertificates;
import no.portvakt.server.certificates.EnterpriseCertificates.Path;
import no.portvakt.server.certificates.Revocation.Finding;
import no.portvakt.server.certificates.Revocation.Verdict;
import no.portvakt.server.certificates.Subject;
import no.portvakt.server.registration.ParsedDocuments;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.VerificationKey;
import org.jspecify.annotations.Nullable;

/**
 * Proves that a grant comes from its client: by a registered key or by an enterprise certificate.
 */
final class ClientKeys {
  /** The claim {@code client_amr} for a registered key. */
  static final String BY_KEY = "private_key_jwt";

  /** The claim {@code client_amr} for an enterprise certificate. */
  static final String BY_CERTIFICATE = "virksomhetssertifikat";

  private final EnterpriseCertificates certificates;

  /**
   * The keys that were used lately, by their JWK: to read one costs more than to verify with it.
   */
  private final ParsedDocuments<Registered> keys = new ParsedDocuments<>(ClientKeys::read);

  /**
   * How a client proved itself.
   *
   * @param method the claim {@code client_amr}
   * @param expires when what it used for that can be used no longer
   */
  record Proof(String method, Instant expires) {}

  /**
   * A registered key as it was read.
   *
   * @param chain of the certificate that it is locked to, empty when it can't be read; null: to
   *     none
   */
  private record Registered(VerificationKey key, @Nullable List<X509Certificate> chain) {}

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
        byKey && byCertificate ? "both" : byKey ? "kid" : byCertificate ? "x5c" : "none")) {
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
      Registered key = keys.of(row.jwk());
      Instant expires = Instant.ofEpochMilli(row.expires());
      if (key.chain() == null) {
        requireSignature(grant, key.key());
      } else {
        // A key with a certificate is good for as long as the certificate is; both are of one pair.
        Instant ends = certified(grant, client, key.chain(), key.key(), now);
        expires = ends.isBefore(expires) ? ends : expires;
      }
      return new Proof(BY_KEY, expires);
    }
    List<X509Certificate> chain = EnterpriseCertificates.read(grant.jws().header().get("x5c"));
    return new Proof(BY_CERTIFICATE, certified(grant, client, chain, null, now));
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
            "used before " + found.expires() / 1000,
            now.getEpochSecond())) {
      throw Refusal.EXPIRED_KEY.of("");
    }
    return found;
  }

  private static Registered read(String jwk) {
    try {
      Map<String, @Nullable Object> members = Json.readObject(jwk);
      boolean locked = members.containsKey("x5c");
      Object chain = members.remove("x5c");
      RSAKey key = RSAKey.parse(Json.write(members));
      // RFC 7517 §4.4: a key that names its algorithm is for no other.
      String algorithm = key.getAlgorithm() == null ? null : key.getAlgorithm().getName();
      return new Registered(
          VerificationKey.of(key.getKeyID(), algorithm, key.toRSAPublicKey()),
          locked ? EnterpriseCertificates.read(chain) : null);
    } catch (MalformedJson | ParseException | JOSEException e) {
      throw new IllegalStateException("A stored key of a client can't be read.", e);
    }
  }

  // Revocation comes last: only the client's own grant may have us ask others. Returns until when
  // the certificate leads to an anchor.
  private Instant certified(
      Grant grant,
      ClientRow client,
      List<X509Certificate> chain,
      @Nullable VerificationKey locked,
      Instant now) {
    if (!grant.trace().check("client.x5c", !chain.isEmpty(), "certificates", chain.size())) {
      throw Refusal.X5C.of("");
    }
    Path path = certificates.path(chain, now);
    if (!path.finding().holds()) {
      requireTrust(grant, path.finding());
    }
    X509Certificate leaf = chain.get(0);
    OrganisationNumber number = Subject.organisationOf(leaf);
    if (!grant
        .trace()
        .check(
            "client.certificate_organisation",
            number != null && number.value().equals(client.organisation()),
            client.organisation(),
            number)) {
      throw Refusal.ORGANISATION.of("");
    }
    requireSignature(
        grant, locked == null ? VerificationKey.of(null, null, leaf.getPublicKey()) : locked);
    requireTrust(grant, certificates.check(chain, now));
    return path.until();
  }

  private static void requireTrust(Grant grant, Finding finding) {
    if (!grant
        .trace()
        .check("client.certificate", finding.holds(), "a valid chain", finding.what())) {
      // A client can do nothing about a responder that is away; its certificate may be good.
      throw finding.verdict() == Verdict.UNKNOWN
          ? Refusal.UNAVAILABLE.of(": whether the certificate was revoked can't be learnt now")
          : Refusal.CERTIFICATE.of("");
    }
  }
}

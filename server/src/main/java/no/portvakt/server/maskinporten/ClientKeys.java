package no.portvakt.server.maskinporten;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.jwk.RSAKey;
import com.nimbusds.jose.util.Base64;
import java.security.cert.X509Certificate;
import java.text.ParseException;
import java.time.Instant;
import java.util.List;
import no.portvakt.server.certificates.EnterpriseCertificates;
import no.portvakt.server.certificates.Revocation.Finding;
import no.portvakt.server.certificates.Subject;
import no.portvakt.server.maskinporten.Refusal.Refused;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
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

  ClientKeys(EnterpriseCertificates certificates) {
    this.certificates = certificates;
  }

  /** Checks the signature and says how the client proved itself. */
  String authenticate(Grant grant, ClientRow client, List<KeyRow> keys, Instant now) {
    RuleTrace trace = grant.trace();
    boolean byKey = grant.jws().header().containsKey("kid");
    boolean byCertificate = grant.jws().header().containsKey("x5c");
    if (!trace.check(
        "client.proof",
        byKey != byCertificate,
        "kid or x5c, one of them",
        (byKey ? "kid " : "") + (byCertificate ? "x5c" : ""))) {
      throw byKey || keys.isEmpty()
          ? new Refused(Refusal.X5C, byKey ? ": not together with kid" : ": missing")
          : new Refused(Refusal.KEY_REQUIRED, "");
    }
    if (byCertificate && !keys.isEmpty()) {
      trace.check("client.proof", false, "kid: the client has registered keys", "x5c");
      throw new Refused(Refusal.KEY_REQUIRED, "");
    }
    VerificationKey key =
        byKey
            ? registered(grant, client, keys, now)
            : certified(grant, client, grant.jws().header().get("x5c"), now);
    if (!trace.check(
        "client.signature",
        key.verifies(grant.jws(), grant.algorithm()),
        "made by the client's key",
        grant.algorithm())) {
      throw new Refused(Refusal.SIGNATURE, "");
    }
    return byKey ? BY_KEY : BY_CERTIFICATE;
  }

  private VerificationKey registered(
      Grant grant, ClientRow client, List<KeyRow> keys, Instant now) {
    String kid = grant.jws().keyId();
    KeyRow found = null;
    for (KeyRow key : keys) {
      if (key.kid().equals(kid)) {
        found = key;
      }
    }
    if (!grant.trace().check("client.kid", found != null, "a key of the client", kid)
        || found == null) {
      throw new Refused(Refusal.UNKNOWN_KEY, "");
    }
    if (!grant
        .trace()
        .check(
            "client.key_age",
            now.toEpochMilli() < found.expires(),
            "used before " + Instant.ofEpochMilli(found.expires()),
            now)) {
      throw new Refused(Refusal.EXPIRED_KEY, "");
    }
    try {
      RSAKey key = RSAKey.parse(found.jwk());
      List<Base64> chain = key.getX509CertChain();
      // A key with a certificate is good for as long as the certificate is; both are of one pair.
      return chain == null
          ? VerificationKey.of(found.kid(), null, key.toRSAPublicKey())
          : certified(grant, client, chain.stream().map(Base64::toString).toList(), now);
    } catch (ParseException | JOSEException e) {
      throw new IllegalStateException("A stored key of a client can't be read.", e);
    }
  }

  private VerificationKey certified(
      Grant grant, ClientRow client, @Nullable Object x5c, Instant now) {
    List<X509Certificate> chain = EnterpriseCertificates.read(x5c);
    if (!grant.trace().check("client.x5c", !chain.isEmpty(), "certificates", chain.size())) {
      throw new Refused(Refusal.X5C, "");
    }
    Finding finding = certificates.check(chain, now);
    if (!grant
        .trace()
        .check("client.certificate", finding.holds(), "a valid chain", finding.what())) {
      throw new Refused(Refusal.CERTIFICATE, "");
    }
    OrganisationNumber number = Subject.organisationOf(chain.get(0));
    if (!grant
        .trace()
        .check(
            "client.certificate_organisation",
            number != null && number.value().equals(client.organisation()),
            client.organisation(),
            number)) {
      throw new Refused(Refusal.ORGANISATION, "");
    }
    return VerificationKey.of(null, null, chain.get(0).getPublicKey());
  }
}

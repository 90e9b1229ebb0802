package no.portvakt.server.maskinporten;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import no.portvakt.server.audit.AuditEvent;
import no.portvakt.server.issuer.TokenIssuer;
import no.portvakt.server.maskinporten.AuthorizationDetails.Detail;
import no.portvakt.server.maskinporten.ClientKeys.Proof;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.NationalIdentityNumber;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/**
 * A token that may be issued once its record is durable: what it says, and what the record says.
 *
 * @param acceptedUntil until when the grant would be accepted by its times
 */
record Decision(
    String clientId,
    Proof proof,
    GrantClaims asked,
    Instant acceptedUntil,
    Entitlement entitlement,
    @Nullable Detail detail) {
  /**
   * The claims in the order of real tokens.
   *
   * @param legacy whether tokens have {@code client_orgno}, and {@code aud} always
   */
  Map<String, @Nullable Object> claims(String issuer, boolean legacy, Instant now) {
    List<String> audiences = entitlement.audiences();
    Map<String, @Nullable Object> claims = new LinkedHashMap<>();
    if (!audiences.isEmpty()) {
      claims.put(ClaimNames.AUDIENCE, audiences.size() == 1 ? audiences.get(0) : audiences);
    } else if (legacy) {
      claims.put(ClaimNames.AUDIENCE, "unspecified");
    }
    claims.put(ClaimNames.SCOPE, asked.scopes().toString());
    claims.put(ClaimNames.ISSUER, issuer);
    claims.put(ClaimNames.CLIENT_AMR, proof.method());
    claims.put(ClaimNames.TOKEN_TYPE, "Bearer");
    claims.put(ClaimNames.EXPIRES_AT, now.getEpochSecond() + entitlement.lifetime());
    claims.put(ClaimNames.ISSUED_AT, now.getEpochSecond());
    claims.put(ClaimNames.CLIENT_ID, clientId);
    OrganisationNumber supplier = entitlement.supplier();
    if (legacy) {
      claims.put(
          ClaimNames.CLIENT_ORGANISATION_NUMBER,
          (supplier == null ? entitlement.consumer() : supplier).value());
    }
    claims.put(ClaimNames.TOKEN_ID, TokenIssuer.freshTokenId());
    claims.put(ClaimNames.CONSUMER, Consumer.of(entitlement.consumer()).toClaim());
    if (supplier != null) {
      claims.put(ClaimNames.SUPPLIER, Consumer.of(supplier).toClaim());
    }
    if (entitlement.delegationSource() != null) {
      claims.put(ClaimNames.DELEGATION_SOURCE, entitlement.delegationSource());
    }
    NationalIdentityNumber person = asked.person();
    if (person != null) {
      claims.put(ClaimNames.PERSON_ID, person.value());
    }
    if (detail != null) {
      claims.put(ClaimNames.AUTHORIZATION_DETAILS, List.of(detail.claim()));
    }
    return claims;
  }

  /** Adds to a record who asked and what was given; of a person the pseudonym. */
  AuditEvent describe(AuditEvent event, RuleTrace trace, Instant now) {
    OrganisationNumber supplier = entitlement.supplier();
    NationalIdentityNumber person = asked.person();
    // The scopes one by one, so that all of them are kept however many they are.
    List<String> scopes = new ArrayList<>();
    asked.scopes().forEach(name -> scopes.add(trace.kept(name)));
    event
        .with("client_id", clientId)
        .with("organisation", entitlement.consumer().value())
        .with("supplier", supplier == null ? null : supplier.value())
        .with("delegation_source", entitlement.delegationSource())
        .with("scope", String.join(" ", scopes))
        .with("person", person == null ? null : trace.kept(person.value()))
        .with("client_key_expires", keyEndsSoon(now) ? proof.expires().toString() : null);
    return detail == null ? event : event.with(detail.kind(), detail.id());
  }

  /** Whether the client's key or certificate ends soon. */
  boolean keyEndsSoon(Instant now) {
    return proof.expires().isBefore(now.plus(TokenEndpoint.WARNED_BEFORE));
  }
}

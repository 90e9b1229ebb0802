package no.portvakt.server.maskinporten;

import static no.portvakt.server.audit.AuditEvent.Outcome.GRANTED;
import static no.portvakt.server.audit.AuditEvent.Outcome.REFUSED;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import no.portvakt.server.audit.AuditEvent;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Request;
import no.portvakt.server.http.RequestContext;
import no.portvakt.server.http.RequestRefused;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.TokenIssuer;
import no.portvakt.server.maskinporten.AuthorizationDetails.Asker;
import no.portvakt.server.maskinporten.AuthorizationDetails.Detail;
import no.portvakt.server.maskinporten.ClientKeys.Proof;
import no.portvakt.server.maskinporten.Refusal.Refused;
import no.portvakt.server.oauth2.TokenAnswer;
import no.portvakt.server.registration.ClientSettings;
import no.portvakt.server.registration.Registrations;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.trust.ReplayGuard;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.NationalIdentityNumber;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Scopes;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /token}: a JWT grant in, a Maskinporten token out (RFC 7523 §2.1,
 * docs/protocol/maskinporten-token.md).
 */
public final class TokenEndpoint {
  /** How long before a client's key or certificate ends its grants are answered with a warning. */
  public static final Duration WARNED_BEFORE = Duration.ofDays(30);

  /** The header of an answer to a grant whose key or certificate ends soon: when, an HTTP-date. */
  private static final String KEY_EXPIRES = "Portvakt-Key-Expires";

  /** RFC 9110 §5.6.7. */
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
          .withZone(ZoneOffset.UTC);

  private final TokenIssuer issuer;
  private final Registrations registered;
  private final ClientKeys keys;
  private final AuthorizationDetails details;
  private final ReplayGuard replays;
  private final AuditLog audit;
  private final InstantSource clock;
  private final Options options;
  private final Observer observer;

  /**
   * What is taken and given.
   *
   * @param grantLifetime the longest time from a grant's {@code iat} to its {@code exp}, in seconds
   * @param queryParameters whether the parameters may stand in the query string instead
   * @param misspeltMediaType whether {@code application/x-form-urlencoded} is a form as well
   * @param legacyClaims whether tokens have {@code client_orgno}, and {@code aud} always
   */
  public record Options(
      long grantLifetime,
      boolean queryParameters,
      boolean misspeltMediaType,
      boolean legacyClaims) {}

  /** Is told of tokens for keys that end soon, for metrics. */
  public interface Observer {
    /** One more token for a key or a certificate that ends soon, by its {@code client_amr}. */
    void keyEndsSoon(String method);
  }

  public TokenEndpoint(
      TokenIssuer issuer,
      Registrations registered,
      EnterpriseCertificates certificates,
      ReplayGuard replays,
      AuditLog audit,
      InstantSource clock,
      Options options,
      Observer observer) {
    this.issuer = issuer;
    this.registered = registered;
    this.keys = new ClientKeys(certificates);
    this.details = new AuthorizationDetails(registered);
    this.replays = replays;
    this.audit = audit;
    this.clock = clock;
    this.options = options;
    this.observer = observer;
  }

  /** A token that may be issued once its record is durable. */
  private record Decision(
      String clientId,
      Proof proof,
      GrantClaims asked,
      Instant acceptedUntil,
      Entitlement entitlement,
      @Nullable Detail detail) {}

  /** Answers one token request. */
  public Answer handle(Request request) {
    Instant now = clock.instant();
    RuleTrace trace = audit.trace();
    Decision decision;
    try {
      Grant grant = Grant.parse(TokenRequestForm.assertion(request, trace, options), trace);
      decision = decide(grant, now);
    } catch (RequestRefused e) {
      Refusal refusal = e.status() == 413 ? Refusal.TOO_LARGE : Refusal.REQUEST;
      return e.in(answer(refusal.of(": " + e.getMessage())));
    } catch (Refused e) {
      audit.record(event(REFUSED, now).with("reason", reason(e, trace)).rules(trace));
      return answer(e);
    }
    SigningKey key = issuer.key();
    Map<String, @Nullable Object> claims = claims(decision, now);
    if (!recorded(decision, claims, key, trace, now)) {
      return answer(Refusal.REPLAYED.of(""));
    }
    String token = issuer.sign(claims, key);
    long left =
        now.getEpochSecond() + decision.entitlement.lifetime() - clock.instant().getEpochSecond();
    Answer granted =
        TokenAnswer.granted(token, Math.max(left, 1), decision.asked.scopes().toString());
    if (!endsSoon(decision.proof, now)) {
      return granted;
    }
    observer.keyEndsSoon(decision.proof.method());
    return granted.with(KEY_EXPIRES, HTTP_DATE.format(decision.proof.expires()));
  }

  private Decision decide(Grant grant, Instant now) {
    String clientId = grant.clientId();
    ClientRow client = registered.clients().find(clientId);
    ClientSettings settings =
        client == null || !client.active() ? null : ClientSettings.read(client.body());
    boolean usable = settings != null && settings.usesGrants();
    if (!grant.trace().check("client", usable, "an active client with JWT grants", clientId)
        || client == null
        || settings == null) {
      throw Refusal.UNKNOWN_CLIENT.of("");
    }
    Proof proof = keys.authenticate(grant, client, registered.clients().keys(clientId), now);
    GrantAudience.require(grant, issuer.issuer());
    Instant acceptedUntil = GrantTimes.check(grant, now, options.grantLifetime());
    GrantClaims asked = GrantClaims.of(grant);
    Entitlement entitlement = Entitlement.of(registered, client, settings, asked, grant.trace());
    Detail detail =
        details.enrich(asked, new Asker(clientId, entitlement.consumer()), now, grant.trace());
    return new Decision(clientId, proof, asked, acceptedUntil, entitlement, detail);
  }

  /** The claims in the order of real tokens. */
  private Map<String, @Nullable Object> claims(Decision decision, Instant now) {
    Entitlement entitlement = decision.entitlement;
    List<String> audiences = entitlement.audiences();
    Map<String, @Nullable Object> claims = new LinkedHashMap<>();
    if (!audiences.isEmpty()) {
      claims.put(ClaimNames.AUDIENCE, audiences.size() == 1 ? audiences.get(0) : audiences);
    } else if (options.legacyClaims()) {
      claims.put(ClaimNames.AUDIENCE, "unspecified");
    }
    claims.put(ClaimNames.SCOPE, decision.asked.scopes().toString());
    claims.put(ClaimNames.ISSUER, issuer.issuer());
    claims.put(ClaimNames.CLIENT_AMR, decision.proof.method());
    claims.put(ClaimNames.TOKEN_TYPE, "Bearer");
    claims.put(ClaimNames.EXPIRES_AT, now.getEpochSecond() + entitlement.lifetime());
    claims.put(ClaimNames.ISSUED_AT, now.getEpochSecond());
    claims.put(ClaimNames.CLIENT_ID, decision.clientId);
    OrganisationNumber supplier = entitlement.supplier();
    if (options.legacyClaims()) {
      claims.put(
          ClaimNames.CLIENT_ORGANISATION_NUMBER,
          (supplier == null ? entitlement.consumer() : supplier).value());
    }
    claims.put(ClaimNames.TOKEN_ID, TokenIssuer.freshTokenId());
    claims.put(ClaimNames.CONSUMER, party(entitlement.consumer()));
    if (supplier != null) {
      claims.put(ClaimNames.SUPPLIER, party(supplier));
    }
    if (entitlement.delegationSource() != null) {
      claims.put(ClaimNames.DELEGATION_SOURCE, entitlement.delegationSource());
    }
    NationalIdentityNumber person = decision.asked.person();
    if (person != null) {
      claims.put(ClaimNames.PERSON_ID, person.value());
    }
    if (decision.detail != null) {
      claims.put(ClaimNames.AUTHORIZATION_DETAILS, List.of(decision.detail.claim()));
    }
    return claims;
  }

  private static Map<String, Object> party(OrganisationNumber number) {
    return Consumer.of(number).toClaim();
  }

  /** Keeps the record of a decision; false when the grant was used before. */
  private boolean recorded(
      Decision decision,
      Map<String, @Nullable Object> claims,
      SigningKey key,
      RuleTrace trace,
      Instant now) {
    Entitlement entitlement = decision.entitlement;
    OrganisationNumber supplier = entitlement.supplier();
    NationalIdentityNumber person = decision.asked.person();
    AuditEvent granted =
        event(GRANTED, now)
            .with("client_id", decision.clientId)
            .with("organisation", entitlement.consumer().value())
            .with("supplier", supplier == null ? null : supplier.value())
            .with("delegation_source", entitlement.delegationSource())
            .with("scope", String.join(" ", scopes(decision.asked.scopes(), trace)))
            .with("person", person == null ? null : trace.kept(person.value()))
            .with("jti", claims.get(ClaimNames.TOKEN_ID))
            .with("expires", claims.get(ClaimNames.EXPIRES_AT))
            .with("key", key.keyId())
            .rules(trace.with("grant.replay", true, "used once", "first use"));
    if (decision.detail != null) {
      granted.with(decision.detail.kind(), decision.detail.id());
    }
    if (endsSoon(decision.proof, now)) {
      granted.with("client_key_expires", decision.proof.expires().toString());
    }
    AuditEvent replayed =
        event(REFUSED, now)
            .with("client_id", decision.clientId)
            .with("reason", Refusal.REPLAYED.code())
            .rules(trace.with("grant.replay", false, "used once", "used before"));
    return audit.decide(
        session ->
            replays.firstUse(
                session, decision.clientId, decision.asked.messageId(), decision.acceptedUntil),
        granted,
        replayed);
  }

  private static boolean endsSoon(Proof proof, Instant now) {
    return proof.expires().isBefore(now.plus(WARNED_BEFORE));
  }

  private static AuditEvent event(AuditEvent.Outcome outcome, Instant now) {
    RequestContext context = RequestContext.current();
    return new AuditEvent(context.id(), now, "maskinporten.token", "maskinporten", outcome)
        .with("address", context.clientAddress());
  }

  /** The scopes one by one, so that all of them are kept however many they are. */
  private static List<String> scopes(Scopes scopes, RuleTrace trace) {
    List<String> kept = new ArrayList<>();
    scopes.forEach(name -> kept.add(trace.kept(name)));
    return kept;
  }

  private static String reason(Refused refused, RuleTrace trace) {
    String code = refused.refusal().code();
    return code != null ? code : String.valueOf(trace.firstFailure());
  }

  private Answer answer(Refused refused) {
    Refusal refusal = refused.refusal();
    String code = refusal.code();
    return TokenAnswer.refused(
        refusal.status(),
        refusal.error(),
        refused.description() + " (trace_id: " + RequestContext.current().id() + ")",
        code == null ? null : issuer.issuer() + "errors/" + code);
  }
}

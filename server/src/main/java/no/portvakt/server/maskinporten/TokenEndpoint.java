package no.portvakt.server.maskinporten;

import static no.portvakt.server.audit.AuditEvent.Outcome.GRANTED;
import static no.portvakt.server.audit.AuditEvent.Outcome.REFUSED;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import no.portvakt.server.audit.AuditEvent;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.certificates.EnterpriseCertificates;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Parameters;
import no.portvakt.server.http.Request;
import no.portvakt.server.http.RequestContext;
import no.portvakt.server.issuer.SigningKey;
import no.portvakt.server.issuer.TokenIssuer;
import no.portvakt.server.maskinporten.Refusal.Refused;
import no.portvakt.server.oauth2.TokenAnswer;
import no.portvakt.server.registration.ClientSettings;
import no.portvakt.server.registration.ScopeSettings;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.AccessRow;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import no.portvakt.server.trust.ReplayGuard;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Scopes;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /token}: a JWT grant in, a Maskinporten token out (RFC 7523 §2.1,
 * docs/protocol/maskinporten-token.md).
 */
public final class TokenEndpoint {
  private static final String JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  private static final long DEFAULT_LIFETIME_SECONDS = 120;
  private static final int MAX_BODY = 64 * 1024;

  private final TokenIssuer issuer;
  private final ClientTable clients;
  private final ScopeTable scopes;
  private final ClientKeys keys;
  private final ReplayGuard replays;
  private final AuditLog audit;
  private final InstantSource clock;

  public TokenEndpoint(
      TokenIssuer issuer,
      ClientTable clients,
      ScopeTable scopes,
      EnterpriseCertificates certificates,
      ReplayGuard replays,
      AuditLog audit,
      InstantSource clock) {
    this.issuer = issuer;
    this.clients = clients;
    this.scopes = scopes;
    this.keys = new ClientKeys(certificates);
    this.replays = replays;
    this.audit = audit;
    this.clock = clock;
  }

  /** A token that may be issued once its record is durable. */
  private record Decision(
      Map<String, @Nullable Object> claims,
      long lifetime,
      Scopes scopes,
      Grant grant,
      String client) {}

  /** Answers one token request. */
  public Answer handle(Request request) {
    Instant now = clock.instant();
    RuleTrace trace = audit.trace();
    Decision decision;
    try {
      decision = decide(Grant.parse(assertion(request, trace), trace), now);
    } catch (Refused e) {
      audit.record(event(REFUSED, now).with("reason", reason(e, trace)).rules(trace));
      return answer(e);
    }
    SigningKey key = issuer.key();
    boolean firstUse =
        audit.decide(
            session ->
                replays.firstUse(
                    session,
                    decision.client,
                    decision.grant.messageId(),
                    decision.grant.acceptedUntil()),
            event(GRANTED, now)
                .with("client_id", decision.client)
                .with("organisation", organisation(decision.claims))
                .with("scope", String.join(" ", scopes(decision.scopes, trace)))
                .with("jti", decision.claims.get(ClaimNames.TOKEN_ID))
                .with("expires", decision.claims.get(ClaimNames.EXPIRES_AT))
                .with("key", key.keyId())
                .rules(trace.with("grant.replay", true, "used once", "first use")),
            event(REFUSED, now)
                .with("client_id", decision.client)
                .with("reason", Refusal.REPLAYED.code())
                .rules(trace.with("grant.replay", false, "used once", "used before")));
    if (!firstUse) {
      return answer(new Refused(Refusal.REPLAYED, ""));
    }
    String token = issuer.sign(decision.claims, key);
    long left = now.getEpochSecond() + decision.lifetime - clock.instant().getEpochSecond();
    return TokenAnswer.granted(token, Math.max(left, 1), decision.scopes.toString());
  }

  private Decision decide(Grant grant, Instant now) {
    String clientId = grant.clientId();
    ClientRow client = clients.find(clientId);
    boolean active = client != null && client.active();
    if (!grant.trace().check("client", active, "an active client", clientId) || client == null) {
      throw new Refused(Refusal.UNKNOWN_CLIENT, " Client not found");
    }
    String method = keys.authenticate(grant, client, clients.keys(clientId), now);
    grant.requireAudience(issuer.issuer());
    grant.requireTimely(now);
    grant.requireKnownClaims();
    ClientSettings settings = ClientSettings.read(client.body());
    Scopes asked = grant.scopes();
    long lifetime = lifetime(grant, client, settings, asked);
    Object resource = grant.resource();

    Map<String, @Nullable Object> claims = new LinkedHashMap<>();
    if (resource != null) {
      claims.put(ClaimNames.AUDIENCE, resource);
    }
    claims.put(ClaimNames.SCOPE, asked.toString());
    claims.put(ClaimNames.ISSUER, issuer.issuer());
    claims.put(ClaimNames.CLIENT_AMR, method);
    claims.put(ClaimNames.TOKEN_TYPE, "Bearer");
    claims.put(ClaimNames.EXPIRES_AT, now.getEpochSecond() + lifetime);
    claims.put(ClaimNames.ISSUED_AT, now.getEpochSecond());
    claims.put(ClaimNames.CLIENT_ID, clientId);
    claims.put(ClaimNames.TOKEN_ID, TokenIssuer.freshTokenId());
    claims.put(
        ClaimNames.CONSUMER, Consumer.of(new OrganisationNumber(client.organisation())).toClaim());
    return new Decision(claims, lifetime, asked, grant, clientId);
  }

  /** Checks that the client may have each scope; the shortest limit is the token's lifetime. */
  private long lifetime(Grant grant, ClientRow client, ClientSettings settings, Scopes asked) {
    for (String name : asked) {
      if (!grant
          .trace()
          .check("client.scope", settings.scopes().contains(name), "a scope of the client", name)) {
        throw new Refused(Refusal.SCOPE, ", " + RuleTrace.printable(name));
      }
    }
    long lifetime =
        settings.accessTokenLifetime() > 0
            ? settings.accessTokenLifetime()
            : DEFAULT_LIFETIME_SECONDS;
    for (String name : asked) {
      ScopeRow scope = scopes.find(name);
      boolean usable = scope != null && scope.active();
      if (!grant.trace().check("scope.active", usable, "an active scope", name) || scope == null) {
        throw new Refused(Refusal.SCOPE, ", " + name);
      }
      ScopeSettings limits = ScopeSettings.read(scope.body());
      AccessRow access = scopes.access(name, client.organisation());
      boolean granted =
          limits.accessibleForAll()
              || (access != null && access.state().equals(ScopeTable.APPROVED));
      if (!grant
          .trace()
          .check(
              "scope.access",
              granted,
              "APPROVED for " + client.organisation(),
              access == null ? "none" : access.state())) {
        throw new Refused(Refusal.ACCESS, " " + name + ".");
      }
      if (limits.maxAge() > 0) {
        lifetime = Math.min(lifetime, limits.maxAge());
      }
    }
    return lifetime;
  }

  private static String assertion(Request request, RuleTrace trace) {
    String type = request.header("Content-Type");
    String media = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    if (!trace.check(
        "request.media_type",
        media.equals("application/x-www-form-urlencoded"),
        "application/x-www-form-urlencoded",
        media)) {
      throw new Refused(Refusal.REQUEST, ": the body must be application/x-www-form-urlencoded");
    }
    Parameters form = Parameters.parse(new String(request.body(MAX_BODY), StandardCharsets.UTF_8));
    for (String name : new String[] {"grant_type", "assertion"}) {
      boolean once = form.get(name) != null && !form.isRepeated(name);
      String found = form.get(name) == null ? "absent" : once ? "once" : "several times";
      if (!trace.check("request." + name, once, "once", found)) {
        throw new Refused(Refusal.REQUEST, ": the parameter " + name + " must be there once");
      }
    }
    if (!trace.check(
        "request.grant_type",
        JWT_BEARER.equals(form.get("grant_type")),
        JWT_BEARER,
        form.get("grant_type"))) {
      throw new Refused(Refusal.GRANT_TYPE, ": use " + JWT_BEARER);
    }
    return String.valueOf(form.get("assertion"));
  }

  private static AuditEvent event(AuditEvent.Outcome outcome, Instant now) {
    RequestContext context = RequestContext.current();
    return new AuditEvent(context.id(), now, "maskinporten.token", "maskinporten", outcome)
        .with("address", context.clientAddress());
  }

  private static @Nullable String organisation(Map<String, @Nullable Object> claims) {
    Consumer consumer = Consumer.parse(claims.get(ClaimNames.CONSUMER));
    return consumer == null ? null : consumer.organisation().value();
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

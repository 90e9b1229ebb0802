package no.portvakt.server.maskinporten;

import static no.portvakt.server.audit.AuditEvent.Outcome.FAILED;
import static no.portvakt.server.audit.AuditEvent.Outcome.GRANTED;
import static no.portvakt.server.audit.AuditEvent.Outcome.REFUSED;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import no.portvakt.server.audit.AuditEvent;
import no.portvakt.server.audit.AuditLog;
import no.portvakt.server.certificates.EnterpriseCertificates;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Handler;
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
import no.portvakt.server.store.ClientTable.ClientAndKeys;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.trust.ReplayGuard;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.RuleTrace;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /token}: a JWT grant in, a Maskinporten token out (RFC 7523 §2.1,
 * docs/protocol/maskinporten-token.md).
 */
public final class TokenEndpoint implements Handler {
  /** How long before a client's key or certificate ends its grants are answered with a warning. */
  public static final Duration WARNED_BEFORE = Duration.ofDays(30);

  /**
   * The most that {@link Options#clockSkew()} may be. A grant that was used is remembered as if it
   * were so much, because another node, or the next start, may have another skew.
   */
  public static final Duration MOST_CLOCK_SKEW = Duration.ofMinutes(1);

  /** The header of an answer to a grant whose key or certificate ends soon: when, an HTTP-date. */
  private static final String KEY_EXPIRES = "Portvakt-Key-Expires";

  /** RFC 9110 §5.6.7. */
  private static final DateTimeFormatter HTTP_DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
          .withZone(ZoneOffset.UTC);

  private static final Pattern OTHER_CHARACTERS = Pattern.compile("[^ !#-\\[\\]-~]");

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
   * @param clockSkew how far a client's clock may be off, in seconds
   * @param rejectUnknownClaims whether a claim that is not known is refused, else overlooked
   * @param queryParameters whether the parameters may stand in the query string instead
   * @param misspeltMediaType whether {@code application/x-form-urlencoded} is a form as well
   * @param legacyClaims whether tokens have {@code client_orgno}, and {@code aud} always
   */
  public record Options(
      long grantLifetime,
      long clockSkew,
      boolean rejectUnknownClaims,
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

  /** Answers one token request. */
  @Override
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
      audit.record(
          event(RequestContext.current(), outcome(e.refusal()), now)
              .with("reason", reason(e, trace))
              .rules(trace));
      return answer(e);
    }
    SigningKey key = issuer.key();
    Map<String, @Nullable Object> claims =
        decision.claims(issuer.issuer(), options.legacyClaims(), now);
    if (!recorded(decision, claims, key, trace, now)) {
      return answer(Refusal.REPLAYED.of(""));
    }
    String token = issuer.sign(claims, key);
    Instant expires =
        Instant.ofEpochSecond(now.getEpochSecond() + decision.entitlement().lifetime());
    long left = Math.max(1, Duration.between(clock.instant(), expires).toSeconds());
    Answer granted = TokenAnswer.granted(token, left, String.valueOf(claims.get(ClaimNames.SCOPE)));
    if (!decision.keyEndsSoon(now)) {
      return granted;
    }
    observer.keyEndsSoon(decision.proof().method());
    return granted.with(KEY_EXPIRES, HTTP_DATE.format(decision.proof().expires()));
  }

  // Real clients read this form and no problem details (RFC 6749 §5.2).
  @Override
  public Answer unavailable() {
    return answer(Refusal.UNAVAILABLE.of(""));
  }

  private Decision decide(Grant grant, Instant now) {
    String clientId = grant.clientId();
    ClientAndKeys known = registered.clients().findWithKeys(clientId);
    ClientSettings settings =
        known == null || !known.client().active()
            ? null
            : ClientSettings.read(known.client().body());
    boolean usable = settings != null && settings.usesGrants();
    if (!grant.trace().check("client", usable, "an active client with JWT grants", clientId)
        || known == null
        || settings == null) {
      throw Refusal.UNKNOWN_CLIENT.of("");
    }
    ClientRow client = known.client();
    Proof proof = keys.authenticate(grant, client, known.keys(), now);
    grant.requireAudience(issuer.issuer());
    Instant acceptedUntil = GrantTimes.check(grant, now, options);
    GrantClaims asked = GrantClaims.of(grant, options.rejectUnknownClaims());
    Entitlement entitlement = Entitlement.of(registered, client, settings, asked, grant.trace());
    Detail detail =
        details.enrich(asked, new Asker(clientId, entitlement.consumer()), now, grant.trace());
    return new Decision(clientId, proof, asked, acceptedUntil, entitlement, detail);
  }

  /** Keeps the record of a decision; false when the grant was used before. */
  private boolean recorded(
      Decision decision,
      Map<String, @Nullable Object> claims,
      SigningKey key,
      RuleTrace trace,
      Instant now) {
    RequestContext context = RequestContext.current(); // the store's writer has none
    AuditEvent granted =
        decision
            .describe(event(context, GRANTED, now), trace, now)
            .with("jti", claims.get(ClaimNames.TOKEN_ID))
            .with("expires", claims.get(ClaimNames.EXPIRES_AT))
            .with("key", key.keyId())
            .rules(trace.with("grant.replay", true, "used once", "first use"));
    return audit.decide(
        session ->
            replays.firstUse(
                session,
                decision.clientId(),
                decision.asked().messageId(),
                decision.acceptedUntil()),
        granted,
        () -> replayed(context, decision, trace, now));
  }

  private static AuditEvent replayed(
      RequestContext context, Decision decision, RuleTrace trace, Instant now) {
    return event(context, REFUSED, now)
        .with("client_id", decision.clientId())
        .with("reason", Refusal.REPLAYED.code())
        .rules(trace.with("grant.replay", false, "used once", "used before"));
  }

  private static AuditEvent event(RequestContext context, AuditEvent.Outcome outcome, Instant now) {
    return new AuditEvent(context.id(), now, "maskinporten.token", "maskinporten", outcome)
        .with("address", context.clientAddress());
  }

  private static AuditEvent.Outcome outcome(Refusal refusal) {
    return refusal == Refusal.UNAVAILABLE ? FAILED : REFUSED;
  }

  private static String reason(Refused refused, RuleTrace trace) {
    String code = refused.refusal().code();
    return code != null ? code : String.valueOf(trace.firstFailure());
  }

  private Answer answer(Refused refused) {
    Refusal refusal = refused.refusal();
    String code = refusal.code();
    Answer answer =
        TokenAnswer.refused(
            refusal.status(),
            refusal.error(),
            printable(refused.description()) + " (trace_id: " + RequestContext.current().id() + ")",
            code == null ? null : issuer.issuer() + "errors/" + code);
    return refusal == Refusal.UNAVAILABLE ? answer.retryLater() : answer;
  }

  // RFC 6749 §5.2: the description may be of these characters only.
  private static String printable(String description) {
    return OTHER_CHARACTERS.matcher(description).replaceAll("?");
  }
}

package no.portvakt.server.administration;

import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Handler;
import no.portvakt.server.http.Request;
import no.portvakt.server.oauth2.BearerToken;
import no.portvakt.server.registration.BadField;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.Consumer;
import no.portvakt.tokens.Json;
import no.portvakt.tokens.Json.MalformedJson;
import no.portvakt.tokens.RuleTrace;
import no.portvakt.tokens.Scopes;
import no.portvakt.tokens.TokenVerifier;
import no.portvakt.tokens.Verification.Refused;
import no.portvakt.tokens.Verification.Verified;
import org.jspecify.annotations.Nullable;

/**
 * Who may use the admin API: the bearer of a token of this very authority with one of the scopes
 * that an operation asks for, acting for the token's consumer.
 */
public final class AdminAccess {
  private static final int MAX_BODY = 64 * 1024;

  private final TokenVerifier verifier;
  private final InstantSource clock;

  /**
   * @param verifier believes the local Maskinporten and nobody else
   */
  public AdminAccess(TokenVerifier verifier, InstantSource clock) {
    this.verifier = verifier;
    this.clock = clock;
  }

  /**
   * Who calls.
   *
   * @param organisation the organisation number that the caller acts for
   * @param scopes the scopes of the caller's token
   */
  record Caller(String organisation, Scopes scopes) {}

  /** A handler that runs only for callers with one of these scopes. */
  Handler requiring(List<String> scopes, BiFunction<Request, Caller, Answer> operation) {
    return request -> {
      BearerToken bearer = BearerToken.of(request);
      if (bearer instanceof BearerToken.Missing missing) {
        return missing.answer();
      }
      RuleTrace trace = new RuleTrace();
      var verification = verifier.verify(((BearerToken.Present) bearer).token(), trace);
      if (verification instanceof Refused refused) {
        return BearerToken.invalid(refused.description());
      }
      Verified token = (Verified) verification;
      Consumer consumer = Consumer.parse(token.claims().get(ClaimNames.CONSUMER));
      if (consumer == null) {
        return BearerToken.invalid("The token has no consumer.");
      }
      Scopes has = Scopes.parse(token.claims().get(ClaimNames.SCOPE));
      if (scopes.stream().noneMatch(has::contains)) {
        // RFC 6750 §3.1: the scopes that would do are named, so that a caller can ask for them.
        return AdminAnswer.refused(
                403,
                "insufficient_scope",
                "This needs a token with one of the scopes " + String.join(", ", scopes) + ".",
                clock.instant())
            .with(
                "WWW-Authenticate",
                "Bearer error=\"insufficient_scope\", scope=\"" + String.join(" ", scopes) + "\"");
      }
      try {
        return operation.apply(request, new Caller(consumer.organisation().value(), has));
      } catch (BadField e) {
        return AdminAnswer.refused(e, clock.instant());
      }
    };
  }

  /** The JSON body of a request; {@code object} names what it should be. */
  static @Nullable Object body(Request request, String object) {
    try {
      return Json.readValue(request.body(MAX_BODY));
    } catch (MalformedJson e) {
      throw new BadField(object, "(body)", "The body " + e.reason() + ".");
    }
  }

  /** The JSON object in the body of a request. */
  @SuppressWarnings("unchecked") // objects that Json reads have string keys
  static Map<String, @Nullable Object> objectBody(Request request, String object) {
    if (body(request, object) instanceof Map<?, ?> map) {
      return (Map<String, @Nullable Object>) map;
    }
    throw new BadField(object, "(body)", "The body is not a JSON object.");
  }
}

package no.portvakt.maskinporten;

import java.net.URI;
import java.net.http.HttpRequest;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.Objects;
import no.portvakt.maskinporten.ClientMetrics.Step;
import no.portvakt.tokens.ClaimNames;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.NumericDate;
import no.portvakt.tokens.Scopes;
import org.jspecify.annotations.Nullable;

/**
 * The platform's exchange: a Maskinporten token for a platform token (docs/protocol/exchange.md).
 */
final class PlatformExchange {
  private static final String PATH = "/authentication/api/v1/exchange/maskinporten";

  private final URI address;
  private final Silence silence;
  private final Retries retries;
  private final GuardedMetrics metrics;
  private final Pacing pacing;
  private final InstantSource clock;

  /**
   * The exchange of a platform.
   *
   * @param base the platform's address
   */
  PlatformExchange(
      URI base,
      Silence silence,
      Retries retries,
      GuardedMetrics metrics,
      Pacing pacing,
      InstantSource clock) {
    String text = base.toString();
    this.address =
        URI.create((text.endsWith("/") ? text.substring(0, text.length() - 1) : text) + PATH);
    this.silence = silence;
    this.retries = retries;
    this.metrics = metrics;
    this.pacing = pacing;
    this.clock = clock;
  }

  /**
   * A new platform token.
   *
   * @param test whether digdir becomes the test organisation
   * @throws MaskinportenException when there is none to be had by the deadline
   */
  AccessToken fetch(AccessToken proof, boolean test, Retries.Deadline deadline) {
    return silence.heed(tries ->
        retries.call(
            deadline,
            left -> metrics.measure(Step.EXCHANGE, pacing, () -> ask(proof, test, tries, left))));
  }

  /** Why nobody needs to ask now, or null. */
  @Nullable TokenUnavailable outage() {
    return silence.now();
  }

  private AccessToken ask(AccessToken proof, boolean test, Silence.Tries tries, Duration left) {
    Instant begin = clock.instant();
    Answer answer =
        tries.send(
            HttpRequest.newBuilder(test ? URI.create(address + "?test=true") : address)
                .header("Authorization", proof.authorization()),
            left);
    if (answer.isOk()) {
      return token(answer, begin);
    }
    switch (answer.status()) {
      case 400, 401, 403, 410 -> throw refused(answer);
      default ->
          throw answer.unexpected(
              "answers " + answer.status() + " with " + answer.kind(),
              "That is no answer of an exchange: look at the platform's address.");
    }
  }

  /**
   * The token's life is by the platform's own clock, so that the difference of clocks is no harm.
   */
  private static AccessToken token(Answer answer, Instant begin) {
    String value = answer.text();
    try {
      Map<String, @Nullable Object> claims = CompactJws.parse(value).unverifiedClaims();
      Long expires = NumericDate.seconds(claims.get(ClaimNames.EXPIRES_AT));
      if (expires != null) {
        Instant theirs = Objects.requireNonNullElse(answer.date(), begin);
        Duration life = Duration.between(theirs, Instant.ofEpochSecond(expires));
        if (life.isNegative() || life.isZero()) {
          throw answer.unexpected(
              "gives a token that has expired already", "The platform's clocks differ.");
        }
        return new AccessToken(value, Scopes.parse(claims.get(ClaimNames.SCOPE)), begin, life);
      }
    } catch (MalformedToken e) {
      throw answer.unexpected(
          "answers 200 with " + answer.kind() + " that is no token",
          "That is no answer of an exchange: look at the platform's address.");
    }
    throw answer.unexpected("gives a token without exp", "The platform breaks its own protocol.");
  }

  private ExchangeRefused refused(Answer answer) {
    Map<String, @Nullable Object> problem = answer.json();
    String detail = Answer.shown(problem, "detail");
    String traceId = Answer.id(problem, "decision_id");
    if (traceId == null) {
      traceId = Answer.id(problem, "traceId");
    }
    String advice =
        switch (answer.status()) {
          case 401 ->
              "Does the platform trust the Maskinporten that the token is from? Test and production"
                  + " do not trust each other.";
          case 403 -> "The token lacks a scope that the platform asks for.";
          case 410 -> "Enterprise users are gone; use a system user.";
          default -> "The platform does not take the request as it is.";
        };
    return new ExchangeRefused(
        answer.status(),
        address
            + " refused the exchange: "
            + answer.status()
            + (detail == null ? "." : ": " + detail)
            + (traceId == null ? "" : " (trace id " + traceId + ")"),
        advice,
        detail,
        traceId,
        null);
  }
}

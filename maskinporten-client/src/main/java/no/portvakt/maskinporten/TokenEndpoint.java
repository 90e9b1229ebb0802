package no.portvakt.maskinporten;

import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Map;
import java.util.function.Function;
import no.portvakt.maskinporten.Authority.Endpoints;
import no.portvakt.maskinporten.ClientMetrics.Step;
import no.portvakt.tokens.Scopes;
import org.jspecify.annotations.Nullable;

/** Maskinporten's token endpoint: a grant for a token (RFC 7523 §2.1, RFC 6749 §5). */
final class TokenEndpoint {
  private static final String JWT_BEARER =
      URLEncoder.encode("urn:ietf:params:oauth:grant-type:jwt-bearer", StandardCharsets.UTF_8);
  private static final String WRONG_SERVER =
      "That is no answer of a token endpoint: look at the address, and at proxies and firewalls on"
          + " the way.";
  private static final String WRONG_ANSWER = "The server breaks RFC 6749 section 5.1.";

  private final Function<Retries.Deadline, Endpoints> authority;
  private final Grants grants;
  private final EndingKey endingKey;
  private final Silence silence;
  private final Retries retries;
  private final GuardedMetrics metrics;
  private final Pacing pacing;
  private final InstantSource clock;

  /**
   * A client's way to its tokens.
   *
   * @param authority knows the endpoints, or throws {@link MaskinportenException} by the deadline
   */
  TokenEndpoint(
      Function<Retries.Deadline, Endpoints> authority,
      Grants grants,
      Silence silence,
      Retries retries,
      GuardedMetrics metrics,
      Pacing pacing,
      InstantSource clock) {
    this.authority = authority;
    this.grants = grants;
    this.endingKey = new EndingKey(grants, metrics, clock);
    this.silence = silence;
    this.retries = retries;
    this.metrics = metrics;
    this.pacing = pacing;
    this.clock = clock;
  }

  /**
   * A new token.
   *
   * @param time for the metadata, where it is not known yet, and as much again for the token
   * @throws MaskinportenException when there is none to be had in this time
   */
  AccessToken fetch(TokenRequest request, Duration time) {
    Endpoints endpoints = authority.apply(retries.in(time));
    return silence.heed(tries ->
        retries.call(
            retries.in(time),
            left ->
                metrics.measure(Step.TOKEN, pacing, () -> ask(endpoints, request, tries, left))));
  }

  /** Why nobody needs to ask now, or null. */
  @Nullable TokenUnavailable outage() {
    return silence.now();
  }

  private AccessToken ask(
      Endpoints endpoints, TokenRequest request, Silence.Tries tries, Duration left) {
    Instant begin = clock.instant();
    Retries.Deadline end = retries.in(left);
    String assertion = grants.sign(endpoints.issuer(), request, begin, left);
    Answer answer =
        tries.send(
            HttpRequest.newBuilder(endpoints.token())
                .header("Content-Type", "application/x-www-form-urlencoded")
                .header("Accept", "application/json")
                .POST(
                    BodyPublishers.ofString(
                        "grant_type=" + JWT_BEARER + "&assertion=" + assertion)),
            end.left());
    if (answer.isOk()) {
      AccessToken token = token(answer, request, begin);
      endingKey.heed(answer);
      return token;
    }
    Refusal refusal = answer.status() >= 400 ? Refusal.in(answer, clock.instant()) : null;
    if (refusal == null) {
      throw answer.unexpected(
          "answers "
              + answer.status()
              + (answer.status() / 100 == 3 ? ", a redirect, which is not followed" : "")
              + " with "
              + answer.kind(),
          WRONG_SERVER);
    }
    throw new Advice(grants, endpoints.token())
        .refused(refusal, request, endpoints.issuer(), clock.instant());
  }

  private static AccessToken token(Answer answer, TokenRequest request, Instant begin) {
    Map<String, @Nullable Object> json = answer.json();
    if (json == null) {
      throw answer.unexpected("answers 200 with " + answer.kind() + ", not JSON", WRONG_SERVER);
    }
    if (!(json.get("access_token") instanceof String value)) {
      throw answer.unexpected("answers without access_token", WRONG_ANSWER);
    }
    if (!isBearer(value)) {
      throw answer.unexpected("gives a token that no header can carry", WRONG_ANSWER);
    }
    if (!(json.get("token_type") instanceof String type) || !type.equalsIgnoreCase("Bearer")) {
      throw answer.unexpected("does not say that the token_type is Bearer", WRONG_ANSWER);
    }
    if (!(json.get("expires_in") instanceof Long seconds)) {
      throw answer.unexpected("does not say expires_in as a whole number", WRONG_ANSWER);
    }
    if (seconds <= 0 || seconds > Duration.ofDays(366).toSeconds()) {
      throw answer.unexpected("gives a token with the expires_in " + seconds, WRONG_ANSWER);
    }
    Object scope = json.get("scope");
    return new AccessToken(
        value,
        Scopes.parse(scope instanceof String ? scope : request.scope()),
        begin,
        Duration.ofSeconds(seconds));
  }

  /** RFC 6750 §2.1, {@code b64token}. */
  static boolean isBearer(String value) {
    return !value.isEmpty()
        && value
            .chars()
            .allMatch(c ->
                (c >= 'a' && c <= 'z')
                    || (c >= 'A' && c <= 'Z')
                    || (c >= '0' && c <= '9')
                    || "-._~+/=".indexOf(c) >= 0);
  }
}

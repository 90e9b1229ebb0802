package no.portvakt.server.exchange;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import no.portvakt.server.exchange.ExchangePipeline.Result;
import no.portvakt.server.exchange.Provider.Inquiry;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Problem;
import no.portvakt.server.http.Request;
import no.portvakt.server.oauth2.BearerToken;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.OrganisationNumber;
import no.portvakt.tokens.TokenVerifier;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /authentication/api/v1/exchange/{tokenProvider}}: docs/protocol/exchange.md. Checks
 * run in the order that page gives: query, bearer, provider, then the pipeline.
 */
public final class ExchangeEndpoint {
  private static final String ENTERPRISE_USER = "X-Altinn-EnterpriseUser-Authentication";

  private final ExchangePipeline pipeline;
  private final Map<String, Registered> providers;

  private record Registered(Provider provider, TokenVerifier verifier) {}

  /**
   * @param maskinporten believes the Maskinporten issuers that are configured
   * @param codes the short code of an organisation
   */
  public ExchangeEndpoint(
      ExchangePipeline pipeline,
      PlatformClaims claims,
      TokenVerifier maskinporten,
      Function<OrganisationNumber, @Nullable String> codes) {
    this.pipeline = pipeline;
    Provider provider = new MaskinportenProvider(claims, codes);
    this.providers = Map.of(provider.name(), new Registered(provider, maskinporten));
  }

  /** Answers one exchange; a token and a refusal alike are for this caller alone. */
  public Answer handle(Request request) {
    String name = request.pathParameter("tokenProvider").toLowerCase(Locale.ROOT);
    Registered registered = providers.get(name);
    String known = registered == null ? "(unknown)" : name;
    String test = Optional.ofNullable(request.query().get("test")).orElse("false").strip();
    if (!test.equalsIgnoreCase("true") && !test.equalsIgnoreCase("false")) {
      return invalidTest(known);
    }
    BearerToken bearer = BearerToken.of(request);
    if (bearer instanceof BearerToken.Missing missing) {
      pipeline.refuse(known, "bearer", "one bearer token", missing.description());
      return missing.answer();
    }
    String proof = ((BearerToken.Present) bearer).token();
    if (registered == null) {
      return unknownProvider(proof);
    }
    boolean enterpriseUser = !request.headers(ENTERPRISE_USER).stream().allMatch(String::isBlank);
    Inquiry inquiry = new Inquiry(test.equalsIgnoreCase("true"), enterpriseUser);
    return switch (pipeline.exchange(registered.provider, registered.verifier, proof, inquiry)) {
      case Result.Token it -> TokenMediaType.answer(it.compact(), request.headers("Accept"));
      case Result.Refused it -> BearerToken.invalid(it.description());
      case Result.Gone _ -> enterpriseUserGone();
    };
  }

  private Answer invalidTest(String provider) {
    String sentence = "The query parameter test is neither true nor false.";
    pipeline.refuse(provider, "test", "true or false", "something else");
    return Problem.badRequest(sentence, Map.of("errors", Map.of("test", List.of(sentence))));
  }

  private Answer unknownProvider(String proof) {
    try {
      CompactJws.parse(proof);
    } catch (MalformedToken e) {
      pipeline.refuse("(unknown)", "token.form", "a compact JWS", e.sentence());
      return BearerToken.invalid(e.sentence());
    }
    List<String> names = providers.keySet().stream().sorted().toList();
    pipeline.refuse("(unknown)", "provider", "one of " + names, "another");
    return Problem.badRequest("Invalid token provider.", Map.of("token_providers", names));
  }

  private static Answer enterpriseUserGone() {
    return Problem.of(
        410,
        "https://docs.altinn.studio",
        "Virksomhetsbruker is no longer available",
        "Use a system user (Systembruker) or a log-in with ID-porten instead.",
        Map.of());
  }
}

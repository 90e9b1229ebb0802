package no.portvakt.server.exchange;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import no.portvakt.server.exchange.ExchangePipeline.Result;
import no.portvakt.server.exchange.Provider.Inquiry;
import no.portvakt.server.http.Answer;
import no.portvakt.server.http.Problem;
import no.portvakt.server.http.Request;
import no.portvakt.server.oauth2.BearerToken;
import no.portvakt.tokens.CompactJws;
import no.portvakt.tokens.CompactJws.MalformedToken;
import no.portvakt.tokens.Json;
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

  /** Answers one exchange. */
  public Answer handle(Request request) {
    if (request.method().equals("HEAD")) {
      // A HEAD would sign a token that nobody sees.
      return Problem.of(405, "This address does not answer to that method.").with("Allow", "GET");
    }
    String name = request.pathParameter("tokenProvider").toLowerCase(Locale.ROOT);
    Registered registered = providers.get(name);
    String test = request.query().get("test");
    if (test != null && !isBoolean(test)) {
      return Problem.of(
          400,
          "about:blank",
          "Bad Request",
          "The query parameter test is neither true nor false.",
          Map.of("errors", Map.of("test", List.of("The value is neither true nor false."))));
    }
    BearerToken bearer = BearerToken.of(request);
    if (bearer instanceof BearerToken.Missing missing) {
      pipeline.refuse(registered == null ? "(unknown)" : name, "bearer", missing.description());
      return missing.answer().noStore();
    }
    String proof = ((BearerToken.Present) bearer).token();
    if (registered == null) {
      return unknownProvider(proof).noStore();
    }
    String enterpriseUser = request.header(ENTERPRISE_USER);
    Inquiry inquiry =
        new Inquiry(
            test != null && test.strip().equalsIgnoreCase("true"),
            enterpriseUser == null ? "" : enterpriseUser.strip());
    Result result = pipeline.exchange(registered.provider, registered.verifier, proof, inquiry);
    return switch (result) {
      case Result.Token token -> token(token.compact(), request.headers("Accept")).noStore();
      case Result.Refused refused when refused.gone() -> enterpriseUserGone().noStore();
      case Result.Refused refused -> BearerToken.invalid(refused.description()).noStore();
    };
  }

  private Answer unknownProvider(String proof) {
    try {
      CompactJws.parse(proof);
    } catch (MalformedToken e) {
      pipeline.refuse("(unknown)", "token.form", e.sentence());
      return BearerToken.invalid(e.sentence());
    }
    pipeline.refuse("(unknown)", "provider", "an unknown provider");
    return Problem.of(
        400,
        "about:blank",
        "Bad Request",
        "Invalid token provider.",
        Map.of("token_providers", providers.keySet().stream().sorted().toList()));
  }

  private static Answer enterpriseUserGone() {
    return Problem.of(
        410,
        "https://docs.altinn.studio",
        "Virksomhetsbruker is no longer available",
        "Use a system user (Systembruker) or a log-in with ID-porten instead.",
        Map.of());
  }

  private static Answer token(String compact, List<String> accept) {
    String json = TokenMediaType.json(accept);
    return json == null
        ? Answer.of(200, "text/plain; charset=utf-8", compact)
        : Answer.of(200, json + "; charset=utf-8", Json.write(compact));
  }

  private static boolean isBoolean(String text) {
    String bare = text.strip();
    return bare.equalsIgnoreCase("true") || bare.equalsIgnoreCase("false");
  }
}

package no.portvakt.server.maskinporten;

import com.nimbusds.oauth2.sdk.GrantType;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import no.portvakt.server.http.Parameters;
import no.portvakt.server.http.Request;
import no.portvakt.tokens.RuleTrace;

/**
 * The two parameters of a token request: a form in the body, or in the query string where that is
 * allowed (RFC 7523 §2.1; docs/protocol/maskinporten-token.md, "Request").
 */
final class TokenRequestForm {
  private static final String JWT_BEARER = GrantType.JWT_BEARER.getValue();

  private static final String FORM = "application/x-www-form-urlencoded";
  private static final String MISSPELT_FORM = "application/x-form-urlencoded";
  private static final int MAX_BODY = 64 * 1024;

  private TokenRequestForm() {}

  /**
   * The assertion of a request whose form is right.
   *
   * @throws no.portvakt.server.http.RequestRefused when it can't be read as a form at all
   */
  static String assertion(Request request, RuleTrace trace, TokenEndpoint.Options options) {
    String type = request.header("Content-Type");
    String media = type == null ? "" : type.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    boolean form =
        media.equals(FORM) || (options.misspeltMediaType() && media.equals(MISSPELT_FORM));
    if (!form) {
      trace.check("request.media_type", false, FORM, media);
      throw Refusal.REQUEST.of(": the Content-Type must be " + FORM);
    }
    Parameters parameters = parameters(request, trace, options);
    for (String name : new String[] {"grant_type", "assertion"}) {
      boolean absent = parameters.get(name) == null;
      if (absent || parameters.isRepeated(name)) {
        trace.check("request." + name, false, "once", absent ? "absent" : "several times");
        throw Refusal.REQUEST.of(": the parameter " + name + " must be there once");
      }
    }
    String grantType = parameters.get("grant_type");
    if (!trace.check("request.grant_type", JWT_BEARER.equals(grantType), JWT_BEARER, grantType)) {
      throw Refusal.GRANT_TYPE.of(": use " + JWT_BEARER);
    }
    return String.valueOf(parameters.get("assertion"));
  }

  // Real clients exist that send all of it in the query string, with an empty body.
  private static Parameters parameters(
      Request request, RuleTrace trace, TokenEndpoint.Options options) {
    byte[] body = request.body(MAX_BODY);
    Parameters query = request.query();
    boolean inQuery = query.get("grant_type") != null || query.get("assertion") != null;
    if (!inQuery) {
      return Parameters.parse(new String(body, StandardCharsets.UTF_8));
    }
    if (!trace.check(
        "request.query", options.queryParameters(), "no parameters in the query string", "some")) {
      throw Refusal.REQUEST.of(": the parameters must be in the body, not in the query string");
    }
    if (!trace.check("request.body", body.length == 0, "empty with a query string", "not empty")) {
      throw Refusal.REQUEST.of(
          ": the parameters are in the query string, so the body must be empty");
    }
    return query;
  }
}

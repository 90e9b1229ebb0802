package no.portvakt.server.oauth2;

import com.nimbusds.oauth2.sdk.AccessTokenResponse;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.token.BearerAccessToken;
import com.nimbusds.oauth2.sdk.token.Tokens;
import java.util.LinkedHashMap;
import java.util.Map;
import no.portvakt.server.http.Answer;
import org.jspecify.annotations.Nullable;

/** The two answers of a token endpoint (RFC 6749 §5.1 and §5.2); neither may be cached. */
public final class TokenAnswer {
  private TokenAnswer() {}

  /**
   * A token.
   *
   * @param expiresIn the seconds that are left
   * @param scope the granted scopes
   */
  public static Answer granted(String token, long expiresIn, String scope) {
    BearerAccessToken access = new BearerAccessToken(token, expiresIn, Scope.parse(scope));
    return Answer.json(200, new AccessTokenResponse(new Tokens(access, null)).toJSONObject())
        .noStore();
  }

  /** An error; {@code uri} is a page about it, or null. */
  public static Answer refused(int status, String error, String description, @Nullable String uri) {
    Map<String, Object> members = new LinkedHashMap<>();
    members.put("error", error);
    members.put("error_description", description);
    if (uri != null) {
      members.put("error_uri", uri);
    }
    return Answer.json(status, members).noStore();
  }
}

package no.portvakt.keyvault.azure;

import com.azure.core.credential.AccessToken;
import com.azure.core.credential.TokenCredential;
import com.azure.core.credential.TokenRequestContext;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import reactor.core.publisher.Mono;

/** A credential with one token; it notes the scopes that it was asked for. */
final class TestCredential implements TokenCredential {
  private final String token;
  private final List<String> scopes = new CopyOnWriteArrayList<>();

  TestCredential(String token) {
    this.token = token;
  }

  @Override
  public Mono<AccessToken> getToken(TokenRequestContext request) {
    scopes.addAll(request.getScopes());
    return Mono.just(new AccessToken(token, OffsetDateTime.now(ZoneOffset.UTC).plusHours(1)));
  }

  List<String> scopes() {
    return List.copyOf(scopes);
  }
}

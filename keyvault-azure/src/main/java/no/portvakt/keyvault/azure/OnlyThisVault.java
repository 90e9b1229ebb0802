package no.portvakt.keyvault.azure;

import com.azure.core.http.HttpPipelineCallContext;
import com.azure.core.http.HttpPipelineNextPolicy;
import com.azure.core.http.HttpPipelineNextSyncPolicy;
import com.azure.core.http.HttpPipelinePosition;
import com.azure.core.http.HttpResponse;
import com.azure.core.http.policy.HttpPipelinePolicy;
import java.net.URI;
import java.net.URL;
import no.portvakt.keyvault.azure.FailureSentence.AnotherHost;
import reactor.core.publisher.Mono;

/**
 * Keeps requests, and the token in them, with the vault: a list's {@code nextLink} is an address
 * that the answer chooses, and it is followed wherever it points.
 */
final class OnlyThisVault implements HttpPipelinePolicy {
  private final String host;
  private final int port;

  OnlyThisVault(URI vault) {
    this.host = vault.getHost();
    this.port = vault.getPort() == -1 ? 443 : vault.getPort();
  }

  @Override
  public Mono<HttpResponse> process(HttpPipelineCallContext context, HttpPipelineNextPolicy next) {
    return Mono.error(new UnsupportedOperationException("The vault is asked synchronously."));
  }

  @Override
  public HttpResponse processSync(
      HttpPipelineCallContext context, HttpPipelineNextSyncPolicy next) {
    if (!isHere(context.getHttpRequest().getUrl())) {
      throw new AnotherHost();
    }
    return next.processSync();
  }

  @Override
  public HttpPipelinePosition getPipelinePosition() {
    return HttpPipelinePosition.PER_CALL; // before the policy that adds the token
  }

  // The service writes its own port into links: https://example.vault.azure.net:443/...
  boolean isHere(URL address) {
    int asked = address.getPort() == -1 ? address.getDefaultPort() : address.getPort();
    return address.getProtocol().equals("https")
        && address.getHost().equalsIgnoreCase(host)
        && asked == port;
  }
}

package no.portvakt.keyvault.azure;

import com.azure.core.credential.TokenCredential;
import com.azure.core.http.HttpClient;
import com.azure.core.http.policy.FixedDelayOptions;
import com.azure.core.http.policy.RetryOptions;
import com.azure.core.util.Configuration;
import com.azure.core.util.ConfigurationBuilder;
import com.azure.identity.ChainedTokenCredentialBuilder;
import com.azure.identity.CredentialBuilderBase;
import com.azure.identity.EnvironmentCredentialBuilder;
import com.azure.identity.ManagedIdentityCredentialBuilder;
import com.azure.identity.WorkloadIdentityCredentialBuilder;
import java.time.Duration;
import java.util.Map;

/**
 * The identities that a server can have in Azure, in the order in which they are tried. What a
 * developer's machine has (a browser, a command line that is logged in) is left out on purpose: a
 * server that has lost its identity should say so, and not borrow another's.
 *
 * <p>https://learn.microsoft.com/azure/developer/java/sdk/authentication/credential-chains
 */
final class ServerCredential {
  private static final String CLIENT = "AZURE_CLIENT_ID";
  private static final String TENANT = "AZURE_TENANT_ID";
  private static final String TOKEN_FILE = "AZURE_FEDERATED_TOKEN_FILE";
  private static final String AUTHORITY = "AZURE_AUTHORITY_HOST";

  private ServerCredential() {}

  /** The chain for an environment; nobody is asked before a token is needed. */
  static TokenCredential from(Map<String, String> environment, HttpClient http) {
    Map<String, String> copy = Map.copyOf(environment);
    Configuration configuration =
        new ConfigurationBuilder(path -> Map.of(), path -> Map.of(), path -> copy).build();

    var chain = new ChainedTokenCredentialBuilder();
    chain.addLast(quiet(new EnvironmentCredentialBuilder(), configuration, http).build());
    String client = environment.get(CLIENT);
    String tenant = environment.get(TENANT);
    String tokenFile = environment.get(TOKEN_FILE);
    if (client != null && tenant != null && tokenFile != null) {
      var workload =
          quiet(new WorkloadIdentityCredentialBuilder(), configuration, http)
              .clientId(client)
              .tenantId(tenant)
              .tokenFilePath(tokenFile);
      String authority = environment.get(AUTHORITY);
      if (authority != null) {
        workload.authorityHost(authority);
      }
      chain.addLast(workload.build());
    }
    var managed = quiet(new ManagedIdentityCredentialBuilder(), configuration, http);
    // Where there is none, the library would look for one until the whole look is over.
    managed.retryOptions(new RetryOptions(new FixedDelayOptions(2, Duration.ofSeconds(1))));
    if (client != null) {
      managed.clientId(client);
    }
    return chain.addLast(managed.build()).build();
  }

  private static <T extends CredentialBuilderBase<T>> T quiet(
      T builder, Configuration configuration, HttpClient http) {
    return builder.configuration(configuration).httpLogOptions(AzureVault.quiet()).httpClient(http);
  }
}

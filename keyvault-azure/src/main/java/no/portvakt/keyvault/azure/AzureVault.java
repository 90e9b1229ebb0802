package no.portvakt.keyvault.azure;

import com.azure.core.credential.TokenCredential;
import com.azure.core.http.HttpClient;
import com.azure.core.http.jdk.httpclient.JdkHttpClientBuilder;
import com.azure.core.http.policy.ExponentialBackoffOptions;
import com.azure.core.http.policy.HttpLogDetailLevel;
import com.azure.core.http.policy.HttpLogOptions;
import com.azure.core.http.policy.RequestRetryCondition;
import com.azure.core.http.policy.RetryOptions;
import com.azure.core.http.rest.PagedResponse;
import com.azure.security.keyvault.certificates.CertificateClient;
import com.azure.security.keyvault.certificates.CertificateClientBuilder;
import com.azure.security.keyvault.certificates.models.CertificateProperties;
import com.azure.security.keyvault.secrets.SecretClient;
import com.azure.security.keyvault.secrets.SecretClientBuilder;
import com.azure.security.keyvault.secrets.models.KeyVaultSecret;
import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A key vault and the right to ask it. Safe for use by several threads. */
public final class AzureVault {
  /** How long one request may take before it has failed. */
  static final Duration TIMEOUT = Duration.ofSeconds(5);

  /** How many requests' time a whole look at the vault may take, repeated requests included. */
  static final int REQUESTS_IN_A_LOOK = 4;

  private static final int RETRIES = 2;
  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(1);
  private static final int MOST_PAGES = 40;
  // https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates
  private static final Pattern NAME = Pattern.compile("[0-9A-Za-z-]{1,127}");

  private final URI address;
  private final Duration timeout;
  private final CertificateClient certificates;
  private final SecretClient secrets;

  private AzureVault(URI address, TokenCredential credential, HttpClient http, Duration timeout) {
    this.address = address;
    this.timeout = timeout;
    RetryOptions retries =
        new RetryOptions(
                new ExponentialBackoffOptions()
                    .setMaxRetries(RETRIES)
                    .setBaseDelay(FIRST_PAUSE)
                    .setMaxDelay(LONGEST_PAUSE))
            .setShouldRetryCondition(AzureVault::mayPass);
    this.certificates =
        new CertificateClientBuilder()
            .vaultUrl(address.toString())
            .credential(credential)
            .httpClient(http)
            .retryOptions(retries)
            .httpLogOptions(quiet())
            .addPolicy(new OnlyThisVault(address))
            .addPolicy(new WholeAnswers())
            .buildClient();
    this.secrets =
        new SecretClientBuilder()
            .vaultUrl(address.toString())
            .credential(credential)
            .httpClient(http)
            .retryOptions(retries)
            .httpLogOptions(quiet())
            .addPolicy(new OnlyThisVault(address))
            .addPolicy(new WholeAnswers())
            .buildClient();
  }

  /**
   * A vault, asked with the identity that the server has: what the environment says, a workload
   * identity, or a managed identity, the first of these that there is.
   *
   * @param address such as {@code https://example.vault.azure.net}
   * @throws IllegalArgumentException when the address is not one of a vault
   */
  public static AzureVault at(URI address) {
    return as(System.getenv(), address, java.net.http.HttpClient.newBuilder(), TIMEOUT);
  }

  /**
   * A vault, asked with a credential.
   *
   * @param address such as {@code https://example.vault.azure.net}
   * @throws IllegalArgumentException when the address is not one of a vault
   */
  public static AzureVault at(URI address, TokenCredential credential) {
    return at(address, credential, java.net.http.HttpClient.newBuilder(), TIMEOUT);
  }

  static AzureVault as(
      Map<String, String> environment,
      URI address,
      java.net.http.HttpClient.Builder builder,
      Duration timeout) {
    HttpClient http = http(builder, timeout);
    return new AzureVault(
        checked(address), ServerCredential.from(environment, http), http, timeout);
  }

  static AzureVault at(
      URI address,
      TokenCredential credential,
      java.net.http.HttpClient.Builder http,
      Duration timeout) {
    return new AzureVault(checked(address), credential, http(http, timeout), timeout);
  }

  /** How long a whole look at the vault may take. */
  Duration patience() {
    return timeout.multipliedBy(REQUESTS_IN_A_LOOK);
  }

  /** All versions of a certificate, in no order; the keys are not in them. */
  List<CertificateProperties> versions(String certificate) throws VaultFailure {
    FailureSentence sentence =
        new FailureSentence(host(), "the certificate \"" + certificate + "\"");
    List<CertificateProperties> all = new ArrayList<>();
    int pages = 0;
    try {
      for (PagedResponse<CertificateProperties> page :
          certificates.listPropertiesOfCertificateVersions(certificate).iterableByPage()) {
        all.addAll(page.getValue());
        if (++pages == MOST_PAGES && page.getContinuationToken() != null) {
          throw VaultFailure.outage(
              "The key vault " + host() + " has too many versions of \"" + certificate + "\".");
        }
      }
      return all;
    } catch (RuntimeException e) {
      throw sentence.about(e);
    }
  }

  /**
   * A secret.
   *
   * @param version the version, or null for the newest
   */
  KeyVaultSecret secret(String name, @Nullable String version) throws VaultFailure {
    try {
      return secrets.getSecret(name, version == null ? "" : version);
    } catch (RuntimeException e) {
      throw new FailureSentence(host(), "the secret \"" + name + "\"").about(e);
    }
  }

  /** The vault's host, for sentences. */
  String host() {
    return address.getHost();
  }

  /**
   * The name of a certificate or a secret, as it is.
   *
   * @throws IllegalArgumentException when no vault has such names
   */
  static String checkedName(String name) {
    if (!NAME.matcher(name).matches()) {
      throw new IllegalArgumentException(
          "A name in a key vault has 1 to 127 letters, digits and hyphens.");
    }
    return name;
  }

  @Override
  public String toString() {
    return "AzureVault[" + address + "]";
  }

  static URI checked(URI address) {
    String path = address.getRawPath();
    if (!"https".equalsIgnoreCase(address.getScheme())
        || address.getHost() == null
        || address.getRawUserInfo() != null
        || address.getRawQuery() != null
        || address.getRawFragment() != null
        || !(path == null || path.isEmpty() || path.equals("/"))) {
      throw new IllegalArgumentException(
          "The address of a key vault is https:// and a host, and nothing more.");
    }
    return URI.create("https://" + address.getRawAuthority());
  }

  private static HttpClient http(java.net.http.HttpClient.Builder builder, Duration timeout) {
    return new JdkHttpClientBuilder(
            builder.followRedirects(java.net.http.HttpClient.Redirect.NEVER))
        .connectionTimeout(timeout)
        .writeTimeout(timeout)
        .responseTimeout(timeout)
        .readTimeout(timeout)
        .build();
  }

  // Without this the environment could ask for bodies in the log, and those are private keys.
  static HttpLogOptions quiet() {
    return new HttpLogOptions().setLogLevel(HttpLogDetailLevel.NONE);
  }

  // 429 is not repeated here: the vault counts such requests too, and the next look comes later.
  private static boolean mayPass(RequestRetryCondition condition) {
    if (condition.getResponse() != null) {
      int status = condition.getResponse().getStatusCode();
      return status == 408 || (status >= 500 && status != 501 && status != 505);
    }
    return condition.getThrowable() instanceof IOException
        || condition.getThrowable() instanceof TimeoutException;
  }
}

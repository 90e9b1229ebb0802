package no.portvakt.keyvault.azure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import no.portvakt.tokens.KeySource.KeySourceUnavailable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ServerCredentialTest {
  private static final String NO_CREDENTIAL =
      "This server has no credential that opens the key vault " + StandInVault.HOST + ".";

  private final StandInVault vault = new StandInVault();
  private final StandInLogin login = new StandInLogin();
  @TempDir private Path directory;

  @AfterEach
  void stop() {
    login.close();
    vault.close();
  }

  @Test
  void opensTheVaultWithAWorkloadIdentity() throws Exception {
    load(workload("the-assertion"));

    assertThat(login.requests())
        .last()
        .asString()
        .startsWith("POST /" + StandInLogin.TENANT + "/oauth2/v2.0/token")
        .contains("client_assertion=the-assertion")
        .contains("https%3A%2F%2Fvault.azure.net%2F.default&");
  }

  @Test
  void opensTheVaultWithASecretOfTheEnvironment() throws Exception {
    load(secret());

    assertThat(login.requests()).last().asString().contains("grant_type=client_credentials");
  }

  @Test
  void refusesASecretThatEntraDoesNotTake() throws IOException {
    login.refuse(
        401,
        "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret"
            + " S3CRET.\",\"error_codes\":[7000215]}");

    refuses(
        secret(),
        "has no credential that opens the key vault stand-in.vault.azure.net (AADSTS7000215).");
  }

  @Test
  void refusesAnAssertionThatEntraDoesNotTake() throws IOException {
    login.refuse(
        400,
        "{\"error\":\"invalid_request\",\"error_description\":\"AADSTS700211: No matching federated"
            + " identity record found for S3CRET.\",\"error_codes\":[700211]}");

    refuses(workload("S3CRET"), "(AADSTS700211).");
  }

  @Test
  void refusesAnAnswerOfEntraThatIsNone() throws IOException {
    login.refuse(200, "S3CRET");

    refuses(secret(), NO_CREDENTIAL);
  }

  @Test
  void refusesWhenTheTokenFileIsMissing() throws IOException {
    Map<String, String> environment = workload("x");
    environment.put("AZURE_FEDERATED_TOKEN_FILE", directory.resolve("missing").toString());

    refuses(environment, NO_CREDENTIAL);
  }

  @Test
  void refusesWhenThereIsNoIdentity() throws IOException {
    refuses(Map.of(), NO_CREDENTIAL);
    assertThat(login.requests()).isEmpty();
  }

  @Test
  void refusesHalfAnIdentity() throws IOException {
    Map<String, String> environment = secret();
    environment.remove("AZURE_TENANT_ID");

    refuses(environment, NO_CREDENTIAL);
    assertThat(login.requests()).isEmpty();
  }

  private Map<String, String> workload(String assertion) throws IOException {
    Path file = Files.writeString(directory.resolve("token"), assertion);
    return new HashMap<>(
        Map.of(
            "AZURE_CLIENT_ID",
            "00000000-0000-0000-0000-000000000002",
            "AZURE_TENANT_ID",
            StandInLogin.TENANT,
            "AZURE_AUTHORITY_HOST",
            login.address(),
            "AZURE_FEDERATED_TOKEN_FILE",
            file.toString()));
  }

  private Map<String, String> secret() {
    return new HashMap<>(
        Map.of(
            "AZURE_CLIENT_ID",
            "00000000-0000-0000-0000-000000000002",
            "AZURE_TENANT_ID",
            StandInLogin.TENANT,
            "AZURE_AUTHORITY_HOST",
            login.address(),
            "AZURE_CLIENT_SECRET",
            "S3CRET"));
  }

  private void load(Map<String, String> environment) throws KeySourceUnavailable {
    Issued issued = Issued.rsa();
    vault.put(VaultFixture.version(1, issued), VaultFixture.PKCS12, issued.pkcs12());
    try (AzureKeyVaultKeys source =
        new AzureKeyVaultKeys(
            AzureVault.as(environment, vault.address(), StandInVault.client(), AzureVault.TIMEOUT),
            "signing",
            VaultFixture.REFRESH,
            new TestClock())) {
      assertThat(source.load()).hasSize(1);
    }
  }

  private void refuses(Map<String, String> environment, String sentence) {
    assertThatThrownBy(() -> load(environment))
        .isInstanceOf(KeySourceUnavailable.class)
        .hasNoCause()
        .hasMessageContaining(sentence)
        .hasMessageNotContaining("S3CRET");
  }
}

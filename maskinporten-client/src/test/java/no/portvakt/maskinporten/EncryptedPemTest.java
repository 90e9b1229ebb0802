package no.portvakt.maskinporten;

import static no.portvakt.maskinporten.Maskinporten.TOKEN;
import static no.portvakt.maskinporten.ScriptedServer.token;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A private key that is encrypted with a password. */
class EncryptedPemTest {
  private static final String PASSWORD = "blåbær";
  private static final String PEM = TestKey.RSA.encryptedKeyPem(PASSWORD);
  private static final String NO_PASSWORD =
      "The private key is encrypted, and there is no password.";
  private static final String WRONG_PASSWORD = "The password of the private key is wrong";

  private final Maskinporten maskinporten = new Maskinporten();
  private final Path file;

  EncryptedPemTest(@TempDir Path folder) {
    file = folder.resolve("key.pem");
  }

  @BeforeEach
  void writeTheFile() throws IOException {
    Files.writeString(file, PEM + TestKey.RSA.certificatePem());
    maskinporten.server.at(TOKEN, token("t", 120));
  }

  @AfterEach
  void stop() {
    maskinporten.close();
  }

  @Test
  void isReadWithItsPassword() {
    GrantKey key = GrantKey.ofPem(PEM, PASSWORD.toCharArray(), "k");
    try (MaskinportenClient client = maskinporten.builder().key(key).build()) {
      client.token("a:b");
    }
    assertThat(lastHeader()).isEqualTo(Map.of("alg", "RS256", "kid", "k"));
  }

  @Test
  void isRefusedWithAnotherPasswordOrNone() {
    for (String wrong : List.of("blabaer", PASSWORD + " ", "Blåbær")) {
      assertThatIllegalArgumentException()
          .isThrownBy(() -> GrantKey.ofPem(PEM, wrong.toCharArray(), "k"))
          .withMessageStartingWith(WRONG_PASSWORD)
          .withMessageNotContaining(wrong);
    }
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofPem(PEM, null, "k"))
        .withMessage(NO_PASSWORD);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> GrantKey.ofPem(PEM, new char[0], "k"))
        .withMessage(NO_PASSWORD);
  }

  @Test
  void isReadFromAFileWithThePasswordOfTheProperties() {
    assertThat(header(Map.of("key-id", "k", "pem-password", PASSWORD)))
        .isEqualTo(Map.of("alg", "RS256", "kid", "k"));
    assertThat(header(Map.of("enterprise-certificate", "true", "pem-password", PASSWORD)))
        .isEqualTo(Map.of("alg", "RS256", "x5c", List.of(TestKey.RSA.der())));
  }

  @Test
  void isReadFromAFileWithThePasswordOfTheEnvironment() {
    Map<String, String> environment = new HashMap<>();
    environment.put("MASKINPORTEN_CLIENT_ID", "c");
    environment.put(
        "MASKINPORTEN_WELL_KNOWN_URL", maskinporten.server.base() + Maskinporten.METADATA);
    environment.put("MASKINPORTEN_PEM_FILE", file.toString());
    environment.put("MASKINPORTEN_PEM_PASSWORD", PASSWORD);
    environment.put("MASKINPORTEN_KEY_ID", "k");
    try (MaskinportenClient client =
        MaskinportenClient.builder().environment(environment).build()) {
      client.token("a:b");
    }
    assertThat(lastHeader()).containsEntry("kid", "k");
  }

  @Test
  void isRefusedFromAFileWithAnotherPasswordOrNone() {
    for (Map<String, String> named :
        List.of(Map.of("key-id", "k"), Map.of("enterprise-certificate", "true"))) {
      Map<String, String> properties = properties(named);
      assertThatIllegalArgumentException()
          .isThrownBy(() -> MaskinportenClient.fromProperties(properties))
          .withMessageStartingWith("maskinporten.pem-file (MASKINPORTEN_PEM_FILE): ")
          .withMessageEndingWith(NO_PASSWORD);
      properties.put("maskinporten.pem-password", "hunter2");
      assertThatIllegalArgumentException()
          .isThrownBy(() -> MaskinportenClient.fromProperties(properties))
          .withMessageContaining(WRONG_PASSWORD)
          .withMessageNotContaining("hunter2");
    }
  }

  private Map<String, String> properties(Map<String, String> key) {
    Map<String, String> properties = new HashMap<>();
    properties.put("maskinporten.client-id", "c");
    properties.put(
        "maskinporten.well-known-url", maskinporten.server.base() + Maskinporten.METADATA);
    properties.put("maskinporten.pem-file", file.toString());
    key.forEach((name, value) -> properties.put("maskinporten." + name, value));
    return properties;
  }

  private Map<String, @Nullable Object> header(Map<String, String> key) {
    try (MaskinportenClient client = MaskinportenClient.fromProperties(properties(key))) {
      client.token("a:b");
    }
    return lastHeader();
  }

  /** The header of the last grant, whose signature is the key's. */
  private Map<String, @Nullable Object> lastHeader() {
    ScriptedServer.Seen last = maskinporten.requests().get(maskinporten.requests().size() - 1);
    assertThat(TestKey.RSA.verifies("SHA256withRSA", last.form("assertion"))).isTrue();
    return last.grant().header();
  }
}

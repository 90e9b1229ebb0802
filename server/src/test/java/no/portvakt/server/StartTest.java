package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jose.crypto.ECDSAVerifier;
import com.nimbusds.jose.crypto.RSASSAVerifier;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.PKCS8EncodedKeySpec;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a start makes, finds again, and refuses to start with. */
class StartTest {
  private final Path folder;
  private final TestStore store;

  StartTest(@TempDir Path folder) {
    this.folder = folder;
    store = TestStore.in(folder);
  }

  @Test
  void writesTheAdminClientForScripts() throws IOException {
    try (TestStack stack = TestStack.start(this::development)) {
      Map<String, @Nullable Object> file =
          TestStack.json(Files.readString(folder.resolve("dev/admin-client.json")));
      String base = "http://localhost:" + stack.server().port() + "/maskinporten/";
      assertThat(file)
          .containsOnlyKeys("issuer", "token_endpoint", "client_id", "scopes", "jwk")
          .containsEntry("issuer", base)
          .containsEntry("token_endpoint", base + "token")
          .containsEntry("client_id", stack.adminClient().id());
      assertThat(stack.adminToken()).startsWith("eyJ");
    }
  }

  @Test
  void findsItsKeysAndClientsAgain() throws Exception {
    String token;
    String admin;
    try (TestStack first = TestStack.start(this::development)) {
      token = first.exchange(first.forge().compact()).body();
      admin = first.adminClient().id();
    }
    try (TestStack second = TestStack.start(this::development)) {
      assertThat(second.adminClient().id()).isEqualTo(admin);
      assertThat(second.adminToken()).startsWith("eyJ");
      assertThat(verifies(second, token)).isTrue();
    }
  }

  @Test
  void goesOnPublishingTheOldKeyAfterAChangeOfAlgorithm() throws Exception {
    String before;
    try (TestStack first = TestStack.start(store.settings())) {
      before = first.exchange(first.forge().compact()).body();
    }
    UnaryOperator<Settings> es256 =
        it -> TestStack.algorithms("ES256").apply(store.settings().apply(it));
    try (TestStack second = TestStack.start(es256)) {
      assertThat(verifies(second, before)).isTrue();
      assertThat(TestStack.json(second.get(TestStack.DISCOVERY)))
          .containsEntry("id_token_signing_alg_values_supported", List.of("RS256", "ES256"));
      // Verifiers may keep the old key set for an hour: until then the old key goes on signing.
      String soon = second.exchange(second.forge().compact()).body();
      assertThat(TestStack.part(soon, 0)).contains("\"alg\":\"RS256\"");
      second.clock().advance(Duration.ofMinutes(61));
      String after = second.exchange(second.forge().compact()).body();
      assertThat(TestStack.part(after, 0)).contains("\"alg\":\"ES256\"");
      assertThat(verifies(second, after)).isTrue();
    }
  }

  @Test
  void keepsPrivateKeysEncrypted() throws Exception {
    TestStack.start(store.settings()).close();
    try (var connection = store.connect();
        var statement = connection.createStatement();
        var row = statement.executeQuery("SELECT private_key FROM signing_key")) {
      int keys = 0;
      for (; row.next(); keys++) {
        byte[] kept = Base64.getDecoder().decode(row.getString(1));
        for (int from : new int[] {0, 12, 16}) {
          byte[] rest = java.util.Arrays.copyOfRange(kept, from, kept.length);
          assertThatExceptionOfType(InvalidKeySpecException.class)
              .isThrownBy(() ->
                  KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(rest)));
        }
      }
      assertThat(keys).isEqualTo(2);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[]", "{", "{}", "{\"client_id\":\"x\"}", "{\"client_id\":1,\"jwk\":{}}"})
  void refusesAnAdminClientThatIsNone(String content) throws IOException {
    Path file = Files.createDirectories(folder.resolve("dev")).resolve("admin-client.json");
    Files.writeString(file, content);
    assertThatExceptionOfType(SettingsFile.BadSettings.class)
        .isThrownBy(() -> TestStack.start(this::development).close())
        .withMessage(
            "The admin client " + file + " is not of the expected form; delete it for a new one.");
  }

  /** The settings of {@code portvakt dev} with this folder for its files. */
  private Settings development(Settings it) {
    Settings settings = Settings.development(folder, 0);
    return store.settings().apply(TestStack.withExchange(settings, it.exchange()));
  }

  private static boolean verifies(TestStack stack, String token) throws Exception {
    SignedJWT jwt = SignedJWT.parse(token);
    var key =
        JWKSet.parse(stack.get(TestStack.DISCOVERY + "/jwks").body())
            .getKeyByKeyId(jwt.getHeader().getKeyID());
    return key != null
        && jwt.verify(
            key instanceof ECKey ec ? new ECDSAVerifier(ec) : new RSASSAVerifier(key.toRSAKey()));
  }
}

package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.nimbusds.jose.jwk.RSAKey;
import java.net.URI;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import no.portvakt.server.Settings.Role;
import no.portvakt.server.database.Database;
import no.portvakt.server.http.HttpServer;
import no.portvakt.server.issuer.KeyCipher.WrongMasterKey;
import no.portvakt.server.store.OrganisationTable;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.SigningKeyTable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node: what each role answers, what a start makes, and that a refused start makes nothing. */
class NodeTest {
  private static final String ANOTHER_KEY = "dGhpcnR5LXR3byBieXRlcyBmb3IgYW5vdGhlciBvbmU=";

  @TempDir private Path folder;

  @Test
  void exchangesWithoutTheLocalMaskinporten() {
    try (TestStack stack = TestStack.start(roles(Role.AUTHENTICATION))) {
      assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
      assertThat(stack.get(TestStack.DISCOVERY).statusCode()).isEqualTo(200);
      assertThat(stack.get("/health/ready").statusCode()).isEqualTo(200);
      for (String path :
          List.of(
              "/maskinporten/jwk",
              "/maskinporten/.well-known/oauth-authorization-server",
              "/maskinporten/scopes",
              "/maskinporten/api/v1/clients")) {
        assertThat(stack.get(path).statusCode()).as(path).isEqualTo(404);
      }
      assertThat(stack.requestToken("x").statusCode()).isEqualTo(404);
      assertThat(stack.server().adminClient()).isNull();
      assertThat(stack.get("/metrics").body())
          .contains("portvakt_signing_key_age_authentication_seconds")
          .doesNotContain("portvakt_signing_key_age_maskinporten_seconds");
    }
  }

  @Test
  void doesNotBelieveALocalIssuerThatItDoesNotRun() {
    RSAKey key = RemoteIssuer.newKey();
    try (TestStack stack = TestStack.start(roles(Role.AUTHENTICATION))) {
      String proof =
          TokenForge.signedBy(key, stack.forge().claims())
              .claim("iss", stack.addresses().maskinportenIssuer())
              .compact();
      assertThat(stack.exchange(proof).statusCode()).isEqualTo(401);
    }
  }

  @Test
  void believesTheMaskinportenOfAnotherNodeWhenToldSo() {
    try (TestStack maskinporten = TestStack.start(roles(Role.MASKINPORTEN))) {
      Settings.Issuer other =
          new Settings.Issuer(
              maskinporten.addresses().maskinportenIssuer(),
              URI.create(
                  maskinporten.addresses().maskinportenIssuer()
                      + ".well-known/oauth-authorization-server"),
              null,
              Set.of("RS256"),
              Set.of());
      try (TestStack stack =
          TestStack.start(
              it -> TestStack.trusting(other).apply(roles(Role.AUTHENTICATION).apply(it)))) {
        String proof = maskinporten.maskinportenToken("altinn:serviceowner/instances.read");
        assertThat(stack.exchange(proof).statusCode()).isEqualTo(200);
      }
    }
  }

  @Test
  void givesMaskinportenTokensWithoutTheExchange() {
    try (TestStack stack = TestStack.start(roles(Role.MASKINPORTEN))) {
      assertThat(stack.adminToken()).startsWith("eyJ");
      assertThat(stack.get("/maskinporten/jwk").statusCode()).isEqualTo(200);
      assertThat(stack.get("/health/ready").statusCode()).isEqualTo(200);
      assertThat(stack.exchange(stack.adminToken()).statusCode()).isEqualTo(404);
      assertThat(stack.get(TestStack.DISCOVERY).statusCode()).isEqualTo(404);
      assertThat(stack.get(TestStack.DISCOVERY + "/jwks").statusCode()).isEqualTo(404);
      assertThat(stack.get("/metrics").body())
          .doesNotContain("portvakt_signing_key_age_authentication_seconds");
    }
  }

  @Test
  void seedsNoTestDataAndNoClientUnlessToldTo() {
    TestStore store = TestStore.in(folder);
    Settings settings = store.settings().apply(serving(folder, "127.0.0.1", null));
    Server server = Server.start(settings);
    assertThat(server.adminClient()).isNull();
    server.close();
    try (Database database = store.open()) {
      assertThat(new OrganisationTable(database).all()).isEmpty();
      assertThat(new ScopeTable(database).find("idporten:scopes.write")).isNull();
      assertThat(new ScopeTable(database).ownerOfPrefix("altinn")).isNull();
    }
    Path client = folder.resolve("new/admin.json");
    Server.start(store.settings().apply(serving(folder, "127.0.0.1", client))).close();
    assertThat(client).isRegularFile();
    try (Database database = store.open()) {
      assertThat(new OrganisationTable(database).all()).isEmpty();
      assertThat(new ScopeTable(database).find("altinn:serviceowner/instances.read")).isNull();
      assertThat(new ScopeTable(database).ownerOfPrefix("idporten")).isEqualTo(TestStack.DIGDIR);
    }
  }

  @Test
  void writesNothingWithAWrongMasterKey() {
    TestStore store = TestStore.in(folder);
    // A developer's store has no next key; a node makes one at its first start.
    TestStack.start(store.settings()).close();
    Settings right = store.settings().apply(serving(folder, "127.0.0.1", null));
    assertThatExceptionOfType(WrongMasterKey.class)
        .isThrownBy(() -> Server.start(withMasterKey(right, ANOTHER_KEY)).close())
        .withMessageContaining("the master key is not the one it was stored with");
    try (Database database = store.open()) {
      assertThat(new SigningKeyTable(database).ofRole("authentication").keys()).hasSize(1);
      assertThat(new SigningKeyTable(database).ofRole("maskinporten").keys()).hasSize(1);
    }
    Server.start(right).close();
  }

  @Test
  void refusesAnotherNodesMasterKeyOnTheSameDatabase() {
    UnaryOperator<Settings> onPostgres = TestStack.on(TestPostgres.fresh());
    Settings one = onPostgres.apply(serving(folder, "127.0.0.1", null));
    Settings other = withMasterKey(one, ANOTHER_KEY);
    Server first = Server.start(one);
    try {
      assertThatExceptionOfType(WrongMasterKey.class).isThrownBy(() -> Server.start(other).close());
      Server.start(one).close();
    } finally {
      first.close();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"0.0.0.0", "192.0.2.7", "no-such-host.invalid"})
  void makesNothingBeforeItIsClearThatItMayListen(String host) {
    Path data = folder.resolve("data");
    assertThatExceptionOfType(HttpServer.PlainHttp.class)
        .isThrownBy(() -> Server.start(serving(data, host, null)).close());
    assertThat(data).doesNotExist();
  }

  @Test
  void saysWhyItCannotListen() {
    for (String host : List.of("192.0.2.7", "no-such-host.invalid")) {
      assertThatExceptionOfType(HttpServer.UnusableAddress.class)
          .isThrownBy(() -> HttpServer.requireFree(host, 7071))
          .withMessageStartingWith("Nothing can listen on " + host + ", port 7071: ");
    }
  }

  private static UnaryOperator<Settings> roles(Role... roles) {
    return it ->
        new Settings(
            Set.copyOf(Arrays.asList(roles)),
            it.listen(),
            it.baseUrl(),
            it.data(),
            it.store(),
            it.masterKey(),
            it.signing(),
            it.audit(),
            it.exchange(),
            it.maskinporten(),
            it.development());
  }

  private static Settings serving(Path data, String host, @Nullable Path adminClient) {
    Settings it = Settings.serving();
    return new Settings(
        it.roles(),
        new HttpServer.Listen(host, 0, null, List.of()),
        "https://platform.example.com",
        data,
        null,
        it.masterKey(),
        it.signing(),
        it.audit(),
        it.exchange(),
        it.maskinporten().withFiles(null, adminClient),
        null);
  }

  private static Settings withMasterKey(Settings it, String masterKey) {
    return new Settings(
        it.roles(),
        it.listen(),
        it.baseUrl(),
        it.data(),
        it.store(),
        new Settings.MasterKey(null, masterKey, null),
        it.signing(),
        it.audit(),
        it.exchange(),
        it.maskinporten(),
        it.development());
  }
}

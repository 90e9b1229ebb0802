package no.portvakt.server;

import static no.portvakt.server.MaskinportenClientFixture.ACCESS;
import static no.portvakt.server.MaskinportenClientFixture.AUDIENCE;
import static no.portvakt.server.MaskinportenClientFixture.EXPIRED_KEY;
import static no.portvakt.server.MaskinportenClientFixture.INVALID_VALUE;
import static no.portvakt.server.MaskinportenClientFixture.KEY_REQUIRED;
import static no.portvakt.server.MaskinportenClientFixture.READ;
import static no.portvakt.server.MaskinportenClientFixture.SCOPE;
import static no.portvakt.server.MaskinportenClientFixture.SIGNATURE;
import static no.portvakt.server.MaskinportenClientFixture.TARGET;
import static no.portvakt.server.MaskinportenClientFixture.UNKNOWN_CLIENT;
import static no.portvakt.server.MaskinportenClientFixture.UNKNOWN_KEY;
import static no.portvakt.server.MaskinportenClientFixture.WRITE;
import static no.portvakt.server.MaskinportenClientFixture.X5C;
import static no.portvakt.server.TestStack.DIGDIR;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.RSAKey;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.UUID;
import java.util.stream.IntStream;
import no.portvakt.server.database.Database;
import no.portvakt.server.maskinporten.TokenEndpoint;
import no.portvakt.server.store.AuditTable;
import no.portvakt.server.store.ClientTable;
import no.portvakt.server.store.ClientTable.ClientRow;
import no.portvakt.server.store.ClientTable.KeyRow;
import no.portvakt.server.store.ScopeTable;
import no.portvakt.server.store.ScopeTable.ScopeRow;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MaskinportenRefusalsTest {
  private final TestStack stack = TestStack.start();
  private final MaskinportenClientFixture client = MaskinportenClientFixture.of(stack);

  @AfterAll
  void stop() {
    stack.close();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "x",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "..",
        ".a.b",
        "e30.e30.",
        "e30.e30.AA==",
        "e30.e30.A",
        "e30.e30.AB",
        "e30 .e30.AA",
        "e30\n.e30.AA",
        "W10.e30.AAAA",
        "e30.W10.AAAA",
        "bnVsbA.e30.AAAA",
        "{}.{}.{}",
        "æ.ø.å",
        "e30.e30.\u0000",
        "<a>.b.c"
      })
  void refusesAnythingButACompactJws(String assertion) {
    client.refuses(INVALID_VALUE, assertion);
  }

  @Test
  void refusesAGrantThatIsNoStrictJson() {
    client.refuses(INVALID_VALUE, client.grant().rawMembers("\"iss\":\"x\""));
    client.refuses(INVALID_VALUE, client.grant().rawMembers("\"a\":{\"b\":1,\"b\":1}"));
    client.refuses(INVALID_VALUE, client.grant().rawClaims("[]"));
    client.refuses(INVALID_VALUE, client.grant().rawClaims(""));
    client.refuses(INVALID_VALUE, client.grant().rawClaims("{\"iss\":"));
    client.refuses(INVALID_VALUE, client.grant().rawClaims(client.grant().claimsJson() + "x"));
    client.refuses(
        INVALID_VALUE, client.grant().rawHeader("{\"alg\":\"RS256\",\"alg\":\"RS256\"}"));
    client.refuses(INVALID_VALUE, client.grant().rawClaims(new byte[] {'{', (byte) 0xff, '}'}));
    String deep = "[".repeat(1000) + "]".repeat(1000);
    client.refuses(INVALID_VALUE, client.grant().rawMembers("\"x\":" + deep));
    client.refuses(INVALID_VALUE, client.grant().rawHeader("{\"alg\":" + deep + "}"));
  }

  @Test
  void refusesEveryMutilatedGrantWithA400() {
    Random random = new Random(4711);
    char[] alphabet = "AZaz09-_.=+/ %é\u0000\"{}".toCharArray();
    for (int i = 0; i < 200; i++) {
      StringBuilder text = new StringBuilder(client.grant().compact());
      for (int change = random.nextInt(1, 4); change > 0; change--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.deleteCharAt(at);
          case 1 -> text.insert(at, alphabet[random.nextInt(alphabet.length)]);
          default -> text.setCharAt(at, text.charAt(at) == 'Q' ? 'R' : 'Q');
        }
      }
      HttpResponse<String> answer = stack.requestToken(text.toString());
      assertThat(answer.statusCode()).as(text.toString()).isEqualTo(400);
      assertThat(TestStack.json(answer)).containsKeys("error", "error_description");
    }
  }

  @Test
  void refusesAlgorithmsOtherThanRsa() {
    for (String algorithm :
        List.of("none", "None", "HS256", "PS256", "PS384", "ES256", "EdDSA", "rs256", "RS1", "")) {
      String signedAs = List.of("none", "HS256").contains(algorithm) ? algorithm : "RS256";
      client.refuses(INVALID_VALUE, client.grant().header("alg", algorithm).signedAs(signedAs));
    }
    client.refuses(INVALID_VALUE, client.grant().header("alg", 256));
    client.refuses(INVALID_VALUE, client.grant().header("alg", null));
    client.refuses(INVALID_VALUE, client.grant().header("alg", List.of("RS256")));
    client.refuses(INVALID_VALUE, client.grant().withoutHeader("alg").signedAs("RS256"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"crit", "jwk", "jku", "x5u", "b64"})
  void refusesHeadersThatBringAKeyOrChangeTheReading(String name) {
    client.refuses(INVALID_VALUE, client.grant().header(name, List.of("exp")));
    client.refuses(INVALID_VALUE, client.grant().header(name, "https://evil.example/"));
    client.refuses(INVALID_VALUE, client.grant().header(name, null));
    client.refuses(
        INVALID_VALUE, client.grant().header(name, client.client().key().toJSONObject()));
  }

  @Test
  void refusesAnUnknownClient() {
    for (Object iss :
        Arrays.asList(UUID.randomUUID().toString(), "", " ", null, 5, List.of(), "x".repeat(300))) {
      client.refuses(UNKNOWN_CLIENT, client.grant().claim("iss", iss));
    }
    client.refuses(UNKNOWN_CLIENT, client.grant().without("iss"));
    String id = client.client().id();
    client.refuses(UNKNOWN_CLIENT, client.grant().claim("iss", id + "\u0000"));
    client.refuses(UNKNOWN_CLIENT, client.grant().claim("iss", id + " "));
    client.refuses(UNKNOWN_CLIENT, client.grant().claim("iss", "' OR '1'='1"));
  }

  @Test
  void refusesAKeyThatTheClientDoesNotHave() {
    client.refuses(UNKNOWN_KEY, client.grant().header("kid", "other"));
    client.refuses(UNKNOWN_KEY, client.grant().header("kid", ""));
    client.refuses(UNKNOWN_KEY, client.grant().header("kid", 5));
    client.refuses(UNKNOWN_KEY, client.grant().header("kid", null));
    client.refuses(
        UNKNOWN_KEY, client.grant().header("kid", client.client().key().getKeyID() + " "));
  }

  @Test
  void refusesTheKeyOfAnotherClient() {
    TestStack.Client other = MaskinportenClientFixture.of(stack).client();
    client.refuses(
        UNKNOWN_KEY, client.grant().header("kid", other.key().getKeyID()).signedWith(other.key()));
    client.refuses(SIGNATURE, client.grant().signedWith(other.key()));
  }

  @Test
  void refusesAKeyIdOfAClientWithoutKeys() {
    String id = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    client.refuses(UNKNOWN_KEY, client.grant().claim("iss", id));
  }

  @Test
  void refusesAGrantThatNamesNoKey() {
    client.refuses(KEY_REQUIRED, client.grant().withoutHeader("kid"));
    String id = MaskinportenClientFixture.newClientWithoutKeys(stack, Map.of());
    client.refuses(X5C, client.grant().withoutHeader("kid").claim("iss", id));
  }

  @Test
  void refusesASignatureThatDoesNotHold() {
    client.refuses(SIGNATURE, client.grant().signedWith(RemoteIssuer.newKey()));
    client.refuses(SIGNATURE, client.grant().withSignatureBitFlipped());
    client.refuses(SIGNATURE, client.grant().withSignatureCutTo(255));
    client.refuses(SIGNATURE, client.grant().withSignatureCutTo(1));
    client.refuses(SIGNATURE, client.grant().header("alg", "RS512").signedAs("RS256"));
    client.refuses(SIGNATURE, client.grant().signedAs("HS256"));
    String other = client.grant().claim("scope", WRITE).claimsJson();
    client.refuses(SIGNATURE, client.grant().withClaimsReplaced(other));
    client.refuses(INVALID_VALUE, client.grant().signingInput() + ".");
  }

  @Test
  void refusesAnAudienceThatIsNotThisAuthorityAlone() {
    String issuer = stack.addresses().maskinportenIssuer();
    String without = issuer.substring(0, issuer.length() - 1);
    for (Object aud :
        Arrays.asList(
            without,
            issuer + "token",
            issuer + "/",
            "https://maskinporten.no/",
            "",
            null,
            5,
            List.of(),
            List.of(issuer, issuer),
            List.of(issuer, "x"),
            List.of(List.of(issuer)),
            List.of(without),
            Map.of("aud", issuer))) {
      assertThat(client.refuses(AUDIENCE, client.grant().claim("aud", aud))).contains(issuer);
    }
    client.refuses(AUDIENCE, client.grant().without("aud"));
  }

  @Test
  void saysWhichAudienceWasProbablyMeant() {
    String issuer = stack.addresses().maskinportenIssuer();
    assertThat(audience(issuer.substring(0, issuer.length() - 1))).contains("one slash at the end");
    assertThat(audience(issuer + "/")).contains("one slash at the end");
    assertThat(audience(issuer + "token")).contains("token endpoint");
    assertThat(audience(List.of(issuer, "x"))).contains("there are several");
    assertThat(audience("https://maskinporten.no/")).contains("Maskinporten in production");
    assertThat(audience("https://test.maskinporten.no"))
        .contains("Maskinporten's test environment");
    assertThat(audience("https://ver2.maskinporten.no/token")).contains("shut down");
    assertThat(audience("https://elsewhere.example/")).doesNotContain("elsewhere");
  }

  private String audience(Object value) {
    return client.refuses(AUDIENCE, client.grant().claim("aud", value));
  }

  @Test
  void namesTheClaimThatWasProbablyMeant() {
    assertThat(client.refuses(INVALID_VALUE, client.grant().claim("consumer_orgno", DIGDIR)))
        .contains("there is no claim consumer_orgno; it is called consumer_org");
    assertThat(client.refuses(INVALID_VALUE, client.grant().claim("scopes", READ)))
        .contains("it is called scope");
    assertThat(client.refuses(INVALID_VALUE, client.grant().claim("x15507600333\u001b", 1)))
        .doesNotContain("15507600333")
        .doesNotContain("\u001b")
        .doesNotContain("called");
    // RFC 6749 §5.2.
    assertThat(client.refuses(INVALID_VALUE, client.grant().claim("a\"b\\cåd\u007f", 1)))
        .contains("there is no claim a?b?c?d?");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"consumer_orgno", "scopes", "foo", "", "Scope", "resources", "urn:altinn:org"})
  void refusesClaimsThatItDoesNotKnow(String name) {
    client.refuses(INVALID_VALUE, client.grant().claim(name, "x"));
    client.refuses(INVALID_VALUE, client.grant().claim(name, null));
  }

  @Test
  void overlooksUnknownClaimsOnlyWhereTheSettingsSaySo() {
    try (TestStack own =
        TestStack.start(
            TestStack.grants(new TokenEndpoint.Options(120, 10, false, true, false, false)))) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      assertThat(
              fixture.accepts(
                  fixture.grant().claim("consumer_orgno", DIGDIR).claim("x", Map.of("a", 1))))
          .doesNotContainKeys("consumer_orgno", "supplier", "x");
      // What is known must still be right, and fit together.
      fixture.refuses(INVALID_VALUE, fixture.grant().claim("jti", 5));
      fixture.refuses(
          INVALID_VALUE,
          fixture.grant().claim("consumer_org", DIGDIR).claim("iss_onbehalfof", "anybody"));
    }
  }

  @Test
  void refusesAJtiThatIsNoShortText() {
    for (Object jti : Arrays.asList("", 5, null, true, List.of("a"), "x".repeat(256))) {
      client.refuses(INVALID_VALUE, client.grant().claim("jti", jti));
    }
    client.accepts(client.grant().claim("jti", "x".repeat(255)));
  }

  @Test
  void refusesASubjectThatIsNoText() {
    for (Object subject : Arrays.asList(5, null, true, List.of("a"))) {
      client.refuses(INVALID_VALUE, client.grant().claim("sub", subject));
    }
    client.accepts(client.grant().claim("sub", "anybody"));
  }

  @Test
  void refusesAScopeThatTheClientDoesNotHave() {
    for (String scope :
        List.of(
            "altinn:serviceowner",
            READ + "x",
            "altinn:",
            READ.toUpperCase(Locale.ROOT),
            READ + "\t" + WRITE,
            "idporten:scopes.write")) {
      client.refuses(SCOPE, client.grant().claim("scope", scope));
    }
    assertThat(client.refuses(SCOPE, client.grant().claim("scope", READ + " altinn:other a:b")))
        .contains("for client, altinn:other, a:b (");
    assertThat(client.refuses(SCOPE, client.grant().claim("scope", "a\u001b[31m15507600333")))
        .doesNotContain("\u001b")
        .doesNotContain("15507600333");
  }

  @Test
  void namesAFewOfManyScopesThatTheClientDoesNotHave() {
    String many = String.join(" ", IntStream.range(0, 50).mapToObj(i -> "x" + i).toList());
    assertThat(client.refuses(SCOPE, client.grant().claim("scope", many)))
        .contains("for client, x0, x1, x2, x3, x4, x5, x6, x7, x8, x9 (");
  }

  @Test
  void refusesAGrantWithoutScope() {
    for (Object scope : Arrays.asList("", "  ", null, 5, List.of(READ), Map.of())) {
      client.refuses(INVALID_VALUE, client.grant().claim("scope", scope));
    }
    client.refuses(INVALID_VALUE, client.grant().without("scope"));
  }

  @Test
  void refusesAResourceThatIsNoAbsoluteUriWithoutFragment() {
    for (Object resource :
        Arrays.asList(
            "",
            "api",
            "/orgs",
            "//api.example/",
            "https://a.example/#x",
            "https://a.example/#",
            "https://a b/",
            "https://a.example/%",
            "https://[",
            null,
            5,
            true,
            List.of(),
            List.of(5),
            List.of("https://a.example/", "b"),
            List.of(List.of("https://a.example/")),
            Map.of("a", "https://a.example/"),
            "https://a.example/" + "x".repeat(2048))) {
      client.refuses(TARGET, client.grant().claim("resource", resource));
    }
    List<String> many = Collections.nCopies(21, "https://a.example/");
    client.refuses(TARGET, client.grant().claim("resource", many));
  }

  @Test
  void refusesAKeyFromTheMomentItExpires() {
    try (TestStack own = TestStack.start()) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      own.clock().advance(Duration.ofDays(365).minusMillis(1));
      fixture.accepts(fixture.grant());
      own.clock().advance(Duration.ofMillis(1));
      fixture.refuses(EXPIRED_KEY, fixture.grant());
    }
  }

  @Test
  void refusesInactiveClientsInactiveScopesAndDeniedAccess(@TempDir Path folder) {
    RSAKey key = RemoteIssuer.newKey();
    String body =
        "{\"scopes\":[\"altinn:asleep\",\"altinn:gone\",\"" + READ + "\",\"" + WRITE + "\"]}";
    TestStore store = TestStore.in(folder);
    try (TestStack own = TestStack.start(store.settings());
        Database database = store.open()) {
      ClientTable clients = new ClientTable(database);
      ScopeTable scopes = new ScopeTable(database);
      for (boolean active : new boolean[] {true, false}) {
        String id = active ? "awake" : "asleep";
        clients.add(new ClientRow(id, TestStack.DIGDIR, null, active, body, 0, 0));
        clients.putKeys(
            id,
            List.of(
                new KeyRow(key.getKeyID(), key.toPublicJWK().toJSONString(), 0, Long.MAX_VALUE)));
      }
      scopes.add(new ScopeRow("altinn:asleep", TestStack.DIGDIR, false, "{}", 0, 0));
      scopes.putAccess("altinn:asleep", TestStack.DIGDIR, ScopeTable.APPROVED, 0);
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      scopes.putAccess(READ, TestStack.DIGDIR, "DENIED", 0);
      TestStack.Client awake = new TestStack.Client("awake", key);
      fixture.accepts(own.grant(awake, WRITE));
      fixture.refuses(UNKNOWN_CLIENT, own.grant(new TestStack.Client("asleep", key), WRITE));
      fixture.refuses(SCOPE, own.grant(awake, "altinn:asleep"));
      fixture.refuses(SCOPE, own.grant(awake, "altinn:gone"));
      assertThat(fixture.refuses(ACCESS, own.grant(awake, WRITE + " " + READ)))
          .startsWith(ACCESS.text() + READ + ".");
    }
  }

  @Test
  void tellsATraceIdThatNamesTheRecordOfTheDecision(@TempDir Path folder) {
    TestStore store = TestStore.in(folder);
    try (TestStack own = TestStack.start(store.settings())) {
      MaskinportenClientFixture fixture = MaskinportenClientFixture.of(own);
      String grant = fixture.grant().header("kid", "other").compact();
      String description = fixture.refuses(UNKNOWN_KEY, grant);
      String id = description.replaceFirst("(?s).*\\(trace_id: ([0-9a-f]{32})\\)$", "$1");
      try (Database database = store.open()) {
        List<AuditTable.Entry> entries = new AuditTable(database).byDecision(id);
        assertThat(entries).hasSize(1);
        String record = entries.get(0).record();
        assertThat(TestStack.json(record))
            .containsEntry("outcome", "refused")
            .containsEntry("event", "maskinporten.token")
            .containsEntry("reason", "client.kid");
        for (String part : grant.split("\\.", -1)) {
          assertThat(record).doesNotContain(part);
        }
      }
    }
  }

  @Test
  void neverEchoesWhatItCannotRead() {
    String odd = "<script>" + new String(new byte[] {27}, StandardCharsets.US_ASCII);
    assertThat(client.refuses(INVALID_VALUE, odd)).doesNotContain("script");
    assertThat(client.refuses(UNKNOWN_CLIENT, client.grant().claim("iss", odd)))
        .doesNotContain("script");
  }
}

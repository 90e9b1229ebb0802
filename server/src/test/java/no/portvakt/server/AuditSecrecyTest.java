package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import no.portvakt.server.AuditRecords.Stored;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a record must never hold, wherever a caller puts it: tokens, signatures, person numbers. */
class AuditSecrecyTest {
  /** A synthetic number; as JSON it is also a time far away. */
  private static final String PERSON = "17817012345";

  @TempDir private static Path folder;

  private static TestStore store;
  private static TestStack stack;

  @BeforeAll
  static void start() {
    store = TestStore.in(folder);
    stack =
        TestStack.start(settings -> {
          Settings.Issuer it = settings.exchange().maskinporten().get(0);
          return store
              .settings()
              .andThen(
                  TestStack.trusting(
                      new Settings.Issuer(
                          it.issuer(),
                          it.metadata(),
                          null,
                          it.algorithms(),
                          Set.of("https://platform.example"))))
              .apply(settings);
        });
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @Test
  void holdsNoPersonNumber() {
    List<String> spellings =
        List.of(
            "\"" + PERSON + "\"",
            PERSON,
            "\"pid:" + PERSON + ";\"",
            "\"" + PERSON + PERSON + "\"",
            "[\"" + PERSON + "\"]",
            "[" + PERSON + "]",
            "{\"pid\":\"" + PERSON + "\"}",
            "{\"" + PERSON + "\":1}",
            PERSON + ".5",
            "\"" + "x".repeat(150) + PERSON + "\"",
            "\"\\u0031" + PERSON.substring(1) + "\"");
    for (String json : spellings) {
      for (String claim :
          List.of(
              "iss",
              "aud",
              "scope",
              "jti",
              "client_id",
              "client_orgno",
              "consumer",
              "exp",
              "nbf",
              "sub",
              "pid",
              "supplier")) {
        stack.exchange(good().jsonClaim(claim, json).compact());
      }
      for (String header : List.of("kid", "alg", "typ", "x5t", "x5c", "jku", "crit")) {
        String rest = header.equals("alg") ? "" : ",\"alg\":\"RS256\"";
        stack.exchange(good().rawHeader("{\"" + header + "\":" + json + rest + "}").compact());
      }
      stack.exchange(good().rawClaims(json).compact());
    }
    for (String path : List.of("/" + PERSON, "/maskinporten?test=" + PERSON, "/x" + PERSON)) {
      stack.exchangeAt("/authentication/api/v1/exchange" + path, good().compact());
    }
    stack.exchange(PERSON);
    stack.exchange(good().compact(), "X-Altinn-EnterpriseUser-Authentication", PERSON);
    stack.get(TestStack.EXCHANGE, "Authorization", PERSON);
    stack.get(TestStack.EXCHANGE, "Autorization", PERSON);
    for (String claim : List.of("iss", "aud", "scope", "jti", "resource", "sub", "pid")) {
      stack.requestToken(stack.adminGrant("idporten:scopes.read").claim(claim, PERSON).compact());
    }
    stack.requestToken(stack.adminGrant().header("kid", PERSON).compact());
    stack.form("/maskinporten/token", "grant_type", PERSON, "assertion", PERSON);
    List<Stored> records = store.records();
    assertThat(records).hasSizeGreaterThan(200);
    assertThat(records)
        .allSatisfy(it ->
            assertThat(it.json()).doesNotContain(PERSON.substring(0, 8), PERSON.substring(3)));
  }

  @Test
  void holdsNoTokenAndNoSignature() {
    List<String> secrets = new ArrayList<>();
    String inner = stack.forge().compact();
    secrets.add(inner);
    String hs256 = "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJlLW9mLTMyLWJ5dGVzLXRoYXQtaXMtc2VjcmV0";
    secrets.add(hs256);
    for (String token : List.of(inner, hs256)) {
      for (String claim : List.of("iss", "aud", "scope", "jti", "client_id", "client_orgno")) {
        secrets.add(good().claim(claim, token).compact());
        secrets.add(good().claim(claim, "Bearer " + token).compact());
        secrets.add(good().claim(claim, List.of(token)).compact());
      }
      secrets.add(good().claim("consumer", Map.of("ID", token)).compact());
      secrets.add(good().header("kid", token).compact());
      secrets.add(good().header("alg", token).signedAs("RS256").compact());
    }
    secrets.add(good().compact());
    secrets.add(good().withSignatureBitFlipped());
    secrets.add(good().compact() + ".x");
    for (String secret : List.copyOf(secrets)) {
      String answer = stack.exchange(secret).body();
      if (answer.startsWith("eyJ")) {
        secrets.add(answer);
      }
    }
    String grant = stack.adminGrant("idporten:scopes.read").compact();
    secrets.add(grant);
    secrets.add(String.valueOf(TestStack.json(stack.requestToken(grant)).get("access_token")));
    stack.form("/maskinporten/token", "grant_type", grant, "assertion", grant);

    String all = String.join("\n", store.records().stream().map(Stored::json).toList());
    for (String secret : secrets) {
      for (String part : secret.split("\\.", -1)) {
        if (part.length() >= 20) {
          assertThat(all).doesNotContain(part.substring(0, 20));
          assertThat(all).doesNotContain(part.substring(part.length() - 20));
        }
      }
    }
  }

  @Test
  void holdsNoControlCharactersThatForgeLines() {
    stack.exchange(good().claim("iss", "x\r\n{\"outcome\":\"granted\"}\u0000\u001b[2J").compact());
    stack.exchange(good().header("kid", "\u202egnp.exe\u2028\u0085").compact());
    assertThat(store.records())
        .allSatisfy(
            it -> assertThat(it.json()).doesNotContainPattern("[\\p{Cntrl}\u202e\u2028\u0085]"));
  }

  @Test
  void keepsRecordsShortHoweverLongTheClaims() {
    int before = store.records().size();
    for (String claim : List.of("iss", "scope", "jti", "client_id", "aud")) {
      stack.exchange(good().claim(claim, "å".repeat(5_000)).compact());
    }
    List<Stored> records = store.records();
    assertThat(records).hasSize(before + 5);
    assertThat(records).allSatisfy(it -> assertThat(it.json().length()).isLessThan(4_000));
  }

  private static TokenForge good() {
    return stack.forge().claim("aud", "https://platform.example");
  }
}

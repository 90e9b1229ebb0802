package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import no.portvakt.server.AuditRecords.Stored;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each decision has one durable record, chained to the one before it, before its answer leaves. */
class AuditTest {
  @TempDir private static Path folder;

  private static TestStore store;
  private static TestStack stack;

  @BeforeAll
  static void start() {
    store = TestStore.in(folder.resolve("data"));
    stack = TestStack.start(store.settings());
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @Test
  void keepsTheRecordOfAGrantedExchangeWithTheIdOfItsToken() {
    TokenForge proof =
        stack.forge("altinn:serviceowner/instances.read").claim("jti", "of-the-proof");
    HttpResponse<String> answer = stack.exchange(proof.compact());
    Object id = Objects.requireNonNull(TestStack.claims(answer.body()).get("jti"));
    List<Stored> records = recordsWith("jti", id);
    assertThat(records).hasSize(1);
    assertThat(TestStack.json(records.get(0).json()))
        .containsEntry("event", "exchange")
        .containsEntry("provider", "maskinporten")
        .containsEntry("outcome", "granted")
        .containsEntry("time", "2026-03-02T10:15:30.750Z")
        .containsEntry("address", "127.0.0.1")
        .containsEntry("issuer", stack.remote().issuer())
        .containsEntry("client_id", "a-client-of-digdir")
        .containsEntry("scope", "altinn:serviceowner/instances.read")
        .containsEntry("proof_jti", "of-the-proof")
        .containsEntry("organisation", "991825827")
        .containsEntry("expires", TestClock.START.getEpochSecond() + 1800)
        .containsEntry("key", TestStack.json(TestStack.part(answer.body(), 0)).get("kid"))
        .doesNotContainKey("reason");
    assertThat(records.get(0).json()).doesNotContain("\"failed\"");
    assertThat(records.get(0).rule("signature")).contains("held", "RS256");
    assertThat(records.get(0).rule("organisation.code")).contains("held", "digdir");
  }

  @Test
  void keepsTheRecordOfARefusedExchangeUnderTheIdThatTheCallerWasTold() {
    HttpResponse<String> answer =
        stack.exchange(stack.forge().claim("exp", stack.clock().seconds() - 60).compact());
    Stored record = recordOf(answer);
    assertThat(TestStack.json(record.json()))
        .containsEntry("id", decisionId(answer))
        .containsEntry("outcome", "refused")
        .containsEntry("reason", "exp")
        .doesNotContainKeys("jti", "organisation", "expires");
    assertThat(record.rule("signature")).contains("held");
    assertThat(record.rule("exp"))
        .contains("failed", String.valueOf(stack.clock().seconds() - 10))
        .contains(String.valueOf(stack.clock().seconds() - 60));
    assertThat(record.rule("consumer")).isNull();
  }

  @Test
  void namesTheRuleThatFailed() {
    Map<String, HttpResponse<String>> answers = new HashMap<>();
    answers.put("bearer", stack.get(TestStack.EXCHANGE));
    answers.put("test", stack.get(TestStack.EXCHANGE + "?test=maybe"));
    answers.put(
        "provider",
        stack.exchangeAt("/authentication/api/v1/exchange/feide", stack.forge().compact()));
    answers.put("token.form", stack.exchange("a.b.c"));
    answers.put("token.header", stack.exchange(stack.forge().header("jku", "x").compact()));
    answers.put("issuer", stack.exchange(stack.forge().claim("iss", "x").compact()));
    answers.put("algorithm", stack.exchange(stack.forge().header("alg", "PS256").compact()));
    answers.put("key", stack.exchange(stack.forge().header("kid", "x").compact()));
    answers.put("signature", stack.exchange(stack.forge().withSignatureBitFlipped()));
    answers.put("exp", stack.exchange(stack.forge().without("exp").compact()));
    answers.put(
        "nbf", stack.exchange(stack.forge().claim("nbf", stack.clock().seconds() + 60).compact()));
    answers.put("consumer", stack.exchange(stack.forge().without("consumer").compact()));
    answers.put("client_orgno", stack.exchange(stack.forge().claim("client_orgno", "1").compact()));
    answers.put(
        "enterprise_user",
        stack.exchange(stack.forge().compact(), "X-Altinn-EnterpriseUser-Authentication", "x"));
    answers.forEach((rule, answer) -> {
      Stored record = recordOf(answer);
      assertThat((String) record.get("reason")).as(rule).startsWith(rule);
      assertThat(record.rule((String) Objects.requireNonNull(record.get("reason"))))
          .contains("failed");
      assertThat(record.get("outcome")).isEqualTo("refused");
    });
  }

  @Test
  void keepsTheRecordOfAnExchangeThatCouldNotBeDecided() {
    TestStore undecided = TestStore.in(folder.resolve("undecided"));
    try (RemoteIssuer dead = RemoteIssuer.start();
        TestStack own = TestStack.start(undecided.settings(), dead)) {
      dead.answerKeysWith(500, "");
      HttpResponse<String> answer = own.exchange(own.forge().compact());
      assertThat(answer.statusCode()).isEqualTo(503);
      Stored record = AuditRecords.of(undecided.records(), decisionId(answer));
      assertThat(record.get("outcome")).isEqualTo("failed");
      assertThat(record.get("reason")).isEqualTo("key set");
    }
  }

  @Test
  void keepsTheRecordOfAMaskinportenToken() {
    String token = stack.tokenFor(stack.adminClient(), "idporten:scopes.read");
    Object id = Objects.requireNonNull(TestStack.claims(token).get("jti"));
    List<Stored> records = recordsWith("jti", id);
    assertThat(records).hasSize(1);
    assertThat(records.get(0).get("event")).isEqualTo("maskinporten.token");
    assertThat(records.get(0).get("outcome")).isEqualTo("granted");
  }

  @Test
  void keepsExactlyOneRecordForEachExchange() {
    int before = store.records().size();
    for (int i = 0; i < 5; i++) {
      assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
      ExchangeRefusal.of(stack, "a.b.c");
      ExchangeRefusal.of(stack, stack.forge().without("consumer").compact());
    }
    // No decisions about tokens: no records.
    stack.get("/health/live");
    stack.get("/nothing/here");
    stack.post(TestStack.EXCHANGE, "");
    List<Stored> records = store.records();
    assertThat(records).hasSize(before + 15);
    AuditRecords.assertChained(records);
  }

  @Test
  void keepsEveryRecordOfManyAtOnce() {
    List<CompletableFuture<HttpResponse<String>>> answers = new ArrayList<>();
    for (int i = 0; i < 200; i++) {
      String proof = i % 4 == 0 ? "a.b.c" : stack.forge().compact();
      answers.add(
          CompletableFuture.supplyAsync(() -> stack.exchange(proof), Thread::startVirtualThread));
    }
    Map<Object, Integer> granted = new HashMap<>();
    for (CompletableFuture<HttpResponse<String>> later : answers) {
      HttpResponse<String> answer = later.join();
      if (answer.statusCode() == 200) {
        granted.put(TestStack.claims(answer.body()).getOrDefault("jti", ""), 0);
      } else {
        assertThat(recordOf(answer).get("outcome")).isEqualTo("refused");
      }
    }
    assertThat(granted).hasSize(150);
    List<Stored> records = store.records();
    records.forEach(it -> granted.computeIfPresent(it.get("jti"), (id, seen) -> seen + 1));
    assertThat(granted.values()).containsOnly(1);
    AuditRecords.assertChained(records);
  }

  @Test
  void showsThatARecordWasChangedOrTakenOut() {
    for (int i = 0; i < 3; i++) {
      ExchangeRefusal.of(stack, "a.b.c");
    }
    List<Stored> records = store.records();
    List<Stored> changed = new ArrayList<>(records);
    Stored first = changed.get(0);
    changed.set(
        0,
        new Stored(
            first.chain(),
            first.seq(),
            first.decisionId(),
            first.time(),
            first.json() + " ",
            first.hash()));
    List<Stored> shorter = new ArrayList<>(records);
    shorter.remove(1);
    AuditRecords.assertChained(records);
    assertThatThrownBy(() -> AuditRecords.assertChained(changed))
        .isInstanceOf(AssertionError.class);
    assertThatThrownBy(() -> AuditRecords.assertChained(shorter))
        .isInstanceOf(AssertionError.class);
  }

  @Test
  void goesOnWithTheChainAfterARestart() {
    TestStore again = TestStore.in(folder.resolve("again"));
    try (TestStack first = TestStack.start(again.settings())) {
      assertThat(first.exchange(first.forge().compact()).statusCode()).isEqualTo(200);
    }
    try (TestStack second = TestStack.start(again.settings())) {
      assertThat(second.exchange(second.forge().compact()).statusCode()).isEqualTo(200);
      ExchangeRefusal.of(second, "a.b.c");
    }
    assertThat(AuditRecords.decisions(again.records())).hasSize(3);
    AuditRecords.assertChained(again.records());
  }

  @Test
  void letsNoTokenOutWhenTheRecordCannotBeKept() {
    int before = store.records().size();
    store.refuseRecords();
    try {
      for (String proof : List.of(stack.forge().compact(), "a.b.c", "")) {
        HttpResponse<String> answer =
            proof.isEmpty() ? stack.get(TestStack.EXCHANGE) : stack.exchange(proof);
        ExchangeRefusal.assertProblem(answer, 503, proof);
        assertThat(answer.headers().firstValue("Retry-After").orElse("")).matches("[1-9][0-9]*");
        assertThat(answer.body()).doesNotContain("eyJ", "disk full");
      }
      HttpResponse<String> grant =
          stack.requestToken(stack.adminGrant("idporten:scopes.read").compact());
      assertThat(grant.statusCode()).isEqualTo(503);
      assertThat(grant.body()).doesNotContain("eyJ");
    } finally {
      store.takeRecords();
    }
    assertThat(store.records()).hasSize(before);
    assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
    AuditRecords.assertChained(store.records());
  }

  @Test
  void remembersNoGrantThatWasNotRecorded() {
    String grant = stack.adminGrant("idporten:scopes.read").compact();
    store.refuseRecords();
    try {
      assertThat(stack.requestToken(grant).statusCode()).isEqualTo(503);
    } finally {
      store.takeRecords();
    }
    // The same grant, sent again as 503 invites to do, is no replay.
    assertThat(stack.requestToken(grant).statusCode()).isEqualTo(200);
    assertThat(stack.requestToken(grant).statusCode()).isEqualTo(400);
  }

  @Test
  void isUnavailableWhileAnotherProgramHoldsTheStore() throws Exception {
    try (Connection connection = store.connect();
        Statement statement = connection.createStatement()) {
      store.lockOut(connection);
      long start = System.nanoTime();
      HttpResponse<String> answer = stack.exchange(stack.forge().compact());
      ExchangeRefusal.assertProblem(answer, 503, null);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
      statement.execute("ROLLBACK");
    }
    assertThat(stack.exchange(stack.forge().compact()).statusCode()).isEqualTo(200);
  }

  private static List<Stored> recordsWith(String member, Object value) {
    return store.records().stream().filter(it -> value.equals(it.get(member))).toList();
  }

  private static Stored recordOf(HttpResponse<String> answer) {
    return AuditRecords.of(store.records(), decisionId(answer));
  }

  private static String decisionId(HttpResponse<String> answer) {
    return (String) Objects.requireNonNull(TestStack.json(answer).get("decision_id"));
  }
}

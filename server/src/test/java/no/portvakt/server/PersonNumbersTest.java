package no.portvakt.server;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import no.portvakt.server.AuditRecords.Stored;
import no.portvakt.server.database.PostgresAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/**
 * Person numbers in what callers send: the audit keeps pseudonyms, and nothing keeps the number.
 */
class PersonNumbersTest {
  private static final String PERSON = "17817012345";
  private static final String OTHER = "15507600333";
  private static final String PSEUDONYM = "p:[A-Za-z0-9_-]{16}";

  private final TestStore store;

  private final Queue<String> log = new ConcurrentLinkedQueue<>();
  private final AppenderBase<ILoggingEvent> appender =
      new AppenderBase<>() {
        @Override
        protected void append(ILoggingEvent event) {
          log.add(event.getFormattedMessage() + " " + event.getKeyValuePairs());
        }
      };

  PersonNumbersTest(@TempDir Path folder) {
    store = TestStore.in(folder);
  }

  @BeforeEach
  void listen() {
    appender.start();
    ours().setLevel(Level.TRACE);
    ours().setAdditive(false);
    ours().addAppender(appender);
  }

  @AfterEach
  void stop() {
    ours().detachAppender(appender);
    ours().setAdditive(true);
    ours().setLevel(null);
  }

  @Test
  void becomeOnePseudonymInEveryMemberOfEveryRecord() {
    try (TestStack stack = TestStack.start(store.settings())) {
      exchange(stack, PERSON);
      exchange(stack, PERSON);
      exchange(stack, OTHER);
    }
    List<Stored> records = granted();
    assertThat(records).hasSize(3);
    String first = String.valueOf(records.get(0).get("client_id"));
    assertThat(first).matches(PSEUDONYM);
    assertThat(records.get(0).get("scope")).isEqualTo("altinn:a " + first + " b:" + first + "c");
    assertThat(records.get(0).get("proof_jti")).isEqualTo("x" + first);
    assertThat(records.get(1).get("client_id")).isEqualTo(first);
    assertThat(String.valueOf(records.get(2).get("client_id"))).matches(PSEUDONYM);
    assertThat(records.get(2).get("client_id")).isNotEqualTo(first);
  }

  @Test
  void becomeTheSamePseudonymAfterARestartAndAnotherInAnotherStore(@TempDir Path elsewhere) {
    for (int i = 0; i < 2; i++) {
      try (TestStack stack = TestStack.start(store.settings())) {
        exchange(stack, PERSON);
      }
    }
    TestStore another = TestStore.in(elsewhere);
    try (TestStack stack = TestStack.start(another.settings())) {
      exchange(stack, PERSON);
    }
    assertThat(granted().get(0).get("client_id")).isEqualTo(granted().get(1).get("client_id"));
    assertThat(AuditRecords.decisions(another.records()))
        .hasSize(1)
        .extracting(it -> it.get("client_id"))
        .doesNotContain(granted().get(0).get("client_id"));
  }

  @Test
  void becomeTheSamePseudonymOnEveryNode() {
    PostgresAddress shared = TestPostgres.fresh();
    try (TestStack one = TestStack.start(TestStack.on(shared));
        TestStack other = TestStack.start(TestStack.on(shared))) {
      exchange(one, PERSON);
      exchange(other, PERSON);
    }
    List<Object> pseudonyms =
        TestPostgres.query(shared, "SELECT record FROM audit WHERE record LIKE '%proof_jti%'")
            .stream()
            .map(TestStack::json)
            .<Object>map(it -> String.valueOf(it.get("client_id")))
            .toList();
    assertThat(pseudonyms).hasSize(2);
    assertThat(pseudonyms.get(0)).isEqualTo(pseudonyms.get(1)).asString().matches(PSEUDONYM);
  }

  @Test
  void areNeitherInTheStoreNorInTheLogWhereverACallerPutsThem() {
    try (TestStack stack = TestStack.start(store.settings())) {
      exchange(stack, PERSON);
      for (String text :
          List.of(PERSON, "x" + PERSON, PERSON + OTHER, "0" + PERSON, PERSON + "0")) {
        for (String claim :
            List.of("iss", "aud", "scope", "jti", "client_id", "consumer", "exp", "pid")) {
          stack.exchange(stack.forge().claim(claim, text).compact());
          stack.exchange(stack.forge().claim(claim, List.of(text)).compact());
        }
        for (String header : List.of("kid", "alg", "typ", "x5t")) {
          stack.exchange(stack.forge().header(header, text).signedAs("RS256").compact());
        }
        stack.exchangeAt("/authentication/api/v1/exchange/" + text, stack.forge().compact());
        stack.exchange(text);
        for (String claim : List.of("iss", "aud", "scope", "resource", "sub", "exp", "iat")) {
          stack.requestToken(stack.adminGrant("idporten:scopes.read").claim(claim, text).compact());
        }
        stack.requestToken(stack.adminGrant().header("kid", text).compact());
        stack.form("/maskinporten/token", "grant_type", text, "assertion", text);
      }
    }
    assertThat(store.records()).hasSizeGreaterThan(120);
    assertThat(String.join("\n", log)).contains("refused").doesNotContain(PERSON, OTHER);
    assertThat(store.contents())
        .as("they are read")
        .anyMatch(it -> it.contains("proof_jti"))
        .as("the number")
        .noneMatch(it -> it.contains(PERSON));
  }

  @Test
  void becomePseudonymsInTheScopesAndTheRulesOfAGrant() {
    String scope = "altinn:person." + PERSON + ".read";
    try (TestStack stack = TestStack.start(store.settings())) {
      var made =
          stack.admin(
              "POST",
              "/maskinporten/scopes",
              stack.adminToken(),
              "{\"prefix\":\"altinn\",\"subscope\":\"person."
                  + PERSON
                  + ".read\",\"description\":\"A test\",\"accessible_for_all\":true}");
      assertThat(made.statusCode()).as(made.body()).isEqualTo(201);
      stack.tokenFor(stack.newClient(scope), scope);
      stack.requestToken(stack.adminGrant(scope).claim("jti", PERSON).compact());
    }
    List<Stored> records = store.records();
    assertThat(records).allSatisfy(it -> assertThat(it.json()).doesNotContain(PERSON));
    assertThat(records)
        .anySatisfy(it ->
            assertThat(String.valueOf(it.get("scope")))
                .matches("altinn:person\\." + PSEUDONYM + "\\.read"));
    assertThat(records.getLast().rule("client.scope"))
        .contains("failed")
        .containsPattern(PSEUDONYM);
    assertThat(String.join("\n", log)).doesNotContain(PERSON);
  }

  private List<Stored> granted() {
    return AuditRecords.decisions(store.records()).stream()
        .filter(it -> "granted".equals(it.get("outcome")))
        .toList();
  }

  private static void exchange(TestStack stack, String person) {
    var answer =
        stack.exchange(
            stack
                .forge("altinn:a " + person + " b:" + person + "c")
                .claim("client_id", person)
                .claim("jti", "x" + person)
                .compact());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  private static Logger ours() {
    return (Logger) LoggerFactory.getLogger("no.portvakt");
  }
}
